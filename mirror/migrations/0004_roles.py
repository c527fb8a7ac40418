"""The roles of staff, and how often the mirror looks for something new."""

from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

HOURLY = 60  # minutes
EVERYTHING = (
    "distribution", "source", "sourcetag", "package", "packageversion", "release", "publication",
    "build", "buildstep", "buildline", "change", "installcount", "upload",
)  # fmt: skip
AUDITOR = (*(f"view_{model}" for model in EVERYTHING), "read_raw_log")
BUILDER = (*AUDITOR, "start_build")
PUBLISHER = (*BUILDER, "approve_release", "publish_publication", "withdraw_packageversion", "import_archives")
ROLES = {"auditor": AUDITOR, "builder": BUILDER, "publisher": PUBLISHER}


def add_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make a group for each role; the permissions themselves are made here, as `migrate` makes them only later."""
    for label in ("mirror", "admin"):
        config = apps.get_app_config(label)
        config.models_module = True  # type: ignore[assignment] # a stub has none, and is skipped without
        create_permissions(config, apps=apps, verbosity=0)  # type: ignore[arg-type]
    permissions: Any = apps.get_model("auth", "Permission")
    group_model: Any = apps.get_model("auth", "Group")
    history = permissions.objects.filter(content_type__app_label="admin", codename="view_logentry")
    for name, codenames in ROLES.items():
        group, _ = group_model.objects.get_or_create(name=name)
        of_mirror = permissions.objects.filter(content_type__app_label="mirror", codename__in=codenames)
        group.permissions.add(*of_mirror, *history)


def remove_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    group_model: Any = apps.get_model("auth", "Group")
    group_model.objects.filter(name__in=ROLES).delete()


def look_hourly(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let the mirror notice new upstream releases by itself."""
    distribution_model: Any = apps.get_model("mirror", "Distribution")
    distribution_model.objects.filter(slug="mirror").update(interval=HOURLY)


class Migration(migrations.Migration):
    dependencies = [
        ("mirror", "0003_builds_as_a_service"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.RunPython(add_roles, remove_roles),
        migrations.RunPython(look_hourly, migrations.RunPython.noop),
    ]
