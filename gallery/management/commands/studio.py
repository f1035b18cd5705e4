"""`manage.py studio`: everything at once for one machine, as `make run` starts it."""

import os
import socket
import subprocess
import sys
import time

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from .web import serve

ENDING = 27  # seconds that the worker gets; with the 3 of the web server before it, 30 for all of it


class Command(BaseCommand):
    help = "Migrate, make the first admin, then run web, worker and, where no key is set, the sandbox."

    def handle(self, **options):
        refuse_a_taken_port(settings.HOST, settings.PORT)
        call_command("prepare", stdout=self.stdout)
        children = [self.start_sandbox()] if not settings.OFOX_API_KEY else []
        children.append(child("worker", "--with-parent"))
        self.greet()
        try:
            serve(settings.HOST, settings.PORT)
        finally:
            self.stdout.write("\nStopping; calls that are out get a moment to come back.")
            end(children)

    def start_sandbox(self):
        """The studio knows no sandbox: it is only another base URL, for this process and its worker."""
        port = free_port()
        os.environ["OFOX_BASE_URL"] = settings.OFOX_BASE_URL = f"http://127.0.0.1:{port}"
        os.environ["OFOX_API_KEY"] = settings.OFOX_API_KEY = "sandbox"
        settings.GATEWAY_LABEL = settings.GATEWAY_LABEL or "Sandbox"
        return child("sandbox", "--with-parent", "--port", str(port))

    def greet(self):
        host = "127.0.0.1" if settings.HOST in ("0.0.0.0", "::") else settings.HOST
        self.stdout.write(f"\n  Image Studio   http://{host}:{settings.PORT}/")
        if settings.GATEWAY_LABEL:
            self.stdout.write(f"  {settings.GATEWAY_LABEL:<14} no OFOX_API_KEY is set: pictures are drawn here, free")
        self.stdout.write("  Ctrl-C stops it. A lost password: manage.py changepassword NAME\n")
        self.stdout.flush()


def child(*command):
    """A `manage.py` command that ends with us: its standard input closes when we die, however we die.

    In a session of its own, so that Ctrl-C reaches only the parent, which ends its children in order.
    """
    arguments = [sys.executable, str(settings.BASE_DIR / "manage.py"), *command]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, start_new_session=True)


def end(children):
    """The worker first, with time to finish; what it talks to only after it."""
    deadline = time.monotonic() + ENDING
    for process in reversed(children):
        process.stdin.close()
        process.terminate()
        try:
            process.wait(max(1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def refuse_a_taken_port(host, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(f"Port {port} is taken. Set STUDIO_PORT to another one.") from error
