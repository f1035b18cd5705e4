"""Estimates learn: the formula is corrected by what answers like the one asked for did cost in this studio."""

from decimal import Decimal

import pytest

from gallery.accounting.estimates import Estimator
from gallery.models import Call, ModelEntry, Price
from tests.factory import GPT, make_call, make_generation, make_image, make_project

from .running import ask, made

pytestmark = pytest.mark.django_db

LOW = {"quality": "low", "size": "1024x1024"}


def estimate(options=LOW, images=0, wanted=1):
    kind = "edit" if images else "generate"
    return Estimator(ModelEntry.objects.get(name=GPT)).usd(kind, options, prompt="fox", images=images, wanted=wanted)


def answered(times, factor, options=LOW, **fields):
    """Answers that cost so much times what the formula says."""
    for _ in range(times):
        generation = make_generation(options=options, prompt="fox")
        cost = (Decimal("0.005885") * factor).quantize(Decimal("0.000001"))
        values = {"cost_usd": cost, "pictures": 1, "price": Price.objects.filter(model=GPT).first()}
        make_call(generation, Call.Status.ANSWERED, **values | fields)


def test_without_history_it_is_the_formula():
    assert estimate() == Decimal("0.005885")


def test_a_few_answers_correct_it_and_one_accident_does_not():
    answered(2, 2)
    assert estimate() == Decimal("0.005885")
    answered(2, 2)
    answered(1, 90)
    assert estimate() == Decimal("0.011770")


def test_only_answers_alike_count():
    answered(5, 2)
    assert estimate({"quality": "high", "size": "1024x1024"}) == Decimal("0.210725")
    assert estimate(LOW, images=1) == Decimal("0.017885")


@pytest.mark.parametrize("fields", [{"cost_usd": None}, {"pictures": 0}, {"price": None}])
def test_an_answer_that_teaches_nothing_is_passed_over(fields):
    answered(5, 3, **fields)
    assert estimate() == Decimal("0.005885")


def test_the_newest_answers_decide():
    answered(25, 3)
    answered(20, 2)
    assert estimate() == Decimal("0.011770")


def test_a_habit_beyond_reason_is_held_back():
    answered(5, 1000)
    assert estimate() == Decimal("0.058850")


def test_another_price_is_no_other_habit():
    answered(5, 2)
    Price.objects.create(model=GPT, text_in=10, image_out=60)
    assert estimate() == Decimal("0.023540")


def test_inputs_are_counted_without_joining_answers_twice():
    project = make_project()
    source = make_image(project=project)
    for _ in range(3):
        generation = make_generation(project=project, inputs=[source, source], options=LOW, prompt="fox")
        price = Price.objects.get(model=GPT)
        make_call(generation, Call.Status.ANSWERED, cost_usd=Decimal("0.059770"), pictures=1, price=price)
    assert estimate(LOW, images=2) == Decimal("0.059770")


def test_what_the_sandbox_takes_is_met_within_a_tenth(online):
    for _ in range(3):
        made()
    generation = ask()
    truth = Call.objects.filter(status="answered").first().cost_usd
    assert abs(generation.estimated_usd - truth) < truth / 10
