import asyncio
import base64
import gzip
import json
import socket
from contextlib import asynccontextmanager

import httpx
import pytest

from gallery.ofox import gemini_api, images_api
from gallery.ofox.client import PIECE, Gateway, read_receipt
from gallery.ofox.errors import OfoxRefused, OfoxSilent, OfoxUnreachable
from gallery.ofox.messages import Operation

ROOT = "https://gateway.example"


class Recorder:
    """Answers every request alike and remembers what it was asked."""

    def __init__(self, answer=None, error=None):
        self.answer = answer or httpx.Response(200, json={"data": []})
        self.error = error
        self.requests = []

    async def __call__(self, request):
        await request.aread()
        self.requests.append(request)
        if self.error:
            raise self.error
        return self.answer


def send(recorder, request, spool, key="secret", **options):
    async def run():
        async with Gateway(root=ROOT, key=key, timeout=5, transport=httpx.MockTransport(recorder)) as gateway:
            return await gateway.send(request, spool, **options)

    return asyncio.run(run())


def send_to(handler, request, spool, timeout=2.0):
    """The same over a real socket: `handler` gets the connection once the request's headers are read."""

    async def run():
        async with serving(handler) as root, Gateway(root=root, key="secret", timeout=timeout) as gateway:
            return await gateway.send(request, spool)

    return asyncio.run(run())


@asynccontextmanager
async def serving(handler):
    async def answer(reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def answering(*parts, pause=0.0):
    async def handler(reader, writer):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return handler


async def silent(reader, writer):
    await reader.read()  # until the client leaves


@pytest.fixture
def spool(tmp_path):
    return tmp_path / "call-7.body"


@pytest.fixture
def generation(wish):
    return images_api.build(wish())


def test_a_generation_goes_out_as_json_with_the_bearer_key(generation, spool):
    recorder = Recorder()
    send(recorder, generation, spool)
    (request,) = recorder.requests
    assert (request.method, str(request.url)) == ("POST", f"{ROOT}/v1/images/generations")
    assert request.headers["authorization"] == "Bearer secret"
    assert json.loads(request.content) == {"model": "openai/gpt-image-2", "prompt": "a fox"}


def test_an_edit_goes_out_as_a_form_with_its_files(wish, attachment, spool):
    images = (attachment(b"the fox", name='a"\r\nb.png'), attachment(b"the cat"))
    recorder = Recorder()
    send(recorder, images_api.build(wish(operation=Operation.EDIT, prompt="把苹果改成绿色", images=images)), spool)
    (request,) = recorder.requests
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert int(request.headers["content-length"]) == len(request.content)
    assert b'name="prompt"\r\n\r\n' + "把苹果改成绿色".encode() + b"\r\n" in request.content
    file = b'name="image[]"; filename="image-%d.png"\r\nContent-Type: image/png\r\n\r\n%b\r\n'
    assert file % (1, b"the fox") in request.content
    assert file % (2, b"the cat") in request.content


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, 2 * PIECE + 2])
def test_gemini_gets_its_own_header_and_pictures_of_any_size(wish, attachment, spool, size):
    image = attachment(b"\xfb" * size)
    recorder = Recorder()
    send(recorder, gemini_api.build(wish(model="google/painter", operation=Operation.EDIT, images=(image,))), spool)
    (request,) = recorder.requests
    assert request.url.path == "/gemini/v1beta/models/google/painter:generateContent"
    assert request.headers["x-goog-api-key"] == "secret" and "authorization" not in request.headers
    assert int(request.headers["content-length"]) == len(request.content)
    data = json.loads(request.content)["contents"][0]["parts"][0]["inlineData"]["data"]
    assert data.encode() == base64.b64encode(b"\xfb" * size)


def test_without_a_key_none_is_sent(generation, spool):
    recorder = Recorder()
    send(recorder, generation, spool, key="")
    assert "authorization" not in recorder.requests[0].headers


