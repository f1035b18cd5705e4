"""Bytes to measured pictures, previews, and copies that an endpoint accepts: all of it by Pillow."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageCms

from gallery import png

MAX_BYTES = 50_000_000  # of one upload
MAX_PIXELS = 50_000_000  # twice what any model draws; decoding so many with alpha peaks at about 0.8 GB
SMALL, LARGE = 512, 1536  # long edge of the previews, px
PREVIEW_QUALITY = 80
JPEG_QUALITY = 95
BLOCK = 1024 * 1024  # bytes; in Pillow's 64 kB a decoding thread would ask for the interpreter's lock 50 times

Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # Pillow then refuses by itself what a frame declares later than the header

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"GIF8")
# MPO is what Pillow calls a JPEG with further pictures behind the first, as many phones write it.
_FORMATS = {"PNG": "png", "JPEG": "jpeg", "MPO": "jpeg", "WEBP": "webp", "GIF": "gif"}
_ORIENTATION = 0x0112
_FINE = {"png": {"compress_level": 4}, "jpeg": {"quality": JPEG_QUALITY, "subsampling": 0}}
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class NotAPicture(Exception):
    """`code`: empty, not_a_picture, truncated (starts like one, but is cut or damaged), too_many_pixels, animated."""

    def __init__(self, code: str, detail: str = ""):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    width: int  # as stored in the file
    height: int
    shown_width: int  # after the EXIF orientation
    shown_height: int
    format: str
    has_alpha: bool  # at least one pixel is not opaque
    animated: bool
    oriented: bool
    average_colour: str

    @property
    def media_type(self) -> str:
        return f"image/{self.format}"

    @property
    def extension(self) -> str:
        return "jpg" if self.format == "jpeg" else self.format


@dataclass(frozen=True, slots=True, kw_only=True)
class Studied:
    """`small` and `large` are files: upright, sRGB, without metadata, never larger than the original.

    They are encoded when asked for, by whichever thread asks: of 25 ms for 1024 x 1024 that is 8.
    """

    measured: Measured
    small_pixels: Image.Image
    large_pixels: Image.Image

    @property
    def small(self) -> bytes:
        return _preview(self.small_pixels, "small")

    @property
    def large(self) -> bytes:
        return _preview(self.large_pixels, "large")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an endpoint accepts of one picture; 0 is no limit."""

    formats: frozenset[str]
    max_bytes: int = 0
    max_edge: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A copy to send, and why: format, orientation, colour_mode, bit_depth, animation, shrunk (in pixels or bytes)."""

    path: Path
    media_type: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decoded:
    pixels: Image.Image
    width: int
    height: int
    format: str
    animated: bool
    orientation: int
    deep: bool  # 16 bits a channel

    @property
    def sideways(self) -> bool:
        return self.orientation >= 5


def preview_format(size: str, has_alpha: bool) -> str:
    """WebP, but JPEG for a large one without transparency.

    A drawing of 1024 x 1536 takes 7 ms and 370 kB as JPEG, 42 ms and 330 kB as WebP, whose colours moreover have half
    the resolution: coloured edges would look worn beside the original.
    """
    return "webp" if size == "small" or has_alpha else "jpeg"


def measure(source: Path | bytes, *, animation: bool = True) -> Measured:
    """Decode whole and measure; NotAPicture unless all of the first frame is there (and the only one, if wished)."""
    with _decoded(source, draft_edge=LARGE) as decoded:
        if decoded.animated and not animation:
            raise NotAPicture("animated")
        return _measured(decoded)[0]


def study(source: Path | bytes) -> Studied:
    """Decode once for everything: what measure() tells, and the previews."""
    with _decoded(source, draft_edge=LARGE) as decoded:
        measured, small, large = _measured(decoded)
    return Studied(measured=measured, small_pixels=small, large_pixels=large)


def prepare(source: Path, target: Target, destination: Path) -> Prepared | None:
    """None when the file can be sent as it is; otherwise a copy that the target accepts, written to `destination`."""
    with _decoded(source) as decoded:
        notes = _objections(decoded, target)
        too_long = bool(target.max_edge) and max(decoded.width, decoded.height) > target.max_edge
        too_heavy = bool(target.max_bytes) and source.stat().st_size > target.max_bytes
        if not (notes or too_long or too_heavy):
            return None
        pixels = _upright(_to_srgb(_plain(decoded.pixels), decoded.pixels), decoded.orientation)
    data, name, shrunk = _encoded_within(pixels, decoded.format, target)
    destination.write_bytes(data)
    if name != decoded.format and "format" not in notes:
        notes = ("format", *notes)
    if shrunk or too_long or too_heavy:
        notes = (*notes, "shrunk")
    return Prepared(path=destination, media_type=f"image/{name}", notes=notes)


@contextmanager
def _decoded(source: Path | bytes, *, draft_edge: int | None = None) -> Iterator[_Decoded]:
    with open(source, "rb") if isinstance(source, os.PathLike) else BytesIO(png.laid_open(source)) as file:
        head = file.read(26)
        if not head:
            raise NotAPicture("empty")
        file.seek(0)
        try:
            decoded = _decode(file, head, draft_edge)
        except NotAPicture:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise NotAPicture("too_many_pixels", str(error)) from error
        except Exception as error:  # Pillow's decoders answer damaged bytes with every kind of exception
            if isinstance(error, MemoryError) or getattr(error, "errno", None):
                raise
            code = "truncated" if head.startswith(_SIGNATURES) else "not_a_picture"
            raise NotAPicture(code, str(error)) from error
        yield decoded


def _decode(file: BinaryIO, head: bytes, draft_edge: int | None) -> _Decoded:
    image = Image.open(file, formats=("PNG", "JPEG", "WEBP", "GIF"))
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise NotAPicture("too_many_pixels", f"{width} x {height}")
    animated = image.format != "MPO" and getattr(image, "is_animated", False)
    if draft_edge:
        image.draft(None, (draft_edge, draft_edge))  # a JPEG is read whole but built at 1/2, 1/4 or 1/8
    image.decodermaxblock = BLOCK
    image.load()
    return _Decoded(
        pixels=image,
        width=width,
        height=height,
        format=_FORMATS[image.format],
        animated=animated,
        orientation=_orientation(image),
        deep=image.format == "PNG" and head[24] == 16,  # Pillow hides the depth of colour PNGs; IHDR tells
    )


def _orientation(image: Image.Image) -> int:
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # broken metadata does not make a picture unusable
        return 1
    return orientation if orientation in _UPRIGHT else 1


def _plain(image: Image.Image) -> Image.Image:
    """The same pixels as L, RGB, CMYK or, only if some are not opaque, RGBA; 8 bits a channel."""
    if image.mode == "I;16":
        return image.point(lambda value: value * (1 / 257)).convert("L")  # convert() alone would clip at 255
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        return rgba if rgba.getchannel("A").getextrema()[0] < 255 else rgba.convert("RGB")
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _to_srgb(plain: Image.Image, original: Image.Image) -> Image.Image:
    """RGB or RGBA, through the original's ICC profile where it has a usable one that is not sRGB already."""
    mode = "RGBA" if plain.mode == "RGBA" else "RGB"
    if icc := original.info.get("icc_profile"):
        try:
            profile = ImageCms.ImageCmsProfile(BytesIO(icc))
            if "sRGB" not in (profile.profile.profile_description or ""):
                return ImageCms.profileToProfile(plain, profile, ImageCms.createProfile("sRGB"), outputMode=mode)
        except (ImageCms.PyCMSError, OSError):
            pass  # a damaged profile, or one for other channels: show the numbers as they are
    return plain if plain.mode == mode else plain.convert(mode)


