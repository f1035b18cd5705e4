"""Cancelling, running again and retrying many generations: all of it or, after a crash amid it, nothing."""

import uuid

from django.db import transaction

from gallery.queries.stakes import Action

from . import budgets
from .generations import cancel_generation, retry, run_again


def act(user, stakes, token):
    """Do what was weighed. The new generations; with the same token a second time, those of the first.

    Raises BudgetExceeded.
    """
    with budgets.telling(), transaction.atomic():
        return [
            made
            for generation in sorted(stakes.generations, key=lambda generation: generation.pk)
            if (made := _act(user, stakes.action, generation, token))
        ]


def _act(user, action, generation, token):
    if action == Action.CANCEL:
        cancel_generation(generation)
        return None
    again = retry if action == Action.RETRY else run_again
    return again(user, generation, token=uuid.uuid5(token, str(generation.pk)))
