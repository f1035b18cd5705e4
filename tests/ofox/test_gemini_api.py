import base64
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery.ofox import gemini_api
from gallery.ofox.errors import OfoxError, OfoxGarbled, OfoxRefused
from gallery.ofox.messages import Attachment, Operation, Usage

MODEL = "google/gemini-3.1-flash-image-preview"
FOX = base64.b64encode(b"a picture of a fox").decode()
USAGE = {
    "promptTokenCount": 1130,
    "candidatesTokenCount": 1140,
    "thoughtsTokenCount": 30,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10}, {"modality": "IMAGE", "tokenCount": 1120}],
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
}


def said(*parts, reason="STOP", usage=USAGE, **more):
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": reason, **more}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-3.1", "responseId": "r-7"}


def picture(data=FOX, **more):
    return {"inlineData": {"mimeType": "image/png", "data": data}, **more}


def body_of(request):
    encode = base64.b64encode
    whole = [encode(piece.path.read_bytes()) if isinstance(piece, Attachment) else piece for piece in request.json]
    return json.loads(b"".join(whole))


def test_an_edit_puts_the_pictures_before_the_words(wish, attachment):
    images = (attachment(b"fox"), attachment(b"cat", media_type="image/jpeg"))
    request = gemini_api.build(wish(model=MODEL, operation=Operation.EDIT, prompt="把苹果改成绿色", images=images))
    body = body_of(request)
    assert request.url_path == f"/gemini/v1beta/models/{MODEL}:generateContent"
    assert request.auth == "google"
    assert body["contents"][0]["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": "Zm94"}},
        {"inlineData": {"mimeType": "image/jpeg", "data": "Y2F0"}},
        {"text": "把苹果改成绿色"},
    ]
    assert body["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"]}


def test_shape_and_size_are_sent_only_when_asked(wish):
    request = gemini_api.build(wish(model=MODEL, options={"aspect_ratio": "16:9", "image_size": "2K"}))
    assert body_of(request)["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "2K"}


def test_the_summary_holds_everything_but_bytes(wish, attachment):
    request = gemini_api.build(wish(model=MODEL, operation=Operation.EDIT, images=(attachment(b"12345"),)))
    summary = json.loads(json.dumps(request.summary))
    assert summary["files"] == [{"field": "inlineData", "name": "fox.png", "media_type": "image/png", "size": 5}]
    assert summary["fields"]["text"] == "a fox"


def test_an_answer_is_read(spooled):
    body = said({"text": "Here is "}, picture(), {"text": "your fox."})
    answer = gemini_api.read(*spooled(body))
    (fox,) = answer.pictures
    assert (fox.decode(), fox.media_type, fox.index) == (b"a picture of a fox", "image/png", 0)
    assert (answer.text, answer.model, answer.upstream_id) == ("Here is \nyour fox.", "gemini-3.1", "r-7")
    assert answer.refusal is None
    assert answer.usage == Usage(text_in=10, image_in=1120, text_out=50, image_out=1120, raw=USAGE)
    parts = answer.envelope["candidates"][0]["content"]["parts"]
    assert parts[1]["inlineData"] == {"mimeType": "image/png", "data": {"bytes": 18}}


def test_thoughts_are_not_for_the_person(spooled):
    body = said({"text": "hmm", "thought": True}, picture("dHJ5", thought=True), picture())
    answer = gemini_api.read(*spooled(body))
    assert [one.decode() for one in answer.pictures] == [b"a picture of a fox"]
    assert answer.text == ""


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("SAFETY", "safety"),
        ("IMAGE_SAFETY", "safety"),
        ("PROHIBITED_CONTENT", "prohibited"),
        ("IMAGE_PROHIBITED_CONTENT", "prohibited"),
        ("BLOCKLIST", "blocklist"),
        ("SPII", "personal_data"),
        ("RECITATION", "recitation"),
        ("IMAGE_RECITATION", "recitation"),
        ("NO_IMAGE", "no_image"),
        ("IMAGE_OTHER", "no_image"),
        ("OTHER", "no_image"),
        ("LANGUAGE", "language"),
        ("MAX_TOKENS", "max_tokens"),
        ("STOP", "no_image"),
        ("SOMETHING_NEW", "no_image"),
        (None, "no_image"),
    ],
)
def test_a_reason_to_end_without_a_picture_is_a_refusal_with_its_tokens(spooled, reason, code):
    answer = gemini_api.read(*spooled(said(reason=reason, usage={"promptTokenCount": 9, "candidatesTokenCount": 4})))
    assert (answer.refusal.code, answer.pictures, answer.usage.text_out) == (code, (), 4)
    assert code in OfoxRefused.codes


