"""Every failure the sandbox can be told to show is seen on the wire as it would come from Ofox."""

import base64
import contextlib
import io
import threading
import time

import httpx
import pytest
from PIL import Image

from gallery.sandbox import faults
from gallery.sandbox.faults import NAMES, STATUSES
from gallery.sandbox.server import SandboxServer


def pictures(answer):
    """How many of an answer's pictures a strict reader can open."""
    return sum(is_picture(entry["b64_json"]) for entry in answer.json()["data"])


def is_picture(encoded):
    try:
        Image.open(io.BytesIO(base64.b64decode(encoded, validate=True))).load()
    except (ValueError, OSError, Image.DecompressionBombError):
        return False
    return True


@pytest.mark.parametrize("status", sorted(STATUSES))
def test_a_status_is_answered_in_the_shape_of_each_protocol(caller, sandbox, status):
    sandbox.faults([status, status])
    assert caller.generate().status_code == int(status)
    answer = caller.content()
    assert (answer.status_code, answer.json()["error"]["code"]) == (int(status), int(status))
    assert caller.generate().status_code == 200


def test_a_429_names_the_time_to_wait_only_if_told_to(caller, sandbox):
    sandbox.faults([{"name": "429", "retry_after": 7}, "429"])
    assert caller.generate().headers["retry-after"] == "7"
    assert "retry-after" not in caller.generate().headers


def test_the_queue_lets_a_call_pass_and_repeats_a_fault(caller, sandbox):
    sandbox.faults(["ok", {"name": "503", "times": 2}])
    assert [caller.generate().status_code for _ in range(4)] == [200, 503, 503, 200]


def test_an_unknown_fault_is_not_queued(caller, sandbox):
    with pytest.raises(httpx.HTTPStatusError):
        sandbox.faults(["earthquake"])
    assert caller.generate(prompt="x [[fault: earthquake]]").status_code == 400


def test_a_prompt_carries_its_own_fault_for_so_many_calls(caller):
    prompt = "a fox [[fault: 500 times=2]]"
    assert [caller.generate(prompt=prompt).status_code for _ in range(3)] == [500, 500, 200]
    assert caller.generate().status_code == 200


@pytest.mark.parametrize("name", ["drop", "cut_body", "cut_between"])
def test_a_connection_closes_before_the_answer_is_whole(caller, sandbox, name):
    sandbox.faults([name])
    with pytest.raises(httpx.RemoteProtocolError):
        caller.generate(n=4)
    assert [entry["n"] for entry in sandbox.ledger()["unanswered"]] == [4]
    assert sandbox.ledger()["sums"]["calls"] == 0


@pytest.mark.parametrize("stream", [False, True])
def test_cut_between_leaves_two_whole_pictures(caller, sandbox, stream):
    sandbox.faults(["cut_between"])
    received = b""
    body = {"model": "openai/gpt-image-2", "prompt": "a fox", "size": "256x256", "n": 4, "stream": stream}
    with (
        pytest.raises(httpx.RemoteProtocolError),
        caller.http.stream("POST", "/v1/images/generations", json=body) as answer,
    ):
        for chunk in answer.iter_bytes():
            received += chunk
    whole = [piece.split(b'"')[0] for piece in received.split(b'"b64_json":"')[1:] if b'"' in piece]
    assert [is_picture(encoded) for encoded in whole] == [True, True]


