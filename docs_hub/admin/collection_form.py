"""The settings of a collection, each fault told at its field."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from docs_hub.folder_addresses import folder_named
from docs_hub.models import Collection
from mageos_portal.audience import Visibility

REPOSITORIES = (Collection.Kind.UPDATES, Collection.Kind.PAGES)
OF_REPOSITORIES = ("repository", "branch", "path", "public_path")
OF_DRIVE = ("folder", "resource_key", "members_are", "team_is")


class CollectionForm(forms.ModelForm):  # type: ignore[type-arg] # its base takes none at run time
    def clean_repository(self) -> str:
        return str(self.cleaned_data["repository"]).strip().rstrip("/")

    def clean_path(self) -> str:
        return _folder_of_repository(self.cleaned_data["path"])

    def clean_public_path(self) -> str:
        return _folder_of_repository(self.cleaned_data["public_path"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        kind = cleaned.get("kind") or self.instance.kind
        if kind in REPOSITORIES:
            self._check(repository_fault(cleaned.get("repository", "")), "repository")
        if kind == Collection.Kind.DRIVE:
            self._read_folder(cleaned)
        foreign = {*OF_REPOSITORIES, *OF_DRIVE} - {*_fields_of(kind)}
        if named := sorted(name for name in foreign if cleaned.get(name)):
            self._check("This kind of collection has none; leave it empty.", named[0])
        if cleaned.get("visibility") == Visibility.TEAM and not cleaned.get("team"):
            self._check("Name the team that may see it.", "team")
        return cleaned

    def _read_folder(self, cleaned: dict[str, Any]) -> None:
        """Take the id and the resource key out of what was pasted."""
        found = folder_named(cleaned.get("folder", ""), cleaned.get("resource_key", ""))
        if found is None:
            self._check("Paste the folder's address in Drive, or its id: letters, digits, - and _.", "folder")
            return
        cleaned["folder"], cleaned["resource_key"] = found.id, found.key

    def _check(self, fault: str, field: str) -> None:
        if fault and field in self.fields:
            self.add_error(field, fault)


def repository_fault(address: str) -> str:
    """Say why a repository cannot be read from an address, as far as the address tells; ``""`` if it can."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "This is no address; write https://HOST/OWNER/NAME."
    if parts.scheme != "https" or parts.username or parts.query or not parts.path.strip("/"):
        return "Write an https address without a login, such as https://github.com/OWNER/NAME."
    if host not in settings.PORTAL_GIT_HOSTS:
        allowed = ", ".join(sorted(settings.PORTAL_GIT_HOSTS))
        return f"{host} is not among the allowed hosts ({allowed}); an operator adds it to PORTAL_GIT_HOSTS."
    return ""


def _fields_of(kind: str) -> tuple[str, ...]:
    if kind in REPOSITORIES:
        return OF_REPOSITORIES
    return OF_DRIVE if kind == Collection.Kind.DRIVE else ()


def _folder_of_repository(path: str) -> str:
    """Give a directory as git has it. Raises: ValidationError."""
    parts = [part for part in path.strip().split("/") if part]
    if any(part in {".", ".."} for part in parts):
        raise ValidationError("Write the path from the top of the repository, without . and ..")
    return "/".join(parts)
