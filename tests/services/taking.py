"""What a worker takes from the queue, in the order of the engine in use."""

from django.db.models import Q
from django.utils import timezone

from gallery.engine.embedded_backend import EmbeddedBackend
from gallery.engine.worker import _claim_ready
from gallery.models import Call
from gallery.services import calls, gate

from .running import queue_rows


def take(room):
    """The calls that a worker with so much room takes now, first come first."""
    if isinstance(calls.run_call.get_backend(), EmbeddedBackend):
        ids = [row.args_kwargs["args"][0] for row in _claim_ready(room)[1]]
    else:
        due = queue_rows().filter(Q(due=None) | Q(due__lte=timezone.now()), status="todo")
        jobs = list(due.order_by("-priority", "id")[: min(room, gate.room())])
        queue_rows().filter(pk__in=[job.pk for job in jobs])._raw_delete("default")  # the model refuses to be written
        ids = [job.args["args"][0] for job in jobs]
    found = Call.objects.select_related("generation__user").in_bulk(ids)
    return [found[pk] for pk in ids]
