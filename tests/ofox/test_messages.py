import base64
import json
from dataclasses import replace

import pytest

from gallery.ofox.errors import OfoxGarbled
from gallery.ofox.messages import Picture, Receipt, Usage


def test_a_receipt_survives_being_written_down():
    receipt = Receipt(status=200, headers={"x-request-id": "7"}, bytes=12, complete=True)
    assert Receipt.from_json(json.loads(json.dumps(receipt.to_json()))) == receipt


def test_adding_usages_adds_each_kind_and_keeps_the_unknown_unknown():
    total = Usage(text_in=1, image_out=10, raw={"a": 1}) + Usage(image_out=5, raw={"b": 2}) + Usage(raw={"c": 3})
    expected = Usage(text_in=1, image_out=15)
    assert replace(total, raw=None) == expected
    assert total.raw == {"sum_of": [{"a": 1}, {"b": 2}, {"c": 3}]}


def test_adding_nothing_changes_nothing():
    usage = Usage(text_in=0, image_out=10, raw={"a": 1})
    assert Usage() + usage == usage == usage + Usage()


@pytest.mark.parametrize(
    "encoded",
    [b"+/+/", b"+\\/+\\/", b"+/\\n+/", b"data:image/png;base64,+/+/", memoryview(b"xx+/+/xx")[2:6]],
)
def test_base64_is_decoded_in_every_dress(encoded):
    assert Picture(index=0, encoded=encoded).decode() == base64.b64decode("+/+/")


@pytest.mark.parametrize("encoded", [b"", b"abc", b"a fox!", b"\\q", b"\\", b"\xff\xfe"])
def test_broken_base64_says_so(encoded):
    with pytest.raises(OfoxGarbled) as caught:
        Picture(index=0, encoded=encoded).decode()
    assert caught.value.code == "bad_base64"
