"""A made-up organization of a real one's size, and its variables.tf as people would have typed it."""

from typing import Any

from hypothesis import strategies as st

from community.permissions import Organization

Data = dict[str, Any]

PEOPLE = ("Alder-1", "birch", "Cedar", "dogwood9", "Elm-tree", "fir", "Ginkgo", "hazel", "Ivy-x", "juniper", "Katsura")
PAIRED = 26
ON_THEIR_OWN = ("mirror-handbook.en", "mirror-operations.en")  # keys with a dot, which HCL wants in quotes


def made_data() -> Data:
    """Give 6 teams, 59 repositories and 36 mirrors: 26 pairs, 3 people, 2 archived, all options used."""
    return {
        "administrators": ["orchard-ci"],
        "teams": _teams(),
        "repositories": _repositories(),
        "mirror_repositories": _mirrors(),
    }


def made_organization(**changed: Any) -> Organization:
    """Give that organization, with sections of it changed."""
    return Organization.model_validate(made_data() | changed)


def small_data(**changed: Any) -> Data:
    """Give an organization of two teams and two repositories that nothing is wrong with."""
    data: Data = {
        "administrators": ["owner"],
        "teams": {
            "content": team("Content", "fir", "hazel"),
            "tech-lead": team("Tech-lead", "owner"),
        },
        "repositories": {
            "website": {"description": "The website", "teams": ["content"]},
            "meta": {"description": "Papers", "teams": ["content"], "topics": ["papers"]},
        },
        "mirror_repositories": {},
    }
    return data | changed


def small(**changed: Any) -> Organization:
    return Organization.model_validate(small_data(**changed))


def team(name: str, *members: str) -> Data:
    return {"name": name, "description": f"{name} people", "members": list(members)}


def variables_tf(data: Data | None = None) -> str:
    """Write variables without types and with data in their defaults, in the usual uneven style."""
    data = data or made_data()
    return "\n".join(
        [
            "# Provided in the environment",
            'variable "github_app_id" { default = null }',
            'variable "organization_name" {\n  default = "Orchard"\n}\n',
            f'variable "administrators" {{\n  default = [\n{_lines(data["administrators"])}  ]\n}}\n',
            *(_map(name, data[name]) for name in ("mirror_repositories", "teams", "repositories")),
        ]
    )


def _map(name: str, entries: Data) -> str:
    """Put a comma after every second entry: both are allowed and both occur."""
    written = (f"    {_key(key)} = {_entry(entry)}{',' * (n % 2)}\n" for n, (key, entry) in enumerate(entries.items()))
    return f'variable "{name}" {{\n  default = {{\n{chr(10).join(written)}  }}\n}}\n'


def _entry(entry: Data) -> str:
    return "{\n" + "".join(f"      {key:<11} = {_value(value)}\n" for key, value in entry.items()) + "    }"


def _value(value: Any) -> str:
    if isinstance(value, list) and len(value) > 4:
        return f"[\n{_lines(value)}      ]"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else f'"{value}"'


def _lines(values: list[str]) -> str:
    return "".join(f'        "{value}",\n' for value in values)


def _key(key: str) -> str:
    return f'"{key}"' if "." in key else key


def _teams() -> Data:
    return {
        "async-events": team("Async Events", *PEOPLE[9:11]),
        "content": team("Content", *PEOPLE[:5]),
        "continuous-integration": team("Continuous Integration", "orchard-ci"),
        "distribution": team("Distribution", *PEOPLE[4:10]),
        "infrastructure": team("Infrastructure", *PEOPLE[:7]),
        "tech-lead": team("Tech-lead", PEOPLE[0], PEOPLE[6]),
    }


def _repositories() -> Data:
    found: Data = {}
    for number in range(PAIRED):
        found[f"mageos-fruit-{number}"] = _repository(number, "distribution") | {"default_branch": "main"}
    for number in range(20):
        found[f"module-nut-{number}"] = _repository(number, "distribution")
    for number in range(12):
        found[f"tool-{number}"] = _repository(number, "infrastructure", "content")
    found["meta"] = _repository(1, "tech-lead", "infrastructure", "content", "distribution", "continuous-integration")
    for number in range(9):
        found[f"module-nut-{number}"]["users"] = ["stranger", PEOPLE[number]]
    for number in range(3):
        found[f"module-nut-{number}"]["is_part_of_monorepo"] = True
    for number in range(2):
        found[f"tool-{number}"] |= {"archived": True, "homepage_url": "https://orchard.example"}
    found["tool-2"]["release_please_branch"] = "release-please--branches--main"
    return found


