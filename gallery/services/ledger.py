"""What follows from the end of a call, in the same transaction."""

from . import aggregates, budgets


def book(call, before=None, *, is_repeated=False):
    """Once for every call that ended; `before` is the row as it stood when it had ended already (a late answer)."""
    if before is None:
        aggregates.add(call)
    else:
        aggregates.replace(before, call)
    budgets.settle(call, before, is_repeated=is_repeated)
