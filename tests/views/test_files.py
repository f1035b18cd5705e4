"""Picture files: exactly their bytes, in parts where asked, cached for ever, and for members only."""

import asyncio

import pytest

from gallery.models import Image
from tests.factory import make_generation, make_image, picture_bytes

CONTENT = picture_bytes((40, 30))


@pytest.fixture
def image(editor, project, monkeypatch):
    monkeypatch.setattr("tests.factory.picture_bytes", lambda *_: CONTENT)
    return make_image(make_generation(editor, project, prompt="A red fox"))


def body(response):
    """Reads a streamed answer as an ASGI server does."""

    async def read():
        return b"".join([part async for part in response.streaming_content])

    return asyncio.run(read())


def addresses(image):
    return [image.small_url, image.large_url, image.original_url, f"/images/{image.pk}/download/"]


def test_original_and_download_are_the_bytes_as_received(browse, editor, image):
    for url in (image.original_url, f"/images/{image.pk}/download/"):
        response = browse(editor).get(url)
        assert body(response) == CONTENT
        assert response["Content-Length"] == str(len(CONTENT))
        assert response["Content-Type"] == "image/png"


def test_previews_are_small_files_and_say_what_they_are(browse, editor, image):
    small, large = (browse(editor).get(url) for url in (image.small_url, image.large_url))
    assert (small["Content-Type"], body(small)[8:12]) == ("image/webp", b"WEBP")
    assert (large["Content-Type"], body(large)[:3]) == ("image/jpeg", b"\xff\xd8\xff")


def test_no_browser_guesses_what_a_file_is(browse, editor, image):
    for url in addresses(image):
        assert browse(editor).get(url)["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A red fox", 'attachment; filename="A-red-fox-{pk}.png"'),
        ('Say "hi"; now\r\n../x', 'attachment; filename="Say-hi-now-x-{pk}.png"'),
        (
            "把苹果改成绿色",
            "attachment; filename*=utf-8''%E6%8A%8A%E8%8B%B9%E6%9E%9C%E6%94%B9%E6%88%90%E7%BB%BF%E8%89%B2-{pk}.png",
        ),
        ("!!! 🦊", 'attachment; filename="image-{pk}.png"'),
        ("word " * 400, 'attachment; filename="word-word-word-word-word-word-word-word-{pk}.png"'),
    ],
)
def test_a_download_is_named_after_its_prompt(browse, editor, project, prompt, name):
    image = make_image(make_generation(editor, project, prompt=prompt))
    response = browse(editor).get(f"/images/{image.pk}/download/")
    assert response["Content-Disposition"] == name.format(pk=image.pk)


def test_a_jpeg_is_called_jpg(browse, editor, project):
    image = make_image(make_generation(editor, project), format="jpeg")
    assert browse(editor).get(f"/images/{image.pk}/download/")["Content-Disposition"].endswith('.jpg"')


def test_an_upload_comes_back_under_its_own_name(browse, editor, project):
    upload = make_image(user=editor, project=project, filename="my apple.png")
    response = browse(editor).get(f"/images/{upload.pk}/download/")
    assert response["Content-Disposition"] == 'attachment; filename="my apple.png"'


def test_what_is_shown_may_be_cached_for_ever_by_this_browser_only(browse, editor, image):
    for url in addresses(image)[:3]:
        assert browse(editor).get(url)["Cache-Control"] == "private, max-age=31536000, immutable"
    assert browse(editor).get(f"/images/{image.pk}/download/")["Cache-Control"] == "private, no-cache"


def test_a_browser_that_has_it_gets_no_bytes(browse, editor, image):
    client = browse(editor)
    tags = set()
    for url in addresses(image):
        tag = client.get(url)["ETag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            response = client.get(url, headers={"If-None-Match": known})
            assert (response.status_code, response.content, response["ETag"]) == (304, b"", tag), known
        assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
        tags.add(tag)
    assert len(tags) == 3, "small, large and original differ; download is the original"


SIZE = len(CONTENT)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=10-19", 10, 20),
        ("bytes=10-", 10, SIZE),
        ("bytes=-5", SIZE - 5, SIZE),
        ("bytes=0-99999", 0, SIZE),
        ("bytes=-99999", 0, SIZE),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        (f"bytes=0-{2**70}", 0, SIZE),
    ],
)
def test_a_part_is_sent_where_it_is_asked_for(browse, editor, image, asked, start, end):
    response = browse(editor).get(image.original_url, headers={"Range": asked})
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert response["Content-Length"] == str(end - start)
    assert body(response) == CONTENT[start:end]


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={2**70}-", "bytes=-0", f"bytes={SIZE}-{SIZE + 5}"])
def test_a_part_that_is_not_there_is_refused_with_the_size(browse, editor, image, asked):
    response = browse(editor).get(image.original_url, headers={"Range": asked})
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize(
    "asked", ["bytes=", "bytes=-", "bytes=a-b", "bytes=9-2", "bytes=0-1,4-5", "lines=1-2", "x", "bytes=²-", "9" * 6000]
)
def test_a_part_that_nobody_understands_is_the_whole(browse, editor, image, asked):
    response = browse(editor).get(image.original_url, headers={"Range": asked})
    assert response.status_code == 200
    assert body(response) == CONTENT


def test_a_range_of_5000_digits_breaks_nothing(browse, editor, image):
    for asked in (f"bytes={'9' * 5000}-", f"bytes=-{'9' * 5000}", f"bytes=0-{'9' * 5000}"):
        response = browse(editor).get(image.original_url, headers={"Range": asked})
        assert response.status_code in (200, 206, 416)


def test_another_hash_is_not_found(browse, editor, image):
    client = browse(editor)
    for url in addresses(image)[:3]:
        wrong = url.replace(image.sha256[:16], "0123456789abcdef")
        assert client.get(wrong).status_code == 404
        assert client.get(url.replace(image.sha256[:16], image.sha256[:16] + "0")).status_code == 404


def test_a_file_that_is_gone_from_the_storage_is_not_found(browse, editor, image):
    Image.objects.update(sha256="f" * 64)
    image.refresh_from_db()
    for url in addresses(image):
        assert browse(editor).get(url).status_code == 404


def test_strangers_find_no_file_and_nobody_signs_in_first(browse, stranger, image):
    for url in addresses(image):
        assert browse(stranger).get(url).status_code == 404
        assert browse().get(url)["Location"].startswith("/sign-in/")


def test_a_cached_tag_gives_a_stranger_nothing(browse, stranger, image):
    response = browse(stranger).get(image.large_url, headers={"If-None-Match": f'"{image.sha256}-large"'})
    assert response.status_code == 404


def test_members_staff_and_viewers_see_files_those_in_the_trash_too(browse, staff, viewer, editor, image):
    browse(editor).post(f"/images/{image.pk}/trash/")
    for person in (staff, viewer, editor):
        assert {browse(person).get(url).status_code for url in addresses(image)} == {200}


def test_asking_for_the_head_alone_is_possible(browse, editor, image):
    response = browse(editor).head(image.original_url)
    assert (response.status_code, response["Content-Length"]) == (200, str(SIZE))


def test_a_file_cannot_be_posted_to(browse, editor, image):
    assert browse(editor).post(image.original_url).status_code == 405
