"""What a card says while its generation waits: the place, the rate limit, a repeated call; always in true numbers."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gallery.models import Batch, Call, Generation, RateGate
from gallery.queries import pages
from tests.factory import make_call, make_generation, make_member, make_project

pytestmark = pytest.mark.django_db


def words(generation):
    """The sentences of a card's progress, as they stand without JavaScript."""
    cards = pages.generations_for(generation.user).filter(pk=generation.pk)
    [card] = pages.complete_cards(list(cards))
    html = render_to_string("components/card_progress.html", {"generation": card})
    return " ".join(re.sub(r"<[^>]*>", "", html).split())


def waiting(number=1, **fields):
    """So many queued generations with one call each; the last of them."""
    for _ in range(number):
        generation = make_generation()
        make_call(generation, **fields)
    return generation


def soon(seconds):
    return timezone.now() + timedelta(seconds=seconds)


def close_gate(seconds):
    RateGate.objects.create(pk=1, closed_until=timezone.now().timestamp() + seconds)


def test_the_next_and_the_third_in_the_queue_say_so():
    assert words(waiting()) == "Next in the queue."
    assert words(waiting(2)) == "Number 3 in the queue."


def test_a_closed_gate_counts_down():
    close_gate(12)
    assert words(waiting()) == "Waiting for the rate limit, 12 s."


def test_behind_others_the_rate_decides_how_long(settings):
    settings.REQUESTS_PER_MINUTE = 30  # three at once, then one in 61 / 28 seconds
    assert words(waiting(3)) == "Number 3 in the queue."
    assert words(waiting(7)) == "Waiting for the rate limit, 15 s. Number 10 in the queue."


def test_where_all_places_in_flight_are_taken_the_rate_is_not_blamed(settings):
    settings.REQUESTS_PER_MINUTE, settings.CALLS_IN_FLIGHT = 1, 1
    make_call(status=Call.Status.SENT)
    assert words(waiting(3)) == "Number 3 in the queue."


def test_those_that_stand_by_go_before_the_queue(settings):
    settings.CALLS_IN_FLIGHT = 2
    make_call(status=Call.Status.SENT)
    standing_by = make_call(make_generation(), Call.Status.CLAIMED).generation
    assert words(standing_by) == "Next in the queue."
    assert words(waiting(2)) == "Number 3 in the queue."


def test_a_call_that_the_gate_sent_back_says_until_when():
    assert words(waiting(run_after=soon(9))) == "Waiting for the rate limit, 9 s."


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("upstream_error", "the provider had an error"),
        ("server_error", "the gateway had an error"),
        ("rate_limited", "the rate limit was reached"),
        ("connection_refused", "the gateway could not be reached"),
    ],
)
def test_a_retry_says_which_when_and_why(code, reason):
    generation = make_generation()
    make_call(generation, Call.Status.FAILED, position=0, error_code=code)
    make_call(generation, position=0, attempt=2, run_after=soon(9))
    assert words(generation) == f"Retry 2 of 4 in 9 s: {reason}."


def test_a_retry_before_a_closed_gate_waits_for_the_gate():
    close_gate(40)
    generation = make_generation()
    make_call(generation, Call.Status.FAILED, position=0, error_code="rate_limited")
    make_call(generation, position=0, attempt=2, run_after=soon(9))
    assert words(generation).startswith("Retry 2 of 4 in 40 s")


def test_the_countdown_is_told_in_moments_so_that_a_reload_changes_nothing():
    moment = soon(9)
    [card] = pages.complete_cards([waiting(run_after=moment)])
    html = render_to_string("components/card_progress.html", {"generation": card})
    until, now = map(int, re.search(r'data-until="(\d+)" data-now="(\d+)"', html).groups())
    assert until == int(moment.timestamp())
    assert until - now in (8, 9)


def test_what_runs_says_how_many_pictures_came():
    generation = make_generation(wanted=4, status="running", started_at=timezone.now())
    make_call(generation, Call.Status.SENT)
    assert "0 of 4 pictures" in words(generation)


def test_a_paused_batch_says_so():
    project = make_project()
    user = make_member(project)
    batch = Batch.objects.create(
        project=project, user=user, name="x", token="0a9a50d4-8e5f-4f0e-b1b9-0ba8a4b0c8a1", paused_at=timezone.now()
    )
    generation = make_generation(user, project, batch=batch)
    make_call(generation, turn=None)
    assert words(generation) == "Paused with its batch."


def test_many_cards_cost_no_more_queries_than_one(django_assert_num_queries):
    waiting(12)
    cards = list(Generation.objects.prefetch_related("calls", "images"))
    with CaptureQueriesContext(connection) as one:
        pages.complete_cards(cards[:1])
    with django_assert_num_queries(len(one)):
        pages.complete_cards(cards)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL decides by what is in the tables")
def test_looks_for_open_work_never_read_the_whole_ledger():
    for open_work in (Call.objects.filter(status="claimed"), Call.objects.in_line(), Generation.objects.open()):
        assert "SCAN" not in open_work.order_by().explain()
