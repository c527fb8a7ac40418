"""Forms of accounts that ask in our own words."""

from typing import Any

from allauth.account import forms as account_forms
from allauth.mfa.webauthn import forms as passkey_forms


class LoginForm(account_forms.LoginForm):
    """Who logs in, by name or address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "User name or e-mail address"
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        self.fields["password"].help_text = ""  # the page links to the reset itself


class AddPasskeyForm(passkey_forms.AddWebAuthnForm):
    """A passkey, which can stand for the password too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Name"
        self.fields["name"].help_text = "To tell it from others, such as: laptop, key on the key ring."
        self.fields["passwordless"].label = "Log in with it alone, without a password"
        self.fields["passwordless"].help_text = "It then asks for a fingerprint, a face or a PIN. A plain key cannot."
