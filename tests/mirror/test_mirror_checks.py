"""What operators are told about their distributions."""

from pathlib import Path

import pytest
from django.core.checks import CheckMessage, run_checks
from django.db import connection
from pytest_django import Settings

from mirror import checks
from mirror.models import Distribution
from tests.support.publications import use_data_dir

RECIPE = """
schema = 1
title = "Acme"
vendors = ["acme"]
[[source]]
key = "a"
url = "https://git.example/a.git"
from_tag = "1.0"
[[source.package]]
kind = "single"
dir = ""
"""


@pytest.fixture
def distribution(db: None, settings: Settings, tmp_path: Path) -> Distribution:
    use_data_dir(settings, tmp_path)
    settings.PORTAL_BASE_URL = "https://portal.example"
    settings.ALLOWED_HOSTS = ["portal.example", "repo.example", "127.0.0.1", "localhost"]
    Distribution.objects.all().delete()
    recipe = tmp_path / "acme.toml"
    recipe.write_text(RECIPE)
    return Distribution.objects.create(slug="acme", title="Acme", recipe=str(recipe), is_default=True)


def found() -> list[CheckMessage]:
    return checks.check_distributions(None, databases=["default"])


def ids() -> list[str | None]:
    return [message.id for message in found()]


def change(distribution: Distribution, **values: object) -> None:
    Distribution.objects.filter(pk=distribution.pk).update(**values)


def test_a_good_distribution_is_no_news(distribution: Distribution) -> None:
    assert found() == []


def test_the_two_distributions_of_a_new_portal_are_good(db: None, settings: Settings) -> None:
    settings.PORTAL_BASE_URL = "https://portal.example"
    assert found() == []


def test_production_refuses_an_address_of_this_machine(distribution: Distribution, settings: Settings) -> None:
    change(distribution, base_url="http://127.0.0.1:8000/")
    assert ids() == []
    settings.PORTAL_PRODUCTION = True
    (message,) = found()
    assert message.id == "mirror.E001"
    assert "http://127.0.0.1:8000/ names this machine only" in message.msg
    assert message.hint


def test_a_sample_may_stay_on_this_machine(distribution: Distribution, settings: Settings) -> None:
    settings.PORTAL_PRODUCTION = True
    change(distribution, base_url="http://localhost/", is_sample=True)
    assert ids() == []


def test_before_going_live_it_is_a_warning(distribution: Distribution, settings: Settings) -> None:
    assert checks.check_public_addresses(None) == []
    settings.PORTAL_BASE_URL = "http://localhost:8000"
    assert [message.id for message in checks.check_public_addresses(None)] == ["mirror.W001"]


@pytest.mark.parametrize(
    "base_url", ["repo.example.org", "//repo.example.org/", "ftp://repo.example.org/", "https:///x", "http://[x"]
)
def test_a_base_url_is_absolute(distribution: Distribution, base_url: str) -> None:
    change(distribution, base_url=base_url)
    (message,) = found()
    assert message.id == "mirror.E002"
    assert repr(base_url) in message.msg


def test_two_distributions_need_two_addresses(distribution: Distribution) -> None:
    Distribution.objects.create(slug="other", recipe=distribution.recipe, base_url="https://portal.example")
    (message,) = [message for message in found() if message.id == "mirror.E003"]
    assert "acme and other have the same address https://portal.example/" in message.msg


def test_a_missing_recipe_is_named(distribution: Distribution, tmp_path: Path) -> None:
    change(distribution, recipe=str(tmp_path / "none.toml"))
    (message,) = found()
    assert message.id == "mirror.E004"
    assert "none.toml cannot be read" in message.msg


def test_every_fault_of_a_recipe_is_named(distribution: Distribution) -> None:
    distribution.recipe_path.write_text(RECIPE.replace("schema = 1", "schema = 2\ncolour = 1"))
    messages = [message.msg for message in found()]
    assert len(messages) == 2
    assert any("schema" in message for message in messages)
    assert any("colour: unknown key" in message for message in messages)


def test_a_base_url_on_the_portals_host_must_be_where_it_is_served(distribution: Distribution) -> None:
    change(distribution, base_url="https://portal.example/elsewhere/")
    (message,) = found()
    assert message.id == "mirror.E005"
    assert "https://portal.example/" in str(message.hint)
    change(distribution, base_url="https://portal.example/")
    assert ids() == []
    change(distribution, base_url="https://repo.example/elsewhere/")
    assert ids() == []


def test_a_host_of_its_own_must_be_allowed(distribution: Distribution) -> None:
    change(distribution, base_url="https://elsewhere.example:8443/")
    (message,) = found()
    assert message.id == "mirror.W002"
    assert "elsewhere.example:8443" in message.msg


def test_a_database_without_tables_is_no_fault(distribution: Distribution) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE mirror_distribution RENAME TO mirror_other")
    assert found() == []
    assert checks.check_public_addresses(None) == []


def test_the_database_is_asked_only_on_request(distribution: Distribution) -> None:
    change(distribution, base_url="nowhere")
    assert [one.id for one in run_checks()] == []
    assert [one.id for one in run_checks(tags=["database"], databases=["default"])] == ["mirror.E002"]
