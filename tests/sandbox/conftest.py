"""One running sandbox for all these tests, emptied before each, and small requests to send to it."""

import base64
import io

import httpx
import pytest
from PIL import Image

from gallery.sandbox.server import SandboxServer

GPT = "openai/gpt-image-2"
GEMINI = "google/gemini-3.1-flash-image-preview"
CONTENT_PATH = f"/gemini/v1beta/models/{GEMINI}:generateContent"


def picture(format="PNG", size=(256, 192), colour=(180, 40, 40), mode="RGB"):
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, format)
    return file.getvalue()


class Caller:
    """Sends as the studio does: same paths, same two ways of showing a key."""

    def __init__(self, url):
        headers = {"authorization": "Bearer any", "x-goog-api-key": "any"}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=20, trust_env=False, verify=False)

    def generate(self, **fields):
        body = {"model": GPT, "prompt": "a fox", "size": "256x256", "quality": "low"} | fields
        return self.http.post("/v1/images/generations", json={k: v for k, v in body.items() if v is not None})

    def edit(self, images=None, mask=None, **fields):
        images = [picture()] if images is None else images
        name = "image" if len(images) == 1 else "image[]"
        files = [(name, (f"image-{i}.png", data, "image/png")) for i, data in enumerate(images)]
        files += [("mask", ("mask.png", mask, "image/png"))] if mask else []
        body = {"model": GPT, "prompt": "make it green", "size": "256x256", "quality": "low"} | fields
        return self.http.post("/v1/images/edits", data=body, files=files)

    def content(self, images=(), text="a fox", path=CONTENT_PATH, config=None, **more):
        parts = [{"inlineData": {"mimeType": "image/png", "data": base64.b64encode(i).decode()}} for i in images]
        config = {"imageConfig": {"imageSize": "512"}} if config is None else config
        body = {"contents": [{"parts": [*parts, {"text": text}]}], "generationConfig": config} | more
        return self.http.post(path, json=body)


@pytest.fixture(scope="module")
def server():
    with SandboxServer() as server:
        yield server


@pytest.fixture
def sandbox(server):
    server.reset()
    return server


@pytest.fixture
def caller(sandbox):
    caller = Caller(sandbox.url)
    yield caller
    caller.http.close()


@pytest.fixture
def make_picture():
    return picture
