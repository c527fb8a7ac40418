from typing import Any

import django.db.models.deletion
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SEEN = ("view_textversion",)  # by whoever of the staff sees the documents
ROLES = {"auditor": SEEN, "builder": SEEN, "publisher": SEEN, "editor": (*SEEN, "delete_textversion")}


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
