"""The only code that opens a connection to Ofox: requests go out from files, answers come in to files."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

import httpx
import msgspec
import pybase64
from httpcore._async.http11 import AsyncHTTP11Connection

from gallery.ofox.errors import OfoxBusy, OfoxError, OfoxSilent, OfoxUnreachable, classify
from gallery.ofox.messages import REQUEST_IDS, Attachment, Receipt, WireRequest
from gallery.ofox.places import Place, Places

MODELS = "/v1/models"
CONNECT_SECONDS = 10.0
LIST_SECONDS = 30.0
PIECE = 48 * 1024  # bytes of a file that become base64 at once; a multiple of 3, so that the pieces can be joined
USEFUL_HEADERS = {"content-type", "date", "retry-after", *REQUEST_IDS}
RATE_HEADERS = "x-ratelimit-"

# Answers have megabytes: in httpcore's steps of 64 kB one of 2 MB takes 1.3 ms more of the event loop's 4.
AsyncHTTP11Connection.READ_NUM_BYTES = 256 * 1024

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Gateway:
    """`transport` is for tests; everything else comes from the settings.

    Five answers of 112 MB at once raise the process by 4 MB.
    """

    def __init__(
        self,
        *,
        root: str,
        key: str,
        timeout: float,
        transport: httpx.AsyncBaseTransport | None = None,
        connections: int = 64,
    ):
        if not (key.isascii() and key.isprintable()):
            raise ValueError("The Ofox key contains characters that cannot be sent in a header.")
        self._timeout = timeout
        self._auth = {"bearer": {"authorization": f"Bearer {key}"}, "google": {"x-goog-api-key": key}} if key else {}
        self._client = httpx.AsyncClient(
            base_url=root,
            transport=transport,
            # A quarter, so that a slow connect is known as such before the whole call's time is over.
            timeout=httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout / 4), pool=CONNECT_SECONDS),
            # No connection is used twice: one that the server closes in that instant would look like a lost answer,
            # hence like a call that may have been paid. A new one costs 0.1 s of a call's 5 to 150 s.
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=0),
            headers={"accept-encoding": "identity", "user-agent": "image-studio"},
            follow_redirects=False,
            trust_env=False,  # the key goes where the settings say, and nowhere else
        )
        self._places = Places()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_):
        await self.aclose()

    async def aclose(self):
        await self._client.aclose()

    async def send(
        self,
        request: WireRequest,
        spool: Path,
        *,
        on_progress: Callable[[int], None] | None = None,
        request_id: str = "",
    ) -> Receipt:
        """The body goes to `spool`, its receipt beside it. Returns for any status whose body arrived whole."""
        _forget(spool)
        download = _Download(spool, on_progress)
        try:
            async with asyncio.timeout(self._timeout), self._stream(request, request_id) as response:
                await download.take(response, self._places.one())
        except NOT_SENT as error:
            raise _unreachable(error) from error
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            if download.receipt is None:
                raise OfoxSilent("no_answer", _words(error)) from error
            _seal(spool, download.receipt)
            raise OfoxSilent("cut_body", _words(error), status=download.receipt.status) from error
        _seal(spool, download.receipt)
        return download.receipt

    async def caught_up(self):
        """When no answer waits to be read, or after a while: what came should not take a core from what comes."""
        await self._places.caught_up()

    async def models(self) -> bytes:
        """The public list of models; costs nothing."""
        try:
            response = await self._client.get(MODELS, headers=self._auth.get("bearer"), timeout=LIST_SECONDS)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _unreachable(error) from error
        if not response.is_success:
            raise classify(response.status_code, response.headers, response.content)
        return response.content

    async def ping(self) -> bool:
        """Whether somebody answers there, even if only to refuse."""
        try:
            await self.models()
        except (OfoxUnreachable, OfoxSilent, OfoxBusy):
            return False
        except OfoxError:
            return True
        return True

    @asynccontextmanager
    async def _stream(self, request: WireRequest, request_id: str) -> AsyncIterator[httpx.Response]:
        headers = dict(self._auth.get(request.auth, {}))
        if request_id:
            headers["x-request-id"] = request_id
        with ExitStack() as opened:
            if request.json:
                headers |= {"content-type": "application/json", "content-length": str(_json_size(request.json))}
                body = {"content": _json_body(request.json)}
            else:
                files = [(field, _file(attachment, opened)) for field, attachment in request.files]
                body = {"data": dict(request.data), "files": files}
            async with self._client.stream("POST", request.url_path, headers=headers, **body) as response:
                yield response


def read_receipt(spool: Path) -> Receipt | None:
    """None when no answer came, or when we died before all of it was there."""
    try:
        receipt = Receipt.from_json(msgspec.json.decode(_receipt_path(spool).read_bytes()))
        return receipt if spool.stat().st_size == receipt.bytes else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


class _Download:
    """One answer on its way to the disk; `receipt` says how far it came."""

    def __init__(self, spool: Path, on_progress: Callable[[int], None] | None):
        self._spool = spool
        self._on_progress = on_progress or (lambda _: None)
        self.receipt: Receipt | None = None

    async def take(self, response: httpx.Response, place: Place):
        headers = _useful(response.headers)
        self.receipt = Receipt(status=response.status_code, headers=headers, bytes=0, complete=False)
        # Written from the event loop: 64 kB into the page cache take 0.02 ms, a thread's round trip 0.1 ms.
        size = 0
        try:
            async with place:
                with self._spool.open("wb") as file:
                    async for chunk in response.aiter_bytes():
                        place.keep()
                        file.write(chunk)
                        file.flush()
                        size += len(chunk)
                        self._on_progress(size)
        finally:
            self.receipt = replace(self.receipt, bytes=size)
        expected = response.headers.get("content-length", "")
        packed = "content-encoding" in response.headers  # not asked for; its length would be another one
        if expected.isdecimal() and int(expected) != self.receipt.bytes and not packed:
            raise httpx.RemoteProtocolError(f"{self.receipt.bytes} of {expected} bytes came")
        self.receipt = replace(self.receipt, complete=True)


def _useful(headers: httpx.Headers) -> dict[str, str]:
    names = [name for name in headers if name in USEFUL_HEADERS or name.startswith(RATE_HEADERS)]
    return {name: headers[name] for name in names}


def _receipt_path(spool: Path) -> Path:
    return spool.with_suffix(".json")


def _forget(spool: Path):
    """An old receipt must never testify for a new body."""
    _receipt_path(spool).unlink(missing_ok=True)
    spool.unlink(missing_ok=True)


def _seal(spool: Path, receipt: Receipt):
    """The receipt appears in one step, after the body.

    Nothing is forced to the disk: what was written outlives us as it is, and after a power cut the receipt is held
    against the body. Pictures are forced there a moment later, when they are kept; the body, twice their size and gone
    by then, would cost as much again.
    """
    fresh = spool.with_suffix(".json.new")
    fresh.write_bytes(msgspec.json.encode(receipt.to_json()))
    fresh.replace(_receipt_path(spool))


def _file(attachment: Attachment, opened: ExitStack):
    return attachment.name, opened.enter_context(attachment.path.open("rb")), attachment.media_type


def _json_size(pieces: tuple[bytes | Attachment, ...]) -> int:
    return sum(len(piece) if isinstance(piece, bytes) else _base64_size(piece.path) for piece in pieces)


def _base64_size(path: Path) -> int:
    return (path.stat().st_size + 2) // 3 * 4


async def _json_body(pieces: tuple[bytes | Attachment, ...]) -> AsyncIterator[bytes]:
    """Twenty megabytes of inputs are never in memory at once."""
    for piece in pieces:
        for chunk in [piece] if isinstance(piece, bytes) else _base64_of(piece.path):
            yield chunk


def _base64_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(PIECE):
            yield pybase64.b64encode(part)


def _unreachable(error: Exception) -> OfoxUnreachable:
    """httpx has one class for all of it; what it was stands in the chain of causes."""
    causes = list(_chain(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        code = "name_not_resolved"
    elif any(isinstance(cause, ssl.SSLError) for cause in causes):
        code = "tls_failed"
    else:
        code = "connect_timeout" if isinstance(error, httpx.TimeoutException) else "connection_refused"
    return OfoxUnreachable(code, _words(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
