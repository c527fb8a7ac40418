import django.db.models.deletion
from django.db import migrations, models

import mageos_portal.full_text

# SQLite: an FTS5 table that reads the entries' words, of which those in titles weigh ten times as much, and triggers
# that keep it in step. To "delete" words, FTS5 must be told them.
ADD = (
    "INSERT INTO mageos_portal_searchindex (rowid, title_words, text_words) "
    "VALUES (new.id, new.title_words, new.text_words)"
)
REMOVE = (
    "INSERT INTO mageos_portal_searchindex (mageos_portal_searchindex, rowid, title_words, text_words) "
    "VALUES ('delete', old.id, old.title_words, old.text_words)"
)
ON_SQLITE = (
    "CREATE VIRTUAL TABLE mageos_portal_searchindex USING fts5("
    "title_words, text_words, content='mageos_portal_searchentry', content_rowid='id', "
    "tokenize='unicode61 remove_diacritics 2', prefix='2 3')",
    "INSERT INTO mageos_portal_searchindex (mageos_portal_searchindex, rank) VALUES ('rank', 'bm25(10.0, 1.0)')",
    f"CREATE TRIGGER mageos_portal_search_added AFTER INSERT ON mageos_portal_searchentry BEGIN {ADD}; END",
    f"CREATE TRIGGER mageos_portal_search_removed AFTER DELETE ON mageos_portal_searchentry BEGIN {REMOVE}; END",
    "CREATE TRIGGER mageos_portal_search_changed AFTER UPDATE ON mageos_portal_searchentry "
    "WHEN (old.title_words, old.text_words) IS NOT (new.title_words, new.text_words) "
    f"BEGIN {REMOVE}; {ADD}; END",
)
NO_MORE_ON_SQLITE = (
    "DROP TRIGGER mageos_portal_search_changed",
    "DROP TRIGGER mageos_portal_search_removed",
    "DROP TRIGGER mageos_portal_search_added",
    "DROP TABLE mageos_portal_searchindex",
)

ON_POSTGRESQL = (
    "ALTER TABLE mageos_portal_searchentry ADD COLUMN words tsvector NOT NULL GENERATED ALWAYS AS ("
    "setweight(to_tsvector('pg_catalog.simple', title_words), 'A') || "
    "to_tsvector('pg_catalog.simple', text_words)) STORED",
    # Ranking reads it for each row that matches; not compressed, that takes 60 % of the time.
    "ALTER TABLE mageos_portal_searchentry ALTER COLUMN words SET STORAGE EXTERNAL",
    "CREATE INDEX mageos_portal_search_words ON mageos_portal_searchentry USING gin (words)",
)
NO_MORE_ON_POSTGRESQL = ("ALTER TABLE mageos_portal_searchentry DROP COLUMN words",)


def make_index(apps, schema_editor):
    on_sqlite = schema_editor.connection.vendor == "sqlite"
    for statement in ON_SQLITE if on_sqlite else ON_POSTGRESQL:
        schema_editor.execute(statement)


def drop_index(apps, schema_editor):
    on_sqlite = schema_editor.connection.vendor == "sqlite"
    for statement in NO_MORE_ON_SQLITE if on_sqlite else NO_MORE_ON_POSTGRESQL:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    """Make the entries of the site's search, and the index over their words that each database has."""

    dependencies = [("mageos_portal", "0001_cache_table")]
    operations = [
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=80)),
                ("key", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=50)),
                ("title", models.CharField(max_length=300)),
                ("url", models.CharField(max_length=1000)),
                ("day", models.DateField(null=True)),
                (
                    "visibility",
                    models.CharField(
                        choices=[
                            ("public", "everybody"),
                            ("members", "Members"),
                            ("team", "Team"),
                            ("staff", "staff only"),
                        ],
                        max_length=10,
                    ),
                ),
                ("team", models.CharField(max_length=50)),
                ("appears_at", models.DateTimeField(null=True)),
                ("changed_at", models.DateTimeField()),
                ("digest", models.CharField(max_length=32)),
                ("title_words", models.TextField()),
                ("text", models.TextField()),
                ("text_words", models.TextField()),
            ],
            options={
                "verbose_name_plural": "search entries",
                "default_permissions": [],
                "constraints": [
                    models.UniqueConstraint(fields=["source", "key"], name="mageos_portal_found_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchIndex",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        db_column="rowid",
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="index",
                        serialize=False,
                        to="mageos_portal.searchentry",
                    ),
                ),
                ("everything", mageos_portal.full_text.IndexedWords(db_column="mageos_portal_searchindex")),
                ("rank", models.FloatField()),
            ],
            options={"db_table": "mageos_portal_searchindex", "default_permissions": [], "managed": False},
        ),
        migrations.RunPython(make_index, drop_index),
    ]
