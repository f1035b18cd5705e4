"""Many generations at once: asking for a batch, pausing and resuming it, cancelling the rest, retrying what failed."""

import uuid
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone

from gallery.accounting.estimates import Estimator
from gallery.matrix import Grid
from gallery.models import Batch, Call, Event, Generation, ModelEntry, Project
from gallery.queries import sheets

from . import asking, budgets, calls, turns
from .generations import NotOnOffer


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A valid batch, as a form hands it over: a grid that can be run, and what each cell of it may cost."""

    project: Project
    name: str
    grid: Grid
    estimates: tuple[Decimal | None, ...]
    entries: dict[str, ModelEntry]
    token: uuid.UUID = field(default_factory=uuid.uuid4)


def estimates(cells, entries):
    """Dollars to expect of each cell, None where the model has no price or no formula; a few queries a model."""
    estimators = {name: Estimator(entries[name]) for name in {cell.model for cell in cells}}
    return tuple(_estimate(cell, estimators[cell.model]) for cell in cells)


def _estimate(cell, estimator):
    kind = Generation.Kind.GENERATE
    return estimator.usd(kind, cell.options, prompt=cell.prompt, images=0, wanted=cell.wanted)


def request_batch(user, plan):
    """Write the batch, its generations and their calls, reserve their cost and enqueue them, in one transaction.

    The same token a second time (a double click) gives the batch of the first. Raises BudgetExceeded.
    """
    try:
        with budgets.telling(), transaction.atomic():
            return _write(user, plan)
    except IntegrityError:
        earlier = Batch.objects.filter(token=plan.token, user=user).first()
        if earlier is None:
            raise
        return earlier


def _write(user, plan):
    batch = Batch.objects.create(
        project=plan.project,
        user=user,
        name=plan.name,
        rows=plan.grid.rows,
        columns=plan.grid.columns,
        token=plan.token,
    )
    generations = [
        Generation(
            batch=batch,
            batch_row=cell.row,
            batch_column=cell.column,
            project=plan.project,
            user=user,
            kind=Generation.Kind.GENERATE,
            model=cell.model,
            prompt=cell.prompt,
            options=cell.options,
            wanted=cell.wanted,
            estimated_usd=estimate,
            token=uuid.uuid4(),
        )
        for cell, estimate in zip(plan.grid.cells, plan.estimates, strict=True)
    ]
    asking.write(user, generations, plan.entries)
    return batch


def pause(batch):
    """Calls that have not been sent stay where they are; a claimed one is taken back. True where it was not paused.

    What the engine still knows of them does nothing: a call of a paused batch cannot be claimed.
    """
    with transaction.atomic():
        if not Batch.objects.filter(pk=batch.pk, paused_at=None).update(paused_at=timezone.now()):
            return False
        unsent = Call.objects.filter(generation__batch=batch, status__in=sheets.UNSENT)
        unsent.update(status=Call.Status.QUEUED, worker="", claimed_at=None, turn=None)
        Event.objects.append_all(batch.generations.open())
        return True


def resume(batch):
    """The calls that wait take turns anew: those they had have passed, and would all go out at once."""
    with transaction.atomic():
        if not Batch.objects.filter(pk=batch.pk, paused_at__isnull=False).update(paused_at=None):
            return False
        waiting = Call.objects.filter(generation__batch=batch, status=Call.Status.QUEUED)
        waiting = list(waiting.select_related("generation").order_by("generation_id", "position"))
        turns.give(batch.user, waiting)
        Call.objects.bulk_update(waiting, ["turn"])
        for call in waiting:
            calls.enqueue(call)
        Event.objects.append_all(batch.generations.open())
        return True


def cancel_rest(batch):
    """Calls that have not been sent never will be; those that were finish, and their pictures are kept."""
    with transaction.atomic():
        now = timezone.now()
        # Generations before calls, as everywhere: two orders would be a deadlock with the worker.
        opened = list(batch.generations.open().select_for_update().order_by("pk"))
        unsent = Call.objects.filter(generation__batch=batch, status__in=sheets.UNSENT)
        unsent.update(status=Call.Status.CANCELLED, finished_at=now)
        out = Call.objects.filter(generation__batch=batch, status=Call.Status.SENT).values("generation")
        stopped = batch.generations.open().exclude(pk__in=out)
        stopped.update(status=Generation.Status.CANCELLED, error_code="cancelled", finished_at=now)
        Batch.objects.filter(pk=batch.pk).update(paused_at=None)
        budgets.release(opened)
        Event.objects.append_all(opened)


def retry_failed(user, batch):
    """New generations in the cells whose newest one failed or was interrupted; they are paid anew.

    The number of them; a second click finds none. Raises NotOnOffer where a model has gone, and BudgetExceeded.
    """
    with budgets.telling(), transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch.pk)
        failed = list(sheets.newest_in_cells([batch.pk]).filter(status__in=sheets.RETRIABLE).order_by("pk"))
        entries = {entry.name: entry for entry in ModelEntry.objects.on_offer()}
        if gone := {generation.model for generation in failed} - set(entries):
            raise NotOnOffer(", ".join(sorted(gone)))
        if failed and not Call.objects.filter(generation__batch=batch, status__in=sheets.UNSENT).exists():
            batch.paused_at = None  # nothing is left that the pause was for
            batch.save(update_fields=["paused_at"])
        asking.write(user, [_again(user, batch, generation) for generation in failed], entries)
        return len(failed)


def _again(user, batch, generation):
    place = ("batch_row", "batch_column", "project_id")
    wish = ("kind", "model", "prompt", "options", "wanted", "estimated_usd")
    values = {name: getattr(generation, name) for name in place + wish}
    return Generation(user=user, batch=batch, token=uuid.uuid4(), **values)
