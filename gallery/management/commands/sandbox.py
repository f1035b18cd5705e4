"""`manage.py sandbox`: the local Ofox that draws instead of calling a model."""

import os
import signal

from django.core.management.base import BaseCommand

from gallery.management import parent
from gallery.sandbox import server


class Command(BaseCommand):
    help = "Run the sandbox: a local gateway that speaks both protocols and costs nothing."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8010)
        parser.add_argument("--delay", type=float, default=server.PEOPLES_DELAY_SECONDS, help="seconds a picture takes")
        parent.add_argument(parser)

    def handle(self, *, host, port, delay, with_parent, **options):
        if with_parent:
            parent.when_parent_goes(lambda: os.kill(os.getpid(), signal.SIGTERM))
        server.run(host, port, delay=delay)
