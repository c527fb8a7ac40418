"""Which names Composer accepts, and which ones are the client's own platform."""

import pytest

from mirror.composer.names import is_package_name, is_platform


@pytest.mark.parametrize(
    "name",
    [
        "magento/module-catalog",
        "a/b",
        "mage-os/x.y_z",
        "2fa/2fa",
        "a/b--c",
        "a.b/c",
        "nul-x/contact",
    ],
)
def test_a_name_by_the_grammar_is_accepted(name: str) -> None:
    assert is_package_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "magento",
        "a/",
        "/b",
        "a/b/c",
        "A/b",
        "a/B",
        "a--b/c",
        "a/b---c",
        "a/-b",
        "a/b-",
        "a/b_-c",
    ]
    + ["a b/c", "a/b\n", "ä/b", "a/../b", "-a/b"],
)
def test_any_other_name_is_refused(name: str) -> None:
    assert not is_package_name(name)


@pytest.mark.parametrize("name", ["con/x", "x/nul", "aux/x", "x/com1", "lpt9/x", "x/y.json"])
def test_a_name_that_no_folder_or_metadata_file_can_have_is_refused(name: str) -> None:
    assert not is_package_name(name)


def test_a_hostile_name_is_refused_without_backtracking() -> None:
    assert not is_package_name(f"{'a' * 100_000}/{'b' * 100_000}!")
    assert not is_platform(f"ext-{'a' * 100_000}!")


@pytest.mark.parametrize(
    "name",
    ["php", "php-64bit", "php-ipv6", "php-zts", "php-debug", "hhvm", "ext-zend-opcache", "ext-PDO"]
    + ["lib-libxml", "lib-icu_cldr", "composer", "composer-plugin-api", "composer-runtime-api"],
)
def test_what_the_machine_provides_is_platform(name: str) -> None:
    assert is_platform(name)
    assert not is_package_name(name)


@pytest.mark.parametrize(
    "name",
    ["php-cli", "ext", "ext-", "lib", "composer-api", "composer/composer", "phpunit/php", "php\n"],
)
def test_what_only_looks_like_platform_is_not(name: str) -> None:
    assert not is_platform(name)
