#!/usr/bin/env python
"""Run the portal's management commands."""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line

from mageos_portal.configuration import ConfigurationError


def main() -> None:
    """Run the command that the arguments name, or say what is wrong with the environment."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mageos_portal.settings")
    try:
        settings.INSTALLED_APPS  # noqa: B018 - the first access loads the settings
    except ConfigurationError as error:
        sys.exit(str(error))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
