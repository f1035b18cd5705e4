import asyncio

import httpx
import pytest

from gallery.ofox import images_api, places
from gallery.ofox.client import Gateway, read_receipt
from gallery.ofox.errors import OfoxSilent

ROOT = "https://gateway.example"
CHUNKS = 5


class Answers:
    """The answer to the call of that number: chunk by chunk as told, each noted when somebody takes it."""

    def __init__(self, next_chunk):
        self.next_chunk = next_chunk
        self.taken = []  # numbers of calls
        self.asked = 0

    async def __call__(self, request):
        await request.aread()
        self.asked += 1
        return httpx.Response(200, content=self._chunks(self.asked))

    async def _chunks(self, number):
        for index in range(CHUNKS):
            await self.next_chunk(number, index)
            self.taken.append(number)
            yield b"chunk"


def send(answers, folder, wish, number, timeout=5.0):
    """What became of so many calls at once: receipts and errors."""
    request = images_api.build(wish())

    async def run():
        async with Gateway(root=ROOT, key="k", timeout=timeout, transport=httpx.MockTransport(answers)) as gateway:
            sent = (gateway.send(request, folder / str(index)) for index in range(number))
            return await asyncio.gather(*sent, return_exceptions=True)

    return asyncio.run(run())


async def at_full_speed(number, index):
    await asyncio.sleep(0)


@pytest.fixture
def patient(monkeypatch):
    """So that nobody loses a place because this machine is busy."""
    monkeypatch.setattr(places, "PAUSE", 60)


@pytest.mark.usefixtures("patient")
def test_a_few_answers_are_whole_before_the_next_are_read(tmp_path, wish):
    answers = Answers(at_full_speed)
    receipts = send(answers, tmp_path, wish, 3 * places.AT_ONCE)
    assert all(receipt.complete and receipt.bytes == CHUNKS * 5 for receipt in receipts)
    first = places.AT_ONCE * CHUNKS
    assert set(answers.taken[:first]) == set(range(1, places.AT_ONCE + 1))
    assert set(answers.taken[first : 2 * first]) == set(range(places.AT_ONCE + 1, 2 * places.AT_ONCE + 1))


def test_answers_that_stand_still_hold_up_nobody(tmp_path, wish):
    over = asyncio.Event()

    async def slowly_at_first(number, index):
        """The first calls come no further until the last is whole."""
        if number <= places.AT_ONCE and index == 1:
            await over.wait()
        if number == 2 * places.AT_ONCE and index == CHUNKS - 1:
            over.set()

    answers = Answers(slowly_at_first)
    receipts = send(answers, tmp_path, wish, 2 * places.AT_ONCE)
    assert all(receipt.complete for receipt in receipts)
    assert set(answers.taken[-places.AT_ONCE :]) <= set(range(1, places.AT_ONCE + 1))


@pytest.mark.usefixtures("patient")
def test_a_place_is_free_as_soon_as_an_answer_is_whole():
    async def run():
        reading = places.Places()
        first = [await reading.one().__aenter__() for _ in range(places.AT_ONCE)]
        waiting = asyncio.create_task(reading.one().__aenter__())
        await asyncio.sleep(0)
        assert not waiting.done()
        await first[0].__aexit__(None, None, None)
        await asyncio.sleep(0)
        assert waiting.done()

    asyncio.run(run())


def test_a_place_that_was_lost_is_not_given_twice():
    async def run():
        reading = places.Places()
        async with reading.one():
            await asyncio.sleep(3 * places.PAUSE)
        entering = [asyncio.create_task(reading.one().__aenter__()) for _ in range(places.AT_ONCE + 1)]
        await asyncio.sleep(0)
        assert [task.done() for task in entering] == [True] * places.AT_ONCE + [False]
        entering[-1].cancel()

    asyncio.run(run())


@pytest.mark.parametrize("how", ["breaks off", "time is over"])
def test_an_answer_that_ends_badly_passes_its_place_on(tmp_path, wish, how):
    async def badly(number, index):
        if number <= places.AT_ONCE and index == 2:
            if how == "breaks off":
                raise httpx.ReadError("gone")
            await asyncio.sleep(60)

    told = send(Answers(badly), tmp_path, wish, 3 * places.AT_ONCE, timeout=0.5)
    bad, good = told[: places.AT_ONCE], told[places.AT_ONCE :]
    assert all(isinstance(error, OfoxSilent) and error.code == "cut_body" for error in bad)
    assert all(receipt.complete for receipt in good)
    assert not read_receipt(tmp_path / "0").complete


async def one_that_waits():
    """Places that are all taken, and the task of somebody who waits for one."""
    reading = places.Places()
    taken = [await reading.one().__aenter__() for _ in range(places.AT_ONCE)]
    await reading.caught_up()
    waiting = asyncio.create_task(reading.one().__aenter__())
    await asyncio.sleep(0)
    return reading, taken, waiting


@pytest.mark.usefixtures("patient")
def test_who_wants_to_store_waits_while_answers_wait_to_be_read(monkeypatch):
    monkeypatch.setattr(places, "RUSH", 60)

    async def run():
        reading, taken, waiting = await one_that_waits()
        storing = asyncio.create_task(reading.caught_up())
        await asyncio.sleep(0.05)
        assert not storing.done()
        await taken[0].__aexit__(None, None, None)
        await waiting
        await storing

    asyncio.run(run())


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("how", ["after a while", "when who waits gives up"])
def test_a_rush_holds_up_no_picture_for_long(monkeypatch, how):
    monkeypatch.setattr(places, "RUSH", 0.05 if how == "after a while" else 60)

    async def run():
        reading, _taken, waiting = await one_that_waits()
        if how != "after a while":
            waiting.cancel()
        async with asyncio.timeout(5):
            await reading.caught_up()
        waiting.cancel()

    asyncio.run(run())
