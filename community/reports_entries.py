"""What reports and sanctions add to the site."""

from community import reporting, reports_dashboard
from community.models import ConductReport, ReportAccess
from mageos_portal.registry import (
    DashboardPanel,
    ErasureStep,
    PersonalRecords,
    RetentionRule,
    StaffLink,
    dashboard_panels,
    erasure_steps,
    personal_records,
    retention_rules,
    staff_links,
)

STAFF_PAGES = (("Reports", "conductreport", "flag"), ("Sanctions", "sanction", "block"))
AS_REPORT = "Three years after the report was decided."

RECORDS = (
    PersonalRecords(
        "community.conductreport",
        "Reports to the conduct team that you sent with your account's name",
        AS_REPORT + " When the account is erased, the report stays without its sender.",
        order=35,
        of=lambda user: ConductReport.objects.filter(reporter_id=user.pk),
        fields=("reference", "received_at", "what", "about", "place", "contact", "state"),
        rule="conduct_reports",
    ),
    PersonalRecords(
        "community.reportnote",
        "Notes of the conduct team",
        AS_REPORT + " They are about others too, so they are in no copy.",
        order=36,
        rule="conduct_reports",
    ),
    PersonalRecords(
        "community.reportaccess",
        "When you looked at reports, as a member of the conduct team",
        AS_REPORT,
        order=37,
        of=lambda user: ReportAccess.objects.filter(who_id=user.pk),
        fields=("report__reference", "at", "what"),
        rule="conduct_reports",
    ),
)


def register() -> None:
    """Declare what is kept, and what the conduct team sees."""
    for entry in RECORDS:
        personal_records.register(entry)
    title = "reports that were decided"
    retention_rules.register(RetentionRule("conduct_reports", title, reporting.purge, order=40))
    erasure_steps.register(ErasureStep("reports", reporting.forget_reporter, order=20))
    dashboard_panels.register(
        DashboardPanel(
            "community.reports",
            "community/admin/_reports_panel.html",
            reports_dashboard.reports,
            "community.view_conductreport",
            order=42,
        )
    )
    for number, (label, model, icon) in enumerate(STAFF_PAGES):
        address, permission = f"admin:community_{model}_changelist", f"community.view_{model}"
        staff_links.register(
            StaffLink(f"community.{model}", "Community", label, icon, address, permission, order=46 + number)
        )
