"""How far the month's budgets are used, and how that is said: read for the composer, usage pages, mails and admin."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db.models import Q, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from gallery import periods, wording
from gallery.models import Budget, BudgetMonth, Reservation, UsageMonth
from gallery.models.aggregates import dollars_of
from gallery.models.budgets import SUMS

RAISERS_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A budget in a month. What may have been billed counts as spent until somebody knows better."""

    budget: Budget
    month: date
    cost: Decimal
    possible: Decimal
    reserved: Decimal
    unknown: int  # calls; those without an estimate are in none of the amounts
    is_kept: bool  # False where the month was counted for this once

    @property
    def taken(self):
        return self.cost + self.possible + self.reserved

    @property
    def left(self):
        """Dollars until the hard limit; None where nothing is refused."""
        if self.budget.hard_usd is None or self.budget.is_lifted:
            return None
        return max(self.budget.hard_usd - self.taken, Decimal(0))

    @property
    def limit(self):
        """The amount that it is measured by; None where it has none."""
        return self.budget.soft_usd if self.budget.hard_usd is None else self.budget.hard_usd

    @property
    def percent(self):
        """Rounded down: 100 is reached, not nearly reached. None without a limit."""
        if self.limit is None:
            return None
        return int(100 * self.taken / self.limit) if self.limit else 100

    @property
    def warns(self):
        return self.budget.soft_usd is not None and self.taken >= self.budget.soft_usd

    def allows(self, usd):
        """May so many dollars more be spent? None is an unknown amount, which counts when it is known."""
        return self.left is None or self.taken + (usd or 0) <= self.budget.hard_usd

    @property
    def parts(self):
        """What a bar of it is drawn from: (word, where it begins, how long it is), in hundredths of the bar."""
        whole = max(self.limit or 0, self.taken)
        drawn, begin = [], Decimal(0)
        for word in ("cost", "possible", "reserved"):
            length = 100 * getattr(self, word) / whole if whole else Decimal(0)
            drawn.append((word, f"{begin:.2f}", f"{length:.2f}"))
            begin += length
        return drawn

    @property
    def month_name(self):
        return date_format(self.month, "F")


# --- reading -----------------------------------------------------------------------------------------------------


def applying_to(project, user, key=None):
    """The standings that a person's spending in a project counts in, or a key's of theirs; this month."""
    return standings(Budget.objects.applying_to(project, user, key).select_related("project", "user", "key"))


def standings(budgets, day=None):
    """Of each budget in the month of a day, today's else; what is reserved is reserved now."""
    budgets = list(budgets)
    month = periods.month_of(day or periods.today()).start
    rows = {row.budget_id: row for row in BudgetMonth.objects.filter(budget__in=budgets, month=month)}
    kept = {pk: {name: getattr(row, name) for name in SUMS} for pk, row in rows.items()}
    found = counted([budget for budget in budgets if budget.pk not in kept], month) | kept
    reserved = _sums(Reservation.objects, budgets, ["micros"])
    return [
        Standing(
            budget=budget,
            month=month,
            cost=dollars_of(found[budget.pk]["cost_micros"]),
            possible=dollars_of(found[budget.pk]["possible_micros"]),
            reserved=dollars_of(reserved[budget.pk]["micros"]),
            unknown=found[budget.pk]["unknown"],
            is_kept=budget.pk in kept,
        )
        for budget in budgets
    ]


def counted(budgets, month):
    """Id of each budget -> what the months of usage say that a month came to."""
    return _sums(UsageMonth.objects.filter(month=month), budgets, SUMS)


def _sums(rows, budgets, names):
    """Id of each budget -> the sums of its spender's rows; one query for all of them."""
    if not budgets:
        return {}
    wanted = {
        f"{name}_{budget.pk}": Sum(name, filter=budget.spender, default=0) for budget in budgets for name in names
    }
    sums = rows.aggregate(**wanted)
    return {budget.pk: {name: sums[f"{name}_{budget.pk}"] for name in names} for budget in budgets}


