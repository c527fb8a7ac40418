"""Writing an update: what is typed, and what is wrong with it."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from docs_hub.admin.lists import one_printable_line
from docs_hub.cleaning import one_line, slugified
from docs_hub.media import LARGEST_FILE, PictureError
from docs_hub.models import Update
from docs_hub.writing import ConflictError, keep_picture, kept_picture
from mageos_portal.audience import Visibility, narrowest

MOST_PICTURES = 20  # at once
LONGEST_BODY = 500_000  # characters
DRAFT, SCHEDULE, NOW, SAVE, ADD_PICTURES = "_draft", "_schedule", "_now", "_save", "_pictures"  # buttons
STATES = {DRAFT: Update.State.DRAFT, SCHEDULE: Update.State.PUBLISHED, NOW: Update.State.PUBLISHED}


class PicturesInput(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Any]:
        return list(files.getlist(name)) if hasattr(files, "getlist") else []


class PicturesField(forms.FileField):
    """Some pictures, each a file."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [super(PicturesField, self).clean(file, initial) for file in data or ()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


class VisibleTo(forms.ModelForm):  # type: ignore[type-arg] # its base takes none at run time
    """Who may read an update; of one that is imported nothing else is decided here."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("visibility") == Visibility.TEAM and not cleaned.get("team"):
            self.add_error("team", "Name the team that may read it.")
        is_ours = not self.instance.pk or self.instance.is_written_here
        allowed = Visibility.PUBLIC if is_ours else Visibility(self.instance.allowed)
        if cleaned.get("visibility") and narrowest([cleaned["visibility"], allowed]) != cleaned["visibility"]:
            self.add_error("visibility", f"Its collection is for {allowed.label}; it cannot be shown more widely.")
        return cleaned


class UpdateForm(VisibleTo):
    """An update that is written here. Pictures are kept at once, so that nothing is lost when it is shown again."""

    lead = forms.CharField(
        label="Lead picture",
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Shown above the text and in lists: the address of a picture that was added below, /media/…",
    )
    body = forms.CharField(
        label="Text",
        max_length=LONGEST_BODY,
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 24, "class": "font-mono", "spellcheck": "true"}),
        help_text="Markdown, as on GitHub. Begin headings with ##. The title stands above by itself.",
    )
    pictures = PicturesField(
        label="Add pictures",
        required=False,
        widget=PicturesInput(attrs={"accept": "image/png,image/jpeg,image/gif,image/webp", "multiple": True}),
        help_text=f"PNG, JPEG, GIF or WebP, at most {LARGEST_FILE // 1024 // 1024} MiB each. “Add pictures” writes "
        "them below the text; describe each between [ and ].",
    )
    read_at = forms.CharField(required=False, widget=forms.HiddenInput())

    data: Any  # a copy of what was sent, to which pictures are added

    def __init__(self, data: Any = None, files: Any = None, **more: Any) -> None:
        super().__init__(data.copy() if data is not None else None, files, **more)
        self.notes: list[str] = []  # what became of the pictures
        self.theirs = ""  # the text that somebody else saved meanwhile
        self._standing = self.instance.state
        self.fields["description"].widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})
        self.fields["image_alt"].label = "What the lead picture shows"
        self.fields["slug"].label = "Name in the address"
        self.fields["slug"].required = False
        self.fields["slug"].help_text = "Small letters, digits and hyphens; empty: made from the title."
        self.fields["published_at"].required = False
        self.fields["published_at"].help_text = "UTC. In the future: it appears then. Empty: now."
        self.fields["lead"].initial = self.instance.image
        if self.instance.pk:
            self.fields["read_at"].initial = self.instance.changed_at.isoformat()

    @property
    def button(self) -> str:
        """Give the button that was pressed."""
        return next((name for name in (ADD_PICTURES, DRAFT, SCHEDULE, NOW) if name in self.data), SAVE)

    @property
    def when_read(self) -> datetime | None:
        """Give when what the writer began with was saved."""
        try:
            return parse_datetime(self.cleaned_data.get("read_at", ""))
        except ValueError:
            return None

    def clean_title(self) -> str:
        title = one_printable_line(self.cleaned_data["title"])
        if not title:
            raise forms.ValidationError("Write a title.")
        return title

    def clean_published_at(self) -> datetime:
        now = timezone.now()
        at: datetime = self.cleaned_data["published_at"] or now
        if self.button == SCHEDULE and at <= now:
            raise forms.ValidationError(f"It is {now:%H:%M} UTC: choose a later time, or press “Publish now”.")
        return min(at, now) if self.button == NOW else at

    def clean_lead(self) -> str:
        address = str(self.cleaned_data["lead"]).strip()
        if address and not kept_picture(address):
            raise forms.ValidationError("There is no such picture here; add it below, then copy its address.")
        return address

    def clean_pictures(self) -> list[Any]:
        files: list[Any] = self.cleaned_data["pictures"]
        if len(files) > MOST_PICTURES:
            raise forms.ValidationError(f"Choose at most {MOST_PICTURES} at once.")
        return files

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned["slug"] = cleaned.get("slug") or slugified(cleaned.get("title", ""))
        if not cleaned["slug"] and "slug" not in self.errors:
            self.add_error("slug", "No letter of the title can stand in an address; write a name such as week-9.")
        self._keep_pictures(cleaned.get("pictures") or [])
        if self.button == ADD_PICTURES and not self.notes and "pictures" not in self.errors:
            self.add_error("pictures", "Choose one or more first.")
        if self.notes:
            self.add_error(None, " ".join(self.notes))
        self._refuse_conflict()
        self.instance.image = cleaned.get("lead") or ""
        if self._standing in {Update.State.DRAFT, Update.State.PUBLISHED}:
            self.instance.state = STATES.get(self.button, self._standing)
        if cleaned.get("published_at"):
            self.instance.year = cleaned["published_at"].year
        return cleaned

    def _refuse_conflict(self) -> None:
        """Show what somebody else saved meanwhile; whoever saves again has seen it."""
        if self.instance.pk and self.when_read != self.instance.changed_at:
            self.theirs = self.instance.body
            self.add_error(None, str(ConflictError(self.instance)))
            self.data["read_at"] = self.instance.changed_at.isoformat()

    def _get_validation_exclusions(self) -> set[str]:
        """Have the year judged, too: with the name in the address it must be unique."""
        return set(super()._get_validation_exclusions()) - {"year"}  # type: ignore[misc] # not in the stubs

    def _keep_pictures(self, files: list[Any]) -> None:
        """Keep the pictures and write them below the text, which is then shown again."""
        written = []
        for file in files:
            if file.size > LARGEST_FILE:
                self.add_error("pictures", f"{one_line(file.name)[:100]}: is too large.")
                continue
            try:
                written.append(f"![]({keep_picture(file.read())})")
            except PictureError as fault:
                self.add_error("pictures", f"{one_line(file.name)[:100]}: {fault}.")
        if written:
            body = self.data.get("body", "").rstrip()
            self.data["body"] = "\n\n".join([body, *written, ""]).lstrip()
            count = "A picture was" if len(written) == 1 else f"{len(written)} pictures were"
            self.notes.append(f"{count} added below the text. Say between [ and ] what can be seen, then save.")
