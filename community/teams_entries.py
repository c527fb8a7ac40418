"""What teams and permissions add to the site."""

from community import team_indexing, team_membership, team_records
from mageos_portal.registry import (
    MembershipSource,
    SearchSource,
    StaffLink,
    membership_sources,
    search_sources,
    staff_links,
)

# Title in the sidebar of the admin, page, model, icon
STAFF_PAGES = (
    ("Teams", "changelist", "team", "groups"),
    ("Team members", "changelist", "teammember", "group"),
    ("Repositories", "changelist", "repository", "folder_code"),
    ("Grants", "changelist", "grant", "key"),
    ("Administrators", "changelist", "administrator", "shield_person"),
    ("Changes of administrators", "changelist", "administratorchange", "how_to_vote"),
    ("Permissions", "now_page", "permissionstate", "rule"),
    ("States of permissions", "changelist", "permissionstate", "history"),
)


def register() -> None:
    """Add teams to the search, to who sees what, and to what staff see."""
    team_records.register()
    search_sources.register(SearchSource(team_indexing.TEAMS, team_indexing.all_teams, order=55))
    membership_sources.register(MembershipSource("community.teams", team_membership.membership, order=20))
    for number, (title, page, model, icon) in enumerate(STAFF_PAGES):
        address, permission = f"admin:community_{model}_{page}", f"community.view_{model}"
        key = f"community.{model}.{page}"
        staff_links.register(StaffLink(key, "Teams", title, icon, address, permission, order=60 + number))
