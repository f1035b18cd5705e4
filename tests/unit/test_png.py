import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gallery import png

SIZE = (301, 87)  # rows of no round number of bytes, and more than one stored block together


def grey(size=SIZE):
    return Image.effect_noise(size, 90)


def colours(size=SIZE):
    return Image.merge("RGB", [grey(size) for _ in "RGB"])


def with_alpha():
    return Image.merge("RGBA", [grey() for _ in "RGBA"])


def file(image, **options):
    buffer = BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def pixels(data):
    image = Image.open(BytesIO(data))
    image.load()
    return image.mode, image.tobytes(), image.getpalette(), image.info


def outcome(data):
    """What Pillow makes of it: the pixels, or that it wants none of it."""
    try:
        return pixels(data)
    except Exception:
        return None


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def written(rows, *, size=(4, 2), colour=2, interlaced=0, between=b"", packed=None):
    """By hand, for what Pillow would not write."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, colour, 0, 0, interlaced))
    packed = packed or zlib.compress(rows)
    body = chunk(b"IDAT", packed[:5]) + between + chunk(b"IDAT", packed[5:])
    return png.SIGNATURE + header + body + chunk(b"IEND", b"")


ROWS = (b"\0" + bytes(range(12))) * 2

DRAWN = {
    "one bit": grey().convert("1"),
    "grey": grey(),
    "grey with alpha": grey().convert("LA"),
    "palette": colours().quantize(40),
    "colours": colours(),
    "alpha": with_alpha(),
    "sixteen bits": grey().convert("I;16"),
}


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("level", [0, 1, 9])
def test_pillow_sees_the_same_picture(name, level):
    data = file(DRAWN[name], compress_level=level, dpi=(300, 300))
    assert png.laid_open(data) is not data
    assert pixels(png.laid_open(data)) == pixels(data)


def test_what_stands_around_the_pixels_stays():
    text = chunk(b"tEXt", b"Title\0chair")
    data = written(ROWS)
    data = data[:33] + text + data[33:-12] + text + data[-12:]
    opened = png.laid_open(data)
    assert opened != data and opened.count(text) == 2
    assert pixels(opened) == pixels(data)


ODD = {
    "empty": b"",
    "no PNG": b"\xff\xd8\xff\xe0 a JPEG",
    "the signature alone": png.SIGNATURE,
    "interlaced": written(ROWS, interlaced=1),
    "a colour type of its own": written(ROWS, colour=5),
    "more pixels than declared": written(ROWS * 2),
    "fewer pixels than declared": written(ROWS[:-1]),
    "pixels in two places": written(ROWS, between=chunk(b"tEXt", b"Title\0chair")),
    "no pixels": png.SIGNATURE + written(ROWS)[8:33] + chunk(b"IEND", b""),
    "cut": file(colours())[:-200],
    "cut in the last number": file(colours())[:-5],
    "a wrong sum at the end of the pixels": written(ROWS, packed=zlib.compress(ROWS)[:-1] + b"\0"),
    "larger than is opened": written(ROWS, size=(4096, 4096)),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_left_to_pillow(name):
    if name == "cut in the last number":  # behind the pixels: nothing that is ours to judge
        assert outcome(png.laid_open(ODD[name])) == outcome(ODD[name])
    else:
        assert png.laid_open(ODD[name]) is ODD[name]


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=3),
    cut=st.integers(0, 10_000),
)
def test_damage_is_judged_as_before(changes, cut):
    damaged = bytearray(file(colours((40, 30)), compress_level=1))
    for place, value in changes:
        damaged[place % len(damaged)] = value
    damaged = bytes(damaged[: cut or None])
    assert outcome(png.laid_open(damaged)) == outcome(damaged)
