"""Asking and running in tests: the studio's own services against the sandbox, and a transport that remembers."""

import asyncio

import httpx
from asgiref.sync import async_to_sync
from django.apps import apps
from django.db import transaction
from django.db.models import F

from gallery import wiring
from gallery.engine.embedded_backend import EmbeddedBackend
from gallery.models import Call, ModelEntry, RateGate
from gallery.ofox.client import Gateway
from gallery.services import calls, files, uploads
from gallery.services.generations import Wish, request_generation
from tests.factory import GPT, make_member, make_project

KEY = "sk-of-7Kd93hfLq20ZmVx81pTrWc45"
SMALL = {"size": "256x256", "quality": "low"}


def ask(user=None, model=GPT, prompt="A red fox in the snow", wanted=1, attached=(), options=None, **fields):
    """A generation as the composer's form would ask for it; the pictures are small unless `options` say otherwise."""
    project = fields.pop("project", None) or make_project()
    if options is None:
        options = SMALL if model == GPT else {}
    wish = Wish(
        project=project,
        entry=ModelEntry.objects.get(name=model),
        prompt=prompt,
        options=options,
        wanted=wanted,
        attached=tuple(attached),
        **fields,
    )
    return request_generation(user or make_member(project), wish)


def brought(data, project=None, name="brought.png"):
    """A picture that a person brought along, from its bytes."""
    project = project or make_project()
    return uploads.record_upload(make_member(project), project, files.keep(data), name)


def queue_rows():
    """The rows of the engine in use."""
    embedded = isinstance(calls.run_call.get_backend(), EmbeddedBackend)
    row = apps.get_model("django_tasks_database.DBTaskResult" if embedded else "procrastinate.ProcrastinateJob")
    return row.objects.annotate(due=F("run_after" if embedded else "scheduled_at"))


def in_queue():
    """Ids of the calls that the engine will run, once for each time that it was told to."""
    return sorted(calls.run_call.get_backend().waiting(calls.run_call))


def claim(call, worker="worker"):
    """Whether a worker got a call."""
    with transaction.atomic():
        return Call.objects.claim([call.pk], worker) == [call.pk]


def run_calls():
    """Run queued calls side by side until there is none; waits, for a repeated one or at the gate, are left out."""
    while waiting := list(Call.objects.filter(status=Call.Status.QUEUED).values_list("pk", flat=True)):
        RateGate.objects.update(closed_until=0)
        async_to_sync(side_by_side)(waiting)


async def side_by_side(call_ids):
    await asyncio.gather(*(calls.run_call.acall(pk) for pk in call_ids))


def made(*arguments, **fields):
    """A generation that was asked for and has come to its end."""
    generation = ask(*arguments, **fields)
    run_calls()
    generation.refresh_from_db()
    return generation


class Recorder(httpx.AsyncBaseTransport):
    """Hands everything on to the real gateway and keeps both sides as they were on the wire.

    `meanwhile` is a coroutine function to run while the request is out.
    """

    def __init__(self):
        # Each run of calls has an event loop of its own, so no connection may outlive one.
        self.inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))
        self.requests = []
        self.bodies = []
        self.meanwhile = None

    async def handle_async_request(self, request):
        await request.aread()
        self.requests.append(request)
        if self.meanwhile:
            await self.meanwhile()
        response = await self.inner.handle_async_request(request)
        self.bodies.append(await response.aread())
        return response


class Script(httpx.AsyncBaseTransport):
    """Answers each request as a function of it says, without a network."""

    def __init__(self, react):
        self.react = react

    async def handle_async_request(self, request):
        await request.aread()
        return self.react(request)


def connect(monkeypatch, settings, transport):
    """Put a transport under the studio's gateway."""

    def gateway():
        return Gateway(root=settings.OFOX_BASE_URL, key=settings.OFOX_API_KEY, timeout=5, transport=transport)

    monkeypatch.setattr(wiring, "gateway", gateway)
    return transport
