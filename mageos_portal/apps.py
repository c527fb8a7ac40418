from django.apps import AppConfig
from django.core.checks import register

from mageos_portal import checks


class PortalConfig(AppConfig):
    name = "mageos_portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Register what operators get told when something is set up wrong."""
        for check in checks.ALL:
            register(check)
