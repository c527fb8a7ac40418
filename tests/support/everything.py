"""One of everything that the portal has addresses for, and what is posted there.

A case is a word of the permission table ("a plan that approves"); what it does not change is the ordinary one's.
"""

import hashlib
import hmac
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.test.client import MULTIPART_CONTENT
from django_q.models import Failure, OrmQ, Schedule, Success
from django_q.signing import SignedPackage

from mageos_portal.housekeeping import keep_house
from mageos_portal.schedules import PREFIX, sync_schedules
from mirror.inbox import place_of
from mirror.models import (
    Build,
    BuildLine,
    Change,
    Distribution,
    InstallCount,
    Package,
    PackageVersion,
    Release,
    Source,
    SourceTag,
    Upload,
)
from tests.support import (
    community_cases,
    conduct_cases,
    data_cases,
    document_cases,
    joining_cases,
    reading_cases,
    report_cases,
    team_cases,
)
from tests.support.packages import make_distribution, package
from tests.support.passkeys import a_passkey
from tests.support.permission_table import ACTION, Row
from tests.support.publications import LIBRARY, SHOP, publish
from tests.support.staff import PASSWORD, a_person

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SECRET = "a-secret-of-the-tests"
TOKEN = "a-token-of-the-tests"
JSON = "application/json"
SOURCE = "mage-os/mirror-magento2"  # of the distribution's recipe
NEW_PASSWORD = "another-long-one-for-tests"
ARGUMENT = re.compile(r"<(\w+)>")
OF_A_ROW = {"pk", "object_id", "id", "upload_pk"}  # arguments that are a row's number


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes with a request."""

    fields: Any = ""  # or bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = MULTIPART_CONTENT


class Everything:
    """The rows, and what the table's cases mean, for one visitor."""

    def __init__(self, visitor: str, directory: Path) -> None:
        self._visitor = visitor
        self._values: dict[tuple[str, str], str] = {
            ("slug", ""): "mirror",
            ("vendor", ""): "acme",
            ("name", ""): "library",
            ("key", ""): "invented",
            ("uidb36", ""): "1",
            ("url", ""): "no/such/page",
            ("app_label", ""): "mirror",
            ("app_label", "accounts"): "auth",
            ("app_label", "history"): "admin",
            ("app_label", "queue"): "django_q",
            ("app_label", "documents"): "docs_hub",
            ("app_label", "community"): "community",
        }
        self.distribution = Distribution.objects.get(slug="mirror")
        self.shop = make_distribution(directory, is_sample=False)
        self._know(self.distribution)
        self._know(self.shop, "busy")
        self._know(self.distribution, name="r/<content_type_id>")
        self._add_people()
        self._add_records()
        self._add_builds()
        self._add_uploads()
        self._add_queue()
        made = (
            document_cases.rows(),
            community_cases.rows(visitor),
            conduct_cases.rows(),
            team_cases.rows(visitor),
            data_cases.rows(),
            joining_cases.rows(),
            report_cases.rows(),
        )
        for row, case in chain(*made):
            self._know(row, case)
            if hasattr(row, "history"):
                self._know(row.history.latest(), case, f"{row._meta.app_label}/{row._meta.model_name}/history")
        self._values |= (
            reading_cases.values()
            | community_cases.VALUES
            | conduct_cases.values()
            | team_cases.VALUES
            | data_cases.VALUES
            | report_cases.values
        )

    def path(self, row: Row) -> str:
        """Give the path of a row of the table. Raises: KeyError: no such thing is made here."""
        return self._path(row.address, row.case) + QUERIES.get((row.address, row.case), "")

    def paths(self, address: str) -> set[str]:
        """Give the paths of all things that an address is for."""
        model = "/".join(address.split("/")[2:4])
        return {self._path(address, case) for name, case in self._values if name == model}

    def _path(self, address: str, case: str) -> str:
        model = "/".join(address.split("/")[2:4])

        def value(found: re.Match[str]) -> str:
            name = {**dict.fromkeys(OF_A_ROW, model), "history_id": f"{model}/history"}.get(found[1], found[1])
            return self._values.get((name, case), self._values[name, ""])

        return ARGUMENT.sub(value, address)

    def sent(self, row: Row) -> Sent:
        """Give what is sent in a row's case; without one, an empty form is posted."""
        if row.case.startswith(ACTION):
            return self._action(row)
        made = self._bodies().get((row.address, row.case))
        return made if isinstance(made, Sent) else Sent(made or "")

    def _action(self, row: Row) -> Sent:
        model = "/".join(row.address.split("/")[2:4])
        action = row.case.removeprefix(ACTION)
        case = {**document_cases.ACTIONS, **community_cases.ACTIONS}.get((row.address, action), "")
        chosen = {"action": action, ACTION_CHECKBOX_NAME: [self._values[model, case]]}
        return Sent({**chosen, "post": "yes", "confirmed": "yes", "reason": "broken"})

    def _know(self, row: Any, case: str = "", name: str = "") -> None:
        self._values[name or f"{row._meta.app_label}/{row._meta.model_name}", case] = str(row.pk)

    def _add_people(self) -> None:
        self._somebody = a_person("somebody")
        self._know(self._somebody)
        recorder = a_person("recorder")
        self._know(recorder, "with a history")
        self._know(Group.objects.create(name="crew"))
        entry = LogEntry.objects.log_actions(recorder.pk, [self.distribution], 2, change_message="x")[0]
        self._know(entry)
        self._know(a_passkey(self._somebody), name="second-factor/webauthn")
        for person in User.objects.filter(username=self._visitor):
            self._know(a_passkey(person), "one's own", "second-factor/webauthn")
        self._values["content_type_id", ""] = str(ContentType.objects.get_for_model(Distribution).pk)

    def _add_records(self) -> None:
        distribution = self.distribution
        self.first = publish(distribution, [SHOP, LIBRARY], number=1)
        publish(distribution, [SHOP], number=2)
        self._know(self.first)
        self._version = PackageVersion.objects.filter(package__name="acme/library").order_by("pk")[0]
        self._know(self._version)
        self._know(Package.objects.get(name="acme/library"))
        fields = {"distribution": distribution, "product": "acme/product", "time": 0, "complete": True}
        self._know(Release.objects.create(version="2.4.9", version_normalized="2.4.9.0", **fields))
        approved = {"approved_at": NOW, "approved_by": "somebody"}
        release = Release.objects.create(version="2.4.8", version_normalized="2.4.8.0", **fields, **approved)
        self._know(release, "approved")
        source = Source.objects.create(distribution=distribution, key="core", url="https://github.com/acme/core.git")
        self._know(source)
        self._know(SourceTag.objects.create(source=source, name="1.0.0", commit="a" * 40))
        self._know(Change.objects.create(distribution=distribution, action="amended", subject="x", reason="y"))
        self._know(InstallCount.objects.create(distribution=distribution, day=NOW.date(), name="x", version="1"))

    def _add_builds(self) -> None:
        ended = {"started_at": NOW, "ended_at": NOW}
        plan = {**ended, "kind": Build.Kind.PLAN, "state": Build.State.SUCCEEDED}
        failed = {**ended, "state": Build.State.FAILED}
        approving = {"options": {"approve": True}}
        made = {
            "": failed,
            "succeeded": {**ended, "state": Build.State.SUCCEEDED, "version_set": self.first.version_set},
            "a plan": plan,
            "a plan that approves": {**plan, **approving},
            "one that approves": {**failed, **approving},
            "an import": {**failed, "kind": Build.Kind.IMPORT, "options": {"upload": 1}},
        }
        for case, fields in made.items():
            self._build(case, self.distribution, **fields)
        self._build("running", self.shop, state=Build.State.RUNNING, started_at=NOW)
        self._build("queued", self.shop)

    def _build(self, case: str, distribution: Distribution, **fields: Any) -> None:
        build = Build.objects.create(distribution=distribution, actor="somebody", **fields)
        BuildLine.objects.create(build=build, number=1, at=NOW, level=BuildLine.Level.RAW, text="of git")
        self._know(build, case)
        self._know(build, case, "builds/<pk>")

    def _add_uploads(self) -> None:
        known = {"files": 1, "size": 1, "report": {"imported": [], "already_there": [], "refused": []}}
        waits = {"state": Upload.State.WAITING, "own_names": ["acme/library"]}
        made: dict[str, dict[str, Any]] = {
            "": {"actor": "somebody"},
            "vendor's names, of another": {**waits, "actor": "somebody"},
            "vendor's names, one's own": {**waits, "actor": self._visitor},
        }
        for number, (case, fields) in enumerate(made.items()):
            upload = Upload.objects.create(distribution=self.shop, directory=f"{number:032}", **known, **fields)
            place_of(upload.directory).mkdir(parents=True)
            self._know(upload, case)

    def _add_queue(self) -> None:
        sync_schedules()
        task = {"func": "mageos_portal.housekeeping.keep_house", "started": NOW, "stopped": NOW}
        self._know(Success.objects.create(id="a" * 32, name="one", success=True, **task))
        self._know(Failure.objects.create(id="b" * 32, name="two", success=False, **task))
        payload = SignedPackage.dumps({"id": "c" * 32, "name": "three", "func": keep_house, "args": (), "kwargs": {}})
        self._know(OrmQ.objects.create(key="default", payload=payload, lock=NOW))
        self._know(Schedule.objects.get(name=f"{PREFIX}mirror.watchdog"))
        self._know(Schedule.objects.get(name=f"{PREFIX}portal.housekeeping"), "housekeeping")
        self._know(Schedule.objects.get(name=f"{PREFIX}docs_hub.sync"), "documents")
        self._know(Schedule.objects.get(name=f"{PREFIX}community.expire_roles"), "open roles")
        self._know(Schedule.objects.get(name=f"{PREFIX}community.remind"), "reminders")
        self._know(Schedule.objects.get(name=f"{PREFIX}community.data_requests"), "data requests")
        self._know(Schedule.objects.get(name=f"{PREFIX}community.invitations"), "invitations")
        self._know(Schedule.objects.get(name=f"{PREFIX}community.invitation_uses"), "uses of invitations")
        self._know(Schedule.objects.get(name=f"{PREFIX}community.presences"), "presences")

    def _bodies(self) -> dict[tuple[str, str], Any]:
        return {
            **FORMS,
            **document_cases.forms(),
            **community_cases.forms(),
            **conduct_cases.FORMS,
            **team_cases.forms(),
            **data_cases.forms(),
            **joining_cases.forms(),
            **report_cases.forms(),
            **_signed(),
            **self._of_rows(),
        }

    def _of_rows(self) -> dict[tuple[str, str], Any]:
        version, user = "/admin/mirror/packageversion/<object_id>", "/admin/auth/user/<object_id>"
        archive = io.BytesIO(package("closed/pay", "2.0.0"))
        archive.name = "pay.zip"
        return {
            (f"{version}/purge/", ""): {"reason": "malware", "name": str(self._version)},
            ("/admin/mirror/upload/add/", ""): {"distribution": str(self.shop.pk), "archives": [archive]},
            ("/admin/mirror/distribution/<object_id>/change/", ""): _settings_of(self.distribution),
            (f"{user}/change/", ""): _person_of(self._somebody),
        }


