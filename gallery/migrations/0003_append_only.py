"""The ledger and the audit log are append-only in the database too.

SQLite loses a table's triggers when a migration makes the table anew (a column with a default, a changed field): such a
migration, and a squashed one, must end with `keep` again. tests/services/test_append_only.py fails otherwise.
"""

from django.db import migrations

ENDED = "'answered', 'refused', 'failed', 'cancelled'"  # an interrupted call may still be answered late
RULES = (  # trigger, table, what is refused, when
    ("call_is_kept", "gallery_call", "DELETE", ""),
    ("call_is_settled", "gallery_call", "UPDATE", f"WHEN (OLD.status IN ({ENDED}))"),
    *(
        (f"{name}_is_{done}", f"gallery_{name}", event, "")
        for name in ("auditentry", "monthclose")
        for event, done in (("DELETE", "kept"), ("UPDATE", "final"))
    ),
)
REFUSE = """
    CREATE OR REPLACE FUNCTION gallery_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$
"""


def keep(apps, schema_editor):
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    if not is_sqlite:
        schema_editor.execute(REFUSE, params=None)  # its % is no placeholder
    for name, table, event, condition in RULES:
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        body = refuse if is_sqlite else "EXECUTE FUNCTION gallery_append_only()"
        schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {condition} {body}")


def let_go(apps, schema_editor):
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for name, table, _event, _condition in RULES:
        schema_editor.execute(f"DROP TRIGGER {name}" if is_sqlite else f"DROP TRIGGER {name} ON {table}")
    if not is_sqlite:
        schema_editor.execute("DROP FUNCTION gallery_append_only()")


class Migration(migrations.Migration):
    dependencies = [("gallery", "0002_first_rows")]
    operations = [migrations.RunPython(keep, let_go)]
