"""Runs the sandbox: for people in the foreground, for tests in a thread."""

import socket
import threading
import time

import httpx
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from gallery.sandbox.app import create_app

PEOPLES_DELAY_SECONDS = 2.5
START_SECONDS = 10


class TellingProtocol(H11Protocol):
    """Hands its connection to the application, which then can close it in the middle of an answer."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        application = self.app

        async def with_transport(scope, receive, send):
            scope["extensions"] = {"sandbox.transport": self.transport}
            await application(scope, receive, send)

        self.app = with_transport


def run(host="127.0.0.1", port=8001, *, delay=PEOPLES_DELAY_SECONDS, **options):
    """Serves until Ctrl-C or SIGTERM."""
    server = uvicorn.Server(_config(create_app(delay=delay, **options), host=host, port=port))
    server.run()


class SandboxServer:
    """`with SandboxServer() as sandbox:` serves on a free port of this machine, at `sandbox.url`."""

    def __init__(self, port=0, *, requests_per_minute=1_000_000, **options):
        self.socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        app = create_app(requests_per_minute=requests_per_minute, **options)
        self.server = uvicorn.Server(_config(app))
        # Plain HTTP only: making a TLS context would cost 20 ms a client.
        self.http = httpx.Client(base_url=self.url, trust_env=False, verify=False)
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],), daemon=True)

    def __enter__(self):
        self.thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self.server.started:
            if time.monotonic() > deadline or not self.thread.is_alive():
                raise RuntimeError("The sandbox did not start.")
            time.sleep(0.01)
        return self

    def __exit__(self, *error):
        self.server.force_exit = self.server.should_exit = True
        self.http.close()
        self.thread.join(START_SECONDS)
        self.socket.close()

    def ledger(self):
        return self.http.get("/sandbox/ledger").json()

    def faults(self, faults):
        self.http.post("/sandbox/faults", json=faults).raise_for_status()

    def reset(self):
        self.http.post("/sandbox/reset").raise_for_status()


def _config(app, **more):
    return uvicorn.Config(
        app,
        http=TellingProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        **more,
    )