@pytest.mark.parametrize(
    ("fault", "reason"), [({"name": "hang"}, "hang"), ({"name": "slow", "seconds": 200}, "client left")]
)
def test_a_call_whose_client_gives_up_is_never_answered(caller, sandbox, fault, reason):
    sandbox.faults([fault])
    body = {"model": "openai/gpt-image-2", "prompt": "x", "size": "256x256"}
    with pytest.raises(httpx.ReadTimeout):
        caller.http.post("/v1/images/generations", json=body, timeout=0.1)
    deadline = time.monotonic() + 5
    while not sandbox.ledger()["unanswered"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [entry["reason"] for entry in sandbox.ledger()["unanswered"]] == [reason]


def test_the_server_stops_at_once_even_with_a_call_in_the_air():
    with SandboxServer() as server, httpx.Client(base_url=server.url, trust_env=False, verify=False) as client:
        server.faults(["hang"])
        body = {"model": "openai/gpt-image-2", "prompt": "x"}
        thread = threading.Thread(target=_swallow, args=(client, body))
        thread.start()
        deadline = time.monotonic() + 5
        while not server.ledger()["received"] and time.monotonic() < deadline:
            time.sleep(0.01)
        began = time.monotonic()
        server.__exit__()
        assert time.monotonic() - began < 3
        thread.join()


def _swallow(client, body):
    with contextlib.suppress(httpx.HTTPError):
        client.post("/v1/images/generations", json=body, headers={"authorization": "Bearer any"})


def test_a_slow_call_takes_its_seconds(caller, sandbox):
    sandbox.faults([{"name": "slow", "seconds": 0.2}])
    began = time.monotonic()
    assert caller.generate().status_code == 200
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("name", ["bad_base64", "not_a_picture", "bomb"])
@pytest.mark.parametrize(("k", "good"), [(1, 2), (3, 0)])
def test_the_last_k_pictures_are_spoiled(caller, sandbox, name, k, good):
    sandbox.faults([{"name": name, "k": k}])
    answer = caller.generate(n=3)
    assert (len(answer.json()["data"]), pictures(answer)) == (3, good)


def test_the_bomb_declares_forty_thousand_pixels_a_side(caller, sandbox):
    sandbox.faults(["bomb"])
    data = base64.b64decode(caller.generate().json()["data"][0]["b64_json"])
    assert len(data) < 1000
    assert int.from_bytes(data[16:20], "big") == int.from_bytes(data[20:24], "big") == 40_000


def test_safety_refuses_in_both_protocols(caller, sandbox):
    sandbox.faults(["safety", "safety"])
    assert caller.generate().json()["error"]["code"] == "moderation_blocked"
    answer = caller.content().json()
    assert answer["promptFeedback"]["blockReason"] == "PROHIBITED_CONTENT"
    assert "candidates" not in answer


def test_no_image_is_an_answer_without_pictures(caller, sandbox):
    sandbox.faults(["no_image", "no_image"])
    assert caller.generate().json()["data"] == []
    assert caller.content().json()["candidates"][0]["finishReason"] == "NO_IMAGE"


def test_gemini_can_answer_in_words_only(caller, sandbox):
    sandbox.faults(["text_only"])
    candidate = caller.content().json()["candidates"][0]
    assert candidate["finishReason"] == "STOP"
    assert [set(part) for part in candidate["content"]["parts"]] == [{"text"}]


def test_gemini_can_finish_for_any_reason(caller):
    answer = caller.content(text="a fox [[fault: finish reason=RECITATION]]").json()
    assert answer["candidates"][0]["finishReason"] == "RECITATION"


def test_html_comes_with_200(caller, sandbox):
    sandbox.faults(["html"])
    answer = caller.generate()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_an_empty_answer_comes_with_200(caller, sandbox):
    sandbox.faults(["empty"])
    answer = caller.generate()
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(("call", "field"), [("generate", "usage"), ("content", "usageMetadata")])
def test_usage_can_be_missing_or_odd(caller, sandbox, call, field):
    sandbox.faults(["no_usage", "odd_usage"])
    assert field not in getattr(caller, call)().json()
    odd = getattr(caller, call)().json()[field]
    assert not any(type(value) is int and value >= 0 for value in list(odd.values())[:4])
    assert [entry["usage"] for entry in sandbox.ledger()["answered"]] == [None, None]


def test_a_picture_can_be_other_than_asked(caller, sandbox):
    sandbox.faults(["wrong_size"])
    body = caller.generate(size="512x512").json()
    picture = Image.open(io.BytesIO(base64.b64decode(body["data"][0]["b64_json"])))
    assert (body["size"], body["output_format"]) == ("512x512", "png")
    assert (picture.size, picture.format) == ((640, 448), "JPEG")


def test_a_stream_can_be_refused_by_its_parameter(caller, sandbox):
    sandbox.faults(["stream_refused"])
    answer = caller.generate(stream=True)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "stream")


def test_every_fault_is_explained_where_they_are_listed():
    assert all(name in faults.__doc__ for name in NAMES)
