"""The sandbox as a plain ASGI application: routes, order of checks, and how an answer leaves or fails to."""

import asyncio
import os
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec

from gallery.sandbox import answers, faults, gemini_rules, images_rules, studio
from gallery.sandbox.exchange import Exchange, Gone
from gallery.sandbox.ledger import Ledger
from gallery.sandbox.models_list import MODELS
from gallery.sandbox.rate import RateWindow
from gallery.sandbox.refusal import Refusal, unsafe

GENERATE_CONTENT = re.compile(r"^/gemini/v1beta/models/(.+):generateContent$")
FORBIDDEN_WORDS = ("forbidden", "违禁")
PACE = {"low": 0.6, "medium": 1.0, "high": 1.6}


def create_app(*, delay=0.0, key=None, seed=0, noise=0, requests_per_minute=200):
    """`delay` is how many seconds a picture of medium quality takes; `noise` is the side of ready-made noise in px."""
    return Sandbox(delay, key, studio.Noise(noise) if noise else studio.Studio(seed), requests_per_minute)


class Sandbox:
    def __init__(self, delay, key, artist, requests_per_minute):
        self.delay = delay
        self.key = key
        self.artist = artist
        self.requests_per_minute = requests_per_minute
        self.threads = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="sandbox")
        self._reset()

    def _reset(self):
        self.ledger = Ledger()
        self.faults = faults.Faults()
        self.rate = RateWindow(self.requests_per_minute)

    async def __call__(self, scope, receive, send):
        exchange = Exchange(scope, receive, send)
        method, path = scope["method"], scope["path"]
        content = GENERATE_CONTENT.match(path)
        try:
            if method == "POST" and path == "/v1/images/generations":
                await self._paid(exchange, images_rules.read_generation)
            elif method == "POST" and path == "/v1/images/edits":
                await self._paid(exchange, images_rules.read_edit)
            elif method == "POST" and content:
                await self._paid(exchange, partial(_read_content, content[1]))
            else:
                await self._free(exchange, method, path)
        except Gone:
            await exchange.hang_up()

    async def _free(self, exchange, method, path):
        try:
            body = await exchange.body()
            await exchange.json(self._control(method, path, body))
        except Refusal as refusal:
            await exchange.json(refusal.body(exchange.protocol), status=refusal.status)

    def _control(self, method, path, body):
        match method, path:
            case "GET" | "HEAD", "/v1/models":
                return MODELS
            case "GET", "/sandbox/ledger":
                return self.ledger.as_dict()
            case "POST", "/sandbox/faults":
                self.faults.add(_list(body))
                return {"queued": len(self.faults.queue)}
            case "POST", "/sandbox/reset":
                self._reset()
                return {}
        raise Refusal(f"Unknown request URL: {method} {path[:200]}.", status=404)

    async def _paid(self, exchange, read):
        wish = None
        try:
            body = await exchange.body()
            self.ledger.received += 1
            self._authenticate(exchange)
            self._spend_rate(exchange)
            wish = await self._in_thread(read, exchange.headers, body)
            fault = self.faults.take(wish.prompt)
            reply = await self._work(exchange, wish, fault)
        except Refusal as refusal:
            self.ledger.refuse(exchange.request_id, refusal)
            retry_after = [] if refusal.retry_after is None else [("retry-after", f"{refusal.retry_after:g}")]
            exchange.headers_out += retry_after
            await exchange.json(refusal.body(exchange.protocol), status=refusal.status)
        except Gone as gone:
            if wish:
                self.ledger.leave(exchange.request_id, wish, gone.reason)
            raise
        else:
            self.ledger.answer(exchange.request_id, wish, reply.tokens, reply.pictures)

    def _spend_rate(self, exchange):
        allowed = self.rate.spend()
        exchange.headers_out += self.rate.headers()
        if not allowed:
            raise Refusal("Rate limit reached.", status=429, retry_after=self.rate.reset_seconds)

    def _authenticate(self, exchange):
        given = exchange.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if exchange.protocol == "gemini":
            given = exchange.headers.get("x-goog-api-key", "").strip() or given
        if not given or (self.key is not None and given != self.key):
            raise Refusal("Incorrect or missing API key.", status=401, code="invalid_api_key")

    async def _work(self, exchange, wish, fault):
        refusal = faults.refusal(fault, wish.protocol)
        if refusal:
            raise refusal
        if fault.name == "drop":
            raise Gone("drop")
        if fault.name == "hang":
            await exchange.until_gone("hang")
        reply = await self._reply(wish, fault)
        pause = fault.seconds + self.delay * PACE.get(wish.quality, 1.0)
        await exchange.send_slowly(reply, pause)
        return reply

    async def _reply(self, wish, fault):
        prompt = wish.prompt.lower()
        forbidden = any(word in prompt for word in FORBIDDEN_WORDS)
        if forbidden and wish.protocol == "images":
            raise unsafe()
        wordless = fault.name in ("safety", "no_image", "text_only", "finish")
        if wish.protocol == "gemini" and (forbidden or wordless):
            return answers.refused_by_gemini(wish, fault)
        drawn = faults.drawn_instead(fault, wish)
        draw = [self._in_thread(self.artist.draw, drawn, index) for index in range(wish.n)]
        pictures = faults.spoiled(fault, await asyncio.gather(*draw))
        return await self._in_thread(answers.compose, wish, pictures, fault)

    def _in_thread(self, function, *arguments):
        return asyncio.get_running_loop().run_in_executor(self.threads, function, *arguments)


def _read_content(model, _headers, body):
    return gemini_rules.read_content(model, body)


def _list(body):
    try:
        return msgspec.json.decode(body, type=list)
    except msgspec.MsgspecError:
        raise Refusal("The faults must be a JSON list.") from None
