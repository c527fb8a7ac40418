"""Variables of OpenTofu: read, written, and read again."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings

from community import terraform_reading
from community.permissions import Organization
from community.terraform_reading import UnreadableError, read_tfvars, read_variables
from community.terraform_writing import write_preview, write_tfvars
from tests.support.made_permissions import (
    ON_THEIR_OWN,
    made_data,
    made_organization,
    organizations,
    small,
    small_data,
    variables_tf,
)


def test_a_whole_variables_file_is_read_as_it_stands() -> None:
    source = read_variables(variables_tf().encode())

    assert source.organization.as_data() == made_data()
    assert (source.name, source.left_alone, source.notes) == ("Orchard", ("github_app_id",), ())
    held = source.organization
    assert (len(held.teams), len(held.repositories), len(held.mirror_repositories)) == (6, 59, 36)
    assert set(ON_THEIR_OWN) <= held.mirror_repositories.keys()


def test_what_is_exported_is_what_was_imported() -> None:
    exported = write_tfvars(read_variables(variables_tf().encode()).organization)

    assert json.loads(exported) == made_data()
    again = read_tfvars(exported).organization
    assert again == made_organization()
    assert write_tfvars(again) == exported


def test_an_export_has_sorted_keys_two_spaces_and_a_line_end() -> None:
    organization = Organization.model_validate(
        {
            "teams": {"b": {"name": "B", "members": ["x"], "description": "Bäume"}},
            "repositories": {
                "site": {"teams": ["b"], "description": "", "topics": [], "archived": False},
                "app": {"teams": [], "description": "App"},
            },
            "mirror_repositories": {},
            "administrators": ["z", "a"],
        }
    )

    assert (
        write_tfvars(organization).decode()
        == """\
{
  "administrators": [
    "z",
    "a"
  ],
  "mirror_repositories": {},
  "repositories": {
    "app": {
      "description": "App",
      "teams": []
    },
    "site": {
      "archived": false,
      "description": "",
      "teams": [
        "b"
      ],
      "topics": []
    }
  },
  "teams": {
    "b": {
      "description": "Bäume",
      "members": [
        "x"
      ],
      "name": "B"
    }
  }
}
"""
    )


@given(organizations)
def test_any_organization_survives_its_export(organization: Organization) -> None:
    exported = write_tfvars(organization)

    assert b"null" not in exported.replace(b'"null', b"")
    assert write_tfvars(read_tfvars(exported).organization) == exported


@settings(max_examples=60)
@given(organizations)
def test_the_preview_in_hcl_says_the_same(organization: Organization) -> None:
    if not organization.extras:
        again = read_variables(write_preview(organization).encode()).organization
        assert write_tfvars(again) == write_tfvars(organization)


def test_the_preview_is_laid_out_for_people() -> None:
    assert (
        write_preview(small(administrators=[], mirror_repositories={"a.b": {"description": "", "teams": []}}))
        == """\
variable "administrators" {
  default = []
}

variable "mirror_repositories" {
  default = {
    "a.b" = {
      description = ""
      teams       = []
    }
  }
}

variable "repositories" {
  default = {
    meta = {
      description = "Papers"
      teams       = ["content"]
      topics      = ["papers"]
    }

    website = {
      description = "The website"
      teams       = ["content"]
    }
  }
}

