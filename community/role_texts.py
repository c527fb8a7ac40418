"""The texts of a role as HTML, and the role as search engines read it. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import nh3
from markdown_it import MarkdownIt

PARSER = MarkdownIt("commonmark", {"html": False}).disable(["heading", "lheading", "image"])
CLEANER = nh3.Cleaner(
    tags={"p", "ul", "ol", "li", "a", "em", "strong", "code", "blockquote", "br", "hr"},
    attributes={"a": {"href"}},
    url_schemes={"https", "http", "mailto"},
    link_rel="noopener",
)


def html_of(text: str) -> str:
    """Render Markdown as far as a section of a role needs it; the result is safe."""
    return CLEANER.clean(PARSER.render(text))


def job_posting(  # noqa: PLR0913 - one for each thing that a role says
    *,
    title: str,
    description: str,
    url: str,
    site: str,
    posted: datetime,
    through: date | None,
    employment: str,
    is_remote: bool,
    place: str,
    country: str,
) -> Mapping[str, Any]:
    """Give a role as schema.org's JobPosting. ``description`` is HTML, the addresses are absolute."""
    posting: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "JobPosting",
        "title": title,
        "description": description,
        "identifier": {"@type": "PropertyValue", "name": "Mage-OS", "value": url},
        "url": url,
        "datePosted": posted.date().isoformat(),
        "employmentType": employment,
        "hiringOrganization": {"@type": "Organization", "name": "Mage-OS", "sameAs": site},
        "directApply": False,
    }
    if through:
        posting["validThrough"] = f"{through.isoformat()}T23:59:59Z"
    if is_remote:
        posting["jobLocationType"] = "TELECOMMUTE"
        required = {"@type": "Country", "name": country or place}
        posting |= {"applicantLocationRequirements": required} if country or place else {}
    else:
        address = {"@type": "PostalAddress", "addressLocality": place} | (
            {"addressCountry": country} if country else {}
        )
        posting["jobLocation"] = {"@type": "Place", "address": address}
    return posting
