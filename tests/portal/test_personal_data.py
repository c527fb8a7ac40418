"""Each model that knows something of people says what becomes of it, and each rule has its time."""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import EmailField, Field, GenericIPAddressField, Model

from community.models import Person
from mageos_portal.configuration import ConfigurationError, read_configuration
from mageos_portal.registry import PersonalRecords, personal_records, retention_rules

NAMES = {"actor", "author", "approved_by", "confirmed_by", "canceled_by", "username", "ip", "ip_address", "user_agent"}
DECLARED = {entry.key for entry in personal_records}


def is_personal(field: Field) -> bool:  # type: ignore[type-arg]
    if isinstance(field, EmailField | GenericIPAddressField) or field.name in NAMES:
        return True
    return field.related_model in (User, Person)


def personal_models() -> list[type[Model]]:
    models = apps.get_models(include_auto_created=True)
    return [model for model in models if any(is_personal(field) for field in model._meta.concrete_fields)]


@pytest.mark.parametrize("model", personal_models(), ids=lambda model: model._meta.label_lower)
def test_a_model_that_knows_people_says_what_becomes_of_it(model: type[Model]) -> None:
    assert model._meta.label_lower in DECLARED, "declare it as PersonalRecords (mageos_portal/registry.py)"


@pytest.mark.parametrize("entry", list(personal_records), ids=lambda entry: entry.key)
def test_a_declaration_fits_its_model(entry: PersonalRecords) -> None:
    fields = {field.name for field in apps.get_model(entry.key)._meta.get_fields()}
    assert set(entry.names) <= fields
    assert {name.split("__")[0] for name in entry.fields} - {"pk"} <= fields
    assert bool(entry.fields) == bool(entry.of)
    assert entry.kept.endswith(".")
    assert not entry.rule or entry.rule in settings.PORTAL_RETENTION_DAYS


def test_each_rule_has_a_time_and_each_time_a_rule() -> None:
    assert {rule.key for rule in retention_rules} == set(settings.PORTAL_RETENTION_DAYS)


def test_the_environment_changes_a_time(tmp_path: Path) -> None:
    read = read_configuration({"PORTAL_RETENTION": "sanctions=30, data_copies=2"}, tmp_path)
    assert read.retention["sanctions"] == 30
    assert read.retention["data_copies"] == 2
    assert read.retention["invitations"] == 90


@pytest.mark.parametrize("value", ["sanction=30", "sanctions", "sanctions=0", "sanctions=x", "sanctions=99999"])
def test_a_time_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigurationError, match="PORTAL_RETENTION"):
        read_configuration({"PORTAL_RETENTION": value}, tmp_path)
