"""Who of the staff may do what with updates and documents."""

from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

EVERYTHING = ("alias", "category", "collection", "document", "run", "sourcefile", "update")
AUDITOR = tuple(f"view_{model}" for model in EVERYTHING)
WRITTEN = ("alias", "category", "document", "update")
EDITOR = (
    *AUDITOR,
    *(f"{verb}_{model}" for model in WRITTEN for verb in ("add", "change")),
    "sync_collection",
    "approve_update",
)
ROLES = {"auditor": AUDITOR, "builder": AUDITOR, "publisher": AUDITOR, "editor": EDITOR}


def add_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the role of editors, and let those who see everything see this; `migrate` makes permissions only later."""
    config = apps.get_app_config("docs_hub")
    config.models_module = True  # type: ignore[assignment] # a stub has none, and is skipped without
    create_permissions(config, apps=apps, verbosity=0)  # type: ignore[arg-type]
    permissions: Any = apps.get_model("auth", "Permission")
    group_model: Any = apps.get_model("auth", "Group")
    for name, codenames in ROLES.items():
        group, _ = group_model.objects.get_or_create(name=name)
        ours = permissions.objects.filter(content_type__app_label="docs_hub", codename__in=codenames)
        group.permissions.add(*ours)


def remove_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    group_model: Any = apps.get_model("auth", "Group")
    group_model.objects.filter(name="editor").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("docs_hub", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(add_roles, remove_roles)]
