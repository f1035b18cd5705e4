"""The sandbox refuses what the page refuses, in the words and shapes of each protocol."""

import base64
import json

import httpx
import pytest

from gallery.sandbox.server import SandboxServer

GEMINI = "google/gemini-3.1-flash-image-preview"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": "x" * 32_001}, "prompt"),
        ({"n": 0}, "n"),
        ({"n": 11}, "n"),
        ({"n": "2"}, "n"),
        ({"n": True}, "n"),
        ({"size": "640x640"}, "size"),
        ({"quality": "best"}, "quality"),
        ({"quality": "standard"}, "quality"),
        ({"quality": "hd"}, "quality"),
        ({"output_format": "gif"}, "output_format"),
        ({"background": "green"}, "background"),
        ({"background": "transparent", "output_format": "jpeg"}, "background"),
        ({"stream": "yes"}, "stream"),
        ({"partial_images": 2}, "partial_images"),
        ({"stream": True, "partial_images": 4}, "partial_images"),
        ({"input_fidelity": "high"}, "input_fidelity"),
        ({"style": "vivid"}, "style"),
        ({"model": None}, "model"),
        ({"model": GEMINI, "n": 1}, "n"),
    ],
)
def test_a_generation_with_a_wrong_field_is_refused_by_its_name(caller, fields, param):
    answer = caller.generate(**fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"quality": "auto"}, "quality"),
        ({"quality": "hd"}, "quality"),
        ({"input_fidelity": "high"}, "input_fidelity"),
        ({"n": "eleven"}, "n"),
        ({"n": "11"}, "n"),
        ({"prompt": " "}, "prompt"),
        ({"size": "100x100"}, "size"),
        ({"images": [], "mask": b"x"}, "image"),
        ({"images": [b"%PDF-1.7 not a picture"]}, "image"),
        ({"mask": b"not a picture"}, "mask"),
    ],
)
def test_an_edit_with_a_wrong_field_is_refused_by_its_name(caller, fields, param):
    answer = caller.edit(**fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize("format", ["WEBP", "GIF", "BMP"])
def test_an_edit_takes_only_png_and_jpeg(caller, make_picture, format):
    assert caller.edit(images=[make_picture(format)]).status_code == 400
    assert caller.edit(images=[make_picture("JPEG")]).status_code == 200


def test_an_edit_takes_sixteen_images_and_not_seventeen(caller, make_picture):
    small = make_picture(size=(16, 16))
    assert caller.edit(images=[small] * 16).json()["usage"]["num_input_images"] == 16
    assert caller.edit(images=[small] * 17).status_code == 400


def test_a_mask_must_be_a_png_of_the_same_size_with_alpha(caller, make_picture):
    def status(**mask):
        return caller.edit(mask=make_picture(**mask)).status_code

    clear = {"mode": "RGBA", "colour": (0, 0, 0, 0)}
    assert status(**clear) == 200
    assert status(**clear, size=(64, 64)) == 400
    assert status(mode="RGB") == 400
    assert status(format="JPEG") == 400


def test_gemini_is_refused_at_the_edits_endpoint(caller):
    answer = caller.edit(model=GEMINI)
    assert answer.status_code == 400
    assert "Image editing is not supported for model" in answer.json()["error"]["message"]


def test_an_unknown_model_is_not_found(caller):
    error = caller.generate(model="openai/painter-9")
    assert (error.status_code, error.json()["error"]["code"]) == (404, "model_not_found")
    error = caller.content(path="/gemini/v1beta/models/google/painter-9:generateContent")
    assert (error.status_code, error.json()["error"]["status"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe"])
def test_a_body_that_is_no_object_is_refused(caller, body):
    assert caller.http.post("/v1/images/generations", content=body).status_code == 400
    assert caller.http.post("/v1/images/edits", content=body).status_code == 400


def test_without_a_key_each_protocol_answers_401_in_its_own_shape(sandbox):
    bare = httpx.Client(base_url=sandbox.url, trust_env=False)
    answer = bare.post("/v1/images/generations", json={})
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
    answer = bare.post(f"/gemini/v1beta/models/{GEMINI}:generateContent", json={})
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert bare.get("/v1/models").status_code == 200


def test_a_sandbox_with_a_key_takes_only_that_one():
    with SandboxServer(key="right") as server:
        url = f"{server.url}/v1/images/generations"
        for key, status in (("wrong", 401), ("right", 400)):
            headers = {"authorization": f"Bearer {key}"}
            assert httpx.post(url, json={}, headers=headers, trust_env=False).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"contents": []},
        {"contents": [{"parts": []}]},
        {"contents": [{"parts": [{"text": " "}]}]},
        {"contents": [{"parts": [{"text": "x", "colour": 1}]}]},
        {"contents": [{"parts": [{"text": "x"}]}], "n": 2},
        {"contents": [{"parts": [{"text": "x"}]}], "generationConfig": {"candidateCount": 2}},
        {"contents": [{"parts": [{"text": "x"}]}], "generationConfig": {"imageConfig": {"aspectRatio": "7:1"}}},
        {"contents": [{"parts": [{"text": "x"}]}], "generationConfig": {"imageConfig": {"imageSize": "9K"}}},
        {"contents": [{"parts": [{"text": "x"}, {"inlineData": {"mimeType": "image/png", "data": "***"}}]}]},
        {"contents": [{"parts": [{"text": "x"}, {"inlineData": {"mimeType": "image/png", "data": "aGk="}}]}]},
        {"contents": [{"parts": [{"text": "x"}, {"inlineData": {"mimeType": "text/plain", "data": "aGk="}}]}]},
    ],
    ids=lambda body: json.dumps(body)[-60:],
)
def test_gemini_refuses_a_wrong_body_in_googles_shape(caller, body):
    answer = caller.http.post(f"/gemini/v1beta/models/{GEMINI}:generateContent", json=body)
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_gemini_takes_fourteen_images_and_not_fifteen(caller, make_picture):
    small = make_picture(size=(16, 16))
    assert caller.content(images=[small] * 14).status_code == 200
    assert caller.content(images=[small] * 15).status_code == 400


def test_gemini_refuses_a_request_over_twenty_megabytes(caller):
    data = base64.b64encode(bytes(21 * 1024 * 1024)).decode()
    body = {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": data}}, {"text": "x"}]}]}
    answer = caller.http.post(f"/gemini/v1beta/models/{GEMINI}:generateContent", json=body)
    assert answer.status_code == 400
    assert "payload size" in answer.json()["error"]["message"]


@pytest.mark.parametrize("prompt", ["a forbidden thing", "一件违禁品"])
def test_a_forbidden_prompt_is_refused_in_each_protocols_own_way(caller, prompt):
    refused = caller.generate(prompt=prompt)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "moderation_blocked")
    assert refused.json()["error"]["type"] == "image_generation_user_error"
    answered = caller.content(text=prompt)
    assert (answered.status_code, answered.json()["candidates"][0]["finishReason"]) == (200, "IMAGE_SAFETY")


def test_more_requests_than_the_minute_holds_are_told_when_to_come_back():
    with SandboxServer(requests_per_minute=1) as server:
        url, headers = f"{server.url}/v1/images/generations", {"authorization": "Bearer any"}
        first, second = (httpx.post(url, json={}, headers=headers, trust_env=False) for _ in range(2))
    assert (first.status_code, first.headers["x-ratelimit-remaining-requests"]) == (400, "0")
    assert second.status_code == 429
    assert 0 < int(second.headers["retry-after"]) <= 60
