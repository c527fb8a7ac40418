"""Invitations that are claimed, sealed and taken back, people on Discord, and who of the staff sees them."""

from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SEEN = ("view_invitation", "view_presence")
ROLES = {
    "member officer": (*SEEN, "revoke_invitation", "make_invitation", "close_presence"),
    "conduct team": SEEN,
}


def add_permissions(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give the roles what is new; the permissions themselves are made here, as `migrate` makes them only later."""
    config = apps.get_app_config("community")
    config.models_module = True  # type: ignore[assignment] # a stub has none, and is skipped without
    create_permissions(config, apps=apps, verbosity=0)  # type: ignore[arg-type]
    permissions: Any = apps.get_model("auth", "Permission")
    group_model: Any = apps.get_model("auth", "Group")
    for name, codenames in ROLES.items():
        group, _ = group_model.objects.get_or_create(name=name)
        ours = permissions.objects.filter(content_type__app_label="community", codename__in=codenames)
        group.permissions.add(*ours)


def take_permissions(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take what was not there before."""
    permissions: Any = apps.get_model("auth", "Permission")
    group_model: Any = apps.get_model("auth", "Group")
    ours = permissions.objects.filter(content_type__app_label="community")
    for group in group_model.objects.filter(name="conduct team"):
        group.permissions.remove(*ours.filter(codename__in=SEEN))
    for group in group_model.objects.filter(name="member officer"):
        group.permissions.remove(*ours.filter(codename__in=("make_invitation", "close_presence")))


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0007_reports"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="invitation",
            options={
                "default_permissions": ["view"],
                "ordering": ["-pk"],
                "permissions": [
                    ("revoke_invitation", "Can revoke invitations"),
                    ("make_invitation", "Can note that invitations were made by hand"),
                ],
            },
        ),
        migrations.AlterModelOptions(
            name="presence",
            options={
                "default_permissions": ["view"],
                "permissions": [("close_presence", "Can note who was removed from Discord by hand")],
            },
        ),
        migrations.RemoveConstraint(
            model_name="invitation",
            name="community_code_only_while_alive",
        ),
        migrations.AddField(
            model_name="invitation",
            name="claimed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="invitation",
            name="code_digest",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="invitation",
            name="due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="invitation",
            name="guild",
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AddField(
            model_name="invitation",
            name="issued_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="invitation",
            name="roles",
            field=models.CharField(blank=True, max_length=1000),
        ),
        migrations.AddField(
            model_name="presence",
            name="by_link",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="presence",
            name="checked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="presence",
            name="due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="presence",
            name="failure",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="presence",
            name="guild",
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AddField(
            model_name="presence",
            name="parted_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="presence",
            name="remove_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="presence",
            name="roles",
            field=models.CharField(blank=True, max_length=1000),
        ),
        migrations.AlterField(
            model_name="invitation",
            name="kind",
            field=models.CharField(
                choices=[("invite", "personal link"), ("direct", "added directly"), ("hand", "by a person")],
                default="invite",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="presence",
            name="discord_id",
            field=models.CharField(max_length=20, null=True, unique=True),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("sealed_code", ""),
                    models.Q(("kind", "invite"), ("state__in", ["issued", "revoked"])),
                    _connector="OR",
                ),
                name="community_code_only_while_alive",
            ),
        ),
        migrations.RunPython(add_permissions, take_permissions),
    ]
