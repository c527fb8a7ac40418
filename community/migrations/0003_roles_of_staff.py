"""Who of the staff may do what with the community."""

from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

AUDITOR = ("view_openrole",)
MEMBER_OFFICER = (
    *("view_person", "add_person", "change_person"),
    *("view_membership", "add_membership", "change_membership"),
    *("view_openrole", "add_openrole", "change_openrole", "publish_openrole"),
    *("view_invitation", "revoke_invitation", "view_presence"),
)
CONDUCT_TEAM = (
    "view_person",
    *("view_sanction", "add_sanction", "change_sanction"),
)
TEAM_KEEPER = ("view_person", "add_person", "change_person")
ROLES = {
    "auditor": AUDITOR,
    "builder": AUDITOR,
    "publisher": AUDITOR,
    "editor": AUDITOR,
    "member officer": MEMBER_OFFICER,
    "conduct team": CONDUCT_TEAM,
    "team keeper": TEAM_KEEPER,
}
OURS = ("member officer", "conduct team", "team keeper")


def add_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the roles; `migrate` makes permissions only later."""
    config = apps.get_app_config("community")
    config.models_module = True  # type: ignore[assignment] # a stub has none, and is skipped without
    create_permissions(config, apps=apps, verbosity=0)  # type: ignore[arg-type]
    permissions: Any = apps.get_model("auth", "Permission")
    group_model: Any = apps.get_model("auth", "Group")
    for name, codenames in ROLES.items():
        group, _ = group_model.objects.get_or_create(name=name)
        ours = permissions.objects.filter(content_type__app_label="community", codename__in=codenames)
        group.permissions.add(*ours)


def remove_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    group_model: Any = apps.get_model("auth", "Group")
    group_model.objects.filter(name__in=OURS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0002_joining_members_roles"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(add_roles, remove_roles)]
