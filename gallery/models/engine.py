"""What the workers share: who is alive, and how fast the whole team may ask."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RateGate(models.Model):
    """One row for the gateway's account, whose rate limit holds for the whole team over all workers.

    Times are seconds since 1970, so that both databases reckon with the same numbers.
    """

    per_minute = models.PositiveIntegerField(_("requests a minute, learned from answers"), null=True)
    next_at = models.FloatField(_("when the next request is due by the rate"), default=0)
    closed_until = models.FloatField(_("closed until, after a 429"), default=0)

    class Meta:
        verbose_name = _("rate gate")
        verbose_name_plural = _("rate gates")

    def __str__(self):
        return f"{self.per_minute or '?'} requests a minute"


class Worker(models.Model):
    """A process that runs calls; its row lives as long as it says so again and again."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    started_at = models.DateTimeField(_("started"))
    seen_at = models.DateTimeField(_("seen"))
    in_flight = models.PositiveIntegerField(_("calls in flight"), default=0)

    class Meta:
        ordering = ["name"]
        verbose_name = _("worker")
        verbose_name_plural = _("workers")

    def __str__(self):
        return self.name
