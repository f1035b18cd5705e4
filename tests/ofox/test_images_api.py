import base64
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery.ofox import images_api
from gallery.ofox.errors import OfoxBusy, OfoxError, OfoxGarbled, OfoxRefused, OfoxSilent
from gallery.ofox.messages import Answer, Operation, Usage

FOX, CAT = (base64.b64encode(animal).decode() for animal in (b"a picture of a fox", b"a picture of a cat"))
USAGE = {"input_tokens": 14, "input_tokens_details": {"text_tokens": 14}, "output_tokens": 208, "total_tokens": 222}
ANSWER = {
    "created": 1777385517,
    "data": [{"b64_json": FOX, "index": 0}, {"b64_json": CAT, "index": 1}],
    "model": "openai/gpt-image-2",
    "size": "1024x1024",
    "quality": "low",
    "output_format": "webp",
    "usage": USAGE,
}
FULL_USAGE = {
    "input_tokens": 1041,
    "input_tokens_details": {
        "text_tokens": 17,
        "image_tokens": 1024,
        "cached_tokens": 1000,
        "cached_tokens_details": {"text_tokens": 7, "image_tokens": 993},
    },
    "output_tokens": 358,
    "output_tokens_details": {"image_tokens": 350, "text_tokens": 8},
}


def decoded(pictures):
    return [picture.decode() for picture in pictures]


def known(usage):
    return replace(usage, raw=None)


def event(kind, **data):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n"


def stream(*events):
    return "".join(events).encode()


def test_a_generation_is_json_with_exactly_what_was_asked(wish):
    request = images_api.build(wish(prompt="狐狸 🦊", options={"n": 2, "stream": True, "size": "auto"}))
    sent = {"model": "openai/gpt-image-2", "prompt": "狐狸 🦊", "n": 2, "stream": True, "size": "auto"}
    assert (request.url_path, request.auth) == ("/v1/images/generations", "bearer")
    assert json.loads(b"".join(request.json)) == sent
    assert request.summary == {"path": "/v1/images/generations", "fields": sent}


def test_one_picture_to_edit_is_sent_as_image(wish, attachment):
    edit = wish(operation=Operation.EDIT, images=(attachment(name='../"x"\r\n.png'),), options={"stream": True, "n": 1})
    request = images_api.build(edit)
    assert request.url_path == "/v1/images/edits"
    assert [(field, file.name) for field, file in request.files] == [("image", "image-1.png")]
    assert request.data == (("model", "openai/gpt-image-2"), ("prompt", "a fox"), ("stream", "true"), ("n", "1"))


def test_several_pictures_are_sent_as_a_list_and_the_mask_last(wish, attachment):
    images = (attachment(), attachment(b"12345", media_type="image/jpeg"))
    request = images_api.build(wish(operation=Operation.EDIT, images=images, mask=attachment()))
    names = [(field, file.name) for field, file in request.files]
    assert names == [("image[]", "image-1.png"), ("image[]", "image-2.jpg"), ("mask", "mask.png")]
    second = {"field": "image[]", "name": "image-2.jpg", "media_type": "image/jpeg", "size": 5}
    assert json.loads(json.dumps(request.summary))["files"][1] == second


def test_an_answer_is_read(spooled):
    answer = images_api.read(*spooled(ANSWER, **{"x-request-id": "req-7"}))
    assert decoded(answer.pictures) == [b"a picture of a fox", b"a picture of a cat"]
    assert [picture.index for picture in answer.pictures] == [0, 1]
    assert {picture.media_type for picture in answer.pictures} == {"image/webp"}
    assert (answer.model, answer.created, answer.upstream_id) == ("openai/gpt-image-2", 1777385517, "req-7")
    assert answer.reported == {"size": "1024x1024", "quality": "low", "output_format": "webp"}
    assert answer.usage == Usage(text_in=14, image_out=208, raw=USAGE)


def test_the_envelope_is_everything_but_the_pictures(spooled):
    envelope = images_api.read(*spooled(ANSWER)).envelope
    items = [{"b64_json": {"bytes": 18}, "index": 0}, {"b64_json": {"bytes": 18}, "index": 1}]
    assert envelope == {**ANSWER, "data": items}


def test_an_endless_envelope_is_left_out_but_for_its_usage(spooled):
    envelope = images_api.read(*spooled({**ANSWER, "extra": ["x" * 4000] * 100})).envelope
    assert envelope["usage"] == USAGE
    assert len(json.dumps(envelope)) < 1000


