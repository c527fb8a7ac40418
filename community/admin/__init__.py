"""The staff's view of the community: what is evidence is read-only, each action calls one verb."""

from community.admin import (
    administrators,
    agreements,
    data_requests,
    invitations,
    memberships,
    permissions,
    policies,
    reports,
    repositories,
    roles,
    teams,
)

__all__ = [
    "administrators",
    "agreements",
    "data_requests",
    "invitations",
    "memberships",
    "permissions",
    "policies",
    "reports",
    "repositories",
    "roles",
    "teams",
]