variable "teams" {
  default = {
    content = {
      description = "Content people"
      members     = ["fir", "hazel"]
      name        = "Content"
    }

    tech-lead = {
      description = "Tech-lead people"
      members     = ["owner"]
      name        = "Tech-lead"
    }
  }
}
"""
    )


def test_keys_that_nobody_knows_are_kept() -> None:
    data = small_data(security_managers=["content"])
    data["repositories"]["meta"] |= {"wiki": True, "limits": {"size": [1, 2.5, -3]}}
    data["teams"]["content"]["parent"] = "tech-lead"

    exported = write_tfvars(read_tfvars(json.dumps(data).encode()).organization)

    assert json.loads(exported) == data


def with_default(hcl: str) -> str:
    """Give a file in which the description of a repository is that expression."""
    return variables_tf().replace('"Number 1, grown from https://example.org/1."', hcl, 1)


@pytest.mark.parametrize(
    ("hcl", "value"),
    [
        (r'"a \"b\" \\ \t \u00e9 \U0001F600"', 'a "b" \\ \t é 😀'),
        ('"$${name} %%{if} $5 100% $"', "${name} %{if} $5 100% $"),
        (r'"\u0024{name}"', "${name}"),
        ('"# no comment // here /* nor here */"', "# no comment // here /* nor here */"),
        ('("in brackets")', "in brackets"),
        ("<<EOT\n  kept\n as is\nEOT\n", "  kept\n as is\n"),
        ("<<-EOT\n    moved\n      left\n    EOT\n", "moved\n  left\n"),
        ('"x" # a comment', "x"),
    ],
)
def test_text_means_what_opentofu_takes_it_for(hcl: str, value: str) -> None:
    organization = read_variables(with_default(hcl).encode()).organization

    assert organization.repositories["mageos-fruit-1"].description == value


def test_types_and_other_attributes_of_variables_are_passed_over() -> None:
    content = variables_tf().replace(
        'variable "teams" {', 'variable "teams" {\n type = map(object({name = string}))\n nullable = false\n'
    )

    assert read_variables(b"\xef\xbb\xbf" + content.replace("\n", "\r\n").encode()).organization == made_organization()


def test_an_option_that_is_null_is_read_as_absent_and_noted() -> None:
    content = variables_tf().replace('default_branch = "main"', "default_branch = null", 1)

    source = read_variables(content.encode())

    assert "default_branch" not in source.organization.as_data()["repositories"]["mageos-fruit-0"]
    (note,) = source.notes
    assert "repositories → mageos-fruit-0 → default_branch is null; it is read as absent" in note
    assert source.organization.repositories["mageos-fruit-1"].default_branch == "main"


HOSTILE = [
    ("", "has no variable teams"),
    ('variable "teams" {', "line 1: the file ends before all texts, lists and blocks are closed"),
    ('a = 1\nb = "x\n', "line "),
    ("a = 1\n\n}\n", "line 3: '}' is not expected here"),
    ("resource {{{{", "line 1"),
    ("\0\1\2", "line 1"),
    ("a = <<A\n" + "\n" * 200_000, "line 1: 500 blanks or empty lines stand in a row"),
    ("a =\n", "line 1: the end of the line is not expected here"),
    ("<?xml version='1.0'?>", "line 1"),
    ("a = " + "[" * 100_000, "the file ends before"),
    (variables_tf() + 'variable "teams" { default = {} }\n', "variable teams stands here again"),
    (variables_tf() + 'variable "x" "y" { default = {} }\n', "a variable has one name"),
    (variables_tf() + 'variable "x" {\n default = 1\n default = 2\n}\n', "variable x has a second default"),
    (variables_tf().replace("meta = {", "tool-1 = {"), "tool-1 stands here again (first on line"),
    (variables_tf().replace('name        = "Content"', "", 1), "teams → content → name is missing; add it"),
    (with_default("var.text"), "is computed or refers to something"),
    (with_default('upper("x")'), "is computed"),
    (with_default('"a ${var.b}"'), "holds ${…}"),
    (with_default('"%{ if true }a%{ endif }"'), "holds ${…}"),
    (with_default("<<E\n${var.b}\nE\n"), "is computed"),
    (with_default('"a\nb"'), "goes on over the end of its line"),
    (with_default(r'"\q"'), r"\q is no escape of HCL"),
    (with_default(r'"\ud800"'), r"\ud800 is no escape of HCL"),
    (with_default(r'"\u0000"'), "holds a character that cannot be stored"),
    (with_default("7"), "repositories → mageos-fruit-1 → description must be text in quotes"),
    (with_default("null"), "description is missing"),
    (with_default("[1, 2]"), "must be text"),
    (with_default("{ (x) = 1 }"), "a key is computed"),
    (with_default("-x"), "is computed"),
    (with_default("x[0]"), "is computed"),
    (with_default("1e999"), "must be text"),
    (with_default("[" * 40 + "]" * 40), "nested deeper than"),
    (
        variables_tf().replace("archived    = true", 'archived = "true"'),
        "archived must be true or false, without quotes",
    ),
    (variables_tf().replace('["continuous-integration"]', '"all"', 1), "teams must be a list; write it in [ ]"),
    (variables_tf().replace('"orchard-ci",', "null,", 1), "administrators → number 1 must be text"),
    (
        variables_tf({**made_data(), "teams": {}}).replace('"teams" {\n  default = {\n', '"teams" {\n default = [\n'),
        "line",
    ),
    ('variable "teams" {}\n' + variables_tf().replace('variable "teams"', 'variable "others"'), "has no default"),
    (variables_tf().replace('"Orchard"', "[]"), "organization_name must be text"),
]


@pytest.mark.parametrize(("content", "fault"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_broken_variables_file_is_refused_with_the_place(content: str, fault: str) -> None:
    with pytest.raises(UnreadableError) as error:
        read_variables(content.encode())

    assert str(error.value).startswith("variables.tf")
    assert fault in str(error.value)


def test_a_fault_names_its_line() -> None:
    content = with_default("12").splitlines()
    line = next(number for number, text in enumerate(content, 1) if "= 12" in text)

    with pytest.raises(UnreadableError, match=f"variables.tf, line {line}: repositories → mageos-fruit-1"):
        read_variables("\n".join(content).encode())


def test_all_faults_are_named_at_once() -> None:
    content = (
        variables_tf().replace("members     =", "people      =").replace("is_part_of_monorepo = true", "archived = 1")
    )

    with pytest.raises(UnreadableError) as error:
        read_variables(content.encode())

    assert len(error.value.faults) == 6 + 3


def test_of_very_many_faults_the_first_are_named() -> None:
    content = variables_tf().replace("description", "text")

    with pytest.raises(UnreadableError, match="… and 1 more"):
        read_variables(content.encode())


def changed(**sections: Any) -> str:
    return json.dumps(small_data(**sections))


BROKEN_EXPORTS = [
    ("{", "line 1, column 2: is no JSON there"),
    ("[]", "must hold one object"),
    ("{}", "teams is missing"),
    ('{"a": 1, "a": 2}', "holds the key 'a' twice in one object"),
    ("[" * 100_000, "is nested too deep"),
    ("1" * 5000, "export it anew"),
    ('{"a": NaN}', "holds NaN"),
    (changed(size=1)[:-1] + ', "b": 1e999}', "number without end"),
    (changed(deep=json.loads("[" * 30 + "]" * 30)), "nested deeper than"),
    (changed(empty=[None]), "holds null"),
    (changed(bad={"\ud800": 1}), "cannot be stored"),
    (changed(administrators=["\ud800"]), "administrators → number 1 holds a character that cannot be stored"),
    (changed(teams=[]), "teams must be an object"),
    (changed(teams={"x": 1}), "teams → x must be an object"),
    (changed(repositories={"x": {"description": "", "teams": [None]}}), "teams → number 1 must be text"),
]


@pytest.mark.parametrize(("content", "fault"), BROKEN_EXPORTS, ids=range(len(BROKEN_EXPORTS)))
def test_a_broken_export_is_refused_with_the_place(content: str, fault: str) -> None:
    with pytest.raises(UnreadableError) as error:
        read_tfvars(content.encode())

    assert str(error.value).startswith("portal.auto.tfvars.json")
    assert fault in str(error.value)


@pytest.mark.parametrize("read", [read_variables, read_tfvars])
def test_files_that_are_too_large_or_not_utf_8_are_refused(read: Any) -> None:
    with pytest.raises(UnreadableError, match=r"at most 262144 are read; is it the right file\?"):
        read(b" " * (terraform_reading.LARGEST + 1))
    with pytest.raises(UnreadableError, match="mine, line 2: is not UTF-8"):
        read(b"\n\xff", "mine")


@given(organizations)
@example(made_organization())
def test_equal_organizations_give_equal_bytes(organization: Organization) -> None:
    turned = {
        key: dict(reversed(value.items())) if isinstance(value, dict) else value
        for key, value in organization.as_data().items()
    }

    assert write_tfvars(Organization.model_validate(turned)) == write_tfvars(organization)
