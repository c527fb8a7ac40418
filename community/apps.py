from django.apps import AppConfig

from mageos_portal.registry import (
    HomeCard,
    NavigationEntry,
    ScheduleSource,
    SearchSource,
    StaffLink,
    home_cards,
    navigation,
    schedule_sources,
    search_sources,
    staff_links,
)

# Title in the sidebar of the admin, model, icon
STAFF_PAGES = (
    ("Open roles", "openrole", "work"),
    ("People", "person", "person"),
    ("Memberships", "membership", "card_membership"),
)


class CommunityConfig(AppConfig):
    name = "community"
    verbose_name = "Community"

    def ready(self) -> None:
        """Add the community to the pages that all apps share."""
        from community import (  # noqa: PLC0415 - models can be imported only now
            conduct_entries,
            data_entries,
            indexing,
            joining_entries,
            reports_entries,
            schedules,
            teams_entries,
        )
        from community.views import roles  # noqa: PLC0415

        for part in (conduct_entries, data_entries, joining_entries, reports_entries, teams_entries):
            part.register()
        navigation.register(NavigationEntry("community", "Community", "community:landing", order=50))
        home_cards.register(HomeCard("roles", "community/_roles_card.html", roles.home_card, order=50))
        search_sources.register(SearchSource(indexing.ROLES, indexing.all_roles, order=50))
        schedule_sources.register(ScheduleSource("community", schedules.scheduled, order=50))
        for number, (title, model, icon) in enumerate(STAFF_PAGES):
            address, permission = f"admin:community_{model}_changelist", f"community.view_{model}"
            staff_links.register(
                StaffLink(f"community.{model}", "Community", title, icon, address, permission, order=50 + number)
            )
