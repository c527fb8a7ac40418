"""Our versions and constraints against the PHP classes of composer/semver, in random cases."""

import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mirror.composer import constraints, versions

AUTOLOAD = Path("/usr/share/php/Composer/Semver/autoload.php")  # Debian: php-composer-semver
CASES = 20_000

PHP = r"""
require $argv[1];
use Composer\Semver\{Comparator, VersionParser, Constraint\Constraint};
$parser = new VersionParser();
$answer = [
    'normalize' => fn ($v) => $parser->normalize($v),
    'branch' => fn ($b) => $parser->normalizeBranch($b),
    'stability' => fn ($v) => VersionParser::parseStability($parser->normalize($v)),
    'compare' => function ($a, $b) use ($parser) {
        [$a, $b] = [$parser->normalize($a), $parser->normalize($b)];
        return Comparator::lessThan($a, $b) ? -1
            : (Comparator::greaterThan($a, $b) ? 1 : (Comparator::equalTo($a, $b) ? 0 : null));
    },
    'satisfies' => fn ($v, $c) =>
        $parser->parseConstraints($c)->matches(new Constraint('==', $parser->normalize($v))),
    'intersects' => fn ($a, $b) =>
        $parser->parseConstraints($a)->matches($parser->parseConstraints($b)),
];
$results = [];
foreach (json_decode(stream_get_contents(STDIN)) as [$question, $arguments]) {
    try {
        $results[] = $answer[$question](...$arguments);
    } catch (UnexpectedValueException $e) {
        $results[] = 'invalid';
    }
}
echo json_encode($results);
"""


@dataclass(frozen=True)
class Difference:
    """What an installed release answers unlike 3.4.4, which is the one that we follow."""

    concerns: re.Pattern[str]
    normalized: dict[str, str]  # version → what the release makes of it


# In 3.3.2 a date has at most one number of up to three digits at its end, in 3.4.4 two. A number
# of six digits is read as a date, too.
DATE = r"\d{4}([.:-]?\d\d){1,6}([.:-]?\d{1,3})"
DIFFERENCES = {
    "3.3.2": Difference(
        concerns=re.compile(rf"(?<![\w.])v?(?!{DATE}?(?![\d.:-])){DATE}{{2}}(?!\d)", re.IGNORECASE),
        normalized={
            "100000.0.0": "invalid",
            "20230115.1.1": "invalid",
            "20230115.1.1-dev": "20230115.1.1.9999999-dev",
        },
    ),
    "3.4.4": Difference(concerns=re.compile(r"(?!)"), normalized={}),
}

Case = tuple[str, list[str]]


