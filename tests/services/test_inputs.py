"""Pictures on their way out: what the endpoint refuses is converted, and the kept original stays as it was."""

import email
import io
from email.policy import HTTP

import PIL.Image
import pytest
from django.core.files.storage import storages

from gallery.models import ModelEntry
from tests.factory import GEMINI, picture_bytes

from .running import brought, made

pytestmark = pytest.mark.django_db


def encoded(picture, format, **options):
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def turned():
    """Red left, blue right as stored; upright it is red above blue."""
    picture = PIL.Image.new("RGB", (60, 40), "red")
    picture.paste("blue", (30, 0, 60, 40))
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    return encoded(picture, "JPEG", exif=exif, quality=95)


def animated():
    frames = [PIL.Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


REFUSED_AS_THEY_ARE = {
    "webp": lambda: picture_bytes(format="webp"),
    "gif": lambda: picture_bytes(format="gif"),
    "turned": turned,
    "cmyk": lambda: encoded(PIL.Image.new("CMYK", (40, 30), (0, 200, 200, 0)), "JPEG"),
    "16 bits": lambda: encoded(PIL.Image.new("I;16", (40, 30), 40_000), "PNG"),
    "animated": animated,
}


def sent_files(request):
    """Field to [(media type, bytes)] of a multipart request."""
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + request.content, policy=HTTP)
    files = {}
    for part in message.iter_parts():
        if part.get_filename():
            field = part.get_param("name", header="content-disposition")
            files.setdefault(field, []).append((part.get_content_type(), part.get_payload(decode=True)))
    return files


def original(image):
    return storages["originals"].open(image.original_name).read()


@pytest.mark.parametrize("kind", REFUSED_AS_THEY_ARE)
def test_what_the_endpoint_refuses_arrives_as_something_it_takes(recorder, kind):
    data = REFUSED_AS_THEY_ARE[kind]()
    image = brought(data)
    assert made(attached=[image]).status == "succeeded"
    [(media_type, sent)] = sent_files(recorder.requests[0])["image"]
    with PIL.Image.open(io.BytesIO(sent)) as picture:
        assert (picture.get_format_mimetype(), getattr(picture, "n_frames", 1)) == (media_type, 1)
        assert media_type in ("image/png", "image/jpeg")
        assert picture.mode in ("RGB", "RGBA", "L")
        assert picture.size == (image.shown_width, image.shown_height)
        assert not picture.getexif().get(0x0112)
    assert original(image) == data


def test_a_turned_picture_arrives_upright(recorder):
    made(attached=[brought(turned())])
    [(_, sent)] = sent_files(recorder.requests[0])["image"]
    picture = PIL.Image.open(io.BytesIO(sent)).convert("RGB")
    above, below = picture.getpixel((20, 10)), picture.getpixel((20, 50))
    assert above[0] > 200 > 50 > above[2]
    assert below[2] > 200 > 50 > below[0]


@pytest.mark.parametrize("format", ["png", "jpeg"])
def test_what_the_endpoint_takes_is_sent_as_it_is(recorder, format):
    data = picture_bytes(format=format)
    made(attached=[brought(data)])
    assert sent_files(recorder.requests[0])["image"] == [(f"image/{format}", data)]


def test_gemini_takes_webp_as_it_is(online):
    assert made(model=GEMINI, attached=[brought(picture_bytes(format="webp"))]).status == "succeeded"


def test_a_picture_over_the_limit_is_made_smaller(recorder):
    entry = ModelEntry.objects.get(name="openai/gpt-image-2")
    entry.abilities["edit"]["input_max_bytes"] = 20_000
    entry.save()
    image = brought(encoded(PIL.Image.effect_noise((200, 200), 80), "PNG"))
    assert image.bytes > 20_000
    made(attached=[image])
    [(_, sent)] = sent_files(recorder.requests[0])["image"]
    assert len(sent) <= 20_000


def test_the_name_a_person_gave_a_file_stays_at_home(recorder):
    made(attached=[brought(picture_bytes(), name="my secret client.png")])
    assert b"secret" not in recorder.requests[0].content


def test_an_output_can_be_edited_further(online):
    [image] = made(options={"size": "256x256", "quality": "low", "output_format": "webp"}).pictures
    assert made(attached=[image]).status == "succeeded"
