from django.apps import AppConfig

from mageos_portal.registry import (
    DashboardPanel,
    HomeCard,
    NavigationEntry,
    ScheduleSource,
    SearchSource,
    StaffLink,
    dashboard_panels,
    home_cards,
    navigation,
    schedule_sources,
    search_sources,
    staff_links,
)

# Title in the sidebar of the admin, model, icon
STAFF_PAGES = (
    ("Updates", "update", "campaign"),
    ("Documents", "document", "description"),
    ("Links from updates", "offeredlink", "add_link"),
    ("Links to elsewhere", "checkedlink", "link"),
    ("Former texts", "textversion", "history"),
    ("Collections", "collection", "folder_data"),
    ("Syncs", "run", "sync"),
    ("Redirects", "alias", "alt_route"),
    ("Categories", "category", "category"),
)


class DocsHubConfig(AppConfig):
    name = "docs_hub"
    verbose_name = "Documents"

    def ready(self) -> None:
        """Add updates and documents to the pages that all apps share."""
        from docs_hub import dashboard, indexing, personal_data, schedules  # noqa: PLC0415 - models can be imported only now
        from docs_hub.views import updates  # noqa: PLC0415

        personal_data.register()
        navigation.register(NavigationEntry("updates", "Updates", "docs_hub:updates", order=30))
        navigation.register(NavigationEntry("docs", "Docs", "docs_hub:documents", order=40))
        home_cards.register(HomeCard("updates", "docs_hub/_card.html", updates.home_card, order=30))
        search_sources.register(SearchSource(indexing.UPDATES, indexing.all_updates, order=30))
        search_sources.register(SearchSource(indexing.DOCUMENTS, indexing.all_documents, order=40))
        schedule_sources.register(ScheduleSource("docs_hub", schedules.scheduled, order=30))
        dashboard_panels.register(
            DashboardPanel(
                "docs_hub", "docs_hub/admin/_panel.html", dashboard.documents, "docs_hub.view_update", order=30
            )
        )
        for number, (title, model, icon) in enumerate(STAFF_PAGES):
            address, permission = f"admin:docs_hub_{model}_changelist", f"docs_hub.view_{model}"
            staff_links.register(
                StaffLink(f"docs_hub.{model}", "Documents", title, icon, address, permission, order=30 + number)
            )
