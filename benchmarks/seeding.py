"""Writes two years of history by SQL, as the studio would have left it; runs inside `manage.py shell`.

Two calls to a generation, a picture to an answer, people in turn. Keys that must be unique rise from row to row and are
spread over all their values, so that what comes later falls among them, as it would among random ones.
"""

import json
import time

from django.contrib.auth import get_user_model
from django.core.management.color import no_style
from django.db import connection

from gallery.models import Budget, Call, Generation, Image, Membership, Price, Project, RateGate, UsageDay, UsageMonth
from gallery.models.aggregates import CUTS, MEASURES, OUTCOMES
from gallery.models.projects import Role
from gallery.pricing import KINDS

from .wishes import MODEL

GEMINI = "google/gemini-3.1-flash-image-preview"
SPAN = 730 * 86_400  # seconds
PEOPLE, PROJECTS, PROJECTS_EACH = 60, 12, 3
QUIET = 200_000  # one generation of so many is by a person, and in a project, with hardly any others

DIALECTS = {
    "sqlite": {
        "hurry": ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", "PRAGMA foreign_keys=OFF"),
        "series": "WITH RECURSIVE series(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n + 1 < {})",
        "moment": "datetime({}, 'unixepoch')",
        "hex": "printf('%016x%016x', {0} * {1}, {0})",
        "took": "(strftime('%s', c.finished_at) - strftime('%s', c.sent_at))",
        "month": "strftime('%Y-%m-01', {})",
        "rest": (),
        "size": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    },
    "postgresql": {
        "hurry": ("SET session_replication_role = replica",),  # foreign keys are right, and so are not looked up
        "series": "WITH series(n) AS (SELECT generate_series(0, {}::bigint - 1))",
        "moment": "to_timestamp({})",
        "hex": "(lpad(to_hex({0} * {1}), 16, '0') || lpad(to_hex({0}), 16, '0'))",
        "took": "extract(epoch FROM c.finished_at - c.sent_at)",
        "month": "date_trunc('month', {})",
        "rest": ("VACUUM ANALYZE",),  # as autovacuum does in its time
        "size": "SELECT pg_database_size(current_database())",
    },
}


def write(calls):
    """So many in a studio that has none; prints the seconds it took and the bytes it came to.

    Nobody needs what is left when it fails.
    """
    begun = time.monotonic()
    run(DIALECTS[connection.vendor]["hurry"])
    fill(calls)
    run(DIALECTS[connection.vendor]["rest"])
    with connection.cursor() as cursor:
        [size] = cursor.execute(word("size")).fetchone()
    print(json.dumps([time.monotonic() - begun, size]))


