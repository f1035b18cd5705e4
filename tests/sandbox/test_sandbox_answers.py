"""An accepted request is answered in the documented shape, with a picture as asked and usage to the token."""

import base64
import io
import json
import time

import httpx
import pytest
from PIL import Image

from gallery.sandbox.server import SandboxServer
from gallery.sandbox.studio import Noise

GEMINI = "google/gemini-3.1-flash-image-preview"


def opened(encoded):
    return Image.open(io.BytesIO(base64.b64decode(encoded, validate=True)))


def events(answer):
    """Each event of a stream as (name, data)."""
    pairs = (block.split("\n") for block in answer.text.strip().split("\n\n"))
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in pairs]


def test_a_generation_is_answered_as_the_page_shows(caller):
    answer = caller.generate(size="1024x1024")
    body = answer.json()
    assert (body["model"], body["size"], body["quality"]) == ("openai/gpt-image-2", "1024x1024", "low")
    assert body["usage"] == {
        "input_tokens": 2,
        "input_tokens_details": {"text_tokens": 2},
        "output_tokens": 196,
        "total_tokens": 198,
    }
    assert [entry["index"] for entry in body["data"]] == [0]
    assert opened(body["data"][0]["b64_json"]).size == (1024, 1024)
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["x-ratelimit-reset-requests"].endswith("s")


def test_an_edit_counts_its_input_images(caller, make_picture):
    usage = caller.edit(images=[make_picture()] * 2, prompt="把苹果改成绿色").json()["usage"]
    assert usage["input_tokens_details"] == {"text_tokens": 7, "image_tokens": 3000}
    assert (usage["num_input_images"], usage["input_tokens"]) == (2, 3007)


@pytest.mark.parametrize(("output_format", "format"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_the_file_is_of_the_format_asked_for(caller, output_format, format):
    body = caller.generate(output_format=output_format).json()
    assert opened(body["data"][0]["b64_json"]).format == format


@pytest.mark.parametrize("output_format", ["png", "webp"])
def test_a_transparent_background_has_real_alpha(caller, output_format):
    body = caller.generate(background="transparent", output_format=output_format).json()
    low, high = opened(body["data"][0]["b64_json"]).convert("RGBA").getchannel("A").getextrema()
    assert (low, high) == (0, 255)


@pytest.mark.parametrize("size", ["256x256", "512x512", "1536x1024", "1024x1792"])
def test_the_picture_has_the_size_asked_for(caller, size):
    body = caller.generate(size=size).json()
    assert "{}x{}".format(*opened(body["data"][0]["b64_json"]).size) == size


def test_an_edit_of_auto_size_keeps_the_originals(caller, make_picture):
    body = caller.edit(images=[make_picture(size=(300, 200))], size="auto").json()
    assert opened(body["data"][0]["b64_json"]).size == (300, 200)


def test_several_pictures_of_one_prompt_differ_and_cost_their_number(caller):
    body = caller.generate(n=3).json()
    assert len({entry["b64_json"] for entry in body["data"]}) == 3
    one = caller.generate(n=1).json()["usage"]["output_tokens"]
    assert body["usage"]["output_tokens"] == 3 * one


def test_gemini_on_the_images_endpoint_picks_a_size_of_its_own(caller):
    body = caller.generate(model=GEMINI, size="1536x1024").json()
    assert opened(body["data"][0]["b64_json"]).size == (1264, 848)
    assert body["usage"]["output_tokens"] == 1120


def test_gemini_answers_with_words_a_picture_and_usage_by_modality(caller, make_picture):
    answer = caller.content(images=[make_picture()], text="把苹果改成绿色").json()
    text, image = answer["candidates"][0]["content"]["parts"]
    assert text["text"]
    assert opened(image["inlineData"]["data"]).format == "PNG"
    usage = answer["usageMetadata"]
    assert {entry["modality"]: entry["tokenCount"] for entry in usage["promptTokensDetails"]} == {
        "TEXT": 7,
        "IMAGE": 1120,
    }
    assert usage["totalTokenCount"] == usage["promptTokenCount"] + usage["candidatesTokenCount"]


def test_a_stream_brings_partials_and_one_completed_event_for_each_picture(caller):
    answer = caller.generate(stream=True, partial_images=2, n=2)
    assert answer.headers["content-type"] == "text/event-stream"
    names = [name.removeprefix("image_generation.") for name, _ in events(answer)]
    assert names == ["partial_image", "partial_image", "completed"] * 2


def test_each_partial_of_a_stream_costs_a_hundred_tokens(caller):
    def output_tokens(**fields):
        completed = [data for name, data in events(caller.generate(stream=True, **fields)) if "completed" in name]
        return completed[0]["usage"]["output_tokens"]

    assert output_tokens(partial_images=3) == output_tokens() + 300


def test_the_ledger_adds_up_what_was_answered(caller, sandbox, make_picture):
    answers = [caller.generate(n=2), caller.edit(images=[make_picture()])]
    caller.generate(n=99)
    usages = [answer.json()["usage"] for answer in answers]
    ledger = sandbox.ledger()
    assert ledger["received"] == 3
    assert (ledger["sums"]["calls"], ledger["sums"]["pictures"]) == (2, 3)
    assert ledger["sums"]["image_out"] == sum(usage["output_tokens"] for usage in usages)
    assert ledger["sums"]["text_in"] + ledger["sums"]["image_in"] == sum(usage["input_tokens"] for usage in usages)
    assert [entry["status"] for entry in ledger["refused"]] == [400]


def test_the_ledger_and_a_streams_events_agree(caller, sandbox):
    answer = caller.generate(stream=True, partial_images=1, n=3)
    usages = [data["usage"] for name, data in events(answer) if "completed" in name]
    sums = sandbox.ledger()["sums"]
    assert sums["image_out"] == sum(usage["output_tokens"] for usage in usages)
    assert sums["text_in"] == sum(usage["input_tokens"] for usage in usages)


def test_the_models_are_listed_with_prices(caller):
    models = {model["id"]: model for model in caller.http.get("/v1/models").json()["data"]}
    assert models["openai/gpt-image-2"]["pricing"]["output_image"] == "0.00003"
    assert models[GEMINI]["aliases"] == ["google/gemini-3.1-flash-image"]


def test_noise_for_load_tests_is_large_whole_and_never_the_same():
    artist = Noise()
    files = [base64.b64decode(artist.draw(None, 0).whole, validate=True) for _ in range(2)]
    assert files[0] != files[1]
    for file in files:
        assert 1_200_000 < len(file) < 2_200_000
        picture = Image.open(io.BytesIO(file))
        picture.load()
        assert (picture.size, picture.mode) == ((1024, 1024), "RGB")


def test_a_delayed_answer_takes_longer_for_high_quality():
    def seconds(**fields):
        began = time.monotonic()
        body = {"model": "openai/gpt-image-2", "prompt": "x", "size": "256x256", **fields}
        headers = {"authorization": "Bearer any"}
        httpx.post(f"{server.url}/v1/images/generations", json=body, headers=headers, trust_env=False)
        return time.monotonic() - began

    with SandboxServer(delay=0.1) as server:
        assert seconds(quality="low") >= 0.06
        assert seconds(quality="high") >= 0.16
