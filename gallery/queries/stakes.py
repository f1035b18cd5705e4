"""What cancelling, running again and retrying generations would do, and to money: in words, before it is done."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from gallery import wording
from gallery.accounting.estimates import Estimator
from gallery.models import Generation, ModelEntry

MOST = 200  # generations at once


class Action(TextChoices):
    CANCEL = "cancel", gettext_lazy("Cancel")
    RUN_AGAIN = "run-again", gettext_lazy("Run again")
    RETRY = "retry", gettext_lazy("Retry what failed")


@dataclass(frozen=True, kw_only=True)
class Stakes:
    """Generations that an action applies to, and what it comes to. Dollars are None where some are not known."""

    action: Action
    generations: list[Generation]
    left_out: int = 0  # chosen, but it does not apply to them
    gone: int = 0  # their model is not on offer any more
    usd: Decimal | None = None

    def __len__(self):
        return len(self.generations)

    @property
    def pictures(self):
        return sum(_pictures(self.action, generation) for generation in self.generations)

    @property
    def out(self):
        """Generations of which a call was sent and not answered yet."""
        return sum(generation.calls_out > 0 for generation in self.generations)

    @property
    def twice(self):
        """Generations that may be paid a second time: nobody knows whether the first was billed."""
        return sum(generation.status == Generation.Status.INTERRUPTED for generation in self.generations)

    @property
    def question(self):
        questions = {
            Action.CANCEL: ngettext("Cancel %(n)d generation?", "Cancel %(n)d generations?", len(self)),
            Action.RUN_AGAIN: ngettext("Run %(n)d generation again?", "Run %(n)d generations again?", len(self)),
            Action.RETRY: ngettext("Retry %(n)d generation?", "Retry %(n)d generations?", len(self)),
        }
        return questions[self.action] % {"n": len(self)}

    @property
    def consent(self):
        """What the button says that does it."""
        if self.action == Action.CANCEL:
            return ngettext("Cancel it", "Cancel them", len(self))
        if self.action == Action.RETRY:
            return _("Retry, may be billed twice") if self.twice else _("Retry")
        return _("Run again, may be billed twice") if self.twice else _("Run again")

    @property
    def sentences(self):
        """What it means, money first; and what is left out of it."""
        about_money = _of_a_cancel(self) if self.action == Action.CANCEL else _of_asking_again(self)
        return [*about_money, *_left_out(self)] if self.generations else _left_out(self)

    @property
    def done(self):
        """One sentence for when it was done."""
        words = {
            Action.CANCEL: ngettext("%(n)d generation cancelled.", "%(n)d generations cancelled.", len(self)),
            Action.RUN_AGAIN: ngettext("%(n)d generation runs again.", "%(n)d generations run again.", len(self)),
            Action.RETRY: ngettext("%(n)d generation is retried.", "%(n)d generations are retried.", len(self)),
        }
        return " ".join([words[self.action] % {"n": len(self)}, *(_of_a_cancel(self) if self._stops else ())])

    @property
    def _stops(self):
        return self.action == Action.CANCEL and self.generations


def weigh(action, generations):
    """What an action on these generations comes to; wants their `calls`, `images` and `inputs` prefetched."""
    applies = {
        Action.CANCEL: lambda generation: generation.is_open,
        Action.RUN_AGAIN: lambda generation: not generation.is_open,
        Action.RETRY: lambda generation: generation.is_retriable,
    }
    fit = [generation for generation in generations if applies[action](generation)]
    if action == Action.CANCEL:
        return Stakes(action=action, generations=fit, left_out=len(generations) - len(fit))
    entries = {entry.name: entry for entry in ModelEntry.objects.on_offer()}
    offered = [generation for generation in fit if generation.model in entries]
    return Stakes(
        action=action,
        generations=offered,
        left_out=len(generations) - len(fit),
        gone=len(fit) - len(offered),
        usd=_estimate(action, offered, entries),
    )


def _pictures(action, generation):
    return generation.lacking if action == Action.RETRY else generation.wanted


def _estimate(action, generations, entries):
    """Dollars to expect of all of them; a few queries a model."""
    estimators = {name: Estimator(entries[name]) for name in {one.model for one in generations}}
    total = Decimal(0)
    for generation in generations:
        estimator = estimators[generation.model]
        images = sum(used.role == used.Role.IMAGE for used in generation.inputs.all())
        expected = estimator.usd(
            generation.kind,
            generation.options,
            prompt=generation.prompt,
            images=images,
            wanted=_pictures(action, generation),
        )
        if expected is None:
            return None
        total += expected
    return total


def _of_a_cancel(stakes):
    queued = sum(generation.status == Generation.Status.QUEUED for generation in stakes.generations)
    between = len(stakes) - queued - stakes.out
    words = (
        (queued, ngettext("%(n)d is queued: nothing was sent.", "%(n)d are queued: nothing was sent.", queued)),
        (stakes.out, ngettext("%(n)d is out: it may be billed.", "%(n)d are out: they may be billed.", stakes.out)),
        (
            between,
            ngettext(
                "%(n)d has no call out: nothing more is charged.",
                "%(n)d have no call out: nothing more is charged.",
                between,
            ),
        ),
    )
    return [sentence % {"n": number} for number, sentence in words if number]


def _of_asking_again(stakes):
    words = ngettext("%(n)d picture is asked for anew", "%(n)d pictures are asked for anew", stakes.pictures)
    cost = _("what it costs is not known") if stakes.usd is None else _("about %s") % wording.about(stakes.usd)
    yield f"{words % {'n': stakes.pictures}}, {cost}."
    if stakes.twice:
        words = ngettext(
            "%(n)d was sent and never answered: if that was billed, this bills it a second time.",
            "%(n)d were sent and never answered: if those were billed, this bills them a second time.",
            stakes.twice,
        )
        yield words % {"n": stakes.twice}


def _left_out(stakes):
    number = stakes.left_out
    reasons = {
        Action.CANCEL: ngettext(
            "%(n)d is left out: it has ended already.", "%(n)d are left out: they have ended already.", number
        ),
        Action.RUN_AGAIN: ngettext(
            "%(n)d is left out: it has not ended yet.", "%(n)d are left out: they have not ended yet.", number
        ),
        Action.RETRY: ngettext(
            "%(n)d is left out: nothing of it failed.", "%(n)d are left out: nothing of them failed.", number
        ),
    }
    gone = ngettext(
        "%(n)d is left out: its model is not on offer any more.",
        "%(n)d are left out: their models are not on offer any more.",
        stakes.gone,
    )
    left = [(number, reasons[stakes.action]), (stakes.gone, gone)]
    return [words % {"n": n} for n, words in left if n]
