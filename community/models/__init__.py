"""What the community remembers."""

from community.models.addresses import VerifiedAddress
from community.models.conduct import Agreement, PolicyVersion, Reminder
from community.models.consents import Consent
from community.models.people import Person

__all__ = ["Agreement", "Consent", "Person", "PolicyVersion", "Reminder", "VerifiedAddress"]
