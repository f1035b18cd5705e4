"""What people may send by mistake or on purpose: a sentence at the field, and nothing stored."""

import io
import zlib

import PIL.Image
import pytest

from gallery import pictures
from gallery.models import Call, Generation, Image, ModelEntry
from tests.factory import GEMINI, GPT, make_generation, make_image, picture_bytes

from .sending import file, wish

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def refused(browse, editor, project, stored):
    """Sends a form as the script does and as a plain page; returns the field's sentence once both were refused."""

    def send(field, **fields):
        before = Generation.objects.count(), Call.objects.count(), Image.objects.count(), stored()
        sentences = set()
        for htmx in (True, False):
            for sent in fields.get("images", []):
                sent.seek(0)
            response = browse(editor, htmx=htmx).post("/generations/", wish(project, **fields))
            assert response.status_code == 422, response.content[:500]
            errors = response.context["composer"].errors
            assert list(errors) == [field]
            sentences.add(str(errors[field][0]))
            assert str(errors[field][0]) in html_of(response), "said at the field"
            assert (b"<html" in response.content) is not htmx
            assert response.headers.get("HX-Reswap") == ("none" if htmx else None)
        assert before == (Generation.objects.count(), Call.objects.count(), Image.objects.count(), stored())
        [sentence] = sentences
        return sentence

    return send


def html_of(response):
    return response.content.decode().replace("&#x27;", "'").replace("&quot;", '"').replace("&amp;", "&")


def chunk(kind, data):
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def bomb():
    """A whole PNG of 40,000 x 40,000 pixels in 200 kB."""
    header = (40_000).to_bytes(4) * 2 + bytes([1, 0, 0, 0, 0])
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 200_000_000, 1)) + chunk(b"IEND", b"")


def animated_gif():
    frames = [PIL.Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    target = io.BytesIO()
    frames[0].save(target, "gif", save_all=True, append_images=frames[1:])
    return target.getvalue()


@pytest.mark.parametrize("prompt", ["", " \n\t "])
def test_an_empty_prompt(refused, prompt):
    assert refused("prompt", prompt=prompt) == "Write what you want to see."


def test_a_missing_prompt(refused):
    assert refused("prompt", prompt=None) == "Write what you want to see."


def test_a_prompt_of_32001_characters(refused):
    assert "32,000" in refused("prompt", prompt="x" * 32_001)


def test_a_prompt_of_32000_characters_is_fine_however_its_lines_end(browse, editor, project):
    prompt = "果\n" * 16_000
    assert browse(editor, htmx=True).post("/generations/", wish(project, prompt=prompt)).status_code == 200
    again = browse(editor, htmx=True).post("/generations/", wish(project, prompt=prompt.replace("\n", "\r\n")))
    assert again.status_code == 200
    assert {generation.prompt for generation in Generation.objects.all()} == {prompt}


def test_a_prompt_with_a_nul_byte(refused):
    assert refused("prompt", prompt="a\0fox")


@pytest.mark.parametrize("number", ["0", "11", "-1", "", "two", "1.5", str(2**70), "²"])
def test_a_wrong_number_of_images(refused, number):
    assert refused("number", number=number) == "Choose a number from 1 to 10."


def test_a_gemini_wish_for_11_images(refused):
    assert refused("number", model=GEMINI, number="11") == "Choose a number from 1 to 10."


def test_17_files(refused):
    assert "Too many" in refused("images", images=[file(f"{place}.png") for place in range(17)])


def test_a_place_for_a_file_that_did_not_come(refused):
    assert "out of date" in refused("images", quality="low", attached=["file", "file"], images=[file()])
    assert "out of date" in refused("images", attached=["file"])


def test_15_files_for_gemini(refused):
    assert "Too many" in refused("images", model=GEMINI, images=[file(f"{place}.png") for place in range(15)])


def test_more_files_than_any_form_has(browse, editor, project, stored):
    form = wish(project, images=[file(f"{place}.png", b"x") for place in range(60)])
    assert browse(editor).post("/generations/", form).status_code == 400
    assert not stored()


def test_a_file_over_the_limit(refused, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES", 3_000_000)  # in place of 50 MB: a test need not send so much
    image = file("poster.png", picture_bytes() + b"\0" * 3_000_000)
    assert refused("images", images=[image]) == "poster.png is larger than 50 MB. Attach a smaller copy."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "no picture"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "no picture"),
        (b"Just some words.", "no picture"),
        (b"", "is empty"),
        (picture_bytes((300, 200), format="jpeg")[:-400], "breaks off"),
        (picture_bytes((300, 200))[:60], "breaks off"),
        (PNG, "breaks off"),
        (animated_gif(), "animated"),
        (picture_bytes(format="bmp"), "no picture"),
    ],
    ids=["svg", "pdf", "text", "zero bytes", "cut jpeg", "cut png", "only a signature", "animated gif", "bmp"],
)
def test_a_file_that_is_no_good_picture(refused, content, words):
    sentence = refused("images", images=[file("picture.png", content)])
    assert words in sentence
    assert "picture.png" in sentence


