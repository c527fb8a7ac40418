"""Who may do what with builds: what a build does besides building needs a permission of its own."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from mirror.models import Build


def may_start(request: HttpRequest, kind: str, options: Mapping[str, Any]) -> bool:
    """Tell whether somebody may start a build of this kind with these options."""
    needed = ["mirror.start_build"]
    if options.get("approve"):
        needed.append("mirror.approve_release")
    if kind == Build.Kind.IMPORT:
        needed.append("mirror.import_archives")
    return request.user.has_perms(needed)


def may_retry(request: HttpRequest, build: Build) -> bool:
    return build.has_ended and may_start(request, build.kind, build.options)


def may_cancel(request: HttpRequest, build: Build) -> bool:
    stoppable = build.state in {Build.State.QUEUED, Build.State.RUNNING}
    return stoppable and request.user.has_perm("mirror.start_build")
