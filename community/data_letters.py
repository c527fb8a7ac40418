"""What people are told by mail about their data."""

import logging
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)


def send(name: str, to: str, **context: Any) -> bool:
    """Send one of the mails of templates/community/email/; False if there is no address or no server took it."""
    if not to:
        return False
    context |= {"site": settings.PORTAL_BASE_URL, "contact": settings.PORTAL_CONDUCT_EMAIL}
    subject = render_to_string(f"community/email/{name}_subject.txt", context)
    mail = EmailMultiAlternatives(" ".join(subject.split()), render_to_string(f"community/email/{name}.txt", context))
    mail.to = [to]
    mail.attach_alternative(render_to_string(f"community/email/{name}.html", context), "text/html")
    try:
        mail.send()
    except (OSError, ValueError):  # smtplib's errors are OSErrors
        logger.exception("The mail %s was not taken; look at PORTAL_EMAIL_URL", name)
        return False
    return True
