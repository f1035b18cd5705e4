"""What the workers share: who is alive, whose turn it is, and how fast the whole team may ask."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

MINUTE = 61  # seconds: one more than a minute, because requests do not arrive as evenly as they are sent

DEAD_AFTER = timedelta(seconds=30)  # without a sign of life; six times what a worker takes from one to the next


class RateGateManager(models.Manager):
    def current(self):
        """The one row; one that nobody passed yet where there is none."""
        return self.filter(pk=1).first() or RateGate(pk=1)

    def locked(self):
        """The one row, nobody else's until the transaction ends."""
        return self.select_for_update().get_or_create(pk=1)[0]


class RateGate(models.Model):
    """One row for the gateway's account, whose rate limit holds for the whole team over all workers.

    GCRA: `next_at` is when the next request would be due if all came evenly; one may come earlier by as much as the
    burst allows. Times are seconds since 1970, so that both databases reckon with the same numbers. Workers whose
    clocks differ by a second shift the burst by a second; the rate stays exact, since each request moves `next_at`.
    """

    per_minute = models.PositiveIntegerField(_("requests a minute, learned from answers"), null=True)
    next_at = models.FloatField(_("when the next request is due by the rate"), default=0)
    closed_until = models.FloatField(_("closed until, after a 429"), default=0)
    turn = models.BigIntegerField(_("the turn that people's calls have come to"), default=0)

    objects = RateGateManager()

    class Meta:
        verbose_name = _("rate gate")
        verbose_name_plural = _("rate gates")

    def __str__(self):
        return f"{self.per_minute or '?'} requests a minute"

    @property
    def rate(self):
        """Requests a minute: the setting's, or the learned limit where that is less."""
        return min(settings.REQUESTS_PER_MINUTE, self.per_minute or settings.REQUESTS_PER_MINUTE)

    @property
    def burst(self):
        """Requests that may go at once after a pause: enough for one person's pictures, a tenth of the minute's."""
        return max(1, self.rate // 10)

    @property
    def interval(self):
        """Seconds from one to the next. What the burst gives is taken off, so that no minute has more than `rate`."""
        return MINUTE / (self.rate - self.burst + 1)

    def wait(self, now, ahead=0):
        """Seconds until a request may go that has so many others before it, to the millisecond."""
        opens = max(now, self.closed_until)
        due = max(self.next_at, opens) + (ahead - self.burst + 1) * self.interval
        return round(max(due, opens) - now, 3)

    def room(self, now, seconds):
        """How many requests may go within so many seconds."""
        opens, until = max(now, self.closed_until), now + seconds
        spare = until - max(self.next_at, opens) + (self.burst - 1) * self.interval
        return max(0, int(round(spare / self.interval, 3) + 1)) if until >= opens else 0


class WorkerQuerySet(models.QuerySet):
    """By the database's clock, so that machines need not agree on the time."""

    def alive(self):
        return self.filter(seen_at__gt=Now() - DEAD_AFTER)

    def dead(self):
        return self.filter(seen_at__lte=Now() - DEAD_AFTER)


class Worker(models.Model):
    """A process that runs calls; its row lives as long as it says so again and again."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    started_at = models.DateTimeField(_("started"))
    seen_at = models.DateTimeField(_("seen"))
    in_flight = models.PositiveIntegerField(_("calls in flight"), default=0)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("worker")
        verbose_name_plural = _("workers")

    def __str__(self):
        return self.name
