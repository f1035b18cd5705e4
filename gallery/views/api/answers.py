"""What a program gets of a generation: OpenAI's shape, the pictures streamed from the storage one after the other."""

import asyncio
import json

import pybase64
from django.core.files.storage import storages
from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from gallery.views.files import chunks

from .refusals import Refused, of_generation


def answer(generation, url):
    """The response to a program that asked for a generation which has ended. Raises Refused."""
    about = studio(generation, url)
    images = generation.pictures
    if not images or generation.status == generation.Status.CANCELLED:
        raise of_generation(generation, about) if generation.error_code else gone(about)
    if not all(storages["originals"].exists(image.original_name) for image in images):
        raise gone(about)
    opening = f'{{"created":{int(generation.finished_at.timestamp())},"data":['
    closing = "]," + as_json({"usage": usage(generation.calls.all()), "studio": about})[1:]
    headers = {"Cache-Control": "no-store"}
    return StreamingHttpResponse(body(opening, images, closing), content_type="application/json", headers=headers)


def gone(about):
    """For pictures that somebody trashed before they were asked for again, or that the storage lost."""
    return Refused(404, _("The pictures are not there any more."), code="pictures_gone", studio=about)


async def body(opening, images, closing):
    """No more than a chunk of one picture is in memory at a time."""
    yield opening
    for number, image in enumerate(images):
        yield ',{"b64_json":"' if number else '{"b64_json":"'
        file = await asyncio.to_thread(storages["originals"].open, image.original_name)
        async for chunk in chunks(file, image.bytes):
            yield pybase64.b64encode(chunk)
        yield '"}'
    yield closing


def studio(generation, url):
    """What OpenAI has no word for: where it is kept, and what it cost. Dollars are text, exact to the last digit."""
    return {
        "generation": generation.pk,
        "url": url,
        "status": generation.status,
        "message": str(generation.sentence),
        "cost_usd": generation.cost_usd,
        "cost_is_complete": generation.cost_is_complete,
        "estimated_usd": generation.estimated_usd,
    }


def usage(calls):
    """Tokens of all calls by OpenAI's names, as far as they are known; None is unknown."""

    def known(*kinds):
        numbers = [number for call in calls for kind in kinds if (number := getattr(call, kind)) is not None]
        return sum(numbers) if numbers else None

    text_in, image_in = ("text_in", "cached_text_in"), ("image_in", "cached_image_in")
    return {
        "input_tokens": known(*text_in, *image_in),
        "input_tokens_details": {"text_tokens": known(*text_in), "image_tokens": known(*image_in)},
        "output_tokens": known("text_out", "image_out"),
        "output_tokens_details": {"text_tokens": known("text_out"), "image_tokens": known("image_out")},
        "total_tokens": known(*text_in, *image_in, "text_out", "image_out"),
    }


def as_json(value):
    return json.dumps(value, cls=DjangoJSONEncoder, separators=(",", ":"))
