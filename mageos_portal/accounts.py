"""How django-allauth behaves here: an address is enough to sign up, limits answer 429, mail is text and HTML."""

import logging
import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from qrcode.image.svg import SvgPathImage
from qrcode.main import QRCode

from mageos_portal import second_factor_secrets
from mageos_portal.second_factor import lead_to_proof, may_change_factors, was_authenticated_recently
from mageos_portal.views import too_many_requests

logger = logging.getLogger(__name__)

SECOND_FACTORS = "allauth.mfa"  # which asks before factors are added, seen or removed
LIMITS = ("too_many_login_attempts", "rate_limited")


class AccountAdapter(DefaultAccountAdapter):
    """What the portal decides about accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.PORTAL_SIGN_UP)

    def populate_username(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Give a name that tells nothing of who signs up."""
        user.username = f"member-{secrets.token_hex(5)}"  # type: ignore[attr-defined]

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Answer with the page for too many requests where the form would only repeat itself."""
        if code in LIMITS:
            raise ImmediateHttpResponse(too_many_requests(self.request))
        error: ValidationError = super().validation_error(code, *args)
        return error

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask again only who logged in some time ago; for a change of factors also for the factor there is."""
        if app == SECOND_FACTORS and not may_change_factors(self.request):
            raise ImmediateHttpResponse(lead_to_proof(self.request))
        required = super().is_reauthentication_required(app=app, **kwargs)
        return bool(required) and not was_authenticated_recently(self.request)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("admin:index" if request.user.is_staff else settings.LOGIN_REDIRECT_URL)

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "user", "key": "key"})
        return settings.PORTAL_BASE_URL + path.replace("user-key", key)

    def render_mail(
        self, template_prefix: str, email: str | list[str], context: dict[str, Any], headers: Any = None
    ) -> EmailMessage:
        """Write a mail as text, and the same as HTML."""
        mail: EmailMessage = super().render_mail(template_prefix, email, context, headers)
        page = render_to_string("account/email/page.html", {"text": mail.body, "title": mail.subject})
        if isinstance(mail, EmailMultiAlternatives) and not mail.alternatives:
            mail.attach_alternative(page, "text/html")
        return mail

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail. A mail server that fails is ours to notice: the page must not tell which accounts exist."""
        own = settings.PORTAL_BASE_URL
        pages = {"login_code_url": "account_request_login_code", "sign_up_url": "account_signup"}
        context = {**context, **{name: own + reverse(page) for name, page in pages.items()}}
        try:
            super().send_mail(template_prefix, email, context)
        except OSError:
            logger.exception("The mail %s was not sent; look at PORTAL_EMAIL_URL", template_prefix)


class SecondFactorAdapter(DefaultMFAAdapter):
    """What the portal decides about second factors."""

    def encrypt(self, text: str) -> str:
        return second_factor_secrets.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return second_factor_secrets.decrypt(encrypted_text)

    def build_totp_svg(self, url: str) -> str:
        """Draw the code so that it can stand in a page: no declaration, no size of its own."""
        code = QRCode(image_factory=SvgPathImage)
        code.add_data(url)
        drawn: str = code.make_image().to_string(encoding="unicode")
        return drawn

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": settings.MFA_TOTP_ISSUER}
