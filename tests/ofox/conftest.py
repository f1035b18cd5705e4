"""A body and its receipt on the disk, as the client leaves them."""

import json

import pytest

from gallery.ofox.messages import Attachment, ImageRequest, Operation, Receipt


@pytest.fixture
def spooled(tmp_path):
    def spool(body: bytes | dict, status=200, complete=True, **headers):
        encoded = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        path = tmp_path / "call.body"
        path.write_bytes(encoded)
        return path, Receipt(status=status, headers=headers, bytes=len(encoded), complete=complete)

    return spool


@pytest.fixture
def attachment(tmp_path):
    def attach(content=b"a fox", name="fox.png", media_type="image/png"):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.bin"
        path.write_bytes(content)
        return Attachment(name, media_type, path)

    return attach


@pytest.fixture
def wish():
    def request(**changes):
        values = {"model": "openai/gpt-image-2", "prompt": "a fox", "operation": Operation.GENERATE, "options": {}}
        return ImageRequest(**{**values, **changes})

    return request
