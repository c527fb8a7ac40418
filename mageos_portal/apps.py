from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.checks import register

from mageos_portal import checks
from mageos_portal.registry import (
    AccountLink,
    MembershipSource,
    MetricSource,
    NavigationEntry,
    ScheduleSource,
    StaffLink,
    account_links,
    membership_sources,
    metric_sources,
    navigation,
    schedule_sources,
    staff_links,
)

# Key, group in the sidebar of the admin, title, icon, address, permission
STAFF_PAGES = (
    ("dashboard", "Repository", "Dashboard", "dashboard", "admin:index", None),
    ("people", "People", "Accounts", "person", "admin:auth_user_changelist", "auth.view_user"),
    ("roles", "People", "Roles", "group", "admin:auth_group_changelist", "auth.view_group"),
    ("history", "People", "History", "manage_search", "admin:admin_logentry_changelist", "admin.view_logentry"),
    ("schedules", "Queue", "Schedules", "schedule", "admin:django_q_schedule_changelist", None),
    ("waiting", "Queue", "Waiting", "hourglass_empty", "admin:django_q_ormq_changelist", "django_q.view_ormq"),
    ("failed", "Queue", "Failed", "error", "admin:django_q_failure_changelist", "django_q.view_failure"),
    ("done", "Queue", "Done", "task_alt", "admin:django_q_success_changelist", "django_q.view_success"),
)


# Key, title, address, description
ACCOUNT_PAGES = (
    ("email", "E-mail address", "account_email", "Where mail and codes go."),
    ("password", "Password", "account_change_password", "You may do without one: codes come by mail."),
    ("factors", "Passkeys and second factor", "mfa_index", "Log in with a fingerprint or a key; staff need a factor."),
)


class PortalConfig(AppConfig):
    name = "mageos_portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Register what operators get told when something is set up wrong, and our pages for staff."""
        from mageos_portal import audience, housekeeping, metrics, personal_data  # noqa: PLC0415 - models can be imported only now

        for check in checks.ALL:
            register(check)
        personal_data.register()
        schedule_sources.register(ScheduleSource("portal", housekeeping.scheduled, order=0))
        membership_sources.register(MembershipSource("groups", audience.membership_by_groups, order=0))
        metric_sources.register(MetricSource("queue", metrics.queue, order=0))
        navigation.register(NavigationEntry("account", "Account", "account_overview", order=90))
        for number, (key, title, url_name, description) in enumerate(ACCOUNT_PAGES):
            account_links.register(AccountLink(key, title, url_name, description, order=10 + number))
        for number, (key, group, title, icon, url_name, permission) in enumerate(STAFF_PAGES):
            order = 0 if group == "Repository" else 100 + number
            staff_links.register(StaffLink(key, group, title, icon, url_name, permission, order))


class StaffAdminConfig(AdminConfig):
    """Django's admin, whose site asks for a second factor."""

    default_site = "mageos_portal.admin_site.StaffSite"
