"""What people post to get the weekly digest."""

from typing import Any

from django import forms

from docs_hub.subscribing import WORDING_VERSION


class SubscribeForm(forms.Form):
    """An address; programs fill in the other field, which people do not see."""

    address = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": "Write the address that the digest should go to."},
    )
    website = forms.CharField(
        label="Leave this empty",
        required=False,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )


class ConfirmForm(forms.Form):
    """The version of the wording that stood beside the button."""

    wording = forms.IntegerField(widget=forms.HiddenInput())

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"wording": WORDING_VERSION})

    def clean_wording(self) -> int:
        if self.cleaned_data["wording"] != WORDING_VERSION:
            raise forms.ValidationError("The wording has changed since you opened this page; please read it again.")
        return WORDING_VERSION
