"""Who makes the pictures of an answer: one that draws, and one that hands out ready-made noise for load tests."""

import base64
import io
from dataclasses import dataclass

from PIL import Image, ImageFilter

from gallery.sandbox import drawing, editing
from gallery.sandbox.faults import without_directive
from gallery.sandbox.png import png_chunk

MAX_DRAWN_EDGE = 1536
NOISE_SIDE = 1024


@dataclass(frozen=True, slots=True)
class Encoded:
    """One picture as base64, with the blurred states before it."""

    whole: bytes
    partials: tuple[bytes, ...] = ()


class Studio:
    def __init__(self, seed):
        self.seed = seed

    def draw(self, wish, index):
        picture = self._picture(wish, index)
        partials = tuple(
            _encoded(_blurred(picture, number, wish.partial_images), wish.output_format)
            for number in range(wish.partial_images)
        )
        return Encoded(_encoded(picture, wish.output_format), partials)

    def _picture(self, wish, index):
        prompt = without_directive(wish.prompt)
        seed = f"{self.seed}/{index}/{prompt}"
        shrink = min(1, MAX_DRAWN_EDGE / max(wish.size))
        size = tuple(max(1, round(edge * shrink)) for edge in wish.size)
        if wish.images:
            picture = editing.edit(prompt, seed, size, wish.images, wish.mask, wish.transparent)
        else:
            picture = drawing.draw(prompt, seed, size, wish.transparent)
        return picture if size == wish.size else picture.resize(wish.size, Image.Resampling.BICUBIC)


class Noise:
    """Pictures that all differ for the price of a checksum: a text chunk at the end changes. 1.5 MB at side 1024."""

    def __init__(self, side=NOISE_SIDE):
        grain = [Image.effect_noise((side, side), 1.5) for _ in "RGB"]
        data = _file(Image.merge("RGB", grain), "png")
        body = data[: -len(png_chunk(b"IEND", b""))]
        body += png_chunk(b"tEXt", b"Comment\0" + b" " * ((-len(body) - 20) % 3))
        self.start = base64.b64encode(body)
        self.drawn = 0

    def draw(self, wish, index):
        self.drawn += 1
        number = png_chunk(b"tEXt", b"Title\0%d" % self.drawn)
        return Encoded(self.start + base64.b64encode(number + png_chunk(b"IEND", b"")))


def _encoded(picture, output_format):
    return base64.b64encode(_file(picture, output_format))


def _file(picture, output_format):
    file = io.BytesIO()
    if output_format == "png":
        picture.save(file, "PNG", compress_level=1)
    elif output_format == "jpeg":
        picture.convert("RGB").save(file, "JPEG", quality=92)
    else:
        picture.save(file, "WEBP", quality=90, method=0)
    return file.getvalue()


def _blurred(picture, number, of):
    """The early states of a picture: a blur that clears."""
    coarse = picture.resize([max(1, edge // 4) for edge in picture.size])
    radius = max(picture.size) / 4 * 0.06 * (of - number) / of
    return coarse.filter(ImageFilter.GaussianBlur(radius)).resize(picture.size)
