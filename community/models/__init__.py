"""What the community remembers."""

from community.models.addresses import VerifiedAddress
from community.models.conduct import Agreement, PolicyVersion, Reminder
from community.models.consents import Consent
from community.models.data_requests import DataRequest, SanctionMark
from community.models.joining import Invitation, Presence
from community.models.members import Membership, Sanction
from community.models.people import Person
from community.models.roles import OpenRole

__all__ = [
    "Agreement",
    "Consent",
    "DataRequest",
    "Invitation",
    "Membership",
    "OpenRole",
    "Person",
    "PolicyVersion",
    "Presence",
    "Reminder",
    "Sanction",
    "SanctionMark",
    "VerifiedAddress",
]
