"""What joining Discord adds to the site."""

from community import joining_dashboard, joining_facts, joining_tasks
from community.facts import FactSource, fact_sources
from community.membership_listeners import MembershipListener, membership_listeners
from mageos_portal.registry import (
    DashboardPanel,
    ErasureStep,
    ScheduleSource,
    StaffLink,
    dashboard_panels,
    erasure_steps,
    schedule_sources,
    staff_links,
)

# Title in the sidebar of the admin, model, icon
STAFF_PAGES = (("Invitations", "invitation", "mail"), ("On Discord", "presence", "forum"))


def register() -> None:
    """Add facts, tasks, and what staff see."""
    fact_sources.register(FactSource("joining", joining_facts.of_account, order=20))
    erasure_steps.register(ErasureStep("joining", joining_tasks.part_for_good, order=5))
    membership_listeners.register(MembershipListener("joining", joining_tasks.membership_changed, order=20))
    schedule_sources.register(ScheduleSource("community.joining", joining_tasks.scheduled, order=45))
    template, permission = "community/admin/_joining_panel.html", "community.view_invitation"
    dashboard_panels.register(
        DashboardPanel("community.joining", template, joining_dashboard.joining, permission, order=45)
    )
    for number, (title, model, icon) in enumerate(STAFF_PAGES):
        address, permission = f"admin:community_{model}_changelist", f"community.view_{model}"
        staff_links.register(
            StaffLink(f"community.{model}", "Community", title, icon, address, permission, order=46 + number)
        )
