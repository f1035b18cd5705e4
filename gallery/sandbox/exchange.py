"""One HTTP request and its answer over ASGI, with the ways of leaving it unanswered."""

import asyncio
import uuid

import msgspec

from gallery.sandbox.refusal import Refusal

MAX_BODY_BYTES = 200 * 1024 * 1024
PIECE_BYTES = 256 * 1024


class Gone(Exception):
    """Nobody will read the rest of the answer, or nobody shall."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Exchange:
    def __init__(self, scope, receive, send):
        self.receive = receive
        self.send = send
        self.transport = scope["extensions"]["sandbox.transport"]
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.protocol = "gemini" if scope["path"].startswith("/gemini/") else "images"
        self.request_id = f"req_{uuid.uuid4().hex}"
        self.headers_out = [("x-request-id", self.request_id)]

    async def body(self):
        body = bytearray()
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Gone("client left")
            body += message.get("body", b"")
            if len(body) > MAX_BODY_BYTES:
                raise Refusal("The request is too large.", status=413)
            if not message.get("more_body"):
                return bytes(body)

    async def json(self, value, status=200):
        body = msgspec.json.encode(value)
        await self._start(status, "application/json", len(body))
        await self._send(body, more=False)

    async def send_slowly(self, reply, pause):
        """The pause falls before a whole answer, or is spread over the events of a stream."""
        streamed = reply.content_type == "text/event-stream"
        left = reply.cut
        for number, chunk in enumerate(reply.chunks):
            await self._wait(pause / len(reply.chunks))
            if number == 0:
                await self._start(200, reply.content_type, None if streamed else len(chunk))
            await self._pieces(chunk if left is None else chunk[:left])
            if left is not None:
                left -= len(chunk)
                if left <= 0:
                    raise Gone("cut")
        await self._send(b"", more=False)

    async def until_gone(self, reason):
        """Never answers; ends when the client does."""
        await self._disconnected()
        raise Gone(reason)

    async def hang_up(self):
        """Closes after what was already written; an ASGI server would else answer 500 for us."""
        self.transport.close()
        await self._disconnected()

    async def _wait(self, seconds):
        if seconds:
            try:
                await asyncio.wait_for(self._disconnected(), seconds)
            except TimeoutError:
                return
            raise Gone("client left")

    async def _disconnected(self):
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _start(self, status, content_type, length):
        headers = [("content-type", content_type), *self.headers_out]
        if length is not None:
            headers.append(("content-length", str(length)))
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        await self.send({"type": "http.response.start", "status": status, "headers": encoded})

    async def _pieces(self, data):
        view = memoryview(data)
        for start in range(0, len(data), PIECE_BYTES):
            await self._send(bytes(view[start : start + PIECE_BYTES]), more=True)

    async def _send(self, body, more):
        if self.transport.is_closing():
            raise Gone("client left")
        await self.send({"type": "http.response.body", "body": body, "more_body": more})