def ask_php(cases: list[Case]) -> list[Any]:
    done = subprocess.run(
        ["php", "-r", PHP, "--", str(AUTOLOAD)],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    answers: list[Any] = json.loads(done.stdout)
    return answers


@pytest.fixture(scope="module")
def difference() -> Difference:
    if not (shutil.which("php") and shutil.which("dpkg-query") and AUTOLOAD.exists()):
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs Debian's php-cli and php-composer-semver")
        pytest.skip("needs Debian's php-cli and php-composer-semver")
    query = ["dpkg-query", "--show", "--showformat=${Version}", "php-composer-semver"]
    package = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    installed = package.partition("-")[0]
    assert installed in DIFFERENCES, "say in DIFFERENCES where this release is unlike 3.4.4"
    return DIFFERENCES[installed]


def answer(case: Case) -> Any:
    question, arguments = case
    try:
        return ANSWERS[question](*arguments)
    except (versions.InvalidVersionError, constraints.InvalidConstraintError):
        return "invalid"


ANSWERS: dict[str, Callable[..., Any]] = {
    "normalize": versions.normalize,
    "branch": versions.normalize_branch,
    "stability": lambda v: versions.stability(versions.normalize(v)),
    "compare": lambda a, b: versions.compare(versions.normalize(a), versions.normalize(b)),
    "satisfies": lambda v, c: constraints.parse(c).matches(versions.normalize(v)),
    "intersects": lambda a, b: constraints.intersects(constraints.parse(a), constraints.parse(b)),
}


class Writer(random.Random):
    """Writes versions and constraints like those in the wild, and some that are nonsense."""

    def version(self) -> str:
        if self.random() < 0.1:
            return self.choice(ODD_VERSIONS)
        text = self.choice(["", "", "", "", "v", "V"]) + self.numbers(4)
        if self.random() < 0.4:
            text += self.modifier()
        return self.soil(text)

    def numbers(self, most: int) -> str:
        return ".".join(self.choice(NUMBERS) for _ in range(self.randint(1, most)))

    def variant(self, version: str) -> str:
        return self.choice(["{}", "v{}", "{}.0", "{}-p1", "{}-dev"]).format(version)

    def modifier(self) -> str:
        word = self.choice(["-", "-", "-", "", ".", "_"]) + self.choice(WORDS)
        groups = range(self.choice([0, 1, 1, 2]))
        digits = "".join(self.choice(["", ".", "-"]) + self.choice(NUMBERS) for _ in groups)
        return word + digits + self.choice(["", "", "", "", "-dev", "dev", ".dev", "-DEV"])

    def branch(self) -> str:
        parts = [self.choice([*NUMBERS, "x", "X", "*"]) for _ in range(self.randint(1, 5))]
        text = self.choice(["", "", "v"]) + ".".join(parts)
        return text if self.random() < 0.7 else self.choice(ODD_VERSIONS)

    def constraint(self) -> str:
        glue = [" || ", "|", "||", " | "]
        return self.join([self.conjunction() for _ in range(self.choice([1, 1, 1, 2, 3]))], glue)

    def conjunction(self) -> str:
        glue = [" ", " ", ",", ", ", " , ", "  "]
        return self.join([self.single() for _ in range(self.choice([1, 1, 1, 1, 2, 3]))], glue)

    def join(self, parts: list[str], glue: list[str]) -> str:
        return parts[0] + "".join(self.choice(glue) + part for part in parts[1:])

    def single(self) -> str:
        text = self.choice(SHAPES)(self)
        if self.random() < 0.1:
            text += self.choice(SUFFIXES)
        return self.soil(text)

    def soil(self, text: str) -> str:
        if self.random() > 0.03:
            return text
        at = self.randint(0, len(text))
        return text[:at] + self.choice("@#+ -.,^~*x|v\n") + text[at + self.randint(0, 1) :]


NUMBERS = [*"000111222347", "10", "00", "01", "9999999", "2023"]
SUFFIXES = ["@dev", "@beta", "@stable", "@RC", "@rc", "#abc", " as 1.0", "+b1"]
WORDS = ["stable", "beta", "b", "RC", "rc", "alpha", "a", "patch", "pl", "p"]
WORDS += ["BETA", "Stable", "dev", "hotfix"]
ODD_VERSIONS = """
dev-main
dev-master
dev-2.4-develop
dev-main#abc
dev-main as 1.0.x-dev
DEV-Main
main
main-dev
master
trunk
default
1.x-dev
1.0.x-dev
2.4.*-dev
2.4-develop
-dev
x
9999999-dev
20230115
20230115.1
2023.01.15
2023.01.15.1.2
2023-01-15-1
2010-01-02.5
2010.10.20-beta1
201903.0
100000
100000.1
100000.0.0
1.0.0+abc
1.0.0-beta1+sha.5
1.0 as 2.0
 1.0
1.2.3.4.5
""".splitlines()
SHAPES: list[Callable[[Writer], str]] = [
    lambda w: w.choice(["^", "~", "^v"]) + w.numbers(4),
    lambda w: w.choice(["^", "^", "~", "~", "~>"]) + w.version(),
    lambda w: w.choice([">", ">=", "<", "<=", "=", "==", "!=", "<>"]) + w.numbers(4),
    lambda w: w.choice([">=", "<", "!=", "> ", ">=  ", "!= ", "=>", "<"]) + w.version(),
    lambda w: w.numbers(3) + w.choice([".*", ".x", ".X", ".*.*", "*"]),
    lambda w: w.version() + w.choice([" - ", " - ", " -  ", "  - ", "- "]) + w.version(),
    lambda w: w.numbers(4) + " - " + w.numbers(4),
    lambda w: w.numbers(3) + w.choice([".x-dev", ".*-dev", "-dev"]),
    Writer.version,
    lambda w: w.choice(["*", "x", "v*", "x.x", "@dev", "@stable", "*.*"]),
]


def random_cases(seed: int, count: int) -> list[Case]:
    writer = Writer(seed)
    shapes: list[Callable[[], Case]] = [
        lambda: ("normalize", [writer.version()]),
        lambda: ("branch", [writer.branch()]),
        lambda: ("stability", [writer.version()]),
        lambda: ("compare", [writer.version(), writer.version()]),
        lambda: ("compare", [version := writer.version(), writer.variant(version)]),
        lambda: ("satisfies", [writer.version(), writer.constraint()]),
        lambda: ("satisfies", [writer.numbers(4), writer.constraint()]),
        lambda: ("intersects", [writer.constraint(), writer.constraint()]),
    ]
    return [writer.choice(shapes)() for _ in range(count)]


def test_random_cases_are_answered_as_php_does(difference: Difference) -> None:
    drawn = random_cases(seed=20260801, count=CASES)
    cases = [case for case in drawn if not difference.concerns.search(" ".join(case[1]))]
    wrong = [
        (case, ours, theirs)
        for case, theirs in zip(cases, ask_php(cases), strict=True)
        if (ours := answer(case)) != theirs or type(ours) is not type(theirs)
    ]
    assert wrong == []
    assert len(cases) > 0.85 * CASES


def test_an_older_release_differs_only_as_stated(difference: Difference) -> None:
    cases: list[Case] = [("normalize", [version]) for version in difference.normalized]
    assert ask_php(cases) == list(difference.normalized.values())
    assert all(answer(case) != theirs for case, theirs in zip(cases, ask_php(cases), strict=True))
