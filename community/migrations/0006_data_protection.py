import uuid
from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

OFFICER = ("view_datarequest", "add_datarequest", "handle_datarequest")


def allow(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let member officers answer requests; `migrate` makes permissions only later."""
    config = apps.get_app_config("community")
    config.models_module = True  # type: ignore[assignment] # a stub has none, and is skipped without
    create_permissions(config, apps=apps, verbosity=0)  # type: ignore[arg-type]
    permissions: Any = apps.get_model("auth", "Permission")
    group: Any = apps.get_model("auth", "Group").objects.get_or_create(name="member officer")[0]
    ours = permissions.objects.filter(content_type__app_label="community", codename__in=OFFICER)
    group.permissions.add(*ours)


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0005_teams"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DataRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("copy", "Copy"), ("erasure", "Erasure"), ("correction", "Correction")], max_length=10
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("done", "Done"),
                            ("canceled", "Canceled"),
                            ("declined", "Declined"),
                        ],
                        default="open",
                        editable=False,
                        max_length=10,
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("web", "Web"), ("staff", "Staff")], default="web", editable=False, max_length=10
                    ),
                ),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "note",
                    models.TextField(
                        blank=True, help_text="What was asked, and where that is written down. Seen by staff only."
                    ),
                ),
                ("done_at", models.DateTimeField(editable=False, null=True)),
                ("handler", models.CharField(blank=True, editable=False, max_length=150)),
                ("answer", models.CharField(blank=True, editable=False, max_length=500)),
                ("document", models.TextField(blank=True, editable=False)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="data_requests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-received_at", "-pk"],
                "permissions": [("handle_datarequest", "Can carry out and close data requests")],
                "default_permissions": ["add", "view"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("account", "kind"),
                        name="community_one_open_data_request",
                        violation_error_message="There is an open request of this kind already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("document", ""), models.Q(("kind", "copy"), ("state", "done")), _connector="OR"
                        ),
                        name="community_copy_is_done",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SanctionMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(db_index=True, max_length=64)),
                (
                    "sanction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="marks", to="community.sanction"
                    ),
                ),
            ],
            options={
                "default_permissions": [],
                "constraints": [models.UniqueConstraint(fields=("sanction", "digest"), name="community_mark_once")],
            },
        ),
        migrations.RunPython(allow, migrations.RunPython.noop),
    ]
