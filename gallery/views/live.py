"""The event stream of a person: which generations changed. What they look like now is fetched as a fragment."""

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from gallery import events
from gallery.forms.fields import whole_number


@login_not_required
@require_GET
async def stream(request):
    """`event: generation`, `data: 7`, or `event: batch`, `data: 3 7` for one of a batch.

    A page says `?after=` what it was made, and one that comes back `Last-Event-ID`: both get what they missed.

    Nobody gets 204, by which HTML's standard ends a stream, and not the sign-in page, over which a browser stumbles. An
    error would stand in the console of everybody whose page opens its stream in the moment of signing out.
    """
    user = await request.auser()
    if not user.is_authenticated:
        return HttpResponse(status=204)
    after = whole_number(request.headers.get("last-event-id") or request.GET.get("after"))
    response = StreamingHttpResponse(changes(user, after), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # nginx would hold events back
    return response


async def changes(user, after):
    yield ": the studio is listening\nretry: 2000\n\n"
    async with events.watcher.listening() as news:
        if after is not None:
            for event, generation in await sync_to_async(events.missed)(user, after):
                yield message(event, generation)
        await sync_to_async(release_connection)()
        while True:
            change = await events.next_of(news)
            if change is None:
                yield ": still here\n\n"
            elif change[1] == user.pk:
                yield message(change[0], *change[2:])


def release_connection():
    """An open stream needs no database connection of its own. In a function, so that it is this thread's connection."""
    connection.close()


def message(event, generation, batch=None):
    """A batch changes too often for a card each: its pages hear of it by a name of its own, and ask at their pace."""
    name, data = ("batch", f"{batch} {generation}") if batch else ("generation", generation)
    return f"id: {event}\nevent: {name}\ndata: {data}\n\n"
