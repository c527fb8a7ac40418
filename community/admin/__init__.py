"""The staff's view of the community: what is evidence is read-only, each action calls one verb."""

from community.admin import agreements, data_requests, memberships, policies, roles

__all__ = ["agreements", "data_requests", "memberships", "policies", "roles"]
