"""The address for programs, as an ASGI server runs it: the answers of OpenAI's Images API, and its errors."""

import asyncio
import base64
import contextlib
import json
import logging

import httpx
import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from gallery import events
from gallery.models import Budget, Call, Generation, Image, Membership, ModelEntry, Price, RateGate
from gallery.services import generations, keys
from tests.factory import GEMINI, GPT, make_user, picture_bytes
from tests.services.running import KEY, SMALL, side_by_side

pytestmark = pytest.mark.django_db(transaction=True)
STUDIO = get_asgi_application()
PATIENCE = 5  # seconds
FOX = {"model": GPT, "prompt": "A red fox in the snow", **SMALL}


@pytest.fixture(autouse=True)
def watcher(monkeypatch):
    """Each test runs an event loop of its own, so each gets a watcher of its own."""
    monkeypatch.setattr(events, "watcher", events.Watcher())


@pytest.fixture
def key(editor, project):
    return keys.make(editor, project=project, name="Shop")


@pytest.fixture
def secret(key):
    return key[1]


def client(secret=None, **headers):
    if secret:
        headers["authorization"] = f"Bearer {secret}"
    transport = httpx.ASGITransport(STUDIO)
    return httpx.AsyncClient(transport=transport, base_url="http://testserver/api/v1", headers=headers, timeout=None)


async def working(asking):
    """What is asked, while a worker runs what is queued: on a connection of its own, as in another process."""
    async with ThreadSensitiveContext():
        while not asking.done():
            queued = Call.objects.filter(status=Call.Status.QUEUED).values_list("pk", flat=True)
            await sync_to_async(RateGate.objects.update)(closed_until=0)
            await side_by_side(await sync_to_async(list)(queued))
            await asyncio.sleep(0.02)
        await sync_to_async(close_connection)()
    return await asking


def close_connection():
    """In a function, so that it is the connection of the thread that runs it."""
    connection.close()


def send(path, secret=None, *, method="POST", headers=None, **body):
    """The answer to one request, whatever has to run for it."""

    async def go():
        async with client(secret, **(headers or {})) as program:
            return await working(asyncio.create_task(program.request(method, path, **body)))

    return asyncio.run(go())


def generate(secret, headers=None, **fields):
    body = {name: value for name, value in (FOX | fields).items() if value is not None}
    return send("/images/generations", secret, headers=headers, json=body)


def edit(secret, *files, **fields):
    data = {"model": GPT, "prompt": "greener", "quality": "low"} | fields
    return send("/images/edits", secret, data=data, files=[(name, ("a.png", content)) for name, content in files])


def error(response):
    assert response.headers["x-should-retry"] == "false"
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    return response.json()["error"]


# --- what is made --------------------------------------------------------------------------------------------------


def test_the_models_on_offer_are_listed(secret):
    ModelEntry.objects.filter(name=GEMINI).update(is_active=False)
    response = send("/models", secret, method="GET")
    assert response.json() == {
        "object": "list",
        "data": [{"id": GPT, "object": "model", "created": None, "owned_by": "OpenAI"}],
    }


def test_what_is_asked_for_is_kept_and_answered_as_openai_answers(online, key, editor, project):
    response = generate(key[1], n=2, output_format="webp")
    generation, call = Generation.objects.get(), Call.objects.get()
    kept = [storages["originals"].open(image.original_name).read() for image in generation.pictures]
    answer = response.json()
    assert response.status_code == 200
    assert [base64.b64decode(item["b64_json"]) for item in answer["data"]] == kept
    assert len(kept) == 2
    assert (generation.user, generation.project, generation.key) == (editor, project, key[0])
    assert generation.options == SMALL | {"output_format": "webp"}
    assert generation.request_id == response.headers["x-request-id"]
    assert answer["created"] == int(generation.finished_at.timestamp())
    assert answer["usage"] == {
        "input_tokens": call.text_in,
        "input_tokens_details": {"text_tokens": call.text_in, "image_tokens": None},
        "output_tokens": call.image_out,
        "output_tokens_details": {"text_tokens": None, "image_tokens": call.image_out},
        "total_tokens": call.text_in + call.image_out,
    }
    assert answer["studio"] == {
        "generation": generation.pk,
        "url": f"http://testserver/generations/{generation.pk}/",
        "status": "succeeded",
        "message": "",
        "cost_usd": str(call.cost_usd),
        "cost_is_complete": True,
        "estimated_usd": str(generation.estimated_usd),
    }


