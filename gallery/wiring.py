"""Where settings meet the gateway's client: the one place to replace it in tests."""

import asyncio
from weakref import WeakKeyDictionary

from django.conf import settings

from gallery.ofox import gemini_api, images_api
from gallery.ofox.client import Gateway

PROTOCOLS = {"images": images_api, "gemini": gemini_api}

_gateways = WeakKeyDictionary()  # one for each event loop: connections belong to the loop that opened them


def gateway():
    """The client of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _gateways:
        _gateways[loop] = Gateway(
            root=settings.OFOX_BASE_URL,
            key=settings.OFOX_API_KEY,
            timeout=settings.CALL_TIMEOUT,
            connections=settings.CALLS_IN_FLIGHT,
        )
    return _gateways[loop]


async def close_gateway():
    if opened := _gateways.pop(asyncio.get_running_loop(), None):
        await opened.aclose()
