"""Days of usage: every call that ended is in its day once, and all sums of the same calls agree to the last digit."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, product
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery import pricing
from gallery.models import Call, UsageDay, UsageMonth
from gallery.models.aggregates import MEASURES
from gallery.pricing import KINDS, PricesPerMillion
from gallery.services import aggregates, ledger
from tests.factory import GEMINI, GPT, make_call, make_generation, make_key, make_member, make_project

from .running import ask, run_calls

pytestmark = pytest.mark.django_db

Status = Call.Status
ENDED = (Status.ANSWERED, Status.REFUSED, Status.FAILED, Status.INTERRUPTED)


@pytest.fixture
def generation():
    return make_generation(estimated_usd=Decimal("0.040001"), wanted=3)


def ended(generation, status=Status.ANSWERED, **fields):
    call = make_call(generation, status, **fields)
    ledger.book(call)
    return call


def test_an_answered_call_is_in_its_day(generation):
    sent = datetime(2026, 11, 3, 12, tzinfo=UTC)
    took = timedelta(seconds=12, microseconds=5)
    tokens = {"text_in": 14, "image_out": 208}
    ended(generation, sent_at=sent, finished_at=sent + took, cost_usd=Decimal("0.006310"), pictures=1, **tokens)
    day = UsageDay.objects.get()
    assert (str(day.day), day.model, day.operation) == ("2026-11-03", GPT, "generate")
    assert (day.calls, day.answered, day.pictures, day.microseconds) == (1, 1, 1, 12_000_005)
    assert (day.text_in, day.image_in, day.image_out, str(day.cost_usd)) == (14, 0, 208, "0.006310")


def test_money_that_nobody_knows_of_stands_apart_with_its_estimate(generation):
    ended(generation, Status.INTERRUPTED, may_have_been_billed=True)
    day = UsageDay.objects.get()
    assert (day.interrupted, day.unknown, day.cost_micros, day.possible_micros) == (1, 1, 0, 13_333)


def test_a_refusal_that_was_not_charged_is_no_gap(generation):
    ended(generation, Status.REFUSED)
    assert UsageDay.objects.values_list("refused", "unknown").get() == (1, 0)


def test_a_call_that_never_went_out_is_no_usage(generation):
    ended(generation, Status.FAILED, sent_at=None)
    assert not UsageDay.objects.exists()


def test_a_late_answer_takes_the_place_of_its_interruption(generation):
    before = ended(generation, Status.INTERRUPTED, may_have_been_billed=True)
    call = Call.objects.get(pk=before.pk)
    call.status, call.cost_usd, call.may_have_been_billed, call.pictures = Status.ANSWERED, Decimal("0.2"), False, 1
    ledger.book(call, before)
    day = UsageDay.objects.get()
    assert (day.calls, day.interrupted, day.answered, day.unknown) == (1, 0, 1, 0)
    assert (day.possible_micros, day.cost_micros) == (0, 200_000)


def test_a_day_is_the_studios_day(generation):
    moment = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    with override_settings(TIME_ZONE="Europe/Berlin"):
        ended(generation, sent_at=moment)
    with override_settings(TIME_ZONE="America/New_York"):
        ended(generation, sent_at=moment)
    assert sorted(str(day) for day in UsageDay.objects.values_list("day", flat=True)) == ["2026-10-31", "2026-11-01"]


def test_what_the_worker_ends_is_booked_in_its_own_words(online):
    ask(prompt="A red fox")
    ask(prompt="[[fault: refuse]] A red fox")
    ask(model=GEMINI, wanted=2)
    run_calls()
    assert UsageDay.objects.count() >= 2
    assert aggregates.compare() == []


def test_the_books_can_be_held_against_the_ledger_and_written_anew(generation):
    ended(generation, cost_usd=Decimal("0.1"))
    UsageDay.objects.update(cost_micros=7)
    UsageMonth.objects.update(calls=2)
    (_, _, day, counted_day), (_, _, month, counted_month) = aggregates.compare()
    assert (day["cost_micros"], counted_day["cost_micros"]) == (7, 100_000)
    assert (month["calls"], counted_month["calls"]) == (2, 1)
    aggregates.rebuild()
    assert aggregates.compare() == []


# --- random histories ------------------------------------------------------------------------------------------------

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe", "Pacific/Apia")
EDGES = (  # ends of months and years, and nights that have 23 or 25 hours somewhere
    datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 10, 31, 16, tzinfo=UTC),
    datetime(2028, 2, 29, 12, tzinfo=UTC),
)
tokens = st.none() | st.integers(0, 10**7)
dear = st.none() | st.decimals(0, 100, places=6)
moments = st.builds(
    lambda edge, seconds: edge + timedelta(seconds=seconds), st.sampled_from(EDGES), st.integers(-90_000, 90_000)
)
facts = st.fixed_dictionaries(
    {
        "of": st.integers(0, 11),
        "status": st.sampled_from(ENDED),
        "sent_at": moments,
        "took": st.integers(-2, 400),  # clocks jump
        "pictures": st.integers(0, 4),
        "price": st.integers(0, 1),
        "usage": st.fixed_dictionaries(dict.fromkeys(KINDS, tokens)),
        "late": st.none() | st.fixed_dictionaries(dict.fromkeys(KINDS, tokens)),
    }
)
histories = st.tuples(
    st.sampled_from(ZONES), st.lists(st.fixed_dictionaries(dict.fromkeys(KINDS, dear)), min_size=2, max_size=2),
    st.lists(facts, min_size=1, max_size=6),
)  # fmt: skip


@pytest.fixture
def generations():
    """One of each mixture of two people, two projects and two models; every other one asked with a key."""
    projects = [make_project(), make_project()]
    people = [make_member(), make_member()]
    keys = [None, make_key(people[0], projects[0])]
    return [
        make_generation(user, project, model=model, key=keys[place % 2], estimated_usd=Decimal("0.050001"))
        for place, (user, project, model) in enumerate(product(people, projects, (GPT, GEMINI, GPT)))
    ]


def live_through(generations, prices, happened):
    places = count()
    for fact in happened:
        price = PricesPerMillion(**prices[fact["price"]])
        call = Call(
            generation=generations[fact["of"]],
            position=next(places),
            protocol="images",
            status=fact["status"],
            sent_at=fact["sent_at"],
            finished_at=fact["sent_at"] + timedelta(seconds=fact["took"]),
            may_have_been_billed=fact["status"] in (Status.INTERRUPTED, Status.FAILED),
        )
        if call.status == Status.ANSWERED:
            answer(call, price, fact["usage"], fact["pictures"])
        call.save()
        ledger.book(call)
        if call.status == Status.INTERRUPTED and fact["late"]:
            before = Call.objects.get(pk=call.pk)
            call.status = Status.ANSWERED
            answer(call, price, fact["late"], fact["pictures"])
            call.save()
            ledger.book(call, before)


def answer(call, prices, usage, pictures):
    for kind, number in usage.items():
        setattr(call, kind, number)
    call.cost_usd = pricing.cost(prices, call)
    call.may_have_been_billed = False
    call.pictures = pictures


def sums_by(*names, model=UsageDay):
    """All measures, added up over one way to cut the days, or months, of usage."""
    groups = {}
    for row in model.objects.values(*names, *MEASURES):
        group = groups.setdefault(tuple(row[name] for name in names), dict.fromkeys(MEASURES, 0))
        for name in MEASURES:
            group[name] += row[name]
    return {name: sum(group[name] for group in groups.values()) for name in MEASURES}


@settings(
    max_examples=max(300, settings.default.max_examples),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(history=histories)
def test_by_model_by_person_by_day_and_the_ledger_agree_to_the_last_digit(generations, history):
    zone, prices, happened = history
    with override_settings(TIME_ZONE=zone), transaction.atomic():
        live_through(generations, prices, happened)
        ledger_calls = list(Call.objects.select_related("generation"))
        ledger_usd = sum((call.cost_usd for call in ledger_calls if call.cost_usd is not None), Decimal(0))
        for cut in ("model", "user_id", "key_id", "day", "project_id", "operation"):
            assert Decimal(sums_by(cut)["cost_micros"]) / pricing.MILLION == ledger_usd
            assert sums_by(cut.replace("day", "month"), model=UsageMonth) == sums_by(cut)
        for kind in KINDS:
            assert sums_by("model")[kind] == sum(getattr(call, kind) or 0 for call in ledger_calls)
        days = {call.sent_at.astimezone(ZoneInfo(zone)).date() for call in ledger_calls}
        assert set(UsageDay.objects.values_list("day", flat=True)) == days
        assert aggregates.compare() == []
        transaction.set_rollback(True)
