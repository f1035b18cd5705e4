"""Who is alive: each worker's row, kept fresh while it runs and taken away when it ends."""

from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now

from gallery.models import Worker

DEAD_AFTER = timedelta(seconds=30)  # without a sign of life; six times what a worker takes from one to the next
RECOVERY = 0x5350_4F4F  # the number of the lock that recovery holds, for all workers of a database


def beat(name, in_flight):
    """A sign of life. By the database's clock, so that machines need not agree on the time."""
    seen = {"seen_at": Now(), "in_flight": in_flight}
    if not Worker.objects.filter(name=name).update(**seen):
        Worker.objects.create(name=name, started_at=Now(), **seen)


def leave(name):
    Worker.objects.filter(name=name).delete()


def alive():
    """Names of the workers that gave a sign of life lately."""
    return set(Worker.objects.filter(seen_at__gt=Now() - DEAD_AFTER).values_list("name", flat=True))


def forget_dead():
    Worker.objects.filter(seen_at__lte=Now() - DEAD_AFTER).delete()


def try_recovery_lock():
    """True for one worker at a time, until it gives the lock back or its connection ends."""
    if connection.vendor != "postgresql":
        return True  # SQLite has one worker only
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [RECOVERY])
        return cursor.fetchone()[0]


def release_recovery_lock():
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [RECOVERY])
