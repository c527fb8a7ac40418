"""Teams, repositories, grants and administrators; who of the staff keeps them."""

from typing import Any

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import simple_history.models
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TEAM_KEEPER = (
    *("view_team", "add_team", "change_team", "view_teammember", "add_teammember", "change_teammember"),
    *("view_repository", "add_repository", "change_repository", "view_grant", "add_grant", "delete_grant"),
    *("view_administrator", "view_administratorchange", "add_administratorchange", "approve_administratorchange"),
    *("view_permissionstate", "change_permissionstate", "export_permissionstate"),
)


def add_permissions(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give the keepers of teams what they need; the permissions are made here, as `migrate` makes them only later."""
    config = apps.get_app_config("community")
    config.models_module = True  # type: ignore[assignment] # a stub has none, and is skipped without
    create_permissions(config, apps=apps, verbosity=0)  # type: ignore[arg-type]
    permissions: Any = apps.get_model("auth", "Permission")
    group_model: Any = apps.get_model("auth", "Group")
    group, _ = group_model.objects.get_or_create(name="team keeper")
    ours = permissions.objects.filter(content_type__app_label="community", codename__in=TEAM_KEEPER)
    group.permissions.add(*ours)


def take_permissions(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Leave the group, which other parts of the community use, too."""
    group_model: Any = apps.get_model("auth", "Group")
    permissions: Any = apps.get_model("auth", "Permission")
    ours = permissions.objects.filter(content_type__app_label="community", codename__in=TEAM_KEEPER)
    for group in group_model.objects.filter(name="team keeper"):
        group.permissions.remove(*ours)


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0004_conduct"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PermissionState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("imported", "Imported"), ("exported", "Exported")], max_length=10)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("actor", models.CharField(blank=True, max_length=150, verbose_name="by")),
                ("reason", models.CharField(max_length=300)),
                ("overlooked", models.CharField(blank=True, max_length=300)),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("content", models.TextField()),
                (
                    "pull_request",
                    models.CharField(
                        blank=True,
                        help_text="Address of the pull request that brings it to GitHub.",
                        max_length=300,
                        validators=[django.core.validators.URLValidator(schemes=["https"])],
                    ),
                ),
                ("applied_at", models.DateTimeField(blank=True, help_text="When OpenTofu applied it.", null=True)),
            ],
            options={
                "ordering": ["-pk"],
                "permissions": [("export_permissionstate", "Can export permissions")],
                "default_permissions": ["view", "change"],
            },
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.SlugField(
                        help_text="What GitHub calls the team; it cannot be changed later.",
                        max_length=100,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z0-9]+(-[a-z0-9]+)*\\Z", "lower-case letters, digits and single hyphens"
                            )
                        ],
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=200)),
                (
                    "description",
                    models.TextField(blank=True, help_text="One line; everybody sees it here and on GitHub."),
                ),
                (
                    "purpose",
                    models.TextField(
                        blank=True, help_text="What the team is for, in a few sentences; everybody sees it."
                    ),
                ),
                (
                    "is_archived",
                    models.BooleanField(
                        default=False,
                        help_text="It ended: its members become alumni, its grants go, and it is no longer exported.",
                        verbose_name="archived",
                    ),
                ),
                ("extras", models.TextField(blank=True, default="{}", verbose_name="other keys")),
            ],
            options={
                "ordering": ["key"],
                "default_permissions": ("add", "change", "view"),
            },
        ),
        migrations.CreateModel(
            name="Variable",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.TextField(unique=True)),
                ("value", models.TextField()),
            ],
            options={
                "ordering": ["name"],
                "default_permissions": [],
            },
        ),
        migrations.CreateModel(
            name="Administrator",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="administrator", to="community.person"
                    ),
                ),
            ],
            options={
                "ordering": ["position", "pk"],
                "default_permissions": ["view"],
            },
        ),
        migrations.CreateModel(
            name="AdministratorChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("add", "becomes an administrator"), ("remove", "is no longer an administrator")],
                        default="add",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(help_text="Why; those who approve read it.", max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("applied", "Applied"),
                            ("rejected", "Rejected"),
                            ("expired", "Expired"),
                        ],
                        default="open",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("proposed_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("expires_at", models.DateTimeField(editable=False)),
                ("decided_at", models.DateTimeField(editable=False, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="administrator_changes",
                        to="community.person",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "change of administrators",
                "verbose_name_plural": "changes of administrators",
                "ordering": ["-pk"],
                "permissions": [("approve_administratorchange", "Can approve changes of administrators")],
                "default_permissions": ["add", "view"],
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "approver",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals",
                        to="community.administratorchange",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "default_permissions": [],
            },
        ),
        migrations.CreateModel(
            name="HistoricalAdministrator",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("position", models.PositiveIntegerField(default=0, editable=False)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="community.person",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical administrator",
                "verbose_name_plural": "historical administrators",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalRepository",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="It cannot be changed later.",
                        max_length=100,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A(?!\\.{1,2}\\Z)[A-Za-z0-9._-]{1,100}(?<!\\.git)\\Z",
                                "letters, digits, dots, hyphens and underscores, not ending in .git",
                            )
                        ],
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("source", "Source"), ("mirror", "Mirror")], default="source", max_length=10
                    ),
                ),
                ("description", models.TextField(blank=True, help_text="One line; everybody sees it on GitHub.")),
                ("topics", models.JSONField(blank=True, null=True)),
                ("default_branch", models.CharField(blank=True, max_length=255, null=True)),
                ("homepage_url", models.CharField(blank=True, max_length=500, null=True)),
                (
                    "archived",
                    models.BooleanField(
                        blank=True, help_text="On GitHub: everybody can read it, nobody can push to it.", null=True
                    ),
                ),
                (
                    "is_part_of_monorepo",
                    models.BooleanField(
                        blank=True,
                        help_text="Only the machine account may push to its branches.",
                        null=True,
                        verbose_name="part of the monorepo",
                    ),
                ),
                ("release_please_branch", models.CharField(blank=True, max_length=255, null=True)),
                ("lists_nobody", models.BooleanField(default=False, editable=False)),
                (
                    "is_managed",
                    models.BooleanField(
                        default=True,
                        help_text="Else its grants go, and it is no longer exported. On GitHub it stays.",
                        verbose_name="managed",
                    ),
                ),
                ("extras", models.TextField(blank=True, default="{}", verbose_name="other keys")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical repository",
                "verbose_name_plural": "historical repositories",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalTeam",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "key",
                    models.SlugField(
                        help_text="What GitHub calls the team; it cannot be changed later.",
                        max_length=100,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z0-9]+(-[a-z0-9]+)*\\Z", "lower-case letters, digits and single hyphens"
                            )
                        ],
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=200)),
                (
                    "description",
                    models.TextField(blank=True, help_text="One line; everybody sees it here and on GitHub."),
                ),
                (
                    "purpose",
                    models.TextField(
                        blank=True, help_text="What the team is for, in a few sentences; everybody sees it."
                    ),
                ),
                (
                    "is_archived",
                    models.BooleanField(
                        default=False,
                        help_text="It ended: its members become alumni, its grants go, and it is no longer exported.",
                        verbose_name="archived",
                    ),
                ),
                ("extras", models.TextField(blank=True, default="{}", verbose_name="other keys")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical team",
                "verbose_name_plural": "historical teams",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalVariable",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("name", models.TextField(db_index=True)),
                ("value", models.TextField()),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical variable",
                "verbose_name_plural": "historical variables",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Repository",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="It cannot be changed later.",
                        max_length=100,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A(?!\\.{1,2}\\Z)[A-Za-z0-9._-]{1,100}(?<!\\.git)\\Z",
                                "letters, digits, dots, hyphens and underscores, not ending in .git",
                            )
                        ],
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("source", "Source"), ("mirror", "Mirror")], default="source", max_length=10
                    ),
                ),
                ("description", models.TextField(blank=True, help_text="One line; everybody sees it on GitHub.")),
                ("topics", models.JSONField(blank=True, null=True)),
                ("default_branch", models.CharField(blank=True, max_length=255, null=True)),
                ("homepage_url", models.CharField(blank=True, max_length=500, null=True)),
                (
                    "archived",
                    models.BooleanField(
                        blank=True, help_text="On GitHub: everybody can read it, nobody can push to it.", null=True
                    ),
                ),
                (
                    "is_part_of_monorepo",
                    models.BooleanField(
                        blank=True,
                        help_text="Only the machine account may push to its branches.",
                        null=True,
                        verbose_name="part of the monorepo",
                    ),
                ),
                ("release_please_branch", models.CharField(blank=True, max_length=255, null=True)),
                ("lists_nobody", models.BooleanField(default=False, editable=False)),
                (
                    "is_managed",
                    models.BooleanField(
                        default=True,
                        help_text="Else its grants go, and it is no longer exported. On GitHub it stays.",
                        verbose_name="managed",
                    ),
                ),
                ("extras", models.TextField(blank=True, default="{}", verbose_name="other keys")),
            ],
            options={
                "verbose_name_plural": "repositories",
                "ordering": ["name"],
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"),
                        name="community_repository_once",
                        violation_error_message="There is a repository of this name; capitals make no difference.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "mirror"), _negated=True),
                            models.Q(
                                ("archived", None),
                                ("default_branch", None),
                                ("homepage_url", None),
                                ("is_part_of_monorepo", None),
                                ("lists_nobody", False),
                                ("release_please_branch", None),
                            ),
                            _connector="OR",
                        ),
                        name="community_mirror_has_no_options",
                        violation_error_message="A mirror has a description and topics, and no other option.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalTeamMember",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("lead", "Lead"), ("member", "Member"), ("alumni", "Alumni")],
                        default="member",
                        help_text="Who leaves becomes alumni.",
                        max_length=10,
                    ),
                ),
                ("since", models.DateField(blank=True, null=True)),
                ("until", models.DateField(blank=True, null=True)),
                ("position", models.PositiveIntegerField(default=0, editable=False)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="community.person",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="community.team",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical team member",
                "verbose_name_plural": "historical team members",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalGrant",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("push", "push"),
                            ("allowance", "allowance to push, without access"),
                            ("listed", "listed, without effect"),
                        ],
                        default="push",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, editable=False)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="community.person",
                    ),
                ),
                (
                    "repository",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="community.repository",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="community.team",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical grant",
                "verbose_name_plural": "historical grants",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("push", "push"),
                            ("allowance", "allowance to push, without access"),
                            ("listed", "listed, without effect"),
                        ],
                        default="push",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="community.person",
                    ),
                ),
                (
                    "repository",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="grants", to="community.repository"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="community.team",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "pk"],
                "default_permissions": ["add", "delete", "view"],
            },
        ),
        migrations.CreateModel(
            name="TeamMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("lead", "Lead"), ("member", "Member"), ("alumni", "Alumni")],
                        default="member",
                        help_text="Who leaves becomes alumni.",
                        max_length=10,
                    ),
                ),
                ("since", models.DateField(blank=True, null=True)),
                ("until", models.DateField(blank=True, null=True)),
                ("position", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="team_memberships",
                        to="community.person",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="memberships", to="community.team"
                    ),
                ),
            ],
            options={
                "ordering": ["position", "pk"],
                "default_permissions": ("add", "change", "view"),
            },
        ),
        migrations.AddConstraint(
            model_name="administratorchange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("person",),
                name="community_one_administrator_change",
                violation_error_message="A change about this person waits for approval already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="administratorchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("proposed_at"))),
                name="community_administrator_change_expires",
            ),
        ),
        migrations.AddConstraint(
            model_name="administratorchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("state", "open")),
                    models.Q(models.Q(("state", "open"), _negated=True), ("decided_at__isnull", False)),
                    _connector="OR",
                ),
                name="community_administrator_change_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(fields=("change", "approver"), name="community_approved_once"),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("level__in", ["push", "listed"]), ("person", None), ("team__isnull", False)),
                    models.Q(("level", "allowance"), ("person__isnull", False), ("team", None)),
                    _connector="OR",
                ),
                name="community_grant_to_one",
                violation_error_message="A grant is to a team or to a person.",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(
                condition=models.Q(("team__isnull", False)),
                fields=("repository", "team"),
                name="community_team_granted_once",
                violation_error_message="The team has this repository already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(
                condition=models.Q(("person__isnull", False)),
                fields=("repository", "person"),
                name="community_person_granted_once",
                violation_error_message="The person has this repository already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.UniqueConstraint(
                fields=("team", "person"),
                name="community_team_member_once",
                violation_error_message="They are or were in this team already: change that row.",
            ),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("role", "alumni"), ("until__isnull", False)),
                    models.Q(models.Q(("role", "alumni"), _negated=True), ("until", None)),
                    _connector="OR",
                ),
                name="community_alumni_have_left",
                violation_error_message="Alumni, and nobody else, have a day on which they left.",
            ),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until", None), ("since", None), ("until__gte", models.F("since")), _connector="OR"
                ),
                name="community_team_member_leaves_later",
                violation_error_message="They left after they joined.",
            ),
        ),
        migrations.RunPython(add_permissions, take_permissions),
    ]
