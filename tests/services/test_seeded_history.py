"""What `make bench ARGS=millions` writes by SQL is what the studio would have written: its books agree."""

import pytest
from django.db import connection
from django.db.models import F, Q

from benchmarks import seeding
from gallery import pricing
from gallery.models import Call, Generation, Image
from gallery.services import aggregates
from gallery.services.people import ensure_first_admin

pytestmark = pytest.mark.django_db

CALLS = 3_000


@pytest.fixture(autouse=True)
def history(db):
    ensure_first_admin("admin", "correct horse battery")
    seeding.fill(CALLS)
    connection.check_constraints()


def test_the_days_of_usage_are_those_of_the_ledger():
    assert Call.objects.count() == CALLS
    assert aggregates.compare() == []


def test_a_call_costs_what_its_price_says():
    for call in Call.objects.exclude(price=None).select_related("price"):
        assert call.cost_usd == pricing.cost(call.price.per_million, call)


def test_a_generation_has_the_pictures_that_its_calls_brought():
    assert Image.objects.count() == sum(Call.objects.values_list("pictures", flat=True))
    foreign = (
        ~Q(project=F("generation__project")) | ~Q(user=F("generation__user")) | ~Q(generation=F("call__generation"))
    )
    assert not Image.objects.filter(foreign).exists()
    for generation in Generation.objects.prefetch_related("images"):
        assert len(generation.images.all()) == (2 if generation.status == Generation.Status.SUCCEEDED else 0)


def test_its_calls_end_in_every_way():
    assert {*Call.objects.values_list("status", flat=True)} == {"answered", "refused", "failed", "interrupted"}
