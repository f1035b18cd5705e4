"""`make soak`: many generations, every fault there is, a worker killed again and again; then the books are compared."""

import argparse
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

from gallery.sandbox.faults import NAMES

from .processes import Process, free_port, listens
from .reconciliation import differences
from .studio import Studio

GPT, GEMINI = "openai/gpt-image-2", "google/gemini-3.1-flash-image-preview"
IN_FLIGHT = 16
SMALLEST_TIMEOUT = 10  # seconds; a call that hangs is given up after so long
LONGEST = 900  # seconds
KINDS = (
    {"model": GPT, "size": "256x256", "quality": "low"},
    {"model": GPT, "size": "256x256", "quality": "low", "number": 3},
    {"model": GPT, "size": "256x256", "quality": "low", "previews": 2},
    {"model": GEMINI, "size": "", "quality": "", "number": 2},
)
DETAILS = {
    "slow": {"seconds": 0.5},
    "429": {"retry_after": 0.1},
    "503": {"retry_after": 0.1},
    "ok": {"times": 30},  # so that about half of the calls meet nothing
}


def main():
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--generations", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=8, help="how often the worker is killed meanwhile")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="studio-soak-") as folder:
        wrong = Soak(Path(folder), given.generations, given.kills, random.Random(given.seed)).run()
    print("\n".join(wrong) or "The books agree to the token; nothing is open, lost or paid twice.")
    return 1 if wrong else 0


class Soak:
    def __init__(self, folder, generations, kills, chance):
        self.folder = folder
        self.generations = generations
        self.kills = kills
        self.chance = chance

    def run(self):
        """Sentences about what is wrong afterwards."""
        port = free_port()
        self.gateway = f"http://127.0.0.1:{port}"
        sandbox = Process("-m", "benchmarks.gateway", "--port", port, "--delay", 0.1, log=self.folder / "gateway.log")
        studio = Studio(self.folder / "studio", self.gateway, in_flight=IN_FLIGHT)
        studio.environment["STUDIO_CALL_TIMEOUT_SECONDS"] = str(SMALLEST_TIMEOUT)
        with sandbox:
            sandbox.wait_for(lambda: listens(port))
            with studio:
                self._go_through(studio)
            ledger = httpx.get(f"{self.gateway}/sandbox/ledger", trust_env=False, timeout=60).json()
            return differences(ledger, studio)

    def _go_through(self, studio):
        with studio.sign_in() as person:
            person.wait_for_pictures(person.ask("the one that is edited", **KINDS[0]))
            httpx.post(f"{self.gateway}/sandbox/faults", json=self._faults(), trust_env=False).raise_for_status()
            asking = threading.Thread(target=self._ask, args=[person], daemon=True)
            asking.start()
            for number in range(self.kills):
                self._wait_for_share(studio, (number + 1) / (self.kills + 1))
                self._kill(studio)
            asking.join(LONGEST)
            studio.books.wait_until_ended(every=0.1, seconds=LONGEST)
        self._tell(studio)

    def _faults(self):
        """Every kind, about as often as nothing happens; the few that hang cost ten seconds each."""
        rounds = 1 + self.generations // (2 * len(NAMES))
        one_round = [{"name": name, **DETAILS.get(name, {})} for name in sorted(NAMES)]
        faults = [fault for _ in range(rounds) for fault in one_round]
        self.chance.shuffle(faults)
        return faults

    def _ask(self, person):
        """Each under a prompt of its own, by which the sandbox's record is matched; every fifth edits a picture."""
        for number in range(self.generations):
            wish = self.chance.choice(KINDS)
            edits = {"attached": 1} if self.chance.random() < 0.2 else {}
            person.ask(f"wish {number}", **wish | edits)

    def _wait_for_share(self, studio, share):
        """Until so many have ended and, in this moment, some call is out."""
        deadline = time.monotonic() + LONGEST
        ended = "SELECT count(*) FROM gallery_generation WHERE finished_at IS NOT NULL"
        out = "SELECT count(*) FROM gallery_call WHERE status = 'sent'"
        while studio.books.one(ended) < share * self.generations or not studio.books.one(out):
            if time.monotonic() > deadline:
                raise TimeoutError("the worker does not come forward")
            time.sleep(0.01)

    def _kill(self, studio):
        time.sleep(self.chance.random() / 5)  # so that it meets every step of a call
        studio.worker.kill()
        studio.start_worker()

    def _tell(self, studio):
        statuses = studio.books.all("SELECT status, count(*) AS number FROM gallery_generation GROUP BY status")
        print(", ".join(f"{row['number']} {row['status']}" for row in statuses), flush=True)


if __name__ == "__main__":
    sys.exit(main())
