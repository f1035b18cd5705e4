"""Writes what was asked for, one generation or many alike: with inputs and calls, reserved, queued and told."""

from itertools import groupby

from gallery import catalog
from gallery.models import Call, Event, Generation, Input

from . import budgets, calls, turns


def write(user, generations, entries, inputs=()):
    """Rows of one person's generations, which name their inputs' images; inside a transaction.

    `entries` has the catalogue's by model. Calls of a paused batch wait outside the queue. Raises BudgetExceeded.
    """
    Generation.objects.bulk_create(generations)
    Input.objects.bulk_create(inputs)
    asked = [call for generation in generations for call in _calls(generation, entries[generation.model].spec)]
    for _, alike in groupby(sorted(asked, key=_budgets), key=_budgets):
        budgets.reserve(list(alike))
    waiting = [call for call in asked if not (call.generation.batch and call.generation.batch.paused_at)]
    turns.give(user, waiting)
    Call.objects.bulk_create(asked)
    for call in waiting:
        calls.enqueue(call)
    Event.objects.append_all(generations)


def _calls(generation, spec):
    protocol = spec.protocol(generation.kind)
    for position, wanted in enumerate(catalog.calls_for(spec, generation.kind, generation.wanted)):
        yield Call(generation=generation, position=position, wanted=wanted, protocol=protocol)


def _budgets(call):
    """What decides in whose budgets a call counts, the person aside."""
    return call.generation.project_id, call.generation.key_id or 0
