"""What somebody wants to be built, before it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import transaction
from django.http import Http404, HttpRequest

from mirror import lifecycle, tasks
from mirror.building import load_recipe
from mirror.models import Build, Distribution
from mirror.reporting import BuildRefusedError

LONGEST_NOTE = 200  # characters


class OrderForm(forms.Form):
    """How to build one distribution."""

    only = forms.MultipleChoiceField(
        label="Only these sources",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all. What the others hold stays as it is served now.",
    )
    approve = forms.BooleanField(
        label="Approve new releases",
        required=False,
        help_text="They are published at once, in your name, instead of waiting.",
    )
    note = forms.CharField(required=False, max_length=LONGEST_NOTE, help_text="Why; staff see it on the build's page.")

    def __init__(self, data: Mapping[str, Any] | None, sources: list[str], *, is_follower: bool, may_approve: bool):
        super().__init__(data)
        self._is_follower = is_follower
        if is_follower or not sources:
            del self.fields["only"]
        else:
            self.fields["only"].choices = [(key, key) for key in sources]  # type: ignore[attr-defined]
        if is_follower or not may_approve:
            del self.fields["approve"]

    def wanted(self) -> tuple[str, dict[str, Any]]:
        """Give the kind of the build and its options; what was left empty is left out."""
        options = {name: value for name, value in self.cleaned_data.items() if value}
        if self._is_follower:
            return Build.Kind.SYNC, options
        return (Build.Kind.PLAN if "plan" in self.data else Build.Kind.BUILD), options


@dataclass(frozen=True, slots=True)
class Order:
    """A form for one of the distributions, and why it cannot be sent now."""

    distribution: Distribution
    others: tuple[Distribution, ...]
    form: OrderForm
    refusal: str  # empty: it can


def order_of(request: HttpRequest) -> Order:
    """Read which distribution is wanted, and give the form for it.

    Raises:
        Http404: there is no such distribution.
    """
    everyone = list(Distribution.objects.all())
    distribution = _chosen(everyone, request.GET.get("distribution", ""))
    sources, fault = _sources(distribution)
    form = OrderForm(
        request.POST if request.method == "POST" else None,
        sources,
        is_follower=bool(distribution.follows),
        may_approve=request.user.has_perm("mirror.approve_release"),
    )
    others = tuple(one for one in everyone if one != distribution)
    return Order(distribution, others, form, fault or refusal_of(distribution))


def refusal_of(distribution: Distribution) -> str:
    """Say why no further build can be queued now; empty if one can."""
    waiting = distribution.builds.waiting().order_by("pk").first()
    if waiting is None:
        return ""
    return f"Build {waiting.pk} of {distribution} waits already; let it run first, or cancel it."


def queue_if_free(distribution: Distribution, person: str, kind: str, options: Mapping[str, Any]) -> Build:
    """Queue a build and hand it to the workers, unless one waits already.

    Raises:
        lifecycle.NotPossibleError: one does.
    """
    with transaction.atomic():
        Distribution.objects.select_for_update().get(pk=distribution.pk)
        if refusal := refusal_of(distribution):
            raise lifecycle.NotPossibleError(refusal)
        build = lifecycle.queue(distribution, person, options, kind=kind)
    tasks.enqueue(build)
    return build


def retry_once(build: Build, person: str) -> Build:
    """Queue a build with the same inputs and hand it to the workers, unless a retry of it waits already.

    Raises:
        lifecycle.NotPossibleError: one does, or the build has not ended.
    """
    with transaction.atomic():
        Distribution.objects.select_for_update().get(pk=build.distribution_id)
        if waiting := build.retries.waiting().first():
            raise lifecycle.NotPossibleError(f"build {waiting.pk} is a retry of it and waits already")
        again = lifecycle.retry(build, actor=person)
    tasks.enqueue(again)
    return again


def _chosen(everyone: list[Distribution], wanted: str) -> Distribution:
    for distribution in everyone:
        if wanted in {"", str(distribution.pk)}:
            return distribution
    raise Http404("There is no such distribution to build.")


def _sources(distribution: Distribution) -> tuple[list[str], str]:
    if distribution.follows:
        return [], ""
    try:
        return [source.key for source in load_recipe(distribution).wanted_sources()], ""
    except BuildRefusedError as error:
        return [], f"{error}"
