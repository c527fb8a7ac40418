"""A portal in a directory of its own, whose commands run as processes, as an operator starts them.

portal = new_portal(tmp_path)
make_repository(portal.sources / "library", {"1.0.0": {"composer.json": package("acme/library")}})
report = portal.build()
"""

import functools
import gzip
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from mirror.composer.minify import expand
from tests.support.postgresql import PostgresqlCluster
from tests.support.repositories import make_repository, package
from tests.support.server import manage, migrated, site_environment

SECONDS = 300  # after which a command is given up
ADDRESS = "https://repo.example.org"
DATABASE = "portal.sqlite3"

RECIPE = """
schema = 1
title = "Test"
vendors = ["acme"]
closed = ["closed/*"]
"""
# The root of one source gives product, project and base; another source is bundled by its version.
EDITION = """
[edition]
source = "core"
from_release = "1.0.0"
bundled = { "1.0.0" = {}, "1.0.1" = {} }

[edition.product]
name = "acme/product"
description = "Shop"
type = "metapackage"
license = ["MIT"]
keys = ["name", "description", "type", "license", "version", "require"]

[edition.project]
name = "acme/project"
description = "Shop"
type = "project"
license = ["MIT"]
keys = ["name", "description", "type", "license", "version", "require", "repositories"]
autoload_psr4_only = []
autoload_psr4_only_in = []
plugins = []

[edition.base]
name = "acme/base"
description = "Base"
type = "component"
license = ["MIT"]
keys = ["name", "description", "type", "license", "version", "require", "extra"]
files_exclude = ["app/"]
empty_dirs = []
map_split_dirs = [""]
map_drop = ["app", "composer.json"]
only_in = {}
only_mapped_in = {}
require_from_root = ["php"]
require_any = []

[[edition.bundled_line]]
source = "extension"
package = "acme/extension"
line = "1.0.{n}"
offset = 0
releases = "1.0.0.."
"""

# Does what manage.py does, and stops itself when the build first comes to a boundary; its lease runs out meanwhile.
_STOPPING = """
import os, signal, sys
from mirror import faults

boundary, *arguments = sys.argv[1:]

def stop(reached):
    if reached == boundary:
        faults.reach = lambda reached: None
        os.kill(os.getpid(), signal.SIGSTOP)

faults.reach = stop
sys.argv = ["manage.py", *arguments]
import manage
manage.main()
"""


# Does what manage.py does, and hangs when the build first comes to a boundary, until SIGCONT; its keeper goes on.
HANGING = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCONT])
from mirror import faults

boundary, note, *arguments = sys.argv[1:]

def hang(reached):
    if reached == boundary:
        faults.reach = lambda reached: None
        with open(note + "~", "w") as file:
            file.write(str(os.getpid()))
        os.rename(note + "~", note)
        signal.sigtimedwait([signal.SIGCONT], 600)

faults.reach = hang
sys.argv = ["manage.py", *arguments]
import manage
manage.main()
"""

# Does what manage.py does, for one command after the other, and gives what became of each.
_IN_TURN = """
import json, os, sys, tempfile, traceback
import manage

def answer(arguments):
    status, sys.argv = 0, ["manage.py", *arguments]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        try:
            manage.main()
        except SystemExit as end:
            status = end.code or 0
        except Exception:
            status = 1
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        return status, *(os.pread(file.fileno(), 1 << 30, 0).decode() for file in (out, err))

said = os.dup(1)
answers = [answer(arguments) for arguments in json.loads(sys.argv[1])]
with open(said, "w") as file:
    json.dump(answers, file)
"""


def source(key: str, *, kind: str = "single", directory: str = "", more: str = "") -> str:
    """Give a recipe's words for one source of one package rule; ``more`` stands above the rule."""
    return f"""
[[source]]
key = "{key}"
url = "https://github.com/acme/{key}.git"
from_tag = "0"
{more}
[[source.package]]
kind = "{kind}"
dir = "{directory}"
"""


def recipe(*keys: str, more: str = "") -> str:
    """Give a recipe of sources that are one package each."""
    return RECIPE + "".join(map(source, keys or ("library",))) + more


SHOP = RECIPE + source("core", kind="children", directory="app") + source("extension") + EDITION