@pytest.mark.parametrize("key", ["schlüssel", "two\nlines"])
def test_a_key_that_fits_in_no_header_is_refused_at_once_and_not_repeated(key):
    with pytest.raises(ValueError, match="key") as caught:
        Gateway(root=ROOT, key=key, timeout=5)
    assert key not in str(caught.value)


@pytest.mark.parametrize("status", [200, 429, 500])
def test_an_answer_of_any_status_is_spooled_byte_for_byte(generation, spool, status):
    headers = {"x-request-id": "7", "retry-after": "3", "x-ratelimit-remaining-requests": "9", "set-cookie": "x"}
    progress = []
    recorder = Recorder(httpx.Response(status, content=b"\0any bytes\xff", headers=headers))
    receipt = send(recorder, generation, spool, on_progress=progress.append)
    del headers["set-cookie"]
    assert spool.read_bytes() == b"\0any bytes\xff"
    assert (receipt.status, receipt.bytes, receipt.complete, receipt.headers) == (status, 11, True, headers)
    assert progress == [11]
    assert read_receipt(spool) == receipt
    assert len(recorder.requests) == 1


def test_a_body_without_a_receipt_is_no_answer(spool):
    spool.write_bytes(b"half")
    assert read_receipt(spool) is None
    spool.with_suffix(".json").write_bytes(b'{"status": 2')
    assert read_receipt(spool) is None


def test_an_old_receipt_never_testifies_for_a_new_call(generation, spool):
    send(Recorder(), generation, spool)
    with pytest.raises(OfoxSilent):
        send(Recorder(error=httpx.ReadTimeout("")), generation, spool)
    assert read_receipt(spool) is None


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.WriteError, httpx.WriteTimeout, httpx.RemoteProtocolError])
def test_whatever_happens_after_connecting_may_have_been_billed(generation, spool, error):
    with pytest.raises(OfoxSilent) as caught:
        send(Recorder(error=error("gone")), generation, spool)
    assert (caught.value.code, caught.value.may_be_billed) == ("no_answer", True)
    assert isinstance(caught.value.__cause__, error)


