"""A short run of `make soak`: every fault there is, a worker killed three times, and books that agree to the token."""

import subprocess
import sys

from django.conf import settings

SHORT = ("--generations", "60", "--kills", "3", "--seed", "1")
LONGEST = 240  # seconds


def test_the_books_agree_after_every_fault_and_several_kills():
    command = [sys.executable, "-m", "benchmarks.soak", *SHORT]
    done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=LONGEST)
    assert done.returncode == 0, done.stdout + done.stderr
