"""What the database itself refuses to change: published versions, agreements and consents.

Triggers hold it on SQLite and PostgreSQL, whoever asks. SQLite makes a table anew for many changes of it and drops
its triggers then: a migration that alters one of these tables ends with ``RunPython(append_only.put, …)``.
"""

from typing import Any

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SAID = {"Agreement": "uuid", "Consent": "uuid"}  # rows that stay; what else of them is unique
LINK = "account_id"  # all that may be taken from them
REFUSED = "{table}: such a row is evidence and is never changed or deleted; add another one"
PUBLISHED = "community_policyversion: a published version is never changed or deleted; publish another one"


def put(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Have the database refuse it from now on; may be done again."""
    remove(apps, schema_editor)
    for statement in _statements(apps, schema_editor.connection.vendor):
        schema_editor.execute(statement)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for model in ("PolicyVersion", *SAID):
        table = _table(apps, model)
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f'DROP FUNCTION IF EXISTS "{table}_stays"() CASCADE')
        else:
            for event in ("update", "delete", "insert"):
                schema_editor.execute(f'DROP TRIGGER IF EXISTS "{table}_stays_{event}"')


def _statements(apps: Apps, vendor: str) -> list[str]:
    policy = _table(apps, "PolicyVersion")
    if vendor == "postgresql":
        of_policy = _on_postgresql(policy, PUBLISHED, "OLD.published_at IS NULL")
        return of_policy + [each for model in SAID for each in _said_on_postgresql(_table(apps, model))]
    same = "kind = NEW.kind AND number = NEW.number AND locale = NEW.locale"
    published = f"published_at IS NOT NULL AND (id = NEW.id OR ({same}))"
    of_policy = _on_sqlite(policy, PUBLISHED, "OLD.published_at IS NULL", "OLD.published_at IS NULL", published)
    return of_policy + [each for model in SAID for each in _said_on_sqlite(apps, model)]


def _said_on_postgresql(table: str) -> list[str]:
    cut = f"NEW.{LINK} IS NULL AND to_jsonb(NEW) - '{LINK}' = to_jsonb(OLD) - '{LINK}'"
    return _on_postgresql(table, REFUSED.format(table=table), f"TG_OP = 'UPDATE' AND {cut}")


def _on_postgresql(table: str, refused: str, allowed: str) -> list[str]:
    """Allow what is allowed to single rows; the table as a whole is never emptied."""
    body = f"""
        CREATE FUNCTION "{table}_stays"() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'TRUNCATE' THEN
                IF {allowed} THEN
                    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
                END IF;
            END IF;
            RAISE EXCEPTION '{refused}' USING ERRCODE = 'integrity_constraint_violation';
        END $$"""
    call = f'EXECUTE FUNCTION "{table}_stays"()'
    return [
        body,
        f'CREATE TRIGGER "{table}_stays" BEFORE UPDATE OR DELETE ON "{table}" FOR EACH ROW {call}',
        f'CREATE TRIGGER "{table}_stays_whole" BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT {call}',
    ]


def _said_on_sqlite(apps: Apps, model: str) -> list[str]:
    fields = apps.get_model("community", model)._meta.local_concrete_fields  # noqa: SLF001 - Django documents it
    columns = [str(field.column) for field in fields if field.column != LINK]
    cut = " AND ".join([f"NEW.{LINK} IS NULL", *(f'NEW."{column}" IS OLD."{column}"' for column in columns)])
    table, unique = _table(apps, model), SAID[model]
    return _on_sqlite(table, REFUSED.format(table=table), cut, "0", f"id = NEW.id OR {unique} = NEW.{unique}")


def _on_sqlite(table: str, refused: str, updated: str, deleted: str, taken: str) -> list[str]:
    """Refuse "insert or replace", too, which deletes a row without telling the trigger of deletions."""
    there = f'EXISTS (SELECT 1 FROM "{table}" WHERE {taken})'  # noqa: S608 - names of our own
    refuse = f"BEGIN SELECT RAISE(ABORT, '{refused}'); END"
    return [
        f'CREATE TRIGGER "{table}_stays_update" BEFORE UPDATE ON "{table}" WHEN NOT ({updated}) {refuse}',
        f'CREATE TRIGGER "{table}_stays_delete" BEFORE DELETE ON "{table}" WHEN NOT ({deleted}) {refuse}',
        f'CREATE TRIGGER "{table}_stays_insert" BEFORE INSERT ON "{table}" WHEN {there} {refuse}',
    ]


def _table(apps: Apps, model: str) -> str:
    found: Any = apps.get_model("community", model)
    return str(found._meta.db_table)  # noqa: SLF001 - Django documents it
