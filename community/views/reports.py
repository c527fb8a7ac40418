"""Telling the conduct team that something went wrong."""

from typing import cast

from allauth.core.internal import ratelimit
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_q.tasks import async_task

from community import reporting
from community.agreement_forms import new_request_id
from community.report_forms import ReportForm

LIMITS = {"report": "10/h/ip"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """Show the form; who sends it gets a reference, and may stay without a name."""
    has_account = request.user.is_authenticated
    if request.method != "POST":
        form = ReportForm(has_account=has_account, initial={"request_id": new_request_id()})
        return render(request, "community/report.html", {"form": form})
    if not ratelimit.consume(request, app="community", action="report", config=LIMITS):
        answer: HttpResponse = ratelimit.respond_429(request)
        return answer
    form = ReportForm(request.POST, request.FILES, has_account=has_account)
    if not form.is_valid():
        return render(request, "community/report.html", {"form": form})
    if form.cleaned_data["website"]:
        return render(request, "community/report_sent.html")
    return render(request, "community/report_sent.html", {"report": _keep(request, form)})


def _keep(request: HttpRequest, form: ReportForm) -> object:
    said = form.cleaned_data
    told = reporting.Told(said["what"], said["about"], said["place"], said["contact"])
    reporter = cast("User", request.user) if said.get("with_name") else None
    row, is_new = reporting.report(told, said["evidence"], request_id=said["request_id"], reporter=reporter)
    if is_new:
        try:
            async_task(reporting.tell_team, row.pk, group="conduct reports", task_name=f"report {row.pk}")
        except OSError:  # the queue is not there; the report is, and the dashboard shows it
            return row
    return row
