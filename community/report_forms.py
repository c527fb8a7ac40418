"""What people send to the conduct team."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from community.agreement_forms import RequestForm
from community.evidence import LARGEST_FILE, MOST_FILES, Evidence, EvidenceError, taken

LONGEST_TEXT = 20_000


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class EvidenceField(forms.FileField):
    """Several files, each of a kind that is taken."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Evidence]:
        sent = [each for each in (data or []) if each]
        if len(sent) > MOST_FILES:
            raise forms.ValidationError(f"These are {len(sent)} files; send at most {MOST_FILES}, or write to us.")
        return [self._taken(each) for each in sent]

    def _taken(self, file: "UploadedFile[Any]") -> Evidence:
        try:
            return taken(file.name or "", file.read(LARGEST_FILE + 1))
        except EvidenceError as error:
            raise forms.ValidationError(f"{error}.") from error


class ReportForm(RequestForm):
    what = forms.CharField(
        label="What happened?",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="In your own words. Write nothing that you do not want the conduct team to know.",
    )
    place = forms.CharField(
        label="When and where?", max_length=300, required=False, help_text="A day, a channel, a link, an event."
    )
    about = forms.CharField(label="Who was involved?", max_length=300, required=False, help_text="As far as you know.")
    evidence = EvidenceField(
        label="Files",
        required=False,
        help_text=f"Pictures, PDF or plain text, at most {MOST_FILES} of {LARGEST_FILE >> 20} MB each.",
    )
    contact = forms.CharField(
        label="How can we reach you?",
        max_length=200,
        required=False,
        help_text="Empty: we cannot ask back, and cannot tell you what became of it.",
    )
    website = forms.CharField(label="Leave this empty", required=False)  # people do not see it; programs fill it in

    def __init__(self, *args: Any, has_account: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_account:
            self.fields["with_name"] = forms.BooleanField(
                required=False, label="Tell the conduct team that it was my account that sent this."
            )
