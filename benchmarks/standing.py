"""Rows about the studio at rest: its start, open pages, and a long queue."""

import asyncio
import json
import time

import httpx

from .bench import Line
from .processes import free_port
from .studio import Studio

STREAMS = 100
QUEUES = (50, 5_000)


def start(bench):
    """From the command to the first page, on a data folder that was used before."""
    studio = Studio(bench.fresh("studio"), f"http://127.0.0.1:{free_port()}")
    studio.prepare()
    yield Line(
        "start to first page, second start", tuple(_seconds_to_first_page(studio) for _ in bench.rounds()), "s", 2
    )


def _seconds_to_first_page(studio):
    begun = time.monotonic()
    with studio.start("studio") as process:
        process.wait_for(lambda: _answers(f"{studio.url}/sign-in/"))
        return time.monotonic() - begun


def _answers(url):
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False


def idle(bench):
    """Processor time of pages and worker while 100 event streams are open and nothing happens."""
    seconds = 3 if bench.quick else 10
    with Studio(bench.fresh("studio"), f"http://127.0.0.1:{free_port()}") as studio, studio.sign_in() as person:
        shares = asyncio.run(_listen(studio, person, seconds, len(bench.rounds())))
    yield Line("idle, 100 open event streams: share of a core", shares, "%", 2)


async def _listen(studio, person, seconds, rounds):
    limits = httpx.Limits(max_connections=None)
    client = httpx.AsyncClient(base_url=studio.url, cookies=person.http.cookies, timeout=None, limits=limits)
    async with client:
        opened = [asyncio.Event() for _ in range(STREAMS)]
        streams = [asyncio.create_task(_stream(client, event)) for event in opened]
        await asyncio.gather(*(event.wait() for event in opened))
        await asyncio.sleep(2)  # what opening them left to do
        shares = []
        for _ in range(rounds):
            before = sum(process.cpu_seconds for process in studio.processes)
            await asyncio.sleep(seconds)
            shares.append(100 * (sum(process.cpu_seconds for process in studio.processes) - before) / seconds)
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
    return tuple(shares)


async def _stream(client, opened):
    async with client.stream("GET", "/events/") as stream:
        async for _ in stream.aiter_bytes():
            opened.set()


def claims(bench):
    """What it costs to take a call from the queue and claim it, with 5,000 waiting and with 50."""
    ratios = []
    for _ in bench.rounds():
        short, long = (_seconds_a_claim(bench, number) for number in QUEUES)
        ratios.append(long / short)
    yield Line("cost of a claim with 5,000 queued, against 50 queued", tuple(ratios), "x", 1.2)


def _seconds_a_claim(bench, queued):
    studio = Studio(bench.fresh("studio"), f"http://127.0.0.1:{free_port()}")
    studio.prepare()
    studio.queue(queued)
    return json.loads(studio.shell("from benchmarks import claiming; claiming.measure()"))
