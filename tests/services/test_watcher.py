"""Live progress: what another connection writes is heard by every open page, once and in order."""

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from gallery import events
from gallery.models import Event
from tests.factory import make_generation

pytestmark = pytest.mark.django_db(transaction=True)


def elsewhere(function, *arguments):
    """Run in a thread of its own, whose database connection is closed behind it."""

    def run():
        try:
            function(*arguments)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def close_connection():
    """In a function, so that it is the connection of the thread that runs it."""
    connection.close()


def break_connection():
    """As after a restart of the server: closed under Django, which does not know it."""
    connection.connection.close()


class Listening:
    """A watcher with its listeners, in an event loop of its own, as in a web process."""

    def __init__(self, monkeypatch):
        for name, seconds in (("LOOK_EVERY", 0.01), ("PAUSE", 0.01), ("KEEP_ALIVE", 2)):
            monkeypatch.setattr(events, name, seconds)
        self.watcher = events.Watcher()

    def hear(self, *writes, listeners=1, broken=False):
        """What each listener hears next, as many changes as there are `writes`, which happen one after the other."""
        return asyncio.run(self._hear(writes, listeners, broken))

    async def _hear(self, writes, listeners, broken):
        listening = [self._listen(len(writes)) for _ in range(listeners)]
        heard = asyncio.gather(*listening)
        await asyncio.sleep(0.1)  # the watcher takes its first look
        if broken:
            await sync_to_async(break_connection)()
        for write in writes:
            await asyncio.to_thread(elsewhere, write)
            await asyncio.sleep(0.03)
        try:
            return await heard
        finally:
            await self.watcher.task
            await sync_to_async(close_connection)()

    async def _listen(self, number):
        async with self.watcher.listening() as news:
            return [await events.next_of(news) for _ in range(number)]


@pytest.fixture
def listening(db, monkeypatch):
    return Listening(monkeypatch)


@pytest.fixture
def generation(db):
    return make_generation()


def append(generation, **fields):
    return lambda: Event.objects.create(generation=generation, user=generation.user, **fields)


def test_a_change_written_by_another_connection_is_heard(listening, generation):
    [[(_, user, changed, _)]] = listening.hear(append(generation))
    assert (user, changed) == (generation.user_id, generation.pk)


def test_changes_come_in_order_and_once(listening, generation):
    other = make_generation(generation.user, generation.project)
    [heard] = listening.hear(append(generation), append(other), append(generation))
    assert [change[2] for change in heard] == [generation.pk, other.pk, generation.pk]


def test_what_was_there_before_is_not_told_again(listening, generation):
    append(generation)()
    other = make_generation(generation.user, generation.project)
    [[(_, _, changed, _)]] = listening.hear(append(other))
    assert changed == other.pk


def test_a_transaction_that_commits_late_is_still_heard(listening, generation):
    """On PostgreSQL a lower id may become visible after a higher one."""
    [heard] = listening.hear(append(generation, pk=1000), append(generation, pk=1000 - events.LATE // 2))
    assert [change[0] for change in heard] == [1000, 1000 - events.LATE // 2]


def test_a_transaction_that_began_before_the_watcher_is_still_heard(listening, generation):
    append(generation, pk=1000)()
    [[change]] = listening.hear(append(generation, pk=999))
    assert change[0] == 999


def test_a_connection_that_the_server_closed_is_opened_anew(listening, generation):
    [[change]] = listening.hear(append(generation), broken=True)
    assert change[2] == generation.pk


def test_every_open_page_hears_of_a_change(listening, generation):
    first, second = listening.hear(append(generation), listeners=2)
    assert first == second
    assert first[0][2] == generation.pk


def test_silence_is_told_too(listening, monkeypatch):
    async def hear_nothing():
        async with listening.watcher.listening() as news:
            heard = await events.next_of(news)
        await listening.watcher.task
        await sync_to_async(close_connection)()
        return heard

    monkeypatch.setattr(events, "KEEP_ALIVE", 0.05)
    assert asyncio.run(hear_nothing()) is None


def test_nobody_looks_when_nobody_listens(listening, generation):
    listening.hear(append(generation))
    assert listening.watcher.task.done()
    assert not listening.watcher.listeners