def raisers():
    """People who may change budgets."""
    people = get_user_model().objects.with_perm(
        "gallery.change_budget", backend="django.contrib.auth.backends.ModelBackend"
    )
    return people.filter(is_staff=True).order_by("username")


def concerned(budget):
    """People to tell of a budget: who may raise it, and the project's managers or the person."""
    theirs = Q(pk__in=raisers().values("pk"))
    if budget.project_id:
        theirs |= Q(memberships__project=budget.project_id, memberships__role="manager")
    if budget.user_id:
        theirs |= Q(pk=budget.user_id)
    if budget.key_id:
        theirs |= Q(keys=budget.key_id)
    return get_user_model().objects.filter(theirs, is_active=True).distinct().order_by("username")


# --- words -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What the budgets mean for something that is about to be asked."""

    tightest: Standing | None  # of those that refuse
    warning: str
    refusal: str


def outlook(project, user, usd):
    found = applying_to(project, user) if project else []
    refusing = [standing for standing in found if standing.left is not None]
    warning = max((standing for standing in found if standing.warns), key=lambda one: one.percent, default=None)
    refused = next((standing for standing in found if not standing.allows(usd)), None)
    return Outlook(
        tightest=min(refusing, key=lambda standing: standing.left, default=None),
        warning=warned(warning) if warning else "",
        refusal=refusal(refused, usd) if refused else "",
    )


def warned(standing):
    sentences = {
        Budget.Scope.STUDIO: _("The studio has used %(percent)s %% of its %(limit)s for %(month)s."),
        Budget.Scope.PROJECT: _("This project has used %(percent)s %% of its %(limit)s for %(month)s."),
        Budget.Scope.PERSON: _("You have used %(percent)s %% of your %(limit)s for %(month)s."),
        Budget.Scope.KEY: _("The key “%(name)s” has used %(percent)s %% of its %(limit)s for %(month)s."),
    }
    return sentences[standing.budget.scope] % amounts(standing)


def refusal(standing, usd):
    """Why it is refused, and who can raise the limit."""
    sentences = {
        Budget.Scope.STUDIO: _(
            "This would cost %(usd)s, and the studio has %(left)s left of its %(limit)s for %(month)s."
        ),
        Budget.Scope.PROJECT: _(
            "This would cost %(usd)s, and the project “%(name)s” has %(left)s left of its %(limit)s for %(month)s."
        ),
        Budget.Scope.PERSON: _("This would cost %(usd)s, and you have %(left)s left of your %(limit)s for %(month)s."),
        Budget.Scope.KEY: _(
            "This would cost %(usd)s, and the key “%(name)s” has %(left)s left of its %(limit)s for %(month)s."
        ),
    }
    used_up = {
        Budget.Scope.STUDIO: _("The studio's %(limit)s for %(month)s are used up."),
        Budget.Scope.PROJECT: _("The %(limit)s of the project “%(name)s” for %(month)s are used up."),
        Budget.Scope.PERSON: _("Your %(limit)s for %(month)s are used up."),
        Budget.Scope.KEY: _("The %(limit)s of the key “%(name)s” for %(month)s are used up."),
    }
    words = sentences if standing.left and usd else used_up
    named = amounts(standing) | {"usd": _("about %s") % wording.money(usd or 0)}
    return f"{words[standing.budget.scope] % named} {who_can_raise()}"


def who_can_raise():
    names = [person.get_full_name() or person.username for person in raisers()[:RAISERS_NAMED]]
    if not names:
        return _("An admin can raise it.")
    *others, last = names
    if others:
        return _("%(others)s or %(last)s can raise it.") % {"others": ", ".join(others), "last": last}
    return _("%s can raise it.") % last


def amounts(standing):
    """The words and numbers that sentences about it are made of."""
    return {
        "name": str(standing.budget),
        "percent": standing.percent,
        "limit": wording.money(standing.limit or 0),
        "left": wording.money(standing.left or 0),
        "taken": wording.money(standing.taken),
        "month": standing.month_name,
    }
