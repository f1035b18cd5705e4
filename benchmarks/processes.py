"""Processes that a measurement starts: ended by their own id whatever happens; memory and time as the kernel counts."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 40  # seconds; a worker takes up to 25 to drain
SAMPLE_EVERY = 0.05  # seconds
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")  # of our own environment; a person's settings must not change a figure


class Process:
    """A Python of this environment with a log of its own; `end` and leaving the block stop it."""

    def __init__(self, *arguments, log, environment=()):
        self.log = log
        with log.open("ab") as file:
            self.popen = subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                cwd=ROOT,
                env=clean_environment(environment),
                stdin=subprocess.PIPE,  # studio and worker --with-parent end when it closes, so when we die
                stdout=file,
                stderr=file,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    @property
    def pid(self):
        return self.popen.pid

    def end(self):
        """As an operator would; killed when that does not help. The exit status."""
        self.popen.terminate()
        self.popen.stdin.close()
        try:
            return self.popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self):
        self.popen.send_signal(signal.SIGKILL)
        return self.popen.wait(PATIENCE)

    def wait_for(self, condition, seconds=PATIENCE):
        """What `condition` gives as soon as it is true; an error with the end of the log when the process dies."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            if self.popen.poll() is not None:
                raise RuntimeError(f"{self.popen.args} ended:\n{self.log.read_text()[-2000:]}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.popen.args}: nothing for {seconds} s:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.005)
        return found

    @property
    def memory(self):
        """Bytes, those shared with other processes divided among them."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
        return 0

    @property
    def cpu_seconds(self):
        return cpu_seconds(self.pid)


class Peak:
    """The most memory that processes had together while the block ran."""

    def __init__(self, *processes):
        self.processes = processes
        self.bytes = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _watch(self):
        while not self.over.wait(SAMPLE_EVERY):
            self.bytes = max(self.bytes, sum(process.memory for process in self.processes))


def cpu_seconds(pid, *, with_ended=False):
    """Of a process, and of those children of it that have ended where that is wanted."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if with_ended else 13])) / os.sysconf("SC_CLK_TCK")


def run(*arguments, environment=()):
    """What a short Python process wrote; an error with its complaints when it fails."""
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(environment), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def clean_environment(more=()):
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | dict(more)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
