"""The studio connected to the sandbox, as in the tests of the services, and its commands as processes."""

import signal
import socket

import pytest

from tests.services.conftest import online  # noqa: F401

from .processes import Process


@pytest.fixture
def start(tmp_path, sandbox):
    """Starts commands on one data folder; those that are left are killed at the end."""
    started = []

    def start(*command, **environment):
        started.append(Process(tmp_path, sandbox.url, *command, **environment))
        return started[-1]

    yield start
    for command in started:
        if command.process.poll() is None:
            command.end(signal.SIGKILL)


@pytest.fixture
def port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
