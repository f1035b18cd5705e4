"""`manage.py web`: serves the pages."""

import contextlib
import signal

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand

from gallery.management import memory


class Command(BaseCommand):
    help = "Serve the pages with uvicorn."

    def add_arguments(self, parser):
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *, host, port, **options):
        serve(host, port)


def serve(host, port):
    """Until Ctrl-C or SIGTERM. uvicorn passes on what it ended for, and SIGTERM would end us before our own ending."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        ready = server(host, port)
        ready.config.load()
        memory.freeze_loaded()
        ready.run()


def server(host, port):
    """A uvicorn server of the studio. Open event streams would keep it from ending, hence the bound."""
    config = uvicorn.Config(
        "imagestudio.asgi:application",
        host=host,
        port=port,
        log_config=None,  # its lines go where all others go
        log_level="warning",
        proxy_headers=settings.HTTPS,
        timeout_graceful_shutdown=3,
        lifespan="off",
    )
    return uvicorn.Server(config)
