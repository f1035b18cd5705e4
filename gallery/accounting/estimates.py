"""What calls can be expected to cost: the formula, corrected by what answers like them did cost here."""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from statistics import median, quantiles

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.functional import cached_property

from gallery import catalog, pricing
from gallery.models import Call, Generation, Input, Price
from gallery.pricing import SIX_PLACES

LOOKED_AT = 200  # newest answers of a model
LEARNT_FROM = 20  # of those that are alike
MEASURED = 2000  # newest answers that say how good estimates are
FEWEST = 3  # below it the formula is trusted alone
BOUNDS = (Decimal("0.1"), Decimal(10))  # a truth further off than that is an accident, not a habit


class Estimator:
    """One model's price of now and its last answers, each read once, for as many estimates as wanted."""

    def __init__(self, entry):
        self.entry = entry
        self.ratios = {}

    @cached_property
    def price(self):
        return Price.objects.at(self.entry.name, timezone.now())

    def usd(self, kind, options, *, prompt, images, wanted):
        """Dollars to expect, or None where the model has no price or no formula."""
        if self.price is None:
            return None
        calls = catalog.calls_for(self.entry.spec, kind, wanted)
        expected = self._formula(self.price, options, prompt=prompt, images=images, calls=calls)
        return expected and (expected * self.ratio(kind, options, images)).quantize(SIX_PLACES, ROUND_HALF_UP)

    def ratio(self, kind, options, images):
        """Median of truth to formula of the last answers to the same quality, size and number of inputs."""
        alike = key(kind, options, images)
        if alike not in self.ratios:
            found = [ratio for known, ratio in self._history if known == alike][:LEARNT_FROM]
            low, high = BOUNDS
            self.ratios[alike] = min(max(median(found), low), high) if len(found) >= FEWEST else Decimal(1)
        return self.ratios[alike]

    @cached_property
    def _history(self):
        """(key, ratio) of the newest whole answers of known cost, the newest first."""
        inputs = Count("generation__inputs", filter=Q(generation__inputs__role=Input.Role.IMAGE))
        newest = Generation.objects.filter(model=self.entry.name).newest_answers(LOOKED_AT)
        rows = Call.objects.filter(pk__in=newest).annotate(inputs=inputs)
        light = rows.select_related("generation", "price").defer("sent", "answer", "headers", "raw_usage")
        return [
            (key(call.generation.kind, call.generation.options, call.inputs), ratio)
            for call in light.order_by("-pk")
            if (ratio := self._ratio_of(call))
        ]

    def _ratio_of(self, call):
        """None where the call cannot teach anything: of unknown cost, or not all of its pictures came."""
        if call.cost_usd is None or call.price is None or call.pictures != call.wanted:
            return None
        generation = call.generation
        expected = self._formula(
            call.price, call.options, prompt=generation.prompt, images=call.inputs, calls=(call.wanted,)
        )
        return call.cost_usd / expected if expected else None

    def _formula(self, price, options, **asked):
        return pricing.estimate_cost(price.per_million, self.entry.spec.estimator, options, **asked)


def estimate(entry, options, prompt, images, wanted):
    """Dollars to expect, or None where the model has no price or no formula."""
    kind = Generation.Kind.EDIT if images else Generation.Kind.GENERATE
    return Estimator(entry).usd(kind, options, prompt=prompt, images=images, wanted=wanted)


def key(kind, options, images):
    """What answers have in common whose costs are alike."""
    return (kind, images, *(options.get(name) for name in ("quality", "size", "image_size")))


def accuracy():
    """(model, number, median and 90th percentile of the error) of the newest answers, as parts of what they cost."""
    newest = Generation.objects.filter(estimated_usd__isnull=False).newest_answers(MEASURED)
    known = Call.objects.filter(pk__in=newest, cost_usd__gt=0)
    names = ("generation__model", "cost_usd", "generation__estimated_usd", "wanted", "generation__wanted")
    errors = defaultdict(list)
    for model, cost, estimated, wanted, of in known.values_list(*names):
        errors[model].append(abs(estimated * wanted / of - cost) / cost)
    return [(model, len(found), median(found), _p90(found)) for model, found in sorted(errors.items())]


def _p90(values):
    return quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]
