"""Rows about calls: one at a time, and many at once, beside the official SDK on the same gateway."""

import time
from statistics import median

from .bench import Line, gateways_answers
from .processes import Peak

AT_A_TIME = 5  # calls a round, on each side
LARGE = 2880  # px; noise of this side is a PNG of 12 MB
MB = 1024 * 1024


def one(bench):
    """One at a time, gateway delay 1 s: added time, first card, and the way from the last byte to the page."""
    figures = {"stored": [], "shown": [], "card": [], "last byte": []}
    with bench.gateway(1) as gateway, bench.studio(gateway) as studio, studio.sign_in() as person:
        for _ in bench.rounds():
            floor = median(bench.floor(gateway, AT_A_TIME)["calls"])
            mine = [_one_call(studio, person, gateway) for _ in range(AT_A_TIME)]
            figures["stored"].append(median(call["stored"] for call in mine) - floor)
            figures["shown"].append(median(call["shown"] for call in mine) - floor)
            figures["card"].append(median(call["card"] for call in mine))
            figures["last byte"].append(median(call["last byte"] for call in mine))
    thousandths = {name: tuple(1000 * seconds for seconds in values) for name, values in figures.items()}
    yield Line("added over the floor, one at a time: stored and booked", thousandths["stored"], "ms", 40)
    yield Line("added over the floor, one at a time: pictures on the page", thousandths["shown"], "ms", 130)
    yield Line("send to first card on the page", thousandths["card"], "ms", 100)
    yield Line("last byte from the gateway to picture on the page", thousandths["last byte"], "ms", 250)


def _one_call(studio, person, gateway):
    asked = time.time()
    generation = person.ask()
    carded = time.time()
    booked = studio.books.wait_until_ended(every=0.001)
    shown = person.wait_for_pictures(generation)
    [call] = studio.books.all("SELECT * FROM gallery_call WHERE generation_id = ?", generation)
    answered = gateways_answers(gateway)[call["upstream_id"]]["at"]
    return {
        "card": carded - asked,
        "stored": booked - call["sent_at"],
        "shown": shown - call["sent_at"],
        "last byte": shown - answered,
    }


def twenty(bench):
    """200 pictures, 20 at once, gateway delay 1 s: pictures a second, as a share of the floor's."""
    shares = _shares(bench, at_once=20, delay=1)
    yield Line("200 pictures, 20 at once, 1 s: share of the floor's rate", shares, "", 0.95, least=True)


def hundred(bench):
    """200 pictures, 100 at once, gateway delay 1 s, and the memory that takes."""
    shares = _shares(bench, at_once=100, delay=1)
    yield Line("200 pictures, 100 at once, 1 s: share of the floor's rate", shares, "", 0.6, least=True)
    yield Line("peak memory of all processes, 100 in flight", _peaks(bench, at_once=100, delay=1), "MB", 250)


def slow(bench):
    """200 pictures, 100 at once, gateway delay 10 s, the real case; three rounds, as each takes a minute."""
    shares = _shares(bench, at_once=100, delay=10, rounds=3)
    yield Line("200 pictures, 100 at once, 10 s: share of the floor's rate", shares, "", 0.97, least=True)


def large(bench):
    """32 answers of four 12 MB pictures in flight: memory. Once, as it writes 1.5 GB."""
    with bench.gateway(2, noise=LARGE) as gateway, bench.studio(gateway, in_flight=32) as studio:
        with Peak(*studio.processes) as peak:
            studio.queue(8 if bench.quick else 32, wanted=4)
            studio.books.wait_until_ended()
        _check(studio)
    yield Line("peak memory, 12 MB pictures, n = 4, 32 in flight", (peak.bytes / MB,), "MB", 350)


def _shares(bench, at_once, delay, rounds=5):
    """Of the floor's rate. Nobody looks at memory meanwhile: each look holds up for 3 ms what is looked at."""
    shares, number = [], _number(bench, at_once)
    with bench.gateway(delay) as gateway:
        for _ in bench.rounds(rounds):
            floor = bench.floor(gateway, number, at_once)["seconds"]
            with bench.studio(gateway, in_flight=at_once) as studio:
                shares.append(floor / _run(studio, number))
    return tuple(shares)


def _peaks(bench, at_once, delay):
    """In megabytes."""
    peaks = []
    with bench.gateway(delay) as gateway:
        for _ in bench.rounds(3):
            with bench.studio(gateway, in_flight=at_once) as studio, Peak(*studio.processes) as peak:
                _run(studio, _number(bench, at_once))
            peaks.append(peak.bytes / MB)
    return tuple(peaks)


def _number(bench, at_once):
    return at_once if bench.quick else 200


def _run(studio, number):
    """Seconds from the moment at which they are queued to the end of the last."""
    queued = studio.queue(number)
    seconds = studio.books.wait_until_ended() - queued
    _check(studio)
    return seconds


def _check(studio):
    """A fast studio that loses something is no figure."""
    wrong = studio.books.all("SELECT id, status, error_code FROM gallery_generation WHERE status <> 'succeeded'")
    if wrong:
        raise RuntimeError(f"{len(wrong)} generations went wrong, the first: {wrong[0]}")
