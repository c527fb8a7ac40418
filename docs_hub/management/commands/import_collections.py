"""Set collections up by a file."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from docs_hub import collection_files
from docs_hub.collection_files import CollectionFileError
from docs_hub.configuring import configure


class Command(BaseCommand):
    help = (
        "Add the collections of a TOML file, or bring those that are there to what it says; others stay as they are. "
        "For operators who set a portal up: docs_hub/collections/mage-os.toml is one, and says what may be in it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> str:
        path = options["file"]
        try:
            entries = collection_files.read(path.read_bytes())
        except OSError as failure:
            raise CommandError(f"{path} cannot be read: {failure.strerror}") from failure
        except CollectionFileError as failure:
            raise CommandError("\n".join(f"{path}: {fault}" for fault in failure.faults)) from failure
        try:
            done = configure(entries)
        except DatabaseError as error:
            raise CommandError(f"the database is not ready ({error}); run: manage.py migrate") from error
        if options["json"]:
            return json.dumps(asdict(done), indent=2)
        return f"Collections: {done}. Read them by: manage.py sync_documents"
