"""Cancelling, running again and retrying many generations: all of it or, after a crash amid it, nothing."""

import uuid
from dataclasses import replace

from gallery.queries.stakes import Action

from .generations import cancel_generations, request_generations, what_never_came, wishes_again


def act(user, stakes, token):
    """Do what was weighed. The new generations; with the same token a second time, those of the first.

    Raises BudgetExceeded.
    """
    chosen = sorted(stakes.generations, key=lambda generation: generation.pk)
    if stakes.action == Action.CANCEL:
        cancel_generations(chosen)
        return []
    return request_generations(
        user,
        [
            replace(wish, token=uuid.uuid5(token, str(earlier.pk)), **_changes(stakes.action, earlier))
            for earlier, wish in zip(chosen, wishes_again(chosen), strict=True)
        ],
    )


def _changes(action, generation):
    return what_never_came(generation) if action == Action.RETRY else {}