def test_words_instead_of_a_picture_are_handed_on(spooled):
    refusal = gemini_api.read(*spooled(said({"text": "A fox has\nred fur."}))).refusal
    assert (refusal.code, refusal.detail) == ("text_only", "A fox has red fur.")


def test_the_servers_own_words_come_first(spooled):
    body = said({"text": "hm"}, reason="IMAGE_SAFETY", finishMessage="No foxes here.")
    refusal = gemini_api.read(*spooled(body)).refusal
    assert (refusal.code, refusal.detail) == ("safety", "No foxes here.")


def test_a_blocked_prompt_is_a_refusal(spooled):
    body = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": USAGE}
    answer = gemini_api.read(*spooled(body))
    assert (answer.refusal.code, answer.refusal.detail) == ("prompt_blocked", "PROHIBITED_CONTENT")
    assert answer.usage.text_in == 10


def test_a_picture_is_kept_whatever_the_reason_says(spooled):
    answer = gemini_api.read(*spooled(said(picture(), reason="MAX_TOKENS")))
    assert len(answer.pictures) == 1 and answer.refusal is None


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        ({"promptTokenCount": 9, "candidatesTokenCount": 1140}, Usage()),
        ({**USAGE, "thoughtsTokenCount": None}, Usage(text_in=10, image_in=1120, text_out=20, image_out=1120)),
        ({**USAGE, "candidatesTokenCount": 7}, Usage(text_in=10, image_in=1120, image_out=1120)),
        (
            {**USAGE, "cachedContentTokenCount": 110},
            Usage(text_in=0, cached_text_in=10, image_in=1020, cached_image_in=100, text_out=50, image_out=1120),
        ),
        (
            {**USAGE, "cachedContentTokenCount": 4, "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 4}]},
            Usage(text_in=6, cached_text_in=4, image_in=1120, text_out=50, image_out=1120),
        ),
        ({"promptTokensDetails": [{"modality": "TEXT", "tokenCount": "10"}, 7, {}]}, Usage()),
        ({"promptTokensDetails": "many", "candidatesTokensDetails": {}}, Usage()),
        ("many", Usage()),
    ],
)
def test_tokens_are_split_by_kind_and_the_unknown_stays_unknown(spooled, raw, usage):
    answer = gemini_api.read(*spooled(said(picture(), usage=raw)))
    assert replace(answer.usage, raw=None) == usage


def test_tokens_of_words_alone_are_text(spooled):
    usage = {"candidatesTokenCount": 40, "thoughtsTokenCount": 2}
    answer = gemini_api.read(*spooled(said({"text": "no"}, usage=usage)))
    assert (answer.usage.text_out, answer.usage.image_out) == (42, None)


@pytest.mark.parametrize("body", [b"{}", b'{"candidates": []}', b'{"candidates": 7}', b"[1]"])
def test_an_answer_that_says_nothing_is_garbled(spooled, body):
    with pytest.raises(OfoxGarbled) as caught:
        gemini_api.read(*spooled(body))
    assert caught.value.code == "unexpected_shape"


def test_an_error_is_an_error(spooled):
    body = {"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}
    for status in (200, 400):
        with pytest.raises(OfoxRefused) as caught:
            gemini_api.read(*spooled(body, status=status))
        assert caught.value.code == "bad_request"


def test_a_cut_body_gives_the_pictures_that_arrived_whole(spooled):
    whole = json.dumps(said({"text": 'no "data": "cGFydA=="'}, picture(), picture())).encode()
    path, _ = spooled(whole[: whole.rindex(FOX.encode()) + 3])
    assert [one.decode() for one in gemini_api.salvage(path)] == [b"a picture of a fox"]


NAMES = ["candidates", "content", "parts", "inlineData", "data", "mimeType", "text", "thought", "finishReason"]
MORE_NAMES = ["promptFeedback", "blockReason", "responseId", *USAGE, "modality", "tokenCount", "usageMetadata", "error"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(FOX),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES + MORE_NAMES), inner),
    max_leaves=12,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.fixed_dictionaries({"candidates": st.lists(st.fixed_dictionaries({"content": JSON}) | JSON)}) | JSON)
def test_no_answer_is_too_strange_to_be_read_or_named(spooled, body):
    path, receipt = spooled(json.dumps(body).encode())
    try:
        answer = gemini_api.read(path, receipt)
    except OfoxError as error:
        assert error.code in error.codes
    else:
        assert answer.pictures or answer.refusal
        json.dumps(answer.envelope)