def test_a_long_text_is_cut_in_the_envelope(spooled):
    body = {**ANSWER, "data": [{"b64_json": FOX, "revised_prompt": "fox " * 8000}]}
    envelope = images_api.read(*spooled(body)).envelope
    assert envelope["data"][0]["revised_prompt"] == "fox " * 1000


def test_pictures_alone_are_an_answer(spooled):
    answer = images_api.read(*spooled({"data": [{"b64_json": FOX}]}))
    assert decoded(answer.pictures) == [b"a picture of a fox"]
    assert (answer.usage, answer.model, answer.upstream_id, answer.created) == (Usage(), None, None, None)


def test_a_broken_picture_does_not_spoil_the_others(spooled):
    items = [{"b64_json": "a broken fox!"}, None, {"b64_json": None}, {"b64_json": CAT}]
    broken, whole = images_api.read(*spooled({"data": items})).pictures
    assert (broken.index, whole.index) == (0, 3)
    assert whole.decode() == b"a picture of a cat"
    with pytest.raises(OfoxGarbled):
        broken.decode()


def test_what_a_database_cannot_store_does_not_cost_the_picture(spooled):
    body = b'{"note": "nul \\u0000", "huge": 1e999, "data": [{"b64_json": "%b"}]}' % FOX.encode()
    answer = images_api.read(*spooled(body))
    assert decoded(answer.pictures) == [b"a picture of a fox"]
    assert "\0" not in str(answer.envelope) and answer.envelope["note"] == "nul \ufffd"
    json.dumps(answer.envelope).encode()


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        (FULL_USAGE, Usage(text_in=10, cached_text_in=7, image_in=31, cached_image_in=993, text_out=8, image_out=350)),
        (USAGE, Usage(text_in=14, image_out=208)),
        ({"input_tokens": 14, "output_tokens": 208}, Usage(image_out=208)),
        ({"input_tokens_details": {"text_tokens": 9, "cached_tokens": 0}}, Usage(text_in=9, cached_text_in=0)),
        (
            {"input_tokens_details": {"text_tokens": 9, "image_tokens": 20, "cached_tokens": 12}},
            Usage(text_in=0, cached_text_in=9, image_in=17, cached_image_in=3),
        ),
        (
            {"input_tokens_details": {"text_tokens": 9, "image_tokens": 20, "cached_tokens": 5}},
            Usage(text_in=4, cached_text_in=5, image_in=20, cached_image_in=0),
        ),
        ({"input_tokens_details": {"text_tokens": "14"}, "output_tokens": -3}, Usage()),
        ({"input_tokens_details": {"text_tokens": True}, "output_tokens": 2.5}, Usage()),
        ({"input_tokens_details": {"text_tokens": 10**12}, "output_tokens": None}, Usage()),
        ({"input_tokens_details": {"cached_tokens": 5}}, Usage()),
        ({"input_tokens_details": "many", "output_tokens_details": []}, Usage()),
        ("many", Usage()),
        (None, Usage()),
    ],
)
def test_tokens_are_split_by_kind_and_the_unknown_stays_unknown(spooled, raw, usage):
    assert known(images_api.read(*spooled({**ANSWER, "usage": raw})).usage) == usage


def test_a_stream_gives_its_completed_pictures_and_the_sum_of_their_tokens(spooled):
    body = stream(
        ": hello\n\n",
        event("image_generation.partial_image", b64_json="cGFydA==", partial_image_index=0),
        event("image_generation.completed", b64_json=FOX, usage=USAGE, size="1024x1024", output_format="png"),
        event("image_generation.completed", b64_json=CAT, usage=USAGE, created_at=7),
        "data: [DONE]\n\n",
    )
    answer = images_api.read(*spooled(body, **{"content-type": "text/event-stream"}))
    assert decoded(answer.pictures) == [b"a picture of a fox", b"a picture of a cat"]
    assert answer.pictures[0].media_type == "image/png"
    assert known(answer.usage) == Usage(text_in=28, image_out=416)
    assert answer.envelope["events"][0]["b64_json"] == {"bytes": 4}


@pytest.mark.parametrize("change", [lambda body: body.replace(b"\n", b"\r\n"), bytes.rstrip, lambda body: b"\n" + body])
def test_a_streams_line_ends_do_not_matter(spooled, change):
    body = change(stream(event("image_edit.completed", b64_json=FOX), event("image_edit.completed", b64_json=CAT)))
    assert decoded(images_api.read(*spooled(body)).pictures) == [b"a picture of a fox", b"a picture of a cat"]


def test_an_event_may_have_its_name_outside_and_its_data_on_several_lines(spooled):
    body = f'event: image_generation.completed\ndata: {{"b64_json":\ndata:"{FOX}"}}\n\n'.encode()
    assert decoded(images_api.read(*spooled(body)).pictures) == [b"a picture of a fox"]