def test_usage_is_the_sum_over_calls(online, secret):
    usage = generate(secret, model=GEMINI, n=2, size=None, quality=None).json()["usage"]
    calls = Call.objects.all()
    assert len(calls) == 2
    assert usage["output_tokens_details"]["image_tokens"] == sum(call.image_out for call in calls)
    assert usage["total_tokens"] == sum(sum(filter(None, call.tokens.values())) for call in calls)


def test_what_is_unknown_is_null(online, secret):
    Price.objects.all().delete()
    online.faults(["no_usage"])
    answer = generate(secret).json()
    assert len(answer["data"]) == 1
    assert answer["usage"]["total_tokens"] is answer["usage"]["input_tokens"] is None
    assert answer["studio"]["cost_usd"] is answer["studio"]["estimated_usd"] is None
    assert answer["studio"]["cost_is_complete"] is False


def test_the_use_of_a_key_is_noted(key, secret):
    send("/models", secret, method="GET")
    key[0].refresh_from_db()
    assert key[0].last_used_at


def test_a_picture_larger_than_a_chunk_arrives_whole(online, secret):
    generation = generate(secret, size="1024x1024")
    [image] = Image.objects.all()
    assert image.bytes > 2 * 255 * 1024
    [item] = generation.json()["data"]
    assert base64.b64decode(item["b64_json"]) == storages["originals"].open(image.original_name).read()


def test_pictures_brought_along_are_edited_in_order_with_a_mask(online, secret, editor, project):
    first, second, mask = picture_bytes(), picture_bytes(), picture_bytes(colour=(0, 0, 0, 0), mode="RGBA")
    response = edit(secret, ("image[]", first), ("image[]", second), ("mask", mask), n="2")
    generation = Generation.objects.get()
    used = generation.inputs_in_order
    assert response.status_code == 200
    assert (generation.kind, generation.wanted, len(response.json()["data"])) == ("edit", 2, 2)
    assert [one.role for one in used] == ["image", "image", "mask"]
    assert [storages["originals"].open(one.image.original_name).read() for one in used] == [first, second, mask]
    assert {(one.image.user, one.image.project) for one in used} == {(editor, project)}


def test_one_picture_may_be_called_image(online, secret):
    assert edit(secret, ("image", picture_bytes())).status_code == 200


def test_fewer_pictures_than_asked_for_are_an_answer_that_says_so(online, secret):
    online.faults([{"name": "not_a_picture", "k": 1}])
    answer = generate(secret, n=2).json()
    assert len(answer["data"]) == 1
    assert (answer["studio"]["status"], answer["studio"]["message"]) == (
        "partial",
        "What arrived was no picture. It may have been billed. Try again.",
    )


def test_parameters_that_change_nothing_may_be_sent(online, secret):
    response = generate(
        secret,
        response_format="b64_json",
        stream=False,
        partial_images=0,
        moderation="auto",
        output_compression=100,
        n="1",
    )
    assert response.status_code == 200
    assert Generation.objects.get().options == SMALL


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        ({"prompt": " "}, "prompt", "Write what you want to see."),
        ({"prompt": None}, "prompt", "Write what you want to see."),
        ({"prompt": "x" * 32_001}, "prompt", "The prompt is too long: at most 32,000 characters."),
        ({"prompt": "a\0b"}, "prompt", "Null characters are not allowed."),
        ({"prompt": ["a"]}, "prompt", "This must be a text or a number."),
        ({"model": None}, "model", "This field is required."),
        ({"n": 11}, "n", "Choose a number from 1 to 10."),
        ({"n": 0}, "n", "Choose a number from 1 to 10."),
        ({"n": True}, "n", "Choose a number from 1 to 10."),
        ({"n": 10**400}, "n", "Choose a number from 1 to 10."),
        ({"size": "7x7"}, "size", "This model does not offer that. Choose one of the list."),
        ({"quality": "best"}, "quality", "This model does not offer that. Choose one of the list."),
        ({"output_format": "gif"}, "output_format", "This model does not offer that. Choose one of the list."),
        (
            {"background": "transparent", "output_format": "jpeg"},
            "background",
            "A transparent background needs PNG or WebP. Change the format or the background.",
        ),
        ({"aspect_ratio": "1:1"}, "aspect_ratio", "GPT Image 2 has no “Shape” here."),
        ({"stream": True}, "stream", "Answers are not streamed here. Leave this out and wait for the whole answer."),
        ({"partial_images": 2}, "partial_images", "This is not offered here. Leave it out."),
        ({"moderation": "low"}, "moderation", "This is not offered here. Leave it out."),
        ({"output_compression": 50}, "output_compression", "This is not offered here. Leave it out."),
        (
            {"response_format": "url"},
            "response_format",
            "Addresses of pictures open for people who signed in. Ask for b64_json, or leave this out.",
        ),
        ({"project": 7}, "project", "There is no such parameter here. Leave it out."),
        ({"x" * 200: 7}, "x" * 100, "There is no such parameter here. Leave it out."),
    ],
)
def test_what_the_composer_would_not_take_is_refused_with_its_sentence(secret, fields, param, message):
    response = generate(secret, **fields)
    assert response.status_code == 400
    assert error(response) == {
        "message": message,
        "type": "invalid_request_error",
        "param": param,
        "code": "invalid_value",
    }
    assert not Generation.objects.exists()


