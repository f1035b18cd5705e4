"""From the wish to the kept picture, in both protocols."""

import base64
import hashlib
import json
from decimal import Decimal

import pytest
from django.core.files.storage import storages

from gallery.models import Price
from gallery.models.generations import Kind
from tests.factory import GEMINI, GPT, make_image, picture_bytes

from .running import KEY, SMALL, brought, made

pytestmark = pytest.mark.django_db


def digests(generation):
    return [image.sha256 for image in generation.pictures]


def sent_fields(request):
    return json.loads(request.content)


def test_four_pictures_of_gpt_are_one_call(online):
    generation = made(wanted=4)
    assert (generation.status, generation.calls.count(), len(generation.pictures)) == ("succeeded", 1, 4)
    assert online.ledger()["sums"]["pictures"] == 4


def test_four_pictures_of_gemini_are_four_calls(online):
    generation = made(model=GEMINI, wanted=4)
    assert (generation.status, generation.calls.count(), len(generation.pictures)) == ("succeeded", 4, 4)
    assert [call.position for call in generation.calls.all()] == [0, 1, 2, 3]


def test_calls_of_one_generation_are_out_at_the_same_time(online):
    online.faults([{"name": "slow", "seconds": 0.2, "times": 2}])
    calls = made(model=GEMINI, wanted=2).calls.all()
    assert max(call.sent_at for call in calls) < min(call.finished_at for call in calls)


def test_a_file_is_kept_byte_for_byte_as_it_came(recorder):
    generation = made(wanted=2)
    sent = [base64.b64decode(item["b64_json"]) for item in json.loads(recorder.bodies[0])["data"]]
    assert digests(generation) == [hashlib.sha256(picture).hexdigest() for picture in sent]
    kept = [storages["originals"].open(image.original_name).read() for image in generation.pictures]
    assert kept == sent


def test_a_file_of_gemini_is_kept_byte_for_byte_as_it_came(recorder):
    generation = made(model=GEMINI, attached=[make_image()])
    [_text, part] = json.loads(recorder.bodies[0])["candidates"][0]["content"]["parts"]
    [image] = generation.pictures
    assert storages["originals"].open(image.original_name).read() == base64.b64decode(part["inlineData"]["data"])


def test_options_go_out_as_chosen_and_stay(recorder):
    options = SMALL | {"output_format": "webp", "background": "transparent"}
    generation = made(wanted=2, options=options)
    assert sent_fields(recorder.requests[0]) == options | {"model": GPT, "prompt": generation.prompt, "n": 2}
    assert generation.calls.get().sent["fields"] == sent_fields(recorder.requests[0])
    assert {(image.format, image.has_alpha) for image in generation.pictures} == {("webp", True)}


def test_gemini_is_never_sent_a_number(recorder):
    made(model=GEMINI, wanted=2)
    assert all("n" not in sent_fields(request) for request in recorder.requests)


STREAMED = SMALL | {"stream": True, "partial_images": 2}


def test_a_streamed_answer_is_kept_like_any_other(recorder, online):
    generation = made(wanted=2, options=STREAMED)
    call = generation.calls.get()
    [told] = [entry["usage"] for entry in online.ledger()["answered"]]
    assert sent_fields(recorder.requests[0])["stream"] is True
    assert (generation.status, generation.images.count()) == ("succeeded", 2)
    assert (call.text_in, call.image_out) == (told["text_in"], told["image_out"])
    assert call.cost_usd > 0


def test_a_model_that_refuses_to_stream_is_asked_without(recorder, online):
    online.faults(["stream_refused"])
    generation = made(options=STREAMED)
    assert generation.status == "succeeded"
    assert [call.status for call in generation.calls.all()] == ["refused", "answered"]
    assert ["stream" in sent_fields(request) for request in recorder.requests] == [True, False]


def test_a_stream_that_breaks_off_keeps_the_pictures_that_were_complete(online):
    online.faults(["cut_between"])
    generation = made(wanted=4, options=STREAMED)
    assert (generation.status, generation.error_code, generation.images.count()) == ("partial", "cut_body", 2)


def test_tokens_come_from_the_answer_and_agree_with_the_sandbox(online):
    call = made(wanted=2, attached=[make_image()]).calls.get()
    [told] = [entry["usage"] for entry in online.ledger()["answered"]]
    assert call.tokens == {
        "text_in": told["text_in"],
        "image_in": told["image_in"],
        "image_out": told["image_out"],
        "text_out": None,
        "cached_text_in": None,
        "cached_image_in": None,
    }
    assert call.raw_usage["output_tokens"] == told["image_out"]


