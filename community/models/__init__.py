"""What the community remembers."""

from community.models.addresses import VerifiedAddress
from community.models.conduct import Agreement, PolicyVersion, Reminder
from community.models.consents import Consent
from community.models.data_requests import DataRequest, SanctionMark
from community.models.joining import Invitation, Presence
from community.models.members import Membership, Sanction
from community.models.people import Person
from community.models.permission_states import AdministratorChange, Approval, PermissionState
from community.models.reports import ConductReport, ReportAccess, ReportAttachment, ReportNote
from community.models.roles import OpenRole
from community.models.teams import Administrator, Grant, Repository, Team, TeamMember, Variable

__all__ = [
    "Administrator",
    "AdministratorChange",
    "Agreement",
    "Approval",
    "ConductReport",
    "Consent",
    "DataRequest",
    "Grant",
    "Invitation",
    "Membership",
    "OpenRole",
    "PermissionState",
    "Person",
    "PolicyVersion",
    "Presence",
    "Reminder",
    "ReportAccess",
    "ReportAttachment",
    "ReportNote",
    "Repository",
    "Sanction",
    "SanctionMark",
    "Team",
    "TeamMember",
    "Variable",
    "VerifiedAddress",
]
