"""Agreements, consents and published versions that the database itself keeps, and who of the staff sees them."""

import uuid
from typing import Any

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from community import append_only

CONDUCT_TEAM = tuple(f"{verb}_policyversion" for verb in ("view", "add", "change", "delete", "publish"))
MEMBER_OFFICER = (
    "view_policyversion", "view_agreement", "export_agreement", "view_consent", "view_reminder", "change_reminder",
)  # fmt: skip
ROLES = {"conduct team": CONDUCT_TEAM, "member officer": MEMBER_OFFICER}


def add_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make a group for each role; the permissions themselves are made here, as `migrate` makes them only later."""
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
    """Leave the groups, which other parts of the community use, too."""
    group_model: Any = apps.get_model("auth", "Group")
    for group in group_model.objects.filter(name__in=ROLES):
        group.permissions.remove(*group.permissions.filter(content_type__app_label="community"))


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("community", "0003_roles_of_staff"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("subject", models.UUIDField(db_index=True)),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("newsletter", "Newsletter"),
                            ("public_profile", "public profile"),
                            ("applications", "Applications"),
                        ],
                        max_length=20,
                    ),
                ),
                ("act", models.CharField(choices=[("granted", "Granted"), ("withdrawn", "Withdrawn")], max_length=10)),
                ("wording_version", models.PositiveSmallIntegerField()),
                ("wording", models.TextField()),
                (
                    "channel",
                    models.CharField(
                        choices=[("web", "Web"), ("email", "e-mail"), ("staff", "Staff"), ("imported", "Imported")],
                        default="web",
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["-pk"],
                "default_permissions": ["view"],
            },
        ),
        migrations.CreateModel(
            name="VerifiedAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254)),
                ("verified_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("is_exact", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["-pk"],
                "default_permissions": [],
            },
        ),
        migrations.AlterModelOptions(
            name="reminder",
            options={"default_permissions": ["view", "change"], "ordering": ["pk"]},
        ),
        migrations.AddField(
            model_name="reminder",
            name="claimed_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AlterField(
            model_name="policyversion",
            name="locale",
            field=models.CharField(
                default="en",
                help_text="Language of the text, e.g. en or de.",
                max_length=10,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[a-z]{2,3}(-[A-Z]{2})?$", "a language such as en, de or pt-BR"
                    )
                ],
            ),
        ),
        migrations.AlterField(
            model_name="policyversion",
            name="number",
            field=models.PositiveSmallIntegerField(
                help_text="1, 2, 3 …; the same in each language.",
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AlterField(
            model_name="reminder",
            name="sent_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("request_id", ""), _negated=True),
                fields=("subject", "act", "request_id"),
                name="community_agreement_once_a_request",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("act", "agreed"), ("method", "web"), _negated=True),
                    ("address_verified_at__isnull", False),
                    _connector="OR",
                ),
                name="community_agreement_of_a_verified_address",
            ),
        ),
        migrations.AddField(
            model_name="consent",
            name="account",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="consents",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="verifiedaddress",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="verified_addresses",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(add_roles, take_permissions),
        migrations.RunPython(append_only.put, append_only.remove),
    ]