PICTURE, NO_PICTURE = ("image", picture_bytes()), ("image", b"no picture")
MASK = ("mask", picture_bytes(mode="RGBA"))


@pytest.mark.parametrize(
    ("files", "fields", "param", "message"),
    [
        ([MASK], {}, "image", "Attach the picture to edit."),
        ([PICTURE] * 17, {}, "image", "Too many pictures: this model takes at most 16. Remove some."),
        ([NO_PICTURE], {}, "image", "a.png is no picture the studio can read. Use PNG, JPEG, WebP or GIF."),
        ([PICTURE, ("mask", b"?")], {}, "mask", "a.png is no picture the studio can read. Use PNG, JPEG, WebP or GIF."),
        ([PICTURE, ("face", b"?")], {}, "face", "There is no such parameter here. Leave it out."),
        ([PICTURE], {"quality": "auto"}, "quality", "This model does not offer that. Choose one of the list."),
        ([PICTURE, MASK], {"model": GEMINI, "quality": ""}, "mask", "This model takes no mask. Leave it out."),
        ([PICTURE], {"model": GEMINI}, "quality", "Gemini 3.1 Flash Image has no “Quality” here."),
    ],
)
def test_an_edit_that_cannot_be_is_refused_and_nothing_of_it_is_kept(stored, secret, files, fields, param, message):
    response = edit(secret, *files, **fields)
    assert (response.status_code, error(response)["param"], error(response)["message"]) == (400, param, message)
    assert not (Generation.objects.exists() or Image.objects.exists() or stored())


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"prompt": "\\ud800"}', b'{"prompt": "\xff"}', b'{"n": NaN}', b"[" * 100_000]
)
def test_a_body_that_is_no_object_of_json_is_refused(secret, body):
    response = send("/images/generations", secret, content=body)
    assert (response.status_code, error(response)["code"]) == (400, "unreadable_body")


def test_a_form_that_breaks_off_is_refused(secret):
    headers = {"content-type": "multipart/form-data"}
    response = send("/images/edits", secret, headers=headers, content=b"--x")
    assert (response.status_code, error(response)["code"]) == (400, "unreadable_body")


def test_an_edit_needs_a_form(secret):
    response = send("/images/edits", secret, json=FOX)
    assert (response.status_code, error(response)["param"]) == (400, "image")


def test_too_much_text_is_refused(secret, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024**2
    response = generate(secret, prompt="x" * 1024**2)
    assert (response.status_code, error(response)["message"]) == (413, "That is too much text: at most 1 MB.")


@pytest.mark.parametrize("model", ["dall-e-2", GEMINI])
def test_a_model_that_is_not_on_offer_is_not_found(secret, model):
    ModelEntry.objects.filter(name=GEMINI).update(is_active=False)
    response = generate(secret, model=model)
    assert (response.status_code, error(response)["code"], error(response)["param"]) == (
        404,
        "model_not_found",
        "model",
    )


def test_another_address_is_not_found_in_json(secret):
    response = send("/chat/completions", secret, json={})
    assert response.status_code == 404
    assert "images/generations" in error(response)["message"]


def test_it_is_said_in_the_programs_language(online, secret):
    chinese = {"accept-language": "zh-hans"}
    assert error(generate(secret, chinese, n=11))["message"] == "请选择 1 到 10 之间的数字。"
    assert error(generate(secret, chinese, prompt="A fox [[fault: safety]]"))["message"].startswith("已拒绝")
    assert "密钥" in error(generate("sk-studio-nobody", chinese))["message"]


# --- who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/models", "/images/generations", "/images/edits", "/elsewhere"])
@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer ", "Bearer sk-studio-nobody", "Bearer \xff", "Basic c2s6c2s=", "{secret}"]
)
def test_without_a_key_in_force_nothing_is_said(secret, path, header):
    headers = {"authorization": header.format(secret=secret).encode("latin-1")} if header else {}
    response = send(path, method="GET" if path == "/models" else "POST", headers=headers)
    assert (response.status_code, error(response)["code"]) == (401, "invalid_api_key")
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_revoked_key_opens_nothing(key, editor):
    keys.revoke(editor, key[0])
    assert generate(key[1]).status_code == 401


