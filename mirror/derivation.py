"""Product, project and base package of a release, derived from its tree and root composer.json."""

from collections.abc import Iterable, Mapping
from typing import Any

from mirror.composer.versions import normalize, stability
from mirror.edition import BaseRule, Constants, Edition, ProjectRule
from mirror.releases import within

Composer = Mapping[str, Any]


def product_of(root: Composer, release: str, edition: Edition) -> Composer:
    """Give the composer.json of the product: the root's links, own replacements as requirements."""
    own = _vendor(edition.product)
    replaced = {n: v for n, v in (root.get("replace") or {}).items() if n.startswith(own)}
    bundled, _ = edition.bundled_with(release)
    require = {**(root.get("require") or {}), **replaced, edition.base.name: release, **bundled}
    found = {"require": dict(sorted(require.items()))}
    return _assembled(edition.product, found, release, edition)


def project_of(root: Composer, release: str, edition: Edition, url: str) -> Composer:
    """Give the composer.json of the project; ``url`` is the repository that it will install from."""
    rule = edition.project
    require = {edition.product.name: release}
    for plugin in rule.plugins:
        if within(release, plugin.releases):
            require |= plugin.require
    copied = {key: root[key] for key in rule.keys if key in root and key != "extra"}
    if "autoload" in copied:
        copied["autoload"] = _autoload(copied["autoload"], release, rule)
    found = {
        **copied,
        "require": require,
        "minimum-stability": stability(normalize(release)),
        "repositories": [{"type": "composer", "url": url}],
    }
    return _assembled(rule, found, release, edition)


def base_of(root: Composer, release: str, edition: Edition, mapped: Iterable[str]) -> Composer:
    """Give the composer.json of the base package; ``mapped`` are the paths for extra.map."""
    rule = edition.base
    required = root.get("require") or {}
    require = {n: c for n, c in required.items() if n in rule.require_from_root}
    require |= {name: "*" for name in rule.require_any if name in require}
    own = _vendor(rule)
    replace = {n: c for n, c in (root.get("replace") or {}).items() if not n.startswith(own)}
    extra = {
        **rule.extra,
        **_component_paths(root),
        "map": [[path, path] for path in sorted(mapped)],
    }
    found = {"require": require, "conflict": root.get("conflict"), "replace": replace}
    found = {section: links for section, links in found.items() if links} | {"extra": extra}
    return _assembled(rule, found, release, edition)


def files_excluded(rule: BaseRule, release: str) -> tuple[str, ...]:
    """Give the prefixes of repository paths that the base package of a release lacks."""
    return (*rule.files_exclude, *_absent(rule.only_in, release))


def map_dropped(rule: BaseRule, release: str) -> frozenset[str]:
    """Give the paths that extra.map of a release must not list."""
    absent = {path.rstrip("/") for path in _absent(rule.only_mapped_in, release)}
    return frozenset({*rule.map_drop, *absent})


def _absent(only: Mapping[str, tuple[str, ...]], release: str) -> list[str]:
    return [path for path, releases in only.items() if not within(release, releases)]


def _vendor(rule: Constants) -> str:
    return rule.name.partition("/")[0] + "/"


def _autoload(autoload: Composer, release: str, rule: ProjectRule) -> Composer:
    prefixes = autoload.get("psr-4") if isinstance(autoload, dict) else None
    if not isinstance(prefixes, dict) or not within(release, rule.autoload_psr4_only_in):
        return autoload
    kept = {k: v for k, v in prefixes.items() if k in rule.autoload_psr4_only}
    return {**autoload, "psr-4": kept}


def _component_paths(root: Composer) -> dict[str, Any]:
    paths = (root.get("extra") or {}).get("component_paths")
    if not isinstance(paths, dict):
        return {}
    return {
        "component_paths": {
            name: path[0] if isinstance(path, list) and len(path) == 1 else path for name, path in paths.items()
        }
    }


def _assembled(rule: Constants, found: Composer, release: str, edition: Edition) -> Composer:
    whole = {
        **found,
        "name": rule.name,
        "description": rule.description,
        "type": rule.type,
        "license": list(rule.license),
        "version": release,
    }
    if rule.extra:
        whole.setdefault("extra", rule.extra)
    patched = _patched(whole, rule.name, release, edition)
    return {key: patched[key] for key in rule.keys if key in patched}


def _patched(whole: Composer, name: str, release: str, edition: Edition) -> dict[str, Any]:
    result = dict(whole)
    for patch in edition.metadata_patch:
        if patch.package != name or not within(release, patch.releases):
            continue
        if patch.section is None:
            kept = {key: value for key, value in result.items() if key not in patch.remove}
            result = {**kept, **patch.set}
            continue
        section = {**(result.get(patch.section) or {}), **patch.set}
        result[patch.section] = {k: v for k, v in section.items() if k not in patch.remove}
    return result
