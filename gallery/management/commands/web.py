"""`manage.py web`: serves the pages."""

import contextlib

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Serve the pages with uvicorn."

    def add_arguments(self, parser):
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *, host, port, **options):
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn has ended cleanly, and passes Ctrl-C on
            server(host, port).run()


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