def test_an_event_may_have_its_name_inside_only(spooled):
    body = event("image_generation.completed", b64_json=FOX).partition("\n")[2].encode()
    assert decoded(images_api.read(*spooled(body)).pictures) == [b"a picture of a fox"]


def test_a_stream_that_ends_in_an_error_means_that_error(spooled):
    refused = {"error": {"type": "image_generation_user_error", "code": "moderation_blocked", "message": "no foxes"}}
    with pytest.raises(OfoxRefused) as caught:
        images_api.read(*spooled(stream(event("error", **refused))))
    assert (caught.value.code, caught.value.detail) == ("safety", "no foxes")


def test_an_error_late_in_a_stream_leaves_the_pictures_before_it(spooled):
    late = event("error", error={"type": "internal_error"})
    answer = images_api.read(*spooled(stream(event("image_generation.completed", b64_json=FOX), late)))
    assert decoded(answer.pictures) == [b"a picture of a fox"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_body"),
        (b" \n", "empty_body"),
        (b"<html><title>Hello</title></html>", "not_json"),
        (b'{"data": [', "not_json"),
        (b'{"data": [' + b"[" * 100_000, "not_json"),
        (b'{"x": ' * 50 + b"1" + b"}" * 50, "not_json"),
        (b"[1]", "unexpected_shape"),
        (b'{"images": []}', "unexpected_shape"),
        (b'{"data": {}}', "unexpected_shape"),
        (b'{"data": []}', "no_image"),
        (b'{"data": [{"url": "https://example.com/fox.png"}]}', "no_image"),
        (b"event: ping\ndata: {}\n\n", "no_image"),
        (b"data: [DONE]\n\n", "unexpected_shape"),
    ],
)
def test_an_answer_without_pictures_is_garbled(spooled, body, code):
    with pytest.raises(OfoxGarbled) as caught:
        images_api.read(*spooled(body))
    assert (caught.value.code, caught.value.status) == (code, 200)


def test_tokens_of_an_answer_without_pictures_are_not_lost(spooled):
    with pytest.raises(OfoxGarbled) as caught:
        images_api.read(*spooled({"data": [], "usage": USAGE}))
    assert caught.value.answer.usage.image_out == 208


def test_an_error_inside_a_success_is_an_error(spooled):
    with pytest.raises(OfoxBusy):
        images_api.read(*spooled({"error": {"type": "upstream_error", "message": "later"}}))


def test_any_other_status_means_its_error(spooled):
    with pytest.raises(OfoxBusy) as caught:
        images_api.read(*spooled(b"", status=429, **{"retry-after": "7"}))
    assert caught.value.retry_after == 7


def test_a_cut_body_is_not_read_but_salvaged(spooled):
    whole = json.dumps(ANSWER).encode()
    path, receipt = spooled(whole[: whole.index(CAT.encode()) + 5], complete=False)
    with pytest.raises(OfoxSilent):
        images_api.read(path, receipt)
    assert decoded(images_api.salvage(path)) == [b"a picture of a fox"]


def test_pictures_are_salvaged_from_json_that_is_none(spooled):
    path, receipt = spooled(b'{"half an emoji": "\\ud83d", "data": [{"b64_json": "%b"}]}' % FOX.encode())
    with pytest.raises(OfoxGarbled):
        images_api.read(path, receipt)
    assert decoded(images_api.salvage(path)) == [b"a picture of a fox"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
@pytest.mark.parametrize(
    "whole",
    [
        json.dumps(ANSWER).encode(),
        stream(
            event("image_generation.partial_image", b64_json="cGFydA=="),
            event("image_generation.completed", b64_json=FOX),
            event("image_generation.completed", b64_json=CAT),
        ),
    ],
    ids=["json", "stream"],
)
def test_wherever_a_body_breaks_only_whole_pictures_are_salvaged(spooled, whole, data):
    path, _ = spooled(whole[: data.draw(st.integers(0, len(whole)))])
    animals = [b"a picture of a fox", b"a picture of a cat"]
    salvaged = decoded(images_api.salvage(path))
    assert salvaged == animals[: len(salvaged)]


NAMES = [*ANSWER, *USAGE, "b64_json", "error", "id"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(FOX),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=12,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(JSON)
def test_no_answer_is_too_strange_to_be_read_or_named(spooled, body):
    path, receipt = spooled(json.dumps(body).encode())
    try:
        answer = images_api.read(path, receipt)
    except OfoxError as error:
        assert error.code in error.codes
    else:
        assert isinstance(answer, Answer) and answer.pictures
        json.dumps(answer.envelope)