def _settings_of(distribution: Distribution) -> dict[str, Any]:
    names = ("title", "notice", "base_url", "recipe", "sources_dir", "interval", "follows")
    return {name: getattr(distribution, name) for name in names} | {"is_default": "on", "title": "Another title"}


def _person_of(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "email": user.email,
        "is_superuser": "on",
        "date_joined_0": "2026-01-02",
        "date_joined_1": "00:00:00",
    }


def _signed() -> dict[tuple[str, str], Sent]:
    """Give what GitHub tells, with the right signature."""
    repository = {"full_name": SOURCE, "html_url": f"https://github.com/{SOURCE}"}
    body = json.dumps({"ref": "refs/tags/2.4.9", "after": "a" * 40, "repository": repository}).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": "push", "X-GitHub-Delivery": "1", "X-Hub-Signature-256": f"sha256={digest}"}
    return {("/hooks/github/", "signed"): Sent(body, headers, JSON)}


NOTICE = Sent(
    json.dumps({"downloads": [{"name": "acme/library", "version": "2.0.0.0"}]}).encode(),
    {"User-Agent": "Composer/2.8.1 (Linux; 6.1; PHP 8.3.1)"},
    JSON,
)
BY_TOKEN = Sent(headers={"Authorization": f"Bearer {TOKEN}"})
QUERIES = {
    ("/admin/autocomplete/", "people"): "?app_label=admin&model_name=logentry&field_name=user&term=s",
    ("/admin/autocomplete/", "distributions"): "?app_label=mirror&model_name=build&field_name=distribution&term=m",
    ("/admin/search/", ""): "?s=build",
    ("/search.json", ""): "?q=acme",
    ("/d/<slug>/search.json", ""): "?q=acme",
}
DELETED = {"post": "yes"}
FORMS: dict[tuple[str, str], Any] = {
    ("/notify", ""): NOTICE,
    ("/d/<slug>/notify", ""): NOTICE,
    ("/metrics", "with the token"): BY_TOKEN,
    ("/admin/mirror/build/add/", "a plan"): {"plan": "yes"},
    ("/admin/mirror/build/add/", "one that approves"): {"approve": "on"},
    ("/admin/mirror/packageversion/<object_id>/withdraw/", ""): {"reason": "broken"},
    ("/admin/mirror/distribution/add/", ""): {
        "slug": "second", "title": "Second", "recipe": "mirror.toml", "interval": "0",
    },
    ("/admin/auth/user/add/", ""): {
        "username": "newcomer", "email": "newcomer@example.org", "usable_password": "true",
        "password1": NEW_PASSWORD, "password2": NEW_PASSWORD,
    },
    ("/admin/auth/user/<id>/password/", ""): {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    ("/admin/auth/user/<object_id>/delete/", ""): DELETED,
    ("/admin/auth/user/<object_id>/delete/", "with a history"): DELETED,
    **{(f"/admin/django_q/{model}/<object_id>/delete/", ""): DELETED for model in ("success", "failure", "ormq")},
    ("/admin/auth/group/<object_id>/delete/", ""): DELETED,
    ("/admin/auth/group/add/", ""): {"name": "friends"},
    ("/admin/auth/group/<object_id>/change/", ""): {"name": "friends"},
    ("/account/password/change/", ""): {
        "oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD,
    },
    ("/account/email/", ""): {"email": "new@example.org", "action_add": ""},
    ("/account/second-factor/webauthn/keys/<pk>/edit/", "one's own"): {"name": "renamed"},
}  # fmt: skip
