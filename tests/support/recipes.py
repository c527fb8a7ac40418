"""Small recipes for the tests of the engine: one source, and an edition derived from it."""

from mirror.edition import Edition
from mirror.recipe import Recipe, parse

HEAD = 'schema = 1\ntitle = "Test"\nvendors = ["acme"]\n'
SINGLE = '[[source.package]]\nkind = "single"\ndir = ""\n'
EDITION = """
[edition]
source = "library"
from_release = "2.4.0"
[edition.product]
name = "acme/product"
description = "The product"
type = "metapackage"
license = ["OSL-3.0"]
keys = ["name", "description", "require", "type", "license", "version"]
[edition.project]
name = "acme/project"
description = "The project"
type = "project"
license = ["OSL-3.0"]
keys = ["name", "description", "type", "license", "config", "version", "require", "require-dev", "conflict",
        "autoload", "autoload-dev", "minimum-stability", "prefer-stable", "repositories", "extra"]
extra = { force = "override" }
autoload_psr4_only = ["Acme\\\\Setup\\\\"]
autoload_psr4_only_in = ["2.4.7-beta3.."]
[[edition.project.plugins]]
releases = ["2.4.0.."]
require = { "acme/root-plugin" = "~1.0" }
[[edition.project.plugins]]
releases = ["2.4.3..2.4.6-p10"]
require = { "acme/audit-plugin" = "~0.1" }
[[edition.project.extra_file]]
releases = ["2.4.0", "2.4.0-p1"]
path = ".gitignore"
blob = "3bfb01ee3bfb01ee3bfb01ee3bfb01ee3bfb01ee"
reason = "shipped then"
[edition.base]
name = "acme/base"
description = "The files at the root"
type = "component"
license = ["OSL-3.0"]
keys = ["name", "description", "type", "require", "conflict", "replace", "license", "extra", "version"]
extra = { chmod = [{ mask = "0755", path = "bin/run" }] }
files_exclude = ["app/code/", "composer.lock"]
empty_dirs = ["app/code/Acme"]
map_split_dirs = ["app", "app/etc", "lib"]
map_drop = ["README.md", "composer.json", "composer.lock", "app/code", "app/etc/vendor_path.php"]
only_in = { ".github/" = "2.4.0..2.4.0-p1", ".gitignore" = ["2.4.0", "2.4.2-p1.."] }
only_mapped_in = { ".github/" = "2.4.0..2.4.0-p1", ".gitignore" = ["2.4.2-p1.."] }
require_from_root = ["php", "lib/a", "acme/installer"]
require_any = ["acme/installer"]
[[edition.metadata_patch]]
package = "acme/product"
releases = ["2.4.2"]
section = "require"
set = { "acme/module-b" = "1.0.9" }
remove = ["lib/a"]
reason = "published so"
[[edition.metadata_patch]]
package = "acme/project"
releases = ["2.4.1..2.4.2"]
remove = ["prefer-stable"]
reason = "published so"
[[edition.bundled_line]]
source = "library"
package = "acme/security"
line = "1.1.{n}"
offset = -1
releases = ["2.4.3.."]
[edition.bundled."2.4.3"]
"other/pay" = "3.0.0"
[edition.bundled."2.4.4"]
"other/pay" = "4.3.0"
"acme/security" = "1.1.9"
[edition.bundled."2.4.4-p2"]
"other/pay" = "4.3.2"
"acme/security" = "9.9.9"
[edition.bundled."2.4.4-p10"]
"other/pay" = "4.3.10"
"""


def source_text(packages: str = SINGLE, *, key: str = "library", from_tag: str = "0", more: str = "") -> str:
    """Give a source in TOML; ``more`` goes before its package rules."""
    url = f"https://example.org/acme/{key}.git"
    return f'[[source]]\nkey = "{key}"\nurl = "{url}"\nfrom_tag = "{from_tag}"\n{more}\n{packages}\n'


def recipe_of(*parts: str, head: str = HEAD) -> Recipe:
    """Give a recipe of TOML texts; without any it has one source with one package."""
    return parse("\n".join([head, *(parts or (source_text(),))]), "test.toml")


def edition_of(text: str = EDITION) -> Edition:
    found = recipe_of(source_text(), text).edition
    assert found
    return found
