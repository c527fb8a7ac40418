"""A composer.json that nobody has vouched for: every fault is named, and none stops the reader."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirror import javascript
from mirror.composer_json import LARGEST, inspect

GOOD: dict[str, Any] = {"name": "acme/library", "version": "1.0.0", "require": {"php": ">=8.1", "acme/other": "^1.2"}}
ARCHIVES = Path(__file__).parent / "vectors" / "archive.json"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=6,
)


def faults_of(data: bytes | dict[str, Any]) -> list[tuple[str, str]]:
    return list(inspect(data if isinstance(data, bytes) else json.dumps(data).encode()).faults)


def codes_of(data: bytes | dict[str, Any]) -> list[str]:
    return [code for code, _ in faults_of(data)]


def test_a_good_file_has_no_faults_and_says_what_it_is() -> None:
    read = inspect(json.dumps(GOOD).encode())
    assert (read.name, read.version, read.composer, read.faults) == ("acme/library", "1.0.0", GOOD, ())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "composer-json-invalid"),
        (b"{", "composer-json-invalid"),
        (b"\xef\xbb\xbf{}", "composer-json-invalid"),
        (b'{"name": "\xff"}', "composer-json-invalid"),
        (b'{"name": NaN}', "composer-json-invalid"),
        (b"[]", "composer-json-invalid"),
        (b'"text"', "composer-json-invalid"),
        (b"null", "composer-json-invalid"),
        (b"[" * 10_000 + b"]" * 10_000, "composer-json-invalid"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "composer-json-invalid"),
        (b" " * (10 << 20), "composer-json-too-large"),
        (b"{" + b" " * LARGEST + b"}", "composer-json-too-large"),
    ],
    ids=[
        "empty",
        "half an object",
        "byte order mark",
        "not UTF-8",
        "not a number",
        "a list",
        "a text",
        "null",
        "lists 10,000 deep",
        "objects 10,000 deep",
        "10 MB",
        "just too large",
    ],
)
def test_what_is_no_object_of_a_sane_size_is_named(data: bytes, code: str) -> None:
    assert codes_of(data) == [code]


def test_a_file_of_the_largest_size_is_read() -> None:
    text = json.dumps(GOOD).encode()
    assert codes_of(text + b" " * (LARGEST - len(text))) == []


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"name": None}, "name-missing", "no name"),
        ({"name": ""}, "name-missing", "no name"),
        ({"name": 5}, "name-invalid", "5"),
        ({"name": "library"}, "name-invalid", "'library'"),
        ({"name": "Acme/Library"}, "name-invalid", "'Acme/Library'"),
        ({"name": "acme/../x"}, "name-invalid", "'acme/../x'"),
        ({"name": "acme/con"}, "name-invalid", "'acme/con'"),
        ({"version": "one"}, "version-invalid", "'one'"),
        ({"version": 1.0}, "version-invalid", "1"),
        ({"version": "1.0.0.0.1"}, "version-invalid", "'1.0.0.0.1'"),
        ({"require": "acme/other"}, "links-invalid", "require"),
        ({"require-dev": ["acme/other"]}, "links-invalid", "require-dev"),
        ({"require": {"acme/other": "^"}}, "constraint-invalid", "acme/other"),
        ({"require": {"acme/other": ""}}, "constraint-invalid", "acme/other"),
        ({"require": {"acme/other": 5}}, "constraint-invalid", "5"),
        ({"conflict": {"acme/other": "~>1"}}, "constraint-invalid", "conflict acme/other"),
        ({"require": {"other": "1.0.0"}}, "name-invalid", "'other'"),
        ({"suggest": {"acme/other": ["text"]}}, "constraint-invalid", "suggest acme/other"),
        ({"type": "__unset"}, "value-reserved", "type"),
    ],
)
def test_a_fault_that_would_stop_a_client_is_named(changes: dict[str, Any], code: str, said: str) -> None:
    faults = faults_of({**GOOD, **changes})
    assert [found for found, _ in faults] == [code]
    assert said in faults[0][1]


@pytest.mark.parametrize(
    "changes",
    [
        {"version": None},
        {"version": ""},
        {"require": []},
        {"require": None},
        {"suggest": {"ext-intl": "for dates", "any text": "at all"}},
        {"replace": {"acme/old": "self.version"}},
        {"require": {"ext-intl": "*", "lib-icu": ">=50", "composer-plugin-api": "^2", "php-64bit": "*"}},
        {"require": {"Acme/Other": "1.0.0"}},
        {"require": {"acme/other": "dev-main#0123456 as 1.0.x-dev"}},
    ],
)
def test_what_clients_take_is_no_fault(changes: dict[str, Any]) -> None:
    assert faults_of({**GOOD, **changes}) == []


def test_all_faults_come_at_once() -> None:
    bad = {"name": "x", "version": "y", "require": {"acme/a": "^", "acme/b": "^"}, "provide": 3}
    expected = ["name-invalid", "version-invalid", "constraint-invalid", "constraint-invalid", "links-invalid"]
    assert codes_of(bad) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"autoload": "src/"},
        {"include-path": "src"},
        {"extra": "text"},
        {"bin": {"a": 1}},
    ],
    ids=json.dumps,
)
def test_a_value_of_a_type_that_stops_clients_is_a_fault(changes: dict[str, Any]) -> None:
    assert faults_of({**GOOD, **changes})


@pytest.mark.parametrize(
    "text",
    ['{"name":"acme/a","extra":{"n":1e999}}', '{"name":"acme/a","description":"\\ud800"}'],
    ids=["1e999", "half"],
)
def test_a_number_or_character_that_cannot_be_written_again_is_a_fault(text: str) -> None:
    assert faults_of(text.encode())


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_bytes_stop_the_reader(data: bytes) -> None:
    assert inspect(data).faults


@given(st.dictionaries(st.sampled_from(["name", "version", "require", "suggest", "replace", "extra"]), json_values))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_values_stop_the_reader(composer: dict[str, Any]) -> None:
    inspect(json.dumps(composer).encode())


def test_what_is_read_is_written_again_as_javascript_writes_it() -> None:
    text = json.loads(ARCHIVES.read_bytes())["cases"][-1]["composer"].encode()
    assert javascript.stringify(inspect(text).composer) == (
        '{\n  "version": "1.0.0",\n  "name": "acme/x",\n  "extra": {\n    "1": [],\n    "2": "two",\n    "10": 10,\n'
        '    "b": 1,\n    "01": {},\n    "é": "é/",\n    "n": [\n      1e+21,\n      1e-7,\n      0.1,\n      0,\n'
        "      100000000000000000000,\n      true,\n      null,\n      [\n        []\n      ]\n    ]\n  },\n"
        '  "require": {},\n  "twice": 2\n}'
    )