def test_a_decompression_bomb(refused):
    assert "too many pixels" in refused("images", images=[file("bomb.png", bomb())])


def test_one_bad_file_among_good_ones_keeps_none(refused):
    assert "two.png" in refused("images", images=[file("one.png"), file("two.png", b"words"), file("three.png")])


NASTY_NAMES = [
    "../../etc/passwd\r\nX: y.png",
    "..\\..\\boot.png",
    "a\"b';<script>.png",
    "\u202egnp.exe",
    "." * 300,
    "水.png",
]


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_a_nasty_file_name_is_kept_harmless(browse, editor, project, stored, name):
    brought = file("x.png")
    brought.name = name  # past SimpleUploadedFile's own cleaning
    response = browse(editor, htmx=True).post("/generations/", wish(project, quality="low", images=[brought]))
    assert response.status_code == 200, response.content
    image = Image.objects.get()
    assert image.filename == "image" or set(image.filename) & set("gbp水")
    assert not set(image.filename) & set('/\\\r\n"<>\u202e')
    download = browse(editor).get(f"/images/{image.pk}/download/")
    assert download.status_code == 200
    assert "\n" not in download["Content-Disposition"]


def test_a_nasty_file_name_in_a_refusal_is_escaped(browse, editor, project, stored):
    form = wish(project, images=[file("<img src=x onerror=alert(1)>.png", b"words")])
    for htmx in (True, False):
        form["images"][0].seek(0)
        page = browse(editor, htmx=htmx).post("/generations/", form).content
        assert b"<img src=x" not in page


def test_html_in_the_prompt_is_escaped_everywhere(browse, editor, project):
    words = "<script>alert('fox')</script>"
    image = make_image(make_generation(editor, project, prompt=words, status="succeeded"))
    client = browse(editor)
    here = [f"/generations/{image.generation_id}/", f"/generations/{image.generation_id}/card/", f"/images/{image.pk}/"]
    for url in ("/", "/gallery/", "/history/", f"/?reuse={image.generation_id}", *here):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page, url
        assert "&lt;script&gt;alert" in page, url


def test_an_unknown_model(refused):
    assert refused("model", model="openai/gpt-image-9") == "This model is not on offer any more. Choose another one."


def test_a_field_that_the_model_lacks(refused, editor, project):
    image = make_image(user=editor, project=project)
    assert "Quality" in refused("__all__", model=GEMINI, attached=[image.pk], quality="low")
    assert "Resolution" in refused("__all__", image_size="2K")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quality", "hd"),
        ("quality", "standard"),
        ("size", "1000x1000"),
        ("size", "0x0"),
        ("size", "99999x99999"),
        ("size", "1024x1024 "),
        ("format", "gif"),
        ("background", "\0"),
    ],
)
def test_an_option_that_is_not_offered(refused, field, value):
    assert refused(field, **{field: value})


def test_transparent_jpeg(refused):
    sentence = refused("background", background="transparent", format="jpeg")
    assert sentence == "A transparent background needs PNG or WebP. Change the format or the background."


def test_quality_auto_on_an_edit(refused):
    assert "does not offer" in refused("quality", quality="auto", images=[file()])


def test_a_token_that_is_none(refused):
    assert refused("token", token="twice")


@pytest.mark.parametrize("project_id", ["0", "x", str(2**70), "-1"])
def test_a_project_that_is_none(refused, project_id):
    assert refused("project", project=project_id) == "You cannot create in this project. Choose another one."


def test_no_project(refused):
    assert refused("project", project="")


def test_a_model_that_went_off_the_list_meanwhile(refused):
    ModelEntry.objects.filter(name=GPT).update(is_active=False)
    assert refused("model", model=GPT)


@pytest.mark.parametrize("htmx", [True, False])
def test_somebody_elses_picture_as_an_input_is_not_found(browse, editor, stranger, project, stored, htmx):
    theirs = make_image(user=stranger, project=stranger.memberships.get().project)
    before = stored()
    form = wish(project, quality="low", attached=[theirs.pk], images=[file()])
    assert browse(editor, htmx=htmx).post("/generations/", form).status_code == 404
    assert (Generation.objects.count(), Image.objects.count(), stored()) == (0, 1, before)


@pytest.mark.parametrize("value", ["0", "x", str(2**70), "-1", "", "1,2", "²"])
def test_a_picture_that_never_was_as_an_input_is_not_found(browse, editor, project, value):
    form = wish(project, quality="low", attached=[value])
    assert browse(editor, htmx=True).post("/generations/", form).status_code == 404


def test_a_refused_form_without_scripts_shows_what_was_typed(browse, editor, project):
    page = browse(editor).post("/generations/", wish(project, prompt="My words", number="12", size="512x512"))
    assert page.status_code == 422
    assert "My words</textarea>" in page.content.decode()
    assert page.context["composer"]["size"].value() == "512x512"
