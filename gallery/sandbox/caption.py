"""The words of a prompt as the legend of a print, in Latin and Chinese."""

from functools import cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

# Noto Serif SC cut to Latin and the 6,763 characters of GB 2312; licence beside it.
FONT = Path(__file__).parent / "fonts" / "NotoSerifSC-Regular-gb2312.woff"
MIN_PIXELS = 9
LINES = 2
CLOSING = "，。、；：？！）》」』”’…"  # never first in a line


@cache
def font(size):
    return ImageFont.truetype(FONT, size)


def legible(words):
    """The words in one row, without what the font has no shape for."""
    return " ".join("".join(character for character in words if character.isspace() or _has_shape(character)).split())


@cache
def _has_shape(character):
    missing, drawn = (font(16).getmask(text) for text in ("\uffff", character))
    return (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))


def lines(words, face, width):
    """At most two lines; what is longer ends in an ellipsis."""
    rest, result = legible(words), []
    while rest and len(result) < LINES:
        line = _fitting(rest, face, width)
        rest = rest[len(line) :].lstrip()
        result.append(line.rstrip())
    if rest:
        result[-1] = _fitting(result[-1], face, width - face.getlength("…")).rstrip(" ,." + CLOSING) + "…"
    return result


def _fitting(text, face, width):
    """The longest beginning that fits, cut between words where there are any."""
    end = len(text)
    while end > 1 and (length := face.getlength(text[:end])) > width:
        end = max(1, min(end - 1, int(end * width / length) + 2))
    if end < len(text) and text[end - 1].isascii() and text[end].isalnum() and " " in text[end // 2 : end]:
        end = text.rindex(" ", 0, end) + 1
    if end < len(text) and text[end] in CLOSING and end > 1:
        end -= 1
    return text[:end]


def write(picture, words, box, colour, size):
    """Sets the legend in the box: left, centred in its height."""
    left, top, right, low = box
    face = font(max(MIN_PIXELS, round(size)))
    rows = lines(words, face, right - left)
    leading = face.size * 1.45
    y = (top + low) / 2 - leading * len(rows) / 2 + leading / 2
    pen = ImageDraw.Draw(picture)
    for row in rows:
        pen.text((left, y), row, font=face, fill=colour, anchor="lm")
        y += leading
