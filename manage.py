#!/usr/bin/env python
"""Run the portal's management commands."""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError

from mageos_portal.configuration import ConfigurationError

TABLE_IS_MISSING = ("no such table", "does not exist")  # as SQLite and PostgreSQL say it


def main() -> None:
    """Run the command that the arguments name, or say what is wrong with the environment."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mageos_portal.settings")
    try:
        settings.INSTALLED_APPS  # noqa: B018 - the first access loads the settings
    except ConfigurationError as error:
        sys.exit(str(error))
    try:
        execute_from_command_line(sys.argv)
    except (OperationalError, ProgrammingError) as error:
        said = str(error).partition("\n")[0]
        if not any(words in said for words in TABLE_IS_MISSING):
            raise
        sys.exit(f"The database is not ready ({said}); run: manage.py migrate")


if __name__ == "__main__":
    main()