def test_tokens_of_gemini_are_split_into_words_and_pictures(online):
    call = made(model=GEMINI, attached=[make_image()]).calls.get()
    [told] = [entry["usage"] for entry in online.ledger()["answered"]]
    assert {kind: call.tokens[kind] for kind in told} == told
    assert told["text_out"] and told["image_out"] and told["image_in"]
    assert call.raw_usage["totalTokenCount"] == sum(told.values())


def test_a_call_is_costed_with_the_price_of_its_moment(online):
    call = made(wanted=2).calls.get()
    price = Price.objects.get(model=GPT)
    assert call.price == price
    dollars = call.text_in * price.text_in + call.image_out * price.image_out
    assert call.cost_usd == (dollars / 1_000_000).quantize(Decimal("0.000001"))


def test_a_new_price_does_not_touch_an_old_call(online):
    before = made().calls.get()
    Price.objects.create(model=GPT, text_in=1000, image_in=1000, image_out=1000)
    after = made().calls.get()
    cost = before.cost_usd
    before.refresh_from_db()
    assert before.cost_usd == cost
    assert after.cost_usd > cost


def test_the_cost_is_unknown_without_a_price_and_never_zero(online):
    Price.objects.all().delete()
    generation = made()
    assert generation.status == "succeeded"
    assert generation.cost_usd is None
    assert not generation.cost_is_complete


@pytest.mark.parametrize("model", [GPT, GEMINI])
def test_the_ledger_keeps_what_the_gateway_said(online, model):
    call = made(model=model, attached=[make_image()]).calls.get()
    assert call.status == "answered"
    assert call.http_status == 200
    assert call.upstream_id
    assert call.model_returned in model
    assert call.headers["x-ratelimit-limit-requests"]
    assert call.sent_at <= call.finished_at
    assert call.answer


def test_the_ledger_holds_no_picture_bytes(online):
    call = made(attached=[make_image()]).calls.get()
    assert len(json.dumps(call.answer)) < 2000
    assert call.answer["data"][0]["b64_json"]["bytes"] == call.images.get().bytes
    assert call.sent["files"][0]["size"]


@pytest.mark.parametrize(("number", "field"), [(1, 'name="image"'), (3, 'name="image[]"')])
def test_an_edit_sends_its_pictures_in_order(recorder, number, field):
    images = [make_image() for _ in range(number)]
    generation = made(attached=images)
    body = recorder.requests[0].content
    places = [body.index(storages["originals"].open(image.original_name).read()) for image in images]
    assert places == sorted(places)
    assert body.count(field.encode()) == number
    assert (generation.kind, generation.status) == (Kind.EDIT, "succeeded")


def test_a_mask_goes_out_as_a_mask(recorder):
    mask = brought(picture_bytes(colour=(0, 0, 0, 0), mode="RGBA"))
    generation = made(attached=[make_image()], mask=mask)
    assert generation.status == "succeeded"
    assert b'name="mask"; filename="mask.png"' in recorder.requests[0].content
    assert [used.role for used in generation.inputs_in_order] == ["image", "mask"]


def test_gemini_edits_natively_with_the_pictures_before_the_words(recorder):
    images = [make_image(), make_image()]
    generation = made(model=GEMINI, prompt="把苹果改成绿色,其他保持不变", attached=images)
    [request] = recorder.requests
    *pictures, words = sent_fields(request)["contents"][0]["parts"]
    assert request.url.path == f"/gemini/v1beta/models/{GEMINI}:generateContent"
    assert request.headers["x-goog-api-key"] == KEY
    sent = [hashlib.sha256(base64.b64decode(part["inlineData"]["data"])).hexdigest() for part in pictures]
    assert sent == [image.sha256 for image in images]
    assert words == {"text": "把苹果改成绿色,其他保持不变"}
    assert generation.status == "succeeded"


def test_what_came_is_compared_with_what_was_asked(online):
    online.faults(["wrong_size"])
    [image] = made(options=SMALL | {"output_format": "png", "background": "transparent"}).pictures
    assert image.differs == ["size", "format", "background"]
    assert (image.width, image.height, image.format) == (640, 448, "jpeg")


def test_nothing_stays_in_the_spool_after_the_end(online, settings):
    made(attached=[make_image()])
    assert list(settings.SPOOL_DIR.iterdir()) == []