def test_a_slow_connect_was_not_billed(generation, spool):
    for error in (httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")):
        with pytest.raises(OfoxUnreachable) as caught:
            send(Recorder(error=error), generation, spool)
        assert (caught.value.code, caught.value.may_be_billed) == ("connect_timeout", False)


def test_a_name_that_does_not_resolve_says_so(generation, spool):
    error = httpx.ConnectError("no such name")
    error.__cause__ = socket.gaierror(-2, "Name or service not known")
    with pytest.raises(OfoxUnreachable) as caught:
        send(Recorder(error=error), generation, spool)
    assert caught.value.code == "name_not_resolved"


def test_a_closed_door_is_connection_refused(generation, spool):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    async def run():
        async with Gateway(root=f"http://127.0.0.1:{port}", key="k", timeout=5) as gateway:
            assert await gateway.ping() is False
            await gateway.send(generation, spool)

    with pytest.raises(OfoxUnreachable) as caught:
        asyncio.run(run())
    assert caught.value.code == "connection_refused"


def test_a_server_without_tls_is_tls_failed(generation, spool):
    async def run():
        async def answer(reader, writer):
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Gateway(root=f"https://127.0.0.1:{port}", key="k", timeout=5) as gateway:
            await gateway.send(generation, spool)

    with pytest.raises(OfoxUnreachable) as caught:
        asyncio.run(run())
    assert caught.value.code == "tls_failed"


def test_a_whole_answer_over_a_socket_is_spooled(generation, spool):
    parts = [b"HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n", b"x" * 100_000, b"y" * 100_000]
    receipt = send_to(answering(*parts), generation, spool)
    assert spool.read_bytes() == b"x" * 100_000 + b"y" * 100_000
    assert receipt.complete and read_receipt(spool) == receipt


def test_silence_ends_with_the_calls_time(generation, spool):
    with pytest.raises(OfoxSilent) as caught:
        send_to(silent, generation, spool, timeout=0.2)
    assert caught.value.code == "no_answer"
    assert not spool.exists()


def test_a_connection_dropped_without_an_answer_is_no_answer(generation, spool):
    with pytest.raises(OfoxSilent) as caught:
        send_to(answering(), generation, spool)
    assert caught.value.code == "no_answer"


@pytest.mark.parametrize(
    "head", [b"content-length: 1000", b"transfer-encoding: chunked"], ids=["with a length", "in chunks"]
)
def test_a_body_that_breaks_off_is_kept_and_marked(generation, spool, head):
    body = b"d\r\nhalf a pictur" if b"chunked" in head else b"half a pictur"
    with pytest.raises(OfoxSilent) as caught:
        send_to(answering(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % head, body), generation, spool)
    assert (caught.value.code, caught.value.status) == ("cut_body", 200)
    receipt = read_receipt(spool)
    assert (receipt.complete, receipt.bytes, spool.read_bytes()) == (False, 13, b"half a pictur")


def test_a_body_that_never_ends_is_cut_at_the_calls_time(generation, spool):
    drops = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", *[b"x"] * 20, pause=0.05)
    with pytest.raises(OfoxSilent) as caught:
        send_to(drops, generation, spool, timeout=0.3)
    assert caught.value.code == "cut_body"
    assert read_receipt(spool).complete is False


def test_a_length_that_does_not_hold_is_a_cut_body(generation, spool):
    answer = httpx.Response(200, headers={"content-length": "99"}, stream=httpx.ByteStream(b"short"))
    with pytest.raises(OfoxSilent) as caught:
        send(Recorder(answer), generation, spool)
    assert caught.value.code == "cut_body"


def test_an_answer_packed_against_our_wish_is_unpacked(generation, spool):
    headers = {"content-encoding": "gzip"}
    receipt = send(Recorder(httpx.Response(200, headers=headers, content=gzip.compress(b"x" * 999))), generation, spool)
    assert (receipt.complete, spool.read_bytes()) == (True, b"x" * 999)


def test_a_cancelled_call_leaves_no_receipt(generation, spool):
    async def run():
        async with serving(silent) as root, Gateway(root=root, key="k", timeout=5) as gateway:
            call = asyncio.create_task(gateway.send(generation, spool))
            await asyncio.sleep(0.1)
            call.cancel()
            await call

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert read_receipt(spool) is None


def test_trouble_with_our_own_disk_is_not_blamed_on_ofox(generation, tmp_path):
    with pytest.raises(FileNotFoundError):
        send(Recorder(), generation, tmp_path / "missing" / "call.body")


def test_a_redirect_is_not_followed_with_the_key(generation, spool):
    recorder = Recorder(httpx.Response(307, headers={"location": "https://elsewhere.example/"}))
    assert send(recorder, generation, spool).status == 307
    assert len(recorder.requests) == 1


def test_no_connection_is_used_twice(generation, spool):
    peers = set()

    async def handler(reader, writer):
        peers.add(writer.get_extra_info("peername"))
        while await reader.read(1000):  # as long as the client keeps the connection
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    async def run():
        async with serving(handler) as root, Gateway(root=root, key="k", timeout=5) as gateway:
            await gateway.send(generation, spool)
            await gateway.send(generation, spool)

    asyncio.run(run())
    assert len(peers) == 2


def test_a_proxy_of_the_environment_never_sees_the_key(generation, spool, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    whole = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
    assert send_to(whole, generation, spool).status == 200


@pytest.mark.parametrize(
    ("status", "reachable", "error"), [(200, True, None), (401, True, OfoxRefused), (504, False, OfoxSilent)]
)
def test_the_list_of_models_tells_whether_somebody_is_there(status, reachable, error):
    recorder = Recorder(httpx.Response(status, json={"data": []}))

    async def run():
        async with Gateway(root=ROOT, key="k", timeout=5, transport=httpx.MockTransport(recorder)) as gateway:
            assert await gateway.ping() is reachable
            return await gateway.models()

    if error:
        with pytest.raises(error):
            asyncio.run(run())
    else:
        assert json.loads(asyncio.run(run())) == {"data": []}
    assert str(recorder.requests[0].url) == f"{ROOT}/v1/models"
