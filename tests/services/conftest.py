"""The studio connected to the sandbox, and a recorder between the two."""

import pytest

from .running import KEY, Recorder, connect


@pytest.fixture
def online(settings, sandbox, tmp_path):
    """The sandbox, as the gateway of the studio's settings."""
    settings.OFOX_BASE_URL = sandbox.url
    settings.OFOX_API_KEY = KEY
    settings.SPOOL_DIR = tmp_path / "spool"
    return sandbox


@pytest.fixture
def recorder(monkeypatch, settings, online):
    return connect(monkeypatch, settings, Recorder())
