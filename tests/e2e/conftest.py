"""A studio that really runs, on a fresh data folder, and pages of a browser that complain about nothing."""

import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from gallery.sandbox.server import SandboxServer

ROOT = Path(__file__).parents[2]
PERSON, PASSWORD = "ada", "correct horse battery"
START_SECONDS = 40
PICTURE_SECONDS = 0.4  # long enough to be seen running, short enough to wait for
MOST_SECONDS = 20

expect.set_options(timeout=MOST_SECONDS * 1000)


@dataclass
class Studio:
    url: str
    sandbox: SandboxServer
    folder: Path


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studio")
    with SandboxServer(delay=PICTURE_SECONDS) as sandbox:
        port = free_port()
        environment = environment_of(folder, sandbox)
        for command in (("collectstatic", "--noinput"), ("migrate",), ("createsuperuser", "--noinput")):
            subprocess.run(manage(*command, "-v", "0"), env=environment, check=True)
        processes = [
            subprocess.Popen(manage(*command), env=environment, stdin=subprocess.PIPE)
            for command in (("worker", "--with-parent"), ("web", "--port", str(port)))
        ]
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url, processes)
            yield Studio(url, sandbox, folder)
        finally:
            for process in processes:
                process.kill()  # a worker that drains would wait for the calls that tests left hanging
                process.wait()


def manage(*command):
    return [sys.executable, str(ROOT / "manage.py"), *command]


def environment_of(folder, sandbox):
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return inherited | {
        "STUDIO_DATA_DIR": str(folder / "data"),
        "STUDIO_STATIC_DIR": str(folder / "static"),
        "OFOX_BASE_URL": sandbox.url,
        "OFOX_API_KEY": "sk-never-to-be-seen",
        "DJANGO_SUPERUSER_USERNAME": PERSON,
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        "DJANGO_SUPERUSER_EMAIL": "ada@studio.example",
    }


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(url, processes):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert all(process.poll() is None for process in processes), "a process of the studio ended"
        try:
            return httpx.get(f"{url}/healthz", trust_env=False).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("the studio did not start")


@pytest.fixture(scope="module")
def session(browser, studio):
    """The cookies of somebody who signed in through the form."""
    context = browser.new_context(base_url=studio.url)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Username").fill(PERSON)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{studio.url}/")
    state = context.storage_state()
    context.close()
    return state


class Complaints:
    """What browsers say in the console, errors of scripts and violations of the policy; a test may expect some."""

    def __init__(self):
        self.heard = []
        self.expected = [r"404 .*/partials/"]  # a preview may go before a browser that saw its address asks for it

    def listen_to(self, context):
        context.on(
            "console", lambda message: self.heard.append(f"{message.type}: {message.text} {message.location['url']}")
        )
        context.on("weberror", lambda error: self.heard.append(f"error: {error.error}"))
        context.add_init_script(
            "addEventListener('securitypolicyviolation', (event) => "
            "console.error('policy', event.violatedDirective, event.blockedURI, event.sample))"
        )

    def expect(self, pattern):
        self.expected.append(pattern)

    @property
    def unexpected(self):
        return [line for line in self.heard if not any(re.search(pattern, line) for pattern in self.expected)]


@pytest.fixture
def complaints():
    found = Complaints()
    yield found
    assert found.unexpected == []


@pytest.fixture
def open_context(browser, session, studio, complaints):
    """Makes contexts of the signed-in person; all are watched and closed."""
    contexts = []

    def make(**options):
        options = {"viewport": {"width": 1280, "height": 900}, "storage_state": session} | options
        context = browser.new_context(base_url=studio.url, **options)
        context.set_default_timeout(MOST_SECONDS * 1000)
        complaints.listen_to(context)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_context, studio):
    studio.sandbox.reset()
    page = open_context().new_page()
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    return page
