"""What people post to agree, and to withdraw."""

import secrets
from typing import Any

from django import forms

from community.agreeing import label_of
from community.models import PolicyVersion

REQUEST_ID = r"^[0-9a-f]{32}$"


def new_request_id() -> str:
    """Give what tells one posting of a form from another: the same form posted twice has the same."""
    return secrets.token_hex(16)


class RequestForm(forms.Form):
    """A form that counts once, however often it is posted."""

    request_id = forms.RegexField(REQUEST_ID, widget=forms.HiddenInput())


class AgreeForm(RequestForm):
    """One box, never ticked before somebody ticks it."""

    number = forms.IntegerField(widget=forms.HiddenInput(), min_value=1, max_value=32_767)
    agrees = forms.BooleanField(
        error_messages={"required": "Tick the box if you agree. Without it you cannot go on; you can come back later."}
    )

    def __init__(self, version: PolicyVersion, data: Any = None) -> None:
        super().__init__(data)
        self._version = version
        self.fields["agrees"].label = label_of(version)

    def clean_number(self) -> int:
        number = int(self.cleaned_data["number"])
        if number != self._version.number:
            raise forms.ValidationError(
                f"Version {self._version.number} came into force while you read. It stands here now; please read it."
            )
        return number