def release(version: str, *, closed: bool = False) -> Mapping[str, str]:
    """Give the tree of one release of the edition's source, with two modules."""
    modules = {"acme/module-one": version, "acme/module-two": version}
    required = {"php": "^8.1"} | ({"closed/payments": "1.0.0"} if closed else {})
    return {
        "composer.json": package("acme/core", version, require=required, replace=modules),
        "app/One/composer.json": package("acme/module-one", version, require={"acme/module-two": version}),
        "app/One/one.php": f"<?php // {version}",
        "app/Two/composer.json": package("acme/module-two", version),
        "app/Two/two.php": "<?php",
        "index.php": f"<?php // {version}",
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a command."""

    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass(frozen=True, slots=True)
class Portal:
    """A data directory with its SQLite database, sources beside it, and a recipe."""

    directory: Path
    more: Mapping[str, str] = field(default_factory=dict)  # environment
    slug: str = "mirror"

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def sources(self) -> Path:
        return self.directory / "sources"

    @property
    def files(self) -> Path:
        return self.data / "distributions" / self.slug

    @property
    def environment(self) -> dict[str, str]:
        return site_environment(self.data, **self.more)

    def command(self, *arguments: str, status: int | None = 0, **environment: str) -> Answer:
        """Run a command to its end; ``status`` is how it must end, None: in any way."""
        return ended(self.start(*arguments, **environment), status)

    def start(self, *arguments: str, **environment: str) -> "Process":
        return self.run(("manage.py", *arguments), environment)

    def run(self, program: Sequence[str], environment: Mapping[str, str], *, session: bool = False) -> "Process":
        """Start a Python program in this portal's environment, in a session of its own if wanted."""
        return subprocess.Popen(
            [sys.executable, *program],
            cwd=settings.BASE_DIR,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=session,
        )

    def in_turn(self, *commands: Sequence[str]) -> list[Answer]:
        """Run commands one after the other in one process, which is quicker, and give what became of each."""
        answers = json.loads(ended(self.run(("-c", _IN_TURN, json.dumps(commands)), {})).out)
        return [Answer(*answer) for answer in answers]

    def build_arguments(self, *arguments: str) -> tuple[str, ...]:
        return "build_distribution", self.slug, "--sources", str(self.sources), "--json", *arguments

    def build(self, *arguments: str, **environment: str) -> dict[str, Any]:
        """Build from the sources, which must succeed, and give what is printed as JSON."""
        return ended(self.start(*self.build_arguments(*arguments), **environment)).report

    def publish(self, *arguments: str) -> int | None:
        """Publish what was built, or an earlier publication; give the number of what is served now."""
        answer = self.command("publish_distribution", self.slug, "--json", *arguments)
        number: int | None = answer.report["publication"]
        return number

    def python(self, statements: str) -> str:
        """Run statements as a process of this portal; ``distribution`` is there."""
        prologue = f"from mirror.models import *; distribution = Distribution.objects.get(slug={self.slug!r})\n"
        return self.command("shell", "--verbosity", "0", "--command", prologue + statements).out

    def query(self, sql: str, *values: str | int) -> list[tuple[Any, ...]]:
        """Ask the database, which this never changes."""
        with closing(sqlite3.connect(f"file:{self.data / DATABASE}?mode=ro", uri=True)) as database:
            return database.execute(sql, values).fetchall()

    def set(self, **fields: str | int) -> None:
        """Change fields of the distribution, as staff do."""
        with closing(sqlite3.connect(self.data / DATABASE)) as database:
            for name, value in fields.items():
                database.execute(f"UPDATE mirror_distribution SET {name} = ? WHERE slug = ?", (value, self.slug))  # noqa: S608
            database.commit()

    def use_recipe(self, text: str) -> None:
        path = self.directory / f"{self.slug}.toml"
        path.write_text(text, encoding="utf-8")
        self.set(recipe=str(path))

    def copy_to(self, directory: Path) -> "Portal":
        """Copy everything, links as links, so that a test may go on from here."""
        directory.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", f"{self.directory}/.", str(directory)], check=True)
        copied = Portal(directory, self.more, self.slug)
        copied.set(recipe=str(directory / f"{self.slug}.toml"))
        return copied

    @property
    def current(self) -> Path:
        return self.files / "current"

    @property
    def publication(self) -> int:
        """Give the number of the publication that is served."""
        return int(self.current.readlink().name)

    def manifest(self) -> dict[str, str]:
        """Give sha256 by path of everything that is served."""
        lines = (self.current / "manifest.sha256").read_text(encoding="utf-8").splitlines()
        return {path: digest for digest, path in (line.split("  ", 1) for line in lines)}

    def dists(self) -> dict[str, str]:
        """Give sha256 by path of all archives on the disk."""
        places = (path for path in (self.files / "dists").rglob("*.zip"))
        return {path.relative_to(self.files / "dists").as_posix(): sha256(path) for path in places}

    def versions(self, name: str) -> dict[str, dict[str, Any]]:
        """Give the version objects of a package's metadata by version; nothing if it is not served."""
        path = self.current / f"p2/{name}.json"
        body = json.loads(path.read_bytes()) if path.exists() else {"packages": {name: []}}
        return {found["version"]: found for found in expand(body["packages"][name])}

    def assert_whole(self) -> None:
        """Check that the link is valid and that every file of the manifest is there as it says."""
        listing = json.loads((self.current / ".listing.json").read_bytes())
        assert listing["number"] == self.publication
        manifest = self.manifest()
        for path, digest in manifest.items():
            place = self.files / "dists" / path if path.endswith(".zip") else self.current / path
            assert sha256(place) == digest, path
        for path, (digest, size, last_modified) in listing["files"].items():
            served = self.current / path
            assert (sha256(served), served.stat().st_size) == (digest, size), path
            assert int(served.stat().st_mtime) == last_modified, path
            assert gzip.decompress(served.with_name(f"{served.name}.gz").read_bytes()) == served.read_bytes()
            assert path == "manifest.sha256" or manifest[path] == digest


Process = subprocess.Popen[str]


def new_portal(directory: Path, text: str | None = None, **environment: str) -> Portal:
    """Make a portal with an empty database, a recipe, and a directory for sources."""
    portal = Portal(directory, {"PORTAL_BASE_URL": ADDRESS, **environment})
    portal.sources.mkdir(parents=True)
    shutil.copytree(migrated(), portal.data)
    portal.use_recipe(text or recipe())
    return portal


def migrated_database(cluster: PostgresqlCluster, name: str) -> str:
    """Make a database that has all its tables, and give its DATABASE_URL."""
    return cluster.create_database(name, template=_template(cluster))


@functools.cache
def _template(cluster: PostgresqlCluster) -> str:
    name = "portal_template"
    url = cluster.create_database(name)
    data = tempfile.mkdtemp(prefix="portal-", dir=os.environ["PORTAL_TEST_DIRECTORY"])
    manage(site_environment(Path(data), DATABASE_URL=url), "migrate", "--no-input", "--verbosity", "0")
    return name


def give_work_to_children(portal: Portal, text: str) -> None:
    """Add a source of so many packages to a recipe that children of the build live until all is taken from them."""
    portal.use_recipe(text + source("many", kind="children", directory="app"))
    make_repository(portal.sources / "many", {version: _many(version) for version in ("1.0.0", "1.1.0", "1.2.0")})


def _many(version: str) -> dict[str, str]:
    packages = {f"app/P{n}/composer.json": package(f"acme/p{n}", version) for n in range(12)}
    return {"composer.json": package("acme/all", version), **packages}


def new_shop(directory: Path) -> Portal:
    """Make a portal whose recipe has an edition, with the release 1.0.0 and its extension."""
    portal = new_portal(directory, SHOP)
    make_repository(portal.sources / "core", {"1.0.0": release("1.0.0")})
    make_repository(portal.sources / "extension", {"1.0.0": {"composer.json": package("acme/extension")}})
    return portal


@functools.cache
def sample_sources() -> Path:
    """Make the sample once for all portals of this process, which must leave it as it is."""
    directory = Path(tempfile.mkdtemp(prefix="sample-", dir=os.environ["PORTAL_TEST_DIRECTORY"])) / "sample"
    manage(site_environment(directory.parent / "data"), "create_sample_sources", str(directory))
    return directory


def ended(process: Process, status: int | None = 0) -> Answer:
    """Wait for a command's end. Raises: AssertionError with its output when it is another one."""
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    answer = Answer(process.returncode, out, err)
    assert status in {None, answer.status}, f"exit status {answer.status}, not {status}:\n{answer.text}"
    return answer


@contextmanager
def hanging_at(boundary: str, portal: Portal, *arguments: str, session: bool = True) -> Iterator[Process]:
    """Start a command and give it when it hangs at a boundary, its lease renewed; `go_on` lets it end."""
    note = portal.directory / f"hanging-{portal.slug}"
    process = portal.run(("-c", HANGING, boundary, str(note), *arguments), {}, session=session)
    try:
        deadline = time.monotonic() + SECONDS
        while not note.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"never came to {boundary}: {process.communicate()}")
            time.sleep(0.02)  # between two looks; the loop ends by itself
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.communicate()
        note.unlink(missing_ok=True)


