"""Keeps spending within budgets: reserves before a call is queued, settles when it ended, lifts, and tells people."""

from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from gallery import periods
from gallery.accounting import allowances
from gallery.models import Budget, BudgetMonth, Call, Reservation
from gallery.models.budgets import SUMS
from gallery.pricing import MILLION

from . import aggregates, audit, mails

LIFT = timedelta(days=1)


class BudgetExceeded(Exception):
    """Refused: a hard limit would be passed. Says which, and who can raise it."""

    def __init__(self, standing, usd):
        super().__init__(allowances.refusal(standing, usd))
        self.budget = standing.budget


@contextmanager
def telling():
    """Around the transaction that may be refused: the budget's people hear of the month's first refusal."""
    try:
        yield
    except BudgetExceeded as exceeded:
        _tell(exceeded.budget, "refused_at", mails.budget_refused)
        raise


def check(project, user, usd, key=None):
    """Raises BudgetExceeded where so much cannot be spent, before anything is kept; `reserve` alone is exact."""
    with telling():
        _must_allow(allowances.applying_to(project, user, key), usd)


def reserve(calls):
    """Set aside what a generation's new calls may cost; inside the transaction that writes them.

    Raises BudgetExceeded. What cannot be estimated is let through, and counted when it is known.
    """
    generation = calls[0].generation
    wanted = [
        Reservation(
            generation_id=call.generation_id,
            position=call.position,
            project_id=generation.project_id,
            user_id=generation.user_id,
            key_id=generation.key_id,
            micros=micros,
        )
        for call in calls
        if (micros := aggregates.expected_micros(call))
    ]
    Budget.objects.lock()
    standings = allowances.applying_to(generation.project, generation.user, generation.key)
    usd = sum(reservation.micros for reservation in wanted) / MILLION
    _must_allow(standings, usd)
    Reservation.objects.bulk_create(wanted, batch_size=500)
    for standing in standings:
        if not standing.is_kept:
            _month(standing.budget)
        if standing.budget.soft_usd is not None and standing.taken + usd >= standing.budget.soft_usd:
            _tell(standing.budget, "warned_at", mails.budget_warning)


def _must_allow(standings, usd):
    for standing in standings:
        if not standing.allows(usd):
            raise BudgetExceeded(standing, usd)


def release(generations):
    """Give back what was set aside for calls that will never be sent."""
    out = Call.objects.filter(generation=OuterRef("generation"), position=OuterRef("position"), status=Call.Status.SENT)
    Reservation.objects.filter(generation__in=generations).exclude(Exists(out)).delete()


def settle(call, before=None, *, is_repeated=False):
    """Put what an ended call cost in the place of what was set aside; after the days and months of usage have it.

    A call that is asked again keeps the reservation for its repetition.
    """
    if not is_repeated:
        Reservation.objects.filter(generation=call.generation_id, position=call.position).delete()
    if call.sent_at is None:
        return
    new, old = aggregates.measure(call), aggregates.measure(before) if before else {}
    changes = {name: new[name] - old.get(name, 0) for name in SUMS}
    if any(changes.values()):
        Budget.objects.lock()
        BudgetMonth.objects.increase(periods.day_of(call.sent_at).replace(day=1), call.generation, changes)


def _month(budget):
    """The budget's row of this month, made from the months of usage where it is missing; wants the lock."""
    month = periods.month_of(periods.today()).start
    found = BudgetMonth.objects.filter(budget=budget, month=month).first()
    if found is None:
        sums = allowances.counted([budget], month)[budget.pk]
        found = BudgetMonth.objects.create(budget=budget, month=month, **sums)
    return found


# --- what admins do ------------------------------------------------------------------------------------------------


def lift(user, budget):
    """Let a hard limit refuse nothing for a day."""
    _lift_until(user, budget, timezone.now() + LIFT)


def end_lift(user, budget):
    _lift_until(user, budget, None)


def _lift_until(user, budget, moment):
    with transaction.atomic():
        Budget.objects.lock()
        before = {"lifted_until": budget.lifted_until}
        budget.lifted_until = moment
        budget.save(update_fields=["lifted_until"])
        audit.note(user, audit.Action.CHANGED, budget, before, {"lifted_until": moment})


# --- telling people ------------------------------------------------------------------------------------------------


def _tell(budget, told, mail):
    """Send a mail once a month, when the transaction is through; a mail that fails stops nobody."""
    with transaction.atomic():
        Budget.objects.lock()
        month = _month(budget)
        if getattr(month, told) is None:
            setattr(month, told, timezone.now())
            month.save(update_fields=[told])
            transaction.on_commit(lambda: mail(budget), robust=True)  # Django wants a name of it: no partial
