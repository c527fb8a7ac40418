"""Forms of accounts that ask in our own words."""

import time
from typing import Any

from allauth.account import forms as account_forms
from allauth.mfa.webauthn import forms as passkey_forms
from django import forms
from django.core import signing

SALT = "mageos_portal.sign_up"
FASTEST, SLOWEST = 2, 24 * 3600  # seconds between seeing the form and sending it


class LoginForm(account_forms.LoginForm):
    """Who logs in, by name or address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "User name or e-mail address"
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        self.fields["password"].help_text = ""  # the page links to the reset itself


class SignUpForm(account_forms.SignupForm):
    """Who wants an account: an address is all it takes. Programs fill in what people do not see, or are too fast."""

    shown_at = forms.CharField(required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password1", None)  # which allauth asks for wherever passwords are taken at all
        self.fields["email"].label = "E-mail address"
        self.fields["email"].widget.attrs["autocomplete"] = "email"
        self.fields["email"].widget.attrs.pop("placeholder", None)
        self.fields["website"].label = "Leave this empty"
        self.fields["website"].widget = forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"})
        self.fields["shown_at"].initial = signing.dumps(int(time.time()), salt=SALT)

    def clean_shown_at(self) -> str:
        """Raises: ValidationError: nobody could have read and filled in the form in that time."""
        try:
            shown_at = int(signing.loads(self.cleaned_data["shown_at"], salt=SALT, max_age=SLOWEST))
        except (signing.BadSignature, ValueError):
            shown_at = int(time.time())
        if time.time() - shown_at < FASTEST:
            self._begin_anew()
            raise forms.ValidationError("That was faster than people are, or very slow. Please press the button again.")
        return str(shown_at)

    def _begin_anew(self) -> None:
        """Give the form that is shown again a time of its own."""
        self.data: Any = {**self.data.dict(), "shown_at": self.fields["shown_at"].initial}


class RequestLoginCodeForm(account_forms.RequestLoginCodeForm):
    """Who logs in by a code that comes by mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail address"
        self.fields["email"].widget.attrs["autocomplete"] = "email"
        self.fields["email"].widget.attrs.pop("placeholder", None)


class AddPasskeyForm(passkey_forms.AddWebAuthnForm):
    """A passkey, which can stand for the password too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Name"
        self.fields["name"].help_text = "To tell it from others, such as: laptop, key on the key ring."
        self.fields["passwordless"].label = "Log in with it alone, without a password"
        self.fields["passwordless"].help_text = "It then asks for a fingerprint, a face or a PIN. A plain key cannot."
