"""What the code of conduct adds to the site."""

from community import agreement_facts, conduct_dashboard, conduct_tasks, verified_addresses
from community.facts import FactSource, fact_sources
from mageos_portal.registry import (
    DashboardPanel,
    MembershipSource,
    ScheduleSource,
    StaffLink,
    dashboard_panels,
    membership_sources,
    schedule_sources,
    staff_links,
)

# Title in the sidebar of the admin, model, icon
STAFF_PAGES = (
    ("Code of conduct", "policyversion", "gavel"),
    ("Agreements", "agreement", "handshake"),
    ("Consents", "consent", "check_box"),
    ("Reminders", "reminder", "outgoing_mail"),
)


def register() -> None:
    """Add facts, members, tasks, and what staff see."""
    verified_addresses.listen()
    fact_sources.register(FactSource("account", agreement_facts.of_account, order=0))
    membership_sources.register(MembershipSource("community", agreement_facts.membership, order=10))
    schedule_sources.register(ScheduleSource("community.conduct", conduct_tasks.scheduled, order=40))
    template, permission = "community/admin/_agreements_panel.html", "community.view_policyversion"
    dashboard_panels.register(
        DashboardPanel("community.agreements", template, conduct_dashboard.agreements, permission, order=40)
    )
    for number, (title, model, icon) in enumerate(STAFF_PAGES):
        address, permission = f"admin:community_{model}_changelist", f"community.view_{model}"
        staff_links.register(
            StaffLink(f"community.{model}", "Community", title, icon, address, permission, order=40 + number)
        )