def test_the_key_of_somebody_who_left_opens_nothing(editor, secret):
    type(editor).objects.update(is_active=False)
    assert generate(secret).status_code == 401


def test_a_session_counts_for_nothing(browse, editor):
    browser = browse(editor)
    for path in ("images/generations", "images/edits"):
        assert browser.post(f"/api/v1/{path}", FOX).status_code == 401
    assert browser.get("/api/v1/models").status_code == 401


def test_a_key_needs_no_token_against_forged_forms(browse, secret):
    strict = browse(enforce_csrf_checks=True)
    headers = {"authorization": f"Bearer {secret}"}
    response = strict.post("/api/v1/images/generations", {}, content_type="application/json", headers=headers)
    assert response.json()["error"]["param"] == "model"


@pytest.mark.parametrize("change", ["viewer", "gone", "archived"])
def test_who_may_not_create_in_the_keys_project_any_more_is_refused(secret, project, change):
    if change == "viewer":
        Membership.objects.update(role="viewer")
    elif change == "gone":
        Membership.objects.all().delete()
    else:
        type(project).objects.update(archived_at=timezone.now())
    response = generate(secret)
    assert (response.status_code, error(response)["type"]) == (403, "permission_error")
    assert not Generation.objects.exists()


@pytest.mark.parametrize("scope", ["project", "key"])
def test_what_goes_beyond_a_budget_is_refused_with_its_sentence(secret, key, project, scope):
    of = {"project": project} if scope == "project" else {"key": key[0]}
    Budget.objects.create(scope=scope, hard_usd="0.001", **of)
    response = generate(secret)
    told = error(response)
    assert (response.status_code, told["type"], told["code"]) == (429, "insufficient_quota", "insufficient_quota")
    assert told["message"].startswith("This would cost about $0.00")
    assert not (Generation.objects.exists() or Call.objects.exists())


# --- how it ends ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "type", "code"),
    [
        ("safety", 400, "image_generation_user_error", "moderation_blocked"),
        ("400", 400, "invalid_request_error", "bad_request"),
        ("404", 404, "not_found_error", "model_not_found"),
        ("401", 502, "upstream_error", "not_authenticated"),
        ("429", 429, "rate_limit_error", "rate_limit_exceeded"),
        ("503", 503, "service_unavailable", "unavailable"),
        ("504", 502, "upstream_error", "proxy_timeout"),
        ("drop", 502, "upstream_error", "no_answer"),
        ("html", 502, "upstream_error", "not_json"),
    ],
)
def test_a_failure_is_the_error_that_it_would_be_at_openai(online, secret, fault, status, type, code):
    response = generate(secret, prompt=f"A fox [[fault: {fault}]]")
    generation = Generation.objects.get()
    told = error(response)
    assert (response.status_code, told["type"], told["code"]) == (status, type, code)
    assert told["message"].startswith(str(generation.sentence))
    assert response.json()["studio"]["generation"] == generation.pk


def test_one_that_may_have_been_billed_says_so(online, secret):
    response = generate(secret, prompt="A fox [[fault: drop]]")
    assert "It may have been billed." in error(response)["message"]
    assert response.json()["studio"]["cost_is_complete"] is False


def test_one_that_a_person_cancels_is_a_conflict(secret):
    async def cancel_meanwhile():
        async with client(secret) as program:
            asking = asyncio.create_task(program.post("/images/generations", json=FOX))
            while not (generation := await events.aside(Generation.objects.first)):
                await asyncio.sleep(0.02)
            await events.aside(generations.cancel_generation, generation)
            return await asyncio.wait_for(asking, PATIENCE)

    response = asyncio.run(cancel_meanwhile())
    assert (response.status_code, error(response)["code"]) == (409, "cancelled")
    assert error(response)["message"] == "Cancelled. Nothing was sent."