def fill(calls):
    people, projects = people_and_projects()
    insert_generations(calls // 2, people, projects)
    insert_calls(calls)
    insert_images()
    insert_days()
    insert_months()
    run(connection.ops.sequence_reset_sql(no_style(), [Generation, Call, Image]))
    RateGate.objects.create(pk=1, turn=calls // PEOPLE)
    Budget.objects.get_or_create(scope=Budget.Scope.STUDIO)


def people_and_projects():
    """Their ids; the last of each are the quiet ones. The first admin is one of the people."""
    people, projects = get_user_model().objects, Project.objects
    everybody = [people.get(), *(people.create(username=f"person-{place}") for place in range(1, PEOPLE + 1))]
    work = [projects.get(), *(projects.create(name=f"Project {place}") for place in range(1, PROJECTS + 1))]
    theirs = {
        (person, work[(place + more) % PROJECTS])
        for place, person in enumerate(everybody[:-1])
        for more in range(PROJECTS_EACH)
    }
    for person, project in theirs | {(everybody[-1], work[-1])}:
        Membership.objects.get_or_create(user=person, project=project, defaults={"role": Role.EDITOR})
    return [person.pk for person in everybody], [project.pk for project in work]


def insert_generations(number, people, projects):
    begin = int(time.time()) - SPAN - 120  # so that the last has ended
    asked = f"{begin} + n * {SPAN} / {number}"
    person = f"n % {PEOPLE}"
    project = f"({person} + n / {PEOPLE} % {PROJECTS_EACH}) % {PROJECTS}"
    insert(
        Generation,
        f"{word('series', number)} SELECT {{}} FROM series",
        id="n + 1",
        user_id=f"CASE n % {QUIET} WHEN 7 THEN {people[-1]} ELSE {one_of(people, person)} END",
        project_id=f"CASE n % {QUIET} WHEN 7 THEN {projects[-1]} ELSE {one_of(projects, project)} END",
        kind=f"CASE n / {PEOPLE * PROJECTS_EACH} % 3 WHEN 0 THEN 'edit' ELSE 'generate' END",
        model=f"CASE n / {PEOPLE} % 4 WHEN 0 THEN '{GEMINI}' ELSE '{MODEL}' END",
        prompt=f"""'A ' || {choice("n % 5", "red", "blue", "wooden", "glass", "quiet")} || ' '
            || {choice("n / 5 % 7", "fox", "heron", "lighthouse", "teapot", "bicycle", "orchard", "violin")} || ', '
            || {choice("n / 35 % 3", "in the snow", "at dusk", "by the sea")} || ', take ' || n
            || CASE n % 1000003 WHEN 5 THEN ' with an axolotl' ELSE '' END""",
        wanted="2",
        status=ending("n", "failed", "failed", "interrupted", "succeeded"),
        error_code=ending("n", "server_error", "safety", "no_answer", ""),
        token=word("hex", "n", 2**63 // number),
        estimated_usd="0.12",
        created_at=word("moment", asked),
        started_at=word("moment", f"{asked} + 1"),
        finished_at=word("moment", f"{asked} + 6 + n % 60"),
    )


def insert_calls(number):
    prices = dict(Price.objects.values_list("model", "pk"))
    used = "g.status = 'succeeded' AND n % 1009 > 0"  # the others did not say
    by_model = f"CASE g.model WHEN '{GEMINI}' THEN {{}} ELSE {{}} END"
    text_in = "(14 + n % 45 * 2)"
    cost = by_model.format(f"{text_in} * 0.5 + 1120 * 60", f"{text_in} * 5 + 1756 * 30")  # as the first prices say
    insert(
        Call,
        f"{word('series', number)} SELECT {{}} FROM series JOIN gallery_generation g ON g.id = n / 2 + 1",
        id="n + 1",
        generation_id="g.id",
        position="n % 2",
        protocol=by_model.format("'gemini'", "'images'"),
        status=ending("(n / 2)", "failed", "refused", "interrupted", "answered"),
        turn=f"(g.id - 1) / {PEOPLE} * 2 + n % 2",
        created_at="g.created_at",
        claimed_at="g.started_at",
        sent_at="g.started_at",
        finished_at="g.finished_at",
        upstream_id=f"'req_' || {word('hex', 'n', 2**63 // number)}",
        model_returned="g.model",
        pictures="CASE g.status WHEN 'succeeded' THEN 1 ELSE 0 END",
        text_in=f"CASE WHEN {used} THEN {text_in} END",
        image_out=f"CASE WHEN {used} THEN {by_model.format(1120, 1756)} END",
        price_id=f"CASE WHEN {used} THEN {by_model.format(prices[GEMINI], prices[MODEL])} END",
        cost_usd=f"CASE WHEN {used} THEN ({cost}) / 1000000.0 END",
        error_code="g.error_code",
        may_have_been_billed=f"g.status = 'interrupted' OR g.status = 'succeeded' AND NOT ({used})",
    )


def insert_images():
    insert(
        Image,
        "SELECT {} FROM gallery_call c JOIN gallery_generation g ON g.id = c.generation_id WHERE c.pictures = 1",
        id="c.id",
        project_id="g.project_id",
        user_id="g.user_id",
        generation_id="g.id",
        call_id="c.id",
        sha256=word("hex", "c.id", 2**36) + " || " + word("hex", "c.id", 2**36),
        bytes="1500000 + c.id % 100000",
        format="'png'",
        **dict.fromkeys(("width", "height", "shown_width", "shown_height"), "1024"),
        average_colour="'#7f7f7f'",
        created_at="c.finished_at",
    )


def insert_days():
    """As `services/aggregates.py` measures a call, which takes ten times as long; a test holds this against that."""
    micros = "CAST(round({} * 1000000) AS bigint)"
    estimate = f"{micros.format('g.estimated_usd')} * c.wanted / g.wanted"
    answered = "c.status = 'answered'"
    unknown = f"c.cost_usd IS NULL AND (c.may_have_been_billed OR {answered})"
    key = {
        "day": "date(c.sent_at)",
        "model": "g.model",
        "project_id": "g.project_id",
        "user_id": "g.user_id",
        "operation": "g.kind",
    }
    insert(
        UsageDay,
        "SELECT {} FROM gallery_call c JOIN gallery_generation g ON g.id = c.generation_id "
        f"GROUP BY {', '.join(key.values())} ORDER BY {key['day']}",  # as they come in the course of time
        **key,
        calls="count(*)",
        **{name: f"count(CASE c.status WHEN '{name}' THEN 1 END)" for name in OUTCOMES},
        pictures="sum(c.pictures)",
        **{kind: f"coalesce(sum(c.{kind}), 0)" for kind in KINDS},
        cost_micros=f"coalesce(sum({micros.format('c.cost_usd')}), 0)",
        unknown=f"count(CASE WHEN {unknown} THEN 1 END)",
        possible_micros=f"sum(CASE WHEN {unknown} THEN {estimate} ELSE 0 END)",
        microseconds=f"sum(CASE WHEN {answered} THEN {word('took')} * 1000000 ELSE 0 END)",
    )


def insert_months():
    month = word("month", "day")
    insert(
        UsageMonth,
        f"SELECT {{}} FROM gallery_usageday GROUP BY {', '.join(CUTS)}, {month}",
        month=month,
        **{name: name for name in CUTS},
        **{name: f"sum({name})" for name in MEASURES},
    )


def insert(model, select, /, **columns):
    """Rows of a model, each column as it is said or as the model has it by default."""
    values, defaults = {}, []
    for field in model._meta.concrete_fields:
        if field.column in columns:
            values[field.column] = columns[field.column].replace("%", "%%")
        elif not field.primary_key:
            values[field.column] = "%s"
            defaults.append(field.get_db_prep_save(field.get_default(), connection))
        if field.column in values and connection.vendor == "postgresql":
            values[field.column] = f"CAST({values[field.column]} AS {field.db_type(connection)})"
    names = ", ".join(connection.ops.quote_name(name) for name in values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({names}) {select.format(', '.join(values.values()))}", defaults
        )


def word(name, *arguments):
    return DIALECTS[connection.vendor][name].format(*arguments)


def one_of(ids, place):
    """SQL for an id by its place. The first was there before, the others were made in a row."""
    return f"CASE {place} WHEN 0 THEN {ids[0]} ELSE {ids[1] - 1} + {place} END"


def ending(number, failed, refused, interrupted, answered):
    """SQL for the word that says how a generation, by its number, and all its calls have ended."""
    return (
        f"CASE WHEN {number} % 50 = 0 THEN '{failed}' WHEN {number} % 41 = 0 THEN '{refused}' "
        f"WHEN {number} % 211 = 0 THEN '{interrupted}' ELSE '{answered}' END"
    )


def choice(number, *words):
    cases = " ".join(f"WHEN {place} THEN '{one}'" for place, one in enumerate(words))
    return f"CASE {number} {cases} END"


def run(statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
