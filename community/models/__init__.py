"""What the community remembers."""

from community.models.conduct import Agreement, PolicyVersion, Reminder
from community.models.people import Person

__all__ = ["Agreement", "Person", "PolicyVersion", "Reminder"]
