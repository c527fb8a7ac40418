from django.apps import AppConfig

from mageos_portal.registry import HomeCard, NavigationEntry, home_cards, navigation


class MirrorConfig(AppConfig):
    name = "mirror"
    verbose_name = "Repository"

    def ready(self) -> None:
        """Add the repository to the pages that all apps share, and its checks."""
        from mirror import checks, views  # noqa: PLC0415 - models can be imported only now

        checks.register_all()
        navigation.register(NavigationEntry("repository", "Repository", "mirror:repository", order=10))
        home_cards.register(HomeCard("repository", "mirror/_card.html", views.home_card, order=10))
