"""`manage.py sandbox`: the local Ofox that draws instead of calling a model."""

from django.core.management.base import BaseCommand

from gallery.sandbox import server


class Command(BaseCommand):
    help = "Run the sandbox: a local gateway that speaks both protocols and costs nothing."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8010)
        parser.add_argument("--delay", type=float, default=3.0, help="seconds that a picture takes, about")

    def handle(self, *, host, port, delay, **options):
        server.run(host, port, delay=delay)