def test_a_mistake_of_our_own_is_json_too(secret):
    ModelEntry.objects.update(abilities={})
    response = send("/models", secret, method="GET")
    assert (response.status_code, error(response)["type"]) == (500, "internal_error")


def test_pictures_that_the_storage_lost_are_no_broken_answer(online, secret, stored):
    headers = {"idempotency-key": "order 7"}
    generate(secret, headers)
    for file in stored():
        file.unlink()
    response = generate(secret, headers)
    assert (response.status_code, error(response)["code"]) == (404, "pictures_gone")


def test_of_a_program_that_goes_away_the_generation_goes_on(online, secret):
    body = json.dumps(FOX).encode()
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/api/v1/images/generations"}
    headers = [(b"host", b"testserver"), (b"authorization", f"Bearer {secret}".encode())]

    async def go_away():
        asking = ApplicationCommunicator(STUDIO, scope | {"query_string": b"", "headers": headers})
        await asking.send_input({"type": "http.request", "body": body})
        while not (events.watcher.listeners and await events.aside(Generation.objects.exists)):
            await asyncio.sleep(0.02)
        await asking.send_input({"type": "http.disconnect"})
        with contextlib.suppress(asyncio.CancelledError):
            await asking.wait(PATIENCE)
        assert not events.watcher.listeners
        generation = await events.aside(Generation.objects.get)
        await working(asyncio.create_task(events.ended(generation.pk)))

    asyncio.run(go_away())
    generation = Generation.objects.get()
    assert (generation.status, generation.images.count()) == ("succeeded", 1)


# --- the same again ------------------------------------------------------------------------------------------------


def test_the_same_idempotency_key_is_the_same_generation_and_paid_once(online, secret, project):
    headers = {"idempotency-key": "order 7"}
    first = generate(secret, headers)
    Budget.objects.create(scope="project", project=project, hard_usd="0.000001")
    second = generate(secret, headers)
    assert second.json() == first.json()
    assert Generation.objects.count() == online.ledger()["received"] == 1


def test_two_at_once_with_the_same_idempotency_key_are_one_generation(online, secret):
    async def twice():
        async with client(secret, **{"idempotency-key": "order 7"}) as program:
            both = asyncio.gather(*(program.post("/images/generations", json=FOX) for _ in range(2)))
            return await working(asyncio.ensure_future(both))

    first, second = asyncio.run(twice())
    assert (first.status_code, first.json()) == (200, second.json())
    assert Generation.objects.count() == online.ledger()["received"] == 1


@pytest.mark.parametrize("change", [{"prompt": "An owl"}, {"n": 2}, {"quality": "high"}, {"model": GEMINI}])
def test_an_idempotency_key_is_for_one_wish(online, secret, change):
    headers = {"idempotency-key": "order 7"}
    generate(secret, headers)
    response = generate(secret, headers, **change)
    assert (response.status_code, error(response)["code"]) == (422, "idempotency_key_reused")
    assert Generation.objects.count() == 1


def test_an_idempotency_key_is_each_keys_own(online, secret, editor, project):
    headers = {"idempotency-key": "order 7"}
    _other, others_secret = keys.make(editor, project=project, name="Other shop")
    assert generate(secret, headers).json()["studio"] != generate(others_secret, headers).json()["studio"]
    assert Generation.objects.count() == 2


def test_an_idempotency_key_has_an_end(secret):
    assert generate(secret, {"idempotency-key": "x" * 256}).status_code == 400


# --- secrets -------------------------------------------------------------------------------------------------------


def test_no_secret_is_in_a_log_or_an_error(online, secret, caplog):
    caplog.set_level(logging.DEBUG)
    responses = [
        generate(secret),
        generate(secret, n=99),
        generate(secret, prompt="A fox [[fault: 401]]"),
        generate(secret[:-1]),
        edit(secret, ("image", b"")),
    ]
    ModelEntry.objects.update(abilities={})
    responses.append(send("/models", secret, method="GET"))
    written = caplog.text + "".join(response.text + str(response.headers) for response in responses)
    assert "a program's request failed" in written
    assert secret[:-1] not in written
    assert KEY not in written


def test_somebody_elses_token_cannot_be_told_beforehand(online, key, stranger):
    """It is made from the hash of the secret, and not from what others see of a key."""
    generate(key[1], {"idempotency-key": "order 7"})
    token = Generation.objects.get().token
    other = keys.make(make_user(), project=key[0].project, name="Shop")
    generate(other[1], {"idempotency-key": "order 7"})
    assert list(Generation.objects.filter(token=token)) == [Generation.objects.first()]
