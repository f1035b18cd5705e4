"""Who is alive: each worker's row, kept fresh while it runs and taken away when it ends."""

from django.db.models.functions import Now

from gallery.models import Call, Worker


def beat(name, in_flight):
    """A sign of life, by the database's clock."""
    seen = {"seen_at": Now(), "in_flight": in_flight}
    if not Worker.objects.filter(name=name).update(**seen):
        Worker.objects.create(name=name, started_at=Now(), **seen)


def leave(name):
    Worker.objects.filter(name=name).delete()


def forget_dead():
    Worker.objects.dead().delete()


def alive():
    """Names of the workers that gave a sign of life lately."""
    return set(Worker.objects.alive().values_list("name", flat=True))


def at_work():
    """Names of the workers that calls are with, dead or alive."""
    return set(Call.objects.under_way().exclude(worker="").values_list("worker", flat=True).distinct().order_by())
