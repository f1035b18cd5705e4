"""What other prices would have made of last month: the same tokens, costed anew, and nothing written."""

from dataclasses import dataclass
from decimal import Decimal

from gallery import periods, pricing
from gallery.models import Call
from gallery.periods import Period

from . import spending
from .spending import Sums


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Dollars are None where they are not known, because a kind that was used has no price."""

    period: Period
    sums: Sums
    would_usd: Decimal | None

    @property
    def percent(self):
        did = self.sums.cost_usd
        return None if not did or self.would_usd is None else round(100 * (self.would_usd - did) / did)


def last_month(model, prices):
    """What a model's calls of the whole month before this one would have cost by `prices`, a PricesPerMillion."""
    period = periods.month_of(periods.today()).before
    sums = spending.total_between(spending.Books().filter(model=model), period)
    return Comparison(period=period, sums=sums, would_usd=pricing.cost(prices, sums))


def costed_since(model, moment):
    """Were calls sent from a moment on costed already? A price from then on would leave them out."""
    later = Call.objects.filter(generation__model=model, sent_at__gte=moment, price__isnull=False)
    return later.exists()
