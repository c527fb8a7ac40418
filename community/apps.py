from django.apps import AppConfig


class CommunityConfig(AppConfig):
    name = "community"
    verbose_name = "Community"

    def ready(self) -> None:
        """Let each part of the community add what it has to the pages that all apps share."""
        from community import conduct_entries  # noqa: PLC0415 - models can be imported only now

        conduct_entries.register()
