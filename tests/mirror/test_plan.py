"""What a build would do, as a function of the recipe, what the sources hold, and what is there."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from mirror.candidates import Candidate, Tag
from mirror.composer.versions import normalize
from mirror.findings import Finding, warning
from mirror.metadata import dist_path
from mirror.plan import Known, Plan, ScannedFact, ScannedSource, ScannedTag, plan
from mirror.recipe import Recipe
from tests.support.recipes import EDITION, HEAD, SINGLE, recipe_of, source_text

CHILDREN = '[[source.package]]\nkind = "children"\ndir = "app"\n'
META = '[[source.package]]\nkind = "metapackage"\ndir = "_meta"\n'
NAMED = '[[source.package]]\nkind = "single"\ndir = "lib"\nname = "acme/lib"\npresent = "1.1.0.."\n'
MANY = CHILDREN + META + NAMED
FACT = """
[[package_source]]
source = "library"
package = "acme/a"
version = "1.0.0-p1"
ref = "1.0.9"
dir = "app/a"
require = { "acme/b" = "1.0.0" }
"""
BLOB = "be3b0681be3b0681be3b0681be3b0681be3b0681"
REPLACEMENT = f"""
[[file_replacement]]
source = "library"
package = "acme/a"
version = "1.0.0"
path = "Test/a.xml"
blob = "{BLOB}"
reason = "published so"
"""


def id_of(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def child(name: str = "acme/a", version: str = "1.0.0", *, text: str = "one", **fields: Any) -> Candidate:
    """Give a candidate of the first rule; another text is another content."""
    defaults: dict[str, Any] = {
        "kind": "children",
        "rule": 0,
        "dir": f"app/{name.rpartition('/')[2]}",
        "tree": id_of(f"tree {text}"),
        "composer": id_of(f"composer {name} {version} {text}"),
        "name": name,
        "version": version,
        "content": id_of(text),
    }
    return Candidate(**{**defaults, **fields})


def meta(version: str = "1.0.0", **fields: Any) -> Candidate:
    return child("acme/meta", version, **{"kind": "metapackage", "rule": 1, "dir": "_meta", **fields})


def faulty(code: str, rule: int = 0, directory: str = "app/a") -> Candidate:
    return Candidate("children", rule, directory, "", "", "", "", faults=((code, "is wrong"),))


def scanned(
    recipe: Recipe, tags: Mapping[str, Iterable[Candidate]], key: str = "library", **fields: Any
) -> ScannedSource:
    """Give a source; the tags come in the order in which they are given."""
    rule = next(source for source in recipe.source if source.key == key)
    rows = [
        ScannedTag(
            Tag(name, id_of(f"commit {name}"), id_of(f"root {name}"), 1000 + n), name.removeprefix("v"), tuple(found)
        )
        for n, (name, found) in enumerate(tags.items())
    ]
    return ScannedSource(rule, tuple(rows), **fields)


def planned(
    tags: Mapping[str, Iterable[Candidate]],
    *facts: str,
    packages: str = MANY,
    known: Mapping[tuple[str, str], Known] | None = None,
    more: str = "",
    **fields: Any,
) -> Plan:
    recipe = recipe_of(source_text(packages, more=more), *facts)
    return plan(recipe, [scanned(recipe, tags, **fields)], known or {})


def made(found: Plan) -> list[tuple[str, str, str]]:
    return [(item.name, item.version, item.tag) for item in found.make]


def said(found: Plan) -> list[tuple[str, str]]:
    return [(finding.level, finding.code) for finding in found.findings]


def only(found: Plan) -> Finding:
    (finding,) = found.findings
    return finding


def test_every_package_of_every_tag_is_made_once() -> None:
    found = planned({"1.0.0": [child(), child("acme/b")], "1.1.0": [child(), child(version="1.1.0")]})
    assert made(found) == [("acme/a", "1.0.0", "1.0.0"), ("acme/b", "1.0.0", "1.0.0"), ("acme/a", "1.1.0", "1.1.0")]
    assert found.findings == []


def test_an_item_knows_where_it_comes_from() -> None:
    (item,) = planned({"v1.0.0": [child()]}).make
    assert (item.kind, item.source, item.tag, item.commit, item.time) == (
        "children",
        "library",
        "v1.0.0",
        id_of("commit v1.0.0"),
        1000,
    )
    assert item.identity == ("acme/a", "1.0.0.0")
    assert item.exclude == ("composer.json", ".git/")
    assert item.subject == "library tag v1.0.0: acme/a 1.0.0"


def test_the_first_tag_with_a_version_wins_and_other_content_later_is_named() -> None:
    found = planned({"1.0.0": [child()], "1.0.1": [child(text="two")], "1.0.2": [child(text="three")]})
    assert made(found) == [("acme/a", "1.0.0", "1.0.0")]
    assert only(found) == warning(
        "content-changed",
        "library tag 1.0.0: acme/a 1.0.0",
        "has other content at 1.0.1, 1.0.2, with the same version; the first wins",
    )


def test_a_later_tag_that_changes_the_form_only_is_not_worth_a_word() -> None:
    found = planned({"1.0.0": [child()], "1.0.1": [child(composer=id_of("reformatted"))]})
    assert (len(found.make), found.findings) == (1, [])


def test_two_ways_to_write_one_version_are_one_version() -> None:
    found = planned({"1.0.0": [child(version="1.0.0")], "1.0.1": [child(version="v1.0")]})
    assert made(found) == [("acme/a", "1.0.0", "1.0.0")]


def test_what_is_published_is_used_again_and_wins_over_the_first_tag() -> None:
    first = planned({"1.0.0": [child()]})
    known = {("acme/a", "1.0.0.0"): Known(first.make[0].inputs, made_elsewhere=False)}
    again = planned({"1.0.0": [child()], "1.1.0": [child(version="1.1.0")]}, known=known)
    assert again.reused == {("acme/a", "1.0.0.0")}
    assert made(again) == [("acme/a", "1.1.0", "1.1.0")]
    assert again.findings == []


def test_what_is_published_and_would_differ_now_is_kept_and_named() -> None:
    found = planned({"1.0.0": [child()]}, known={("acme/a", "1.0.0.0"): Known("0" * 64, made_elsewhere=False)})
    assert (found.make, found.reused) == ([], {("acme/a", "1.0.0.0")})
    assert (only(found).level, only(found).code, only(found).subject) == (
        "warning",
        "published-differs",
        "library tag 1.0.0: acme/a 1.0.0",
    )


def test_what_was_imported_is_compared_with_nothing() -> None:
    found = planned({"1.0.0": [child()]}, known={("acme/a", "1.0.0.0"): Known("", made_elsewhere=True)})
    assert (found.make, found.reused, found.findings) == ([], {("acme/a", "1.0.0.0")}, [])


def two_sources(first: Candidate, second: Candidate, known: Mapping[tuple[str, str], Known] | None = None) -> Plan:
    recipe = recipe_of(source_text(CHILDREN), source_text(CHILDREN, key="other"))
    sources = [scanned(recipe, {"1.0.0": [first]}), scanned(recipe, {"5.0.0": [second]}, key="other")]
    return plan(recipe, sources, known or {})


def test_one_version_in_two_sources_with_other_content_is_an_error_and_neither_is_made() -> None:
    found = two_sources(child(), child(text="two"))
    assert found.make == []
    assert (only(found).level, only(found).code) == ("error", "two-sources")
    assert "other tag 5.0.0: acme/a 1.0.0" in only(found).subject
    assert "library tag 1.0.0 has this version too" in only(found).message


def test_one_version_in_two_sources_with_the_same_bytes_is_fine() -> None:
    found = two_sources(child(), child())
    assert (len(found.make), found.findings) == (1, [])


def test_a_version_that_is_published_is_used_again_whatever_a_second_source_holds() -> None:
    first = planned({"1.0.0": [child()]}, packages=CHILDREN).make[0]
    found = two_sources(child(), child(text="two"), {first.identity: Known(first.inputs, made_elsewhere=False)})
    assert (found.make, found.reused) == ([], {first.identity})


def test_a_version_that_two_sources_have_is_no_obstacle_for_others() -> None:
    recipe = recipe_of(source_text(CHILDREN), source_text(CHILDREN, key="other"))
    sources = [
        scanned(recipe, {"1.0.0": [child(), child("acme/b")]}),
        scanned(recipe, {"1.0.0": [child(text="two"), child("acme/c")]}, key="other"),
    ]
    assert [item.name for item in plan(recipe, sources, {}).make] == ["acme/b", "acme/c"]


def test_a_single_package_source_takes_its_version_from_the_tag() -> None:
    found = planned({"v2.0.0": [child(version="", kind="single", dir="")]}, packages=SINGLE)
    assert made(found) == [("acme/a", "2.0.0", "v2.0.0")]


def test_a_metapackage_takes_its_version_from_the_tag() -> None:
    assert made(planned({"1.2.0": [meta("")]})) == [("acme/meta", "1.2.0", "1.2.0")]


def test_a_child_without_a_version_is_an_error_and_its_siblings_are_made() -> None:
    found = planned({"1.0.0": [child(version=""), child("acme/b")]})
    assert made(found) == [("acme/b", "1.0.0", "1.0.0")]
    assert (only(found).code, only(found).subject) == ("version-missing", "library tag 1.0.0: app/a")
    assert only(found).message == (
        "acme/a: composer.json has no version; give it one by version_fix in the recipe, or have the tag fixed"
    )


def test_a_version_fix_gives_a_version_and_pins_and_counts_as_corrected() -> None:
    fix = (
        '[[version_fix]]\nsource = "library"\ntag = "1.0.0"\npin = "metapackage"\npackages = { "acme/a" = "7.0.0" }\n'
        'reason = "r"\n'
    )
    found = planned({"1.0.0": [child(version=""), meta(unpinned=True)]}, fix)
    assert made(found) == [("acme/a", "7.0.0", "1.0.0"), ("acme/meta", "1.0.0", "1.0.0")]
    assert [item.name for item in found.corrected] == ["acme/meta"]
    assert found.findings == []


def test_a_version_too_long_for_an_address_is_an_error() -> None:
    found = planned({"1.0.0": [child(version="dev-" + "x" * 200)]})
    assert (found.make, said(found)) == ([], [("error", "version-too-long")])


def test_no_two_items_have_one_path() -> None:
    versions = ["dev-a/b", "dev-a-b", "dev-a#b", "dev-a b", "1.0.0", "1.0.0+x/y", "1.0.1+x-y"]
    found = planned({"1.0.0": [child(version=version) for version in versions]})
    paths = [dist_path(item.name, item.version) for item in found.make]
    assert len(set(paths)) == len(paths) == len({normalize(version) for version in versions})


def test_a_withheld_name_is_not_made_and_the_reason_is_given() -> None:
    found = planned({"1.0.0": [child(), child("acme/b")]}, '[[withhold]]\nnames = ["acme/a"]\nreason = "packagist"')
    assert made(found) == [("acme/b", "1.0.0", "1.0.0")]
    assert found.withheld == {"acme/a": "packagist"}
    assert found.findings == []


@pytest.mark.parametrize(
    "code", ["composer-json-missing", "composer-json-invalid", "name-invalid", "object-unreadable"]
)
def test_a_fault_of_a_candidate_is_an_error_that_says_what_to_do(code: str) -> None:
    found = planned({"1.0.0": [faulty(code), child("acme/b")]})
    assert made(found) == [("acme/b", "1.0.0", "1.0.0")]
    assert (only(found).level, only(found).code, only(found).subject) == ("error", code, "library tag 1.0.0: app/a")
    assert only(found).message == "is wrong; add it to skip_package in the recipe, or have the tag fixed"


def test_all_faults_of_a_candidate_are_named() -> None:
    bad = child(faults=(("name-invalid", "a"), ("version-invalid", "b")))
    assert said(planned({"1.0.0": [bad]})) == [("error", "name-invalid"), ("error", "version-invalid")]


def test_a_package_that_must_be_there_and_is_not_is_an_error() -> None:
    found = planned({"1.1.0": [faulty("package-missing", rule=2, directory="lib")]})
    assert said(found) == [("error", "package-missing")]


def test_a_package_that_came_later_is_not_missed_before() -> None:
    found = planned({"1.0.9": [faulty("package-missing", rule=2, directory="lib")]})
    assert found.findings == []
    assert [(finding.code, finding.subject) for finding in found.skipped] == [("not-present", "library tag 1.0.9: lib")]


def test_another_fault_of_a_package_that_came_later_is_an_error_all_the_same() -> None:
    found = planned({"1.0.9": [faulty("composer-json-invalid", rule=2, directory="lib")]})
    assert said(found) == [("error", "composer-json-invalid")]


@pytest.mark.parametrize("candidate", [faulty("composer-json-missing"), child()], ids=["faulty", "sound"])
def test_a_known_directory_without_package_is_skipped_with_its_reason(candidate: Candidate) -> None:
    more = '[[source.skip_package]]\ndir = "app/a"\ntags = "1.0.0..1.0.5"\nreason = "a stub"\n'
    found = planned({"1.0.3": [candidate]}, more=more)
    assert (found.make, found.findings) == ([], [])
    assert [finding.code for finding in found.skipped] == ["known-skip"]
    assert "a stub" in found.skipped[0].message
    assert planned({"1.0.6": [faulty("composer-json-missing")]}, more=more).findings


def test_a_package_with_another_name_than_the_recipe_expects_is_an_error() -> None:
    found = planned({"1.1.0": [child("acme/other", kind="single", rule=2, dir="lib")]})
    assert (found.make, said(found)) == ([], [("error", "name-unexpected")])
    assert only(found).message == "the recipe expects acme/lib, composer.json says acme/other"


def test_a_package_of_a_vendor_that_is_not_ours_is_an_error() -> None:
    found = planned({"1.0.0": [child("evil/a")]})
    assert (found.make, said(found)) == ([], [("error", "vendor-foreign")])


@pytest.mark.parametrize(
    ("candidate", "codes"),
    [
        (meta("1.0.0"), []),
        (meta("v1.0"), []),
        (meta("1.0.1"), ["metapackage-version"]),
        (meta(unpinned=True), ["metapackage-unpinned"]),
        (meta("1.0.1", unpinned=True), ["metapackage-version", "metapackage-unpinned"]),
        (child("acme/x", "3.0.0", unpinned=True), []),
    ],
)
def test_a_metapackage_that_names_another_version_or_any_sibling_is_a_warning(
    candidate: Candidate, codes: list[str]
) -> None:
    found = planned({"1.0.0": [candidate]})
    assert [finding.code for finding in found.findings] == codes
    assert len(found.make) == 1


def test_a_metapackage_is_its_composer_json_alone() -> None:
    (item,) = planned({"1.0.0": [meta()]}).make
    assert item.candidate.tree == ""


def fact_at(candidate: Candidate | None, tag: Tag | None = None) -> ScannedFact:
    return ScannedFact(0, tag or Tag("1.0.9", id_of("fact"), id_of("root"), 5), candidate)


def test_a_fact_gives_a_version_from_another_ref_and_wins_over_tags_without_a_word() -> None:
    fact = fact_at(child(version="1.0.9", kind="single", rule=-1, text="fact"))
    found = planned({"1.0.0-p1": [child(version="1.0.0-p1")]}, FACT, facts=(fact,))
    (item,) = found.make
    assert (item.version, item.tag, item.commit) == ("1.0.0-p1", "1.0.9", id_of("fact"))
    assert item.edits
    assert item.edits.sections == {"require": {"acme/b": "1.0.0"}}
    assert found.findings == []
    assert found.corrected == [item]


@pytest.mark.parametrize(
    ("fact", "part"),
    [
        (ScannedFact(0, None, None), "takes it from 1.0.9, which this source does not have"),
        (fact_at(None), "takes it from app/a at 1.0.9: no package there"),
        (fact_at(faulty("package-missing", -1)), "takes it from app/a at 1.0.9: no package there"),
    ],
    ids=["no ref", "no package", "a faulty package"],
)
def test_a_fact_whose_ref_is_not_there_is_a_named_warning(fact: ScannedFact, part: str) -> None:
    found = planned({"1.0.0": [child("acme/b")]}, FACT, facts=(fact,))
    assert made(found) == [("acme/b", "1.0.0", "1.0.0")]
    assert (only(found).level, only(found).code, only(found).subject) == (
        "warning",
        "fact-ref-missing",
        "library: acme/a 1.0.0-p1",
    )
    assert part in only(found).message


def test_a_fact_that_leads_to_another_package_makes_nothing_and_is_named() -> None:
    found = planned({}, FACT, facts=(fact_at(child("acme/wrong", kind="single", rule=-1)),))
    assert found.make == []
    assert "acme/wrong" in only(found).message


def test_a_replaced_file_is_taken_from_its_blob() -> None:
    found = planned({"1.0.0": [child(), child(version="1.0.1")]}, REPLACEMENT, blobs=frozenset({BLOB}))
    assert [item.extra for item in found.make] == [(("Test/a.xml", BLOB),), ()]


def test_a_replaced_file_whose_blob_is_gone_is_a_named_warning_and_the_tags_is_kept() -> None:
    found = planned({"1.0.0": [child()]}, REPLACEMENT)
    assert found.make[0].extra == ()
    assert (only(found).code, only(found).subject) == ("fact-blob-missing", "acme/a 1.0.0")
    assert BLOB in only(found).message


def test_what_a_survey_says_is_passed_on_and_a_skipped_tag_is_no_finding() -> None:
    findings = (warning("tag-skipped", "library tag x", "broken"), warning("tag-not-a-version", "library tag y", "no"))
    found = planned({}, findings=findings)
    assert ([f.code for f in found.skipped], [f.code for f in found.findings]) == (
        ["tag-skipped"],
        ["tag-not-a-version"],
    )


def edition_plan(*tags: str, known: Mapping[tuple[str, str], Known] | None = None, **fields: Any) -> Plan:
    recipe = recipe_of(source_text(SINGLE), EDITION, head=HEAD)
    found = {
        tag: [
            child(f"acme/{kind}", tag.removeprefix("v"), kind=kind, rule=-1, dir="", derived=f'{{"{kind}":1}}')
            for kind in ("base", "product", "project")
        ]
        for tag in tags
    }
    return plan(recipe, [scanned(recipe, found, **fields)], known or {})


def test_the_base_is_made_at_once_and_product_and_project_wait_as_a_release() -> None:
    found = edition_plan("2.4.3")
    assert made(found) == [("acme/base", "2.4.3", "2.4.3")]
    (release,) = found.releases
    assert (release.version, release.normalized, release.confirmed) == ("2.4.3", "2.4.3.0", True)
    assert (release.product.name, release.project.name) == ("acme/product", "acme/project")
    assert (release.commit, release.time) == (id_of("commit 2.4.3"), 1000)


def test_a_release_whose_bundled_extensions_are_no_facts_is_not_confirmed() -> None:
    assert [release.confirmed for release in edition_plan("2.4.3", "2.4.3-p1", "2.4.4").releases] == [True, False, True]


def test_a_tag_before_the_first_release_gives_no_edition() -> None:
    found = edition_plan("2.3.7-p4")
    assert (found.make, found.releases, found.findings) == ([], [], [])


def test_the_base_has_its_excludes_and_emptied_directories_by_release() -> None:
    bases = [item for item in edition_plan("2.4.0", "2.4.1").make if item.kind == "base"]
    assert [item.emptied for item in bases] == [("app/code/Acme",)] * 2
    assert ".github/" not in bases[0].exclude
    assert {".github/", ".gitignore", "app/code/", "composer.json", ".git/"} <= set(bases[1].exclude)


def test_a_project_gets_the_files_of_its_release() -> None:
    blob = "3bfb01ee" * 5
    with_file = edition_plan("2.4.0", "2.4.1", blobs=frozenset({blob}))
    assert [release.project.extra for release in with_file.releases] == [((".gitignore", blob),), ()]
    without = edition_plan("2.4.0")
    assert without.releases[0].project.extra == ()
    assert [finding.code for finding in without.findings] == ["fact-blob-missing"]


def test_a_release_that_is_published_is_still_a_release() -> None:
    known = {("acme/product", "2.4.3.0"): Known("0" * 64, made_elsewhere=False)}
    found = edition_plan("2.4.3", known=known)
    assert [release.version for release in found.releases] == ["2.4.3"]
    assert ("acme/product", "2.4.3.0") in found.reused
    assert [finding.code for finding in found.findings] == ["published-differs"]


def test_inputs_differ_when_bytes_would_and_only_then() -> None:
    def inputs(candidate: Candidate, *facts: str, **options: Any) -> str:
        return planned({"1.0.0": [candidate]}, *facts, **options).make[0].inputs

    plain = inputs(child())
    assert len(plain) == 64
    assert inputs(child(content="other")) == plain
    others = [
        inputs(child(tree=id_of("x"))),
        inputs(child(composer=id_of("x"))),
        inputs(child(version="1.0.1", composer=child().composer)),
        inputs(child(), packages=CHILDREN + 'exclude = ["app/a/Sub/"]\n' + META + NAMED),
        inputs(child(), REPLACEMENT, blobs=frozenset({BLOB})),
        inputs(
            child(),
            '[[link_fix]]\nsource = "library"\npackage = "acme/a"\nversion = "1.0.0"\nsection = "require"\n'
            'set = { "acme/z" = "1" }\n',
        ),
    ]
    assert len({plain, *others}) == 1 + len(others)


def test_a_plan_is_the_same_for_the_same_input() -> None:
    tags = {"1.0.0": [child(), child("acme/b"), meta()], "1.1.0": [child(text="two"), faulty("name-missing")]}
    assert planned(tags) == planned(tags)


def test_nothing_gives_an_empty_plan() -> None:
    assert plan(recipe_of(), [], {}) == Plan()
