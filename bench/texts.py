"""What it takes to read updates and documents from git, and hostile files that must break nothing."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.portal import ROOT, Portal
from bench.running import run

POSTS, DOCUMENTS, PARAGRAPHS = 1_000, 10_000, 40
MOST_MEMORY = 200_000_000  # bytes, of a sync
MOST_SECONDS_AGAIN = 1.0  # of a second sync, for a hundred posts
CASES = 10_000  # of hostile files
FUZZ = f"from tests.support.hostile_posts import fuzz; fuzz({CASES})"
WORDS = "A portal keeps what people wrote where others find it, **dated** and `searchable`, for as long as it is read."
PART = "## Part {part}\n\nIt goes on [there](../{folder}/page-{other}.md).\n\n"
COLLECTIONS = """
[[collection]]
slug = "posts"
title = "Posts"
kind = "updates"
repository = "https://github.com/example/posts"
path = "src/data/post"
[[collection]]
slug = "handbook"
title = "Handbook"
kind = "pages"
repository = "https://github.com/example/handbook"
path = "docs"
"""


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync took, with starting Python."""

    title: str
    seconds: float
    processor_seconds: float
    peak_memory: int  # bytes
    most_seconds: float = 0  # of the processor; 0: nobody minds


@dataclass(frozen=True, slots=True)
class Texts:
    """All about texts in git."""

    syncs: tuple[Synced, ...]
    fuzz_seconds: float


def measure(directory: Path) -> Texts:
    """Measure syncs in a portal of their own, and hostile files; ``directory`` is new.

    Raises:
        CommandFailedError: something did not work, or a file broke it.
    """
    portal, clones = Portal(directory / "portal"), directory / "clones"
    shutil.rmtree(directory, ignore_errors=True)
    portal.data.mkdir(parents=True)
    try:
        _write(clones / "posts", ((f"src/data/post/{_name(number)}", _post(number)) for number in range(POSTS)))
        _write(
            clones / "handbook",
            ((f"docs/{number % 100}/page-{number}.md", _page(number)) for number in range(DOCUMENTS)),
        )
        (directory / "collections.toml").write_text(COLLECTIONS)
        portal.manage("migrate", "--verbosity", "0")
        portal.manage("import_collections", str(directory / "collections.toml"))
        again = POSTS / 100 * MOST_SECONDS_AGAIN
        syncs = tuple(
            _sync(portal, clones, slug, title, most)
            for slug, title, most in (
                ("posts", f"{POSTS:,} posts", 0), ("posts", f"{POSTS:,} posts again", again),
                ("handbook", f"{DOCUMENTS:,} documents", 0), ("handbook", f"{DOCUMENTS:,} documents again", 0),
            )
        )  # fmt: skip
        fuzzed = run([sys.executable, "-c", FUZZ], portal.environment() | {"PYTHONPATH": str(ROOT)}, portal.data)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return Texts(syncs, fuzzed.seconds)


def lines_of(texts: Texts) -> Iterator[str]:
    yield f"texts in git, {PARAGRAPHS * len(WORDS) / 1000:.0f} kB each"
    yield f"{'sync':<40}{'seconds':>10}{'processor s':>13}{'memory':>10}"
    for sync in texts.syncs:
        numbers = f"{sync.seconds:>10.1f}{sync.processor_seconds:>13.1f}{sync.peak_memory / 1e6:>7.0f} MB"
        verdict = f"≤ {MOST_MEMORY / 1e6:.0f} MB: {'met' if sync.peak_memory <= MOST_MEMORY else 'missed'}"
        if sync.most_seconds:
            verdict += (
                f", ≤ {sync.most_seconds:.0f} s: {'met' if sync.processor_seconds <= sync.most_seconds else 'missed'}"
            )
        yield f"{sync.title:<40}{numbers}   {verdict}"
    yield f"{CASES:,} hostile files: nothing active left, nothing broken, in {texts.fuzz_seconds:.0f} s"


def _sync(portal: Portal, clones: Path, slug: str, title: str, most_seconds: float) -> Synced:
    taken = portal.manage("sync_documents", "--sources", str(clones), "--collection", slug, "--json")
    return Synced(title, taken.seconds, taken.processor_seconds, taken.peak_memory, most_seconds)


def _name(number: int) -> str:
    return f"{2000 + number // 336}-{number // 28 % 12 + 1:02}-{number % 28 + 1:02}-post-{number}.md"


def _post(number: int) -> str:
    day = _name(number)[:10]
    return f"---\ntitle: Post {number}\npublishDate: {day}\ncategory: Updates\n---\n{_text(number)}"


def _page(number: int) -> str:
    return f"# Page {number}\n\n{_text(number)}"


def _text(number: int) -> str:
    """Give paragraphs, with a heading and a link before every eighth."""
    parts = (PART.format(part=n, folder=(number + n) % 100, other=number + n) * (n % 8 == 0) for n in range(PARAGRAPHS))
    return "\n\n".join(part + WORDS for part in parts) + "\n"


def _write(repository: Path, files: Iterator[tuple[str, str]]) -> None:
    """Make a repository with one commit, without a checkout."""
    git = ["git", f"--git-dir={repository}"]
    subprocess.run([*git, "init", "--quiet", "--bare", "--initial-branch=main", str(repository)], check=True)  # noqa: S603
    commit = "commit refs/heads/main\ncommitter Bench <bench@example.org> 1700000000 +0000\ndata 0\n"
    parts = [f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n" for path, text in files]
    subprocess.run([*git, "fast-import", "--quiet"], input="".join((commit, *parts)).encode(), check=True)  # noqa: S603
