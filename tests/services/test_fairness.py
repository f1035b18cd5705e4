"""People in turns: nobody's many calls hold up another's few, and nobody waits for ever."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from gallery.models import Call, Generation
from gallery.queries import pages
from gallery.services import calls, gate, generations
from tests.factory import make_call, make_generation, make_member, make_project, make_user

from .taking import take

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def people(project):
    return [make_member(project, user=make_user(name)) for name in ("ada", "bo", "cy")]


def queue(user, number=1):
    """So many generations of a person, each with a call in the queue; the last of them."""
    for _ in range(number):
        generation = make_generation(user, user.memberships.get().project)
        calls.enqueue(make_call(generation, turn=None))
    return generation


def send(room):
    """Names of those whose calls a worker takes and sends next."""
    taken = take(room)
    for call in taken:
        gate.pass_gate(call.turn)
        Call.objects.filter(pk=call.pk).update(status=Call.Status.SENT)
    return [call.generation.user.username for call in taken]


def test_one_picture_beside_two_hundred_is_next(people):
    ada, bo, _ = people
    queue(ada, 200)
    assert send(20) == ["ada"] * 20
    queue(bo)
    assert "bo" in send(2)


def test_three_people_with_many_calls_get_equal_shares(people):
    for person, number in zip(people, (30, 20, 25), strict=True):
        queue(person, number)
    sent = send(7)
    while len(sent) < 57:
        sent += send(5)
        shares = Counter(sent)
        assert max(shares.values()) - min(shares.values()) <= 1
    assert set(shares.values()) == {19}


def test_calls_of_one_person_go_in_their_order(people):
    queue(people[0], 12)
    taken = [call.pk for call in take(12)]
    assert taken == sorted(taken)


def test_an_old_batch_does_not_starve_while_others_keep_asking(people):
    ada, bo, _ = people
    queue(ada, 150)
    queue(bo, 20)
    sent = []
    for _ in range(60):
        sent += send(1)
        if sent[-1] == "bo":
            queue(bo)
    assert Counter(sent) == {"ada": 30, "bo": 30}


def test_asking_one_at_a_time_gains_no_more_turns_than_asking_for_all(people):
    ada, bo, _ = people
    queue(ada, 20)
    queue(bo)
    sent = []
    for _ in range(20):
        sent += send(1)
        if sent[-1] == "bo":
            queue(bo)
    assert Counter(sent) == {"ada": 10, "bo": 10}


def test_who_asked_for_nothing_has_saved_up_no_turns(people):
    ada, bo, cy = people
    queue(bo)
    queue(ada, 60)
    send(31)
    for person in (bo, cy):
        queue(person, 10)
    assert Counter(send(12)) == {"ada": 4, "bo": 4, "cy": 4}


def test_what_was_cancelled_costs_no_turns(people):
    ada, bo, _ = people
    queue(ada, 30)
    for generation in Generation.objects.open():
        generations.cancel_generation(generation)
    queue(bo, 10)
    queue(ada)
    assert "ada" in [call.generation.user.username for call in take(60) if call.status == Call.Status.QUEUED][:2]


def test_a_repeated_call_goes_first_when_its_moment_has_come_and_not_before(people):
    ada, bo, _ = people
    queue(ada, 3)
    queue(bo, 3)
    moment = timezone.now() + timedelta(seconds=0.2)
    again = make_call(make_generation(bo, bo.memberships.get().project), turn=0, attempt=2, run_after=moment)
    calls.enqueue(again)
    assert again not in take(2)
    Call.objects.filter(pk=again.pk).update(run_after=moment - timedelta(hours=1))
    again.refresh_from_db()
    calls.enqueue(again)
    assert take(1) == [again]


def test_the_place_on_the_card_is_the_order_in_which_they_go(people):
    for person, number in zip(people, (4, 1, 2), strict=True):
        queue(person, number)
    send(1)
    queue(people[1], 2)
    waiting = list(Generation.objects.filter(calls__status="queued"))
    shown = sorted(pages.complete_cards(waiting), key=lambda card: card.queue_place)
    assert [card.queue_place for card in shown] == list(range(1, 9))
    assert [card.pk for card in shown] == [call.generation_id for call in take(20)]