@contextmanager
def stopped_at(boundary: str, portal: Portal, *arguments: str) -> Iterator[Process]:
    """Start a command and give it when it has stopped itself at a boundary, lease and all; `go_on` lets it end."""
    process = portal.run(("-c", _STOPPING, boundary, *arguments), {})
    try:
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if process.poll() is not None:
            raise AssertionError(f"never came to {boundary}: {process.communicate()}")
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def go_on(process: Process, status: int | None = 0) -> Answer:
    """Let a command that was held go on to its end."""
    process.send_signal(signal.SIGCONT)
    return ended(process, status)


def family(pid: int) -> set[int]:
    """Give the ids of all descendants of a process that live now; of 0, all that live."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state not in {"Z", "X"}:
            parents[int(stat.parent.name)] = int(parent)
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def snapshot(directory: Path, wanted: Callable[[Path], bool] = lambda path: True) -> dict[str, str]:
    """Give what every file and link below a directory holds, by its path."""
    found: dict[str, str] = {}
    for path in sorted(directory.rglob("*")):
        if path.is_symlink():
            found[path.relative_to(directory).as_posix()] = f"-> {path.readlink()}"
        elif path.is_file() and wanted(path):
            found[path.relative_to(directory).as_posix()] = f"{sha256(path)} {path.stat().st_mtime_ns}"
    return found


def codes(findings: list[dict[str, str]]) -> set[str]:
    """Give the codes of a report's warnings or errors."""
    return {found["code"] for found in findings}
