"""The staff's view of the community: what is evidence is read-only, each action calls one verb."""

from community.admin import memberships, roles

__all__ = ["memberships", "roles"]
