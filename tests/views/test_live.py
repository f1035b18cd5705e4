"""The event stream, as an ASGI server runs it: a person hears of their own generations, in order, and of no others."""

import asyncio
import contextlib

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application
from django.db import connection
from django.test import Client

from gallery import events
from gallery.models import Event
from tests.factory import make_generation, make_user

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 5  # seconds


@pytest.fixture(autouse=True)
def watcher(monkeypatch):
    """Each test runs an event loop of its own, so each gets a watcher of its own."""
    monkeypatch.setattr(events, "watcher", events.Watcher())


def cookie_of(user):
    client = Client()
    client.force_login(user)
    return client.cookies.output(header="", sep=";").split(";")[0].strip()


@contextlib.asynccontextmanager
async def stream(user=None, **headers):
    """An open stream: what begins it, and a function that reads its next part."""
    if user:
        headers["cookie"] = await sync_to_async(cookie_of)(user)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/events/",
        "query_string": b"",
        "headers": [(b"host", b"testserver")]
        + [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()],
    }
    open_stream = ApplicationCommunicator(get_asgi_application(), scope)
    await open_stream.send_input({"type": "http.request", "body": b"", "more_body": False})
    start = await open_stream.receive_output(PATIENCE)

    async def part():
        return (await open_stream.receive_output(PATIENCE))["body"].decode()

    try:
        yield start, part
    finally:
        await open_stream.send_input({"type": "http.disconnect"})
        with contextlib.suppress(asyncio.CancelledError):
            await open_stream.wait(PATIENCE)


async def change(generation):
    """By another connection, as a worker would: SQLite tells nobody of what they wrote themselves."""

    def write():
        try:
            return Event.objects.append(generation).pk
        finally:
            connection.close()

    return await asyncio.to_thread(write)


def run(test):
    asyncio.run(test())


def test_a_change_arrives_and_only_with_whom_it_concerns():
    me, other = make_user(), make_user()
    mine, theirs = make_generation(me), make_generation(other)

    async def listen():
        async with stream(me) as (start, part):
            assert (start["status"], dict(start["headers"])[b"Content-Type"]) == (200, b"text/event-stream")
            assert (await part()).startswith(":")
            await asyncio.sleep(2 * events.LOOK_EVERY)
            await change(theirs)
            event = await change(mine)
            assert await part() == f"id: {event}\nevent: generation\ndata: {mine.pk}\n\n"

    run(listen)


def test_a_page_that_comes_back_gets_what_it_missed_once_for_each_generation():
    me, other = make_user(), make_user()
    first, second, theirs = make_generation(me), make_generation(me), make_generation(other)
    known = Event.objects.append(first).pk
    for generation in (second, theirs, first, second):
        Event.objects.append(generation)
    newest = {event.generation_id: event.pk for event in Event.objects.order_by("pk")}

    async def come_back():
        async with stream(me, last_event_id=str(known)) as (_start, part):
            await part()
            replayed = [await part(), await part()]
            assert replayed == [
                f"id: {newest[generation.pk]}\nevent: generation\ndata: {generation.pk}\n\n"
                for generation in sorted((first, second), key=lambda generation: newest[generation.pk])
            ]

    run(come_back)


@pytest.mark.parametrize("last", ["x", "-1", "", "9" * 5000, str(2**70), "²", "1.5"])
def test_a_last_event_that_never_was_is_no_harm(last):
    me = make_user()
    mine = make_generation(me)

    async def come_back():
        async with stream(me, last_event_id=last) as (start, part):
            assert start["status"] == 200
            await part()
            await asyncio.sleep(2 * events.LOOK_EVERY)
            await change(mine)
            assert f"data: {mine.pk}\n" in await part()

    run(come_back)


def test_nobody_gets_an_end_of_the_stream_and_no_page():
    async def listen():
        async with stream() as (start, part):
            assert start["status"] == 204
            assert await part() == ""

    run(listen)


def test_a_stream_is_neither_cached_nor_compressed_nor_held_back():
    me = make_user()

    async def listen():
        async with stream(me, accept_encoding="gzip") as (start, _part):
            headers = {name.lower(): value for name, value in start["headers"]}
            assert headers[b"cache-control"] == b"no-store"
            assert headers[b"x-accel-buffering"] == b"no"
            assert b"content-encoding" not in headers

    run(listen)


def test_a_browser_that_leaves_is_forgotten():
    me = make_user()

    async def listen():
        async with stream(me) as (_start, part):
            await part()
            await asyncio.sleep(events.LOOK_EVERY)
            assert len(events.watcher.listeners) == 1
        await asyncio.sleep(events.LOOK_EVERY)
        assert not events.watcher.listeners

    run(listen)
