"""Who is alive: each worker's row, kept fresh while it runs and taken away when it ends."""

from datetime import timedelta

from django.db.models.functions import Now

from gallery.models import Call, Worker

DEAD_AFTER = timedelta(seconds=30)  # without a sign of life; six times what a worker takes from one to the next


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


def at_work():
    """Names of the workers that calls are with, dead or alive."""
    return set(Call.objects.under_way().exclude(worker="").values_list("worker", flat=True).distinct().order_by())
