"""The mails of the weekly digest, each as text and as HTML, with the link that ends them."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from docs_hub.addresses import whole
from docs_hub.digest_links import DAYS_TO_CONFIRM, confirm_url, leave_url
from docs_hub.models import Subscriber, Update

LONGEST_SUBJECT = 150  # characters
SENDS_NOTHING = frozenset({"django.core.mail.backends.dummy.EmailBackend"})


def can_send() -> bool:
    """Tell whether mail leaves the portal at all."""
    return settings.EMAIL_BACKEND not in SENDS_NOTHING


def confirmation(subscriber: Subscriber) -> EmailMultiAlternatives:
    """Ask the owner of an address whether they want the digest."""
    context = {"confirm_url": confirm_url(subscriber.key), "days": DAYS_TO_CONFIRM}
    return _mail("digest_confirm", subscriber, context)


def digest(subscriber: Subscriber, week: date, updates: Sequence[Update]) -> EmailMultiAlternatives:
    """Tell of new updates, the newest first."""
    told = [{"update": update, "url": whole(update.get_absolute_url())} for update in updates]
    url = leave_url(subscriber.key)
    mail = _mail("digest", subscriber, {"told": told, "week": week, "leave_url": url})
    host = urlsplit(settings.PORTAL_BASE_URL).hostname
    mail.extra_headers |= {  # RFC 8058: mail programs show a button
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"Mage-OS weekly digest <digest.{host}>",
    }
    return mail


def _mail(name: str, subscriber: Subscriber, context: dict[str, Any]) -> EmailMultiAlternatives:
    context |= {"site": settings.PORTAL_BASE_URL, "updates_url": whole("/updates/")}
    subject = " ".join(render_to_string(f"docs_hub/email/{name}_subject.txt", context).split())[:LONGEST_SUBJECT]
    mail = EmailMultiAlternatives(subject, render_to_string(f"docs_hub/email/{name}.txt", context))
    mail.attach_alternative(render_to_string(f"docs_hub/email/{name}.html", context), "text/html")
    mail.to = [subscriber.address]
    mail.extra_headers = {"Auto-Submitted": "auto-generated"}
    return mail