def _measured(decoded: _Decoded) -> tuple[Measured, Image.Image, Image.Image]:
    plain = _plain(decoded.pixels)
    large = _upright(_to_srgb(_within(plain, LARGE), decoded.pixels), decoded.orientation)
    small = _within(large, SMALL)
    measured = Measured(
        width=decoded.width,
        height=decoded.height,
        shown_width=decoded.height if decoded.sideways else decoded.width,
        shown_height=decoded.width if decoded.sideways else decoded.height,
        format=decoded.format,
        has_alpha=plain.mode == "RGBA",
        animated=decoded.animated,
        oriented=decoded.orientation != 1,
        average_colour=_average_colour(small),
    )
    return measured, small, large


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_UPRIGHT[orientation]) if orientation != 1 else image


def _within(image: Image.Image, edge: int) -> Image.Image:
    """The picture with its long edge at most `edge`; whole steps by reduce(), which costs a seventh of resize()."""
    long = max(image.size)
    if long <= edge:
        return image
    if long % edge == 0:
        return image.reduce(long // edge)
    size = tuple(max(1, round(side * edge / long)) for side in image.size)
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _average_colour(image: Image.Image) -> str:
    """Transparent pixels weigh nothing; a picture without any other is mid grey."""
    red, green, blue, *alpha = image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    return "#808080" if alpha == [0] else f"#{red:02x}{green:02x}{blue:02x}"


def _preview(image: Image.Image, size: str) -> bytes:
    # Method 0 takes a fifth of the default's time (16 of 80 ms for 1024 x 1024) for files of the same size.
    fast = {"webp": {"method": 0}, "jpeg": {"subsampling": 0}}
    name = preview_format(size, image.mode == "RGBA")
    return _encode(image, name, quality=PREVIEW_QUALITY, **fast[name])


def _encode(image: Image.Image, name: str, **options) -> bytes:
    # A file, because Pillow lets go of the interpreter's lock while it writes to one, and not for a buffer; in memory,
    # because one on the disk takes 0.6 ms to make and to lose.
    with open(os.memfd_create("picture"), "w+b") as file:
        # Pillow would take profile and comment over from the original; the pixels are sRGB by now.
        image.save(file, name, icc_profile=b"", comment=b"", **options)
        file.seek(0)
        return file.read()


def _objections(decoded: _Decoded, target: Target) -> tuple[str, ...]:
    faults = {
        "format": decoded.format not in target.formats,
        "orientation": decoded.orientation != 1,
        "colour_mode": decoded.pixels.mode not in ("L", "RGB", "RGBA", "I;16"),
        "bit_depth": decoded.deep,
        "animation": decoded.animated,
    }
    return tuple(name for name, present in faults.items() if present)


def _encoded_within(image: Image.Image, original_format: str, target: Target) -> tuple[bytes, str, bool]:
    """Bytes, format, and whether pixels were given up. What is too heavy as PNG becomes JPEG before it gets smaller."""
    names = ["jpeg"] if original_format == "jpeg" else ["png", "jpeg"]
    names = [name for name in names if name in target.formats and (name == "png" or image.mode == "RGB")] or ["png"]
    long = max(image.size)
    edge = min(long, target.max_edge or long)
    while True:
        data = _encode(_within(image, edge), names[0], **_FINE[names[0]])
        if not target.max_bytes or len(data) <= target.max_bytes or edge == 1:
            return data, names[0], edge < long
        if len(names) > 1:
            names = names[1:]
        else:  # bytes go roughly with the area; a little less, so that a step or two is enough
            edge = max(1, min(edge - 1, math.floor(edge * 0.95 * math.sqrt(target.max_bytes / len(data)))))
