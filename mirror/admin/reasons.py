"""What a person has to say before something of the public is taken out."""

from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget


class ReasonForm(forms.Form):
    """Why something is done that the public will see."""

    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        max_length=1000,
        help_text="Shown to the public, for ever: what is wrong, and what to use instead.",
    )


class NamedForm(ReasonForm):
    """The same, with the name of the thing typed, so that nothing is done to another one by mistake."""

    name = forms.CharField(label="Its name", widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}))

    def __init__(self, data: Mapping[str, Any] | None, expected: str) -> None:
        super().__init__(data)
        self._expected = expected
        self.fields["name"].help_text = "Type the name that stands above, to the letter."

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self._expected:
            raise forms.ValidationError(f"This is not {self._expected}; type that, or go back.")
        return name
