import uuid
from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

CONDUCT_TEAM = ("view_conductreport", "handle_conductreport")


def allow(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let the conduct team read reports; `migrate` makes permissions only later."""
    config = apps.get_app_config("community")
    config.models_module = True  # type: ignore[assignment] # a stub has none, and is skipped without
    create_permissions(config, apps=apps, verbosity=0)  # type: ignore[arg-type]
    permissions: Any = apps.get_model("auth", "Permission")
    group: Any = apps.get_model("auth", "Group").objects.get_or_create(name="conduct team")[0]
    ours = permissions.objects.filter(content_type__app_label="community", codename__in=CONDUCT_TEAM)
    group.permissions.add(*ours)


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0006_data_protection"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ConductReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("request_id", models.CharField(max_length=32, unique=True)),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("contact", models.CharField(blank=True, max_length=200)),
                ("what", models.TextField()),
                ("about", models.CharField(blank=True, max_length=300)),
                ("place", models.CharField(blank=True, max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[("new", "New"), ("open", "being looked into"), ("closed", "Closed")],
                        default="new",
                        max_length=10,
                    ),
                ),
                ("decision", models.TextField(blank=True)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "reporter",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="conduct_reports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-received_at", "-pk"],
                "permissions": [("handle_conductreport", "Can note and decide conduct reports")],
                "default_permissions": ["view"],
            },
        ),
        migrations.CreateModel(
            name="ReportAccess",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("what", models.CharField(max_length=200)),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="accesses",
                        to="community.conductreport",
                    ),
                ),
                (
                    "who",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "default_permissions": [],
            },
        ),
        migrations.CreateModel(
            name="ReportAttachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("media_type", models.CharField(max_length=50)),
                ("size", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attachments",
                        to="community.conductreport",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "default_permissions": [],
            },
        ),
        migrations.CreateModel(
            name="ReportNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("text", models.TextField()),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="community.conductreport"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "default_permissions": [],
            },
        ),
        migrations.AddConstraint(
            model_name="conductreport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("closed_at__isnull", False), ("state", "closed"), models.Q(("decision", ""), _negated=True)
                    ),
                    models.Q(models.Q(("state", "closed"), _negated=True), ("closed_at", None)),
                    _connector="OR",
                ),
                name="community_closed_report_is_decided",
            ),
        ),
        migrations.RunPython(allow, migrations.RunPython.noop),
    ]
