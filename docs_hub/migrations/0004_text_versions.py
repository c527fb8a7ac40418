from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Whoever of the staff sees the documents sees this, too.
SEEN = (
    "view_textversion",
    "view_offeredlink",
    "view_checkedlink",
)
ROLES = {
    "auditor": SEEN,
    "builder": SEEN,
    "publisher": SEEN,
    "editor": (*SEEN, "delete_textversion", "change_offeredlink", "change_checkedlink"),
}


def add_permissions(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let roles see and do what is new; `migrate` makes permissions only later."""
    config = apps.get_app_config("docs_hub")
    config.models_module = True  # type: ignore[assignment] # a stub has none, and is skipped without
    create_permissions(config, apps=apps, verbosity=0)  # type: ignore[arg-type]
    permissions: Any = apps.get_model("auth", "Permission")
    group_model: Any = apps.get_model("auth", "Group")
    for name, codenames in ROLES.items():
        group, _ = group_model.objects.get_or_create(name=name)
        ours = permissions.objects.filter(content_type__app_label="docs_hub", codename__in=codenames)
        group.permissions.add(*ours)


class Migration(migrations.Migration):
    dependencies = [
        ("docs_hub", "0003_drive_listings"),
    ]

    operations = [
        migrations.CreateModel(
            name="CheckedLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("address", models.CharField(editable=False, max_length=1000)),
                ("host", models.CharField(editable=False, max_length=255)),
                ("places", models.JSONField(default=list, editable=False)),
                ("outcome", models.CharField(blank=True, editable=False, max_length=200)),
                ("checked_at", models.DateTimeField(editable=False, null=True)),
                ("next_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("failures", models.PositiveIntegerField(default=0, editable=False)),
                ("failed_on", models.DateField(editable=False, null=True)),
                ("failing_since", models.DateTimeField(editable=False, null=True)),
                ("is_dead", models.BooleanField(default=False, editable=False)),
                ("told_at", models.DateTimeField(editable=False, null=True)),
                ("seen_by", models.CharField(blank=True, editable=False, max_length=150)),
            ],
            options={
                "verbose_name": "link to elsewhere",
                "verbose_name_plural": "links to elsewhere",
                "ordering": ["-is_dead", "failing_since", "pk"],
                "default_permissions": ["view", "change"],
                "indexes": [models.Index(fields=["next_at", "id"], name="docs_hub_link_due")],
            },
        ),
        migrations.CreateModel(
            name="OfferedLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(editable=False, max_length=400, unique=True)),
                ("url", models.URLField(editable=False, max_length=1000)),
                ("words", models.CharField(blank=True, editable=False, max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[("offered", "Offered"), ("accepted", "Accepted"), ("dismissed", "Dismissed")],
                        default="offered",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("found_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("decided_at", models.DateTimeField(editable=False, null=True)),
                ("decided_by", models.CharField(blank=True, editable=False, max_length=150)),
                (
                    "document",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="docs_hub.document",
                    ),
                ),
                ("updates", models.ManyToManyField(editable=False, related_name="+", to="docs_hub.update")),
            ],
            options={
                "verbose_name": "link from updates",
                "verbose_name_plural": "links from updates",
                "ordering": ["-found_at", "-pk"],
                "default_permissions": ["view", "change"],
            },
        ),
        migrations.CreateModel(
            name="TextVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.PositiveIntegerField()),
                ("changed_at", models.DateTimeField(help_text="When it was changed where it lies.", null=True)),
                (
                    "replaced_at",
                    models.DateTimeField(help_text="When a sync noted that the document has another text."),
                ),
                (
                    "visibility",
                    models.CharField(
                        choices=[
                            ("public", "everybody"),
                            ("members", "Members"),
                            ("team", "Team"),
                            ("staff", "staff only"),
                        ],
                        default="staff",
                        help_text="Who could read it when it was replaced; nobody else ever sees it.",
                        max_length=10,
                    ),
                ),
                ("team", models.SlugField(blank=True, help_text="Who could read it, if that was one team.")),
                ("text", models.TextField()),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="docs_hub.document"
                    ),
                ),
            ],
            options={
                "verbose_name": "former text",
                "ordering": ["document", "-number"],
                "default_permissions": ["view", "delete"],
                "constraints": [
                    models.UniqueConstraint(fields=("document", "number"), name="docs_hub_text_version_once")
                ],
            },
        ),
        migrations.RunPython(add_permissions, migrations.RunPython.noop),
    ]
