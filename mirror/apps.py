from django.apps import AppConfig

from mageos_portal.registry import (
    DashboardPanel,
    HomeCard,
    MachinePaths,
    MetricSource,
    NavigationEntry,
    Need,
    ScheduleSource,
    StaffLink,
    dashboard_panels,
    home_cards,
    machine_paths,
    metric_sources,
    navigation,
    needs,
    schedule_sources,
    staff_links,
)

# Title in the sidebar of the admin, model, icon
STAFF_PAGES = (
    ("Builds", "build", "construction"),
    ("Releases", "release", "new_releases"),
    ("Publications", "publication", "published_with_changes"),
    ("Package versions", "packageversion", "inventory_2"),
    ("Packages", "package", "deployed_code"),
    ("Sources", "source", "account_tree"),
    ("Source tags", "sourcetag", "sell"),
    ("Uploads", "upload", "upload_file"),
    ("Changes", "change", "history"),
    ("Installs", "installcount", "download"),
    ("Distributions", "distribution", "hub"),
)


class MirrorConfig(AppConfig):
    name = "mirror"
    verbose_name = "Repository"

    def ready(self) -> None:
        """Add the repository to the pages that all apps share, and its checks."""
        from mirror import (  # noqa: PLC0415 - models can be imported only now
            checks,
            dashboard,
            dists,
            metrics,
            mounts,
            personal_data,
            schedules,
            views,
        )

        checks.register_all()
        personal_data.register()
        schedule_sources.register(ScheduleSource("mirror", schedules.scheduled, order=10))
        machine_paths.register(MachinePaths("composer", mounts.COMPOSER | {"d"}, order=10))
        needs.register(Need("dists", dists.can_be_reached, order=10))
        navigation.register(NavigationEntry("repository", "Repository", "mirror:repository", order=10))
        home_cards.register(HomeCard("repository", "mirror/_card.html", views.home_card, order=10))
        for number, (title, model, icon) in enumerate(STAFF_PAGES):
            staff_links.register(
                StaffLink(
                    f"mirror.{model}", "Repository", title, icon, f"admin:mirror_{model}_changelist",
                    f"mirror.view_{model}", order=10 + number,
                )
            )  # fmt: skip
        for number, (key, context, permission) in enumerate(dashboard.PANELS):
            template = f"mirror/admin/_{key}.html"
            dashboard_panels.register(DashboardPanel(f"mirror.{key}", template, context, permission, order=10 + number))
        for number, source in enumerate(metrics.SOURCES):
            metric_sources.register(MetricSource(f"mirror.{source.__name__}", source, order=10 + number))
