"""What happens to a generation is an event, and a page that comes back is told what it missed."""

import pytest

from gallery import events
from gallery.models import Event
from tests.factory import make_generation

from .running import made

pytestmark = pytest.mark.django_db


def test_what_a_page_missed_is_told_once_for_each_generation():
    first = make_generation()
    second = make_generation(first.user, first.project)
    seen = Event.objects.append(first)
    Event.objects.append(first)
    newest_of_second = Event.objects.append(second)
    newest_of_first = Event.objects.append(first)
    Event.objects.append(make_generation())
    told = events.missed(first.user, seen.pk)
    assert sorted(told) == [(newest_of_second.pk, second.pk), (newest_of_first.pk, first.pk)]


def test_who_missed_nothing_is_told_nothing():
    last = Event.objects.append(make_generation())
    assert events.missed(last.user, last.pk) == []


def test_each_step_of_a_generation_is_an_event_for_its_person(online):
    generation = made()
    assert list(Event.objects.values_list("generation", "user")) == [(generation.pk, generation.user_id)] * 3
