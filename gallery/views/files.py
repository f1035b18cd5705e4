"""Picture files, to those who may see them: cached for ever by their hash, in parts where asked."""

import re

from asgiref.sync import sync_to_async
from django.core.files.storage import storages
from django.http import Http404, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.utils.http import content_disposition_header, parse_etags
from django.views.decorators.http import require_safe

from . import access

CHUNK = 255 * 1024  # bytes read at a time; a multiple of 3, so that base64 of parts is that of the whole
FOREVER = "private, max-age=31536000, immutable"  # the address holds the hash: its bytes never change


@require_safe
def small(request, pk, hash):
    return preview(request, pk, hash, "small")


@require_safe
def large(request, pk, hash):
    return preview(request, pk, hash, "large")


def preview(request, pk, hash, size):
    image = with_hash(request.user, pk, hash)
    name, media_type = image.preview_name(size), f"image/{image.preview_format(size)}"
    return respond(request, storages["previews"], name, media_type, f'"{image.sha256}-{size}"')


@require_safe
def original(request, pk, hash):
    """The picture as received, to look at."""
    image = with_hash(request.user, pk, hash)
    return respond(request, storages["originals"], image.original_name, f"image/{image.format}", f'"{image.sha256}"')


@require_safe
def download(request, pk):
    """The picture as received, to keep: exactly those bytes, under a name that says what it is."""
    image = access.image(request.user, pk)
    etag = f'"{image.sha256}"'
    response = respond(request, storages["originals"], image.original_name, f"image/{image.format}", etag)
    response["Content-Disposition"] = content_disposition_header(True, image.download_name)
    response["Cache-Control"] = "private, no-cache"
    return response


@require_safe
def partial(request, pk, event_pk):
    """A picture that is still being made."""
    event = access.preview_event(request.user, pk, event_pk)
    return respond(request, storages["previews"], event.preview, "image/webp", f'"partial-{event.pk}"')


def with_hash(user, pk, hash):
    image = access.image(user, pk)
    if not image.sha256.startswith(hash):
        raise Http404
    return image


def respond(request, storage, name, media_type, etag):
    """A file with ETag and Range. Streamed in chunks: a picture may have 50 MB and more."""
    if has_it(request, etag):
        return HttpResponseNotModified(headers={"ETag": etag, "Cache-Control": FOREVER})
    try:
        file = storage.open(name)
        size = file.size
    except FileNotFoundError as error:
        raise Http404(f"{name} is not in the storage") from error
    part = requested_part(request.headers.get("range", ""), size)
    start, end = part or (0, size)
    if start >= end and size:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    file.seek(start)
    headers = {"ETag": etag, "Cache-Control": FOREVER, "Accept-Ranges": "bytes", "Content-Length": str(end - start)}
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return StreamingHttpResponse(
        chunks(file, end - start), status=206 if part else 200, content_type=media_type, headers=headers
    )


def has_it(request, etag):
    """Does the browser say that it has these bytes? A proxy may have made the tag a weak one."""
    known = [tag.removeprefix("W/") for tag in parse_etags(request.headers.get("if-none-match", ""))]
    return etag in known or "*" in known


def requested_part(header, size):
    """(start, end) of a single byte range, end excluded; None where the whole file is asked for, or nothing clear."""
    match = re.fullmatch(r"bytes=([0-9]{0,30})-([0-9]{0,30})", header)
    if not match or not (match[1] or match[2]):
        return None
    if not match[1]:
        return max(0, size - int(match[2])), size
    start, last = int(match[1]), int(match[2] or size)
    return (start, min(last + 1, size)) if start <= last or not match[2] else None


async def chunks(file, left):
    """Asynchronous, because Django would read a plain iterator whole before it sends a byte."""
    try:
        while left > 0 and (chunk := await sync_to_async(file.read, thread_sensitive=False)(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
    finally:
        await sync_to_async(file.close, thread_sensitive=False)()
