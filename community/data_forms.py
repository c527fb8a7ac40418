"""What people post about themselves."""

from django import forms

from community.profiles import PUBLIC_NAME


class ProfileForm(forms.Form):
    """The name somebody goes by, and whether it may be shown."""

    name = forms.CharField(
        max_length=100,
        required=False,
        label="Name",
        help_text="As you want to be called. Staff see it; others only if you say so.",
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    is_public = forms.BooleanField(required=False, label=PUBLIC_NAME)

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())