def _repository(number: int, *teams: str) -> Data:
    held: Data = {"description": f"Number {number}, grown from https://example.org/{number}.", "teams": list(teams)}
    if number % 5:
        held["topics"] = ["orchard", "fruit"][: number % 3]
    return held


def _mirrors() -> Data:
    names = [f"mirror-fruit-{number}" for number in range(PAIRED)]
    names += [*ON_THEIR_OWN, *(f"mirror-stone-{number}" for number in range(8))]
    return {
        name: {"description": f"Mirror of {name}.", "teams": ["continuous-integration"]}
        | ({"topics": ["orchard", "mirror"]} if number < PAIRED else {})
        for number, name in enumerate(names)
    }


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
words = st.sampled_from(("alder", "Alder", "birch", "cedar", "tech-lead", "mageos-a", "mirror-a", "a.b", "true", "ü x"))
keys = words | texts
names = st.lists(keys, max_size=3)
plain = texts | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(plain, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=2))


def _entries(optional: dict[str, st.SearchStrategy[Any]], **required: st.SearchStrategy[Any]) -> Any:
    """Draw entries with any of the options and perhaps a key that nobody knows."""
    known = st.fixed_dictionaries(required, optional=optional)
    extra = st.dictionaries(st.sampled_from(("wiki", "push to", "2fa")), anything, max_size=1)
    return st.dictionaries(keys, st.builds(lambda one, other: one | other, known, extra), max_size=3)


_options: dict[str, st.SearchStrategy[Any]] = {
    "users": names,
    "topics": names,
    "default_branch": texts,
    "homepage_url": texts,
    "archived": st.booleans(),
    "is_part_of_monorepo": st.booleans(),
    "release_please_branch": texts,
}

organizations = st.fixed_dictionaries(
    {
        "administrators": names,
        "teams": _entries({}, name=texts, description=texts, members=names),
        "repositories": _entries(_options, description=texts, teams=names),
        "mirror_repositories": _entries({"topics": names}, description=texts, teams=names),
    }
).map(Organization.model_validate)
"""Any organization that a file could hold, however odd."""


logins = st.from_regex(r"[a-z0-9]{1,4}(-[a-z0-9]{1,3})?", fullmatch=True)
team_keys = st.sampled_from(("content", "distribution", "infra", "tech-lead"))
repository_names = st.sampled_from(("mageos-a", "meta", "a.b", "x_1", "Site"))
options = {
    **_options,
    "users": st.lists(logins, max_size=3, unique=True),
    "topics": st.lists(texts, max_size=3, unique=True),
}


def _several(of: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(of, max_size=3, unique=True)


def _holdable_entries(names: Any, optional: dict[str, Any], **required: Any) -> Any:
    known = st.fixed_dictionaries(required, optional=optional)
    extra = st.dictionaries(st.sampled_from(("wiki", "push to", "2fa")), anything, max_size=2)
    return st.dictionaries(names, st.builds(lambda one, other: one | other, known, extra), max_size=3)


def _with_known_teams(data: Data) -> Data:
    for entry in (*data["repositories"].values(), *data["mirror_repositories"].values()):
        entry["teams"] = [key for key in entry["teams"] if key in data["teams"]]
    return data


holdable = (
    st.fixed_dictionaries(
        {
            "administrators": _several(logins),
            "teams": _holdable_entries(team_keys, {}, name=texts, description=texts, members=_several(logins)),
            "repositories": _holdable_entries(repository_names, options, description=texts, teams=_several(team_keys)),
            "mirror_repositories": _holdable_entries(
                st.sampled_from(("mirror-a", "mirror-b.c")),
                {"topics": options["topics"]},
                description=texts,
                teams=_several(team_keys),
            ),
        },
        optional={"security_managers": anything, "ü x": anything},
    )
    .map(_with_known_teams)
    .map(Organization.model_validate)
)
"""Any organization that the portal's rows can hold."""
