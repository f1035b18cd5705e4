"""The prompt's words as a line at the foot of a print."""

from functools import cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

FONT = Path(__file__).parent / "fonts" / "NotoSerifSC-Regular-subset.ttf"


@cache
def font(size):
    return ImageFont.truetype(FONT, size)


def write_caption(picture, prompt, colour):
    words = " ".join(prompt.split())[:60]
    size = max(8, picture.height // 40)
    ImageDraw.Draw(picture).text((size * 2, picture.height - size * 3), words, font=font(size), fill=colour)
