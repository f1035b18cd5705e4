"""`python -m benchmarks.usage_rows`: the dashboard's pages over millions of calls, which it writes itself, by SQL.

Writes into the database of DATABASE_URL, which must be one that nobody needs; then asks for each page so many times.
"""

import argparse
import math
import os
import time
from statistics import median

import django

DAYS = 730
PEOPLE, PROJECTS, CALLS_EACH = 60, 12, 100  # and so many calls to a generation, so that those are few

SERIES = {
    "sqlite": "WITH RECURSIVE series(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n + 1 < {number}) ",
    "postgresql": "WITH series(n) AS (SELECT generate_series(0, {number} - 1)) ",
}
SENT = {
    "sqlite": "datetime('now', '-' || CAST((1 - n * 1.0 / {number}) * {days} * 86400 AS INTEGER) || ' seconds')",
    "postgresql": "now() - make_interval(secs => (1 - n * 1.0 / {number}) * {days} * 86400)",
}
FINISHED = {
    "sqlite": "datetime(at, '+' || (5 + n % 60) || ' seconds')",
    "postgresql": "at + make_interval(secs => 5 + n % 60)",
}
GENERATIONS = """
INSERT INTO gallery_generation (id, project_id, user_id, kind, model, prompt, options, wanted, status, token,
    batch_row, batch_column, request_id, error_code, error_detail, created_at)
{series} SELECT n + 1, {project} + n % {projects}, {user} + n % {people},
    CASE n % 3 WHEN 0 THEN 'edit' ELSE 'generate' END,
    CASE n % 4 WHEN 0 THEN 'google/gemini-3.1-flash-image-preview' ELSE 'openai/gpt-image-2' END,
    'A red fox in the snow', '{{}}', 1, 'succeeded', {token}, 0, 0, '', '', '', {sent} FROM series
"""
CALLS = """
INSERT INTO gallery_call (generation_id, position, attempt, wanted, protocol, status, worker, may_stream, created_at,
    sent_at, finished_at, sent, upstream_id, model_returned, headers, answer, error_code, error_detail,
    may_have_been_billed, usage_flags, pictures, text_in, image_out, cost_usd)
SELECT generation, place, 1, 1, 'images', status, '', {true}, at, at, {finished}, '{{}}', '', '', '{{}}', '{{}}', '',
    '', {false}, '[]', CASE status WHEN 'answered' THEN 1 ELSE 0 END, 14 + n % 90,
    CASE status WHEN 'answered' THEN 1756 END,
    CASE status WHEN 'answered' THEN 0.052680 + (n % 7) * 0.000001 END
FROM ({series} SELECT n, n / {each} + 1 AS generation, n % {each} AS place, {sent} AS at,
    CASE WHEN n % 50 = 0 THEN 'failed' WHEN n % 41 = 0 THEN 'refused' ELSE 'answered' END AS status FROM series) rows
"""
# Faster than counting call by call, which `manage.py check_ledger` does; these rows have no late answers to mind.
DAYS_OF_USAGE = """
INSERT INTO gallery_usageday (day, model, project_id, user_id, operation, calls, answered, refused, failed, interrupted,
    pictures, text_in, cached_text_in, image_in, cached_image_in, text_out, image_out, cost_micros, unknown,
    possible_micros, fruitless_micros, microseconds)
SELECT date(c.sent_at), g.model, g.project_id, g.user_id, g.kind, count(*), sum(c.pictures),
    count(CASE c.status WHEN 'refused' THEN 1 END), count(CASE c.status WHEN 'failed' THEN 1 END), 0, sum(c.pictures),
    sum(c.text_in), 0, 0, 0, 0, sum(coalesce(c.image_out, 0)), sum(round(coalesce(c.cost_usd, 0) * 1000000)), 0, 0, 0,
    30000000 * sum(c.pictures)
FROM gallery_call c JOIN gallery_generation g ON g.id = c.generation_id GROUP BY 1, 2, 3, 4, 5
"""
PAGES = (
    "period=month",
    "period=30&by=person",
    "period=90&by=project",
    "period=90&by=kind",
    "period=custom&from=2000-01-01",
)


def write(number):
    from django.db import connection

    from tests.factory import make_project, make_user

    users = [make_user(f"bench-{place}") for place in range(PEOPLE)]
    projects = [make_project(f"Bench {place}") for place in range(PROJECTS)]
    vendor = connection.vendor
    generations = math.ceil(number / CALLS_EACH)
    words = {
        "user": users[0].pk,
        "people": PEOPLE,
        "project": projects[0].pk,
        "projects": PROJECTS,
        "each": CALLS_EACH,
        "token": "lower(hex(randomblob(16)))" if vendor == "sqlite" else "gen_random_uuid()",
        "true": "1" if vendor == "sqlite" else "true",
        "false": "0" if vendor == "sqlite" else "false",
        "finished": FINISHED[vendor],
    }
    with connection.cursor() as cursor:
        for statement, rows in ((GENERATIONS, generations), (CALLS, number)):
            series = SERIES[vendor].format(number=rows)
            sent = SENT[vendor].format(number=rows, days=DAYS)
            cursor.execute(statement.format(**words, series=series, sent=sent))
        cursor.execute(DAYS_OF_USAGE)
        if vendor == "postgresql":
            cursor.execute("ANALYZE")


def ask(rounds):
    from django.test import Client

    from gallery.models import Call, UsageDay
    from tests.factory import make_user

    client = Client(SERVER_NAME="localhost")
    client.force_login(make_user(f"admin-{time.time_ns()}", is_staff=True, is_superuser=True))
    print(f"{Call.objects.count():,} calls, {UsageDay.objects.count():,} rows of usage")
    for page in PAGES:
        times, busy = [], time.process_time()
        for _ in range(rounds):
            begun = time.monotonic()
            assert client.get(f"/admin/usage/?{page}").status_code == 200
            times.append(1000 * (time.monotonic() - begun))
        p95 = sorted(times)[math.ceil(0.95 * rounds) - 1]
        busy = 1000 * (time.process_time() - busy) / rounds  # what is left on a busy machine to compare by
        print(f"{page:32} median {median(times):6.0f} ms, p95 {p95:6.0f} ms, processor {busy:6.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000_000, help="0: ask only, of what is there")
    parser.add_argument("--rounds", type=int, default=40)
    chosen = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagestudio.settings")
    django.setup()
    if chosen.calls:
        write(chosen.calls)
    ask(chosen.rounds)


if __name__ == "__main__":
    main()
