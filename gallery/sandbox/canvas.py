"""A surface to draw on: flat shapes with grainy shade, soft shadows and gradients, drawn at twice the size.

Coordinates are in units of the shorter side, x to the right and y down.
"""

import math
import random
from functools import cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from gallery.sandbox.palettes import rgb

SUPERSAMPLING = 2
TILE = 1024
SHADOW_REDUCTION = 8


class Canvas:
    def __init__(self, size, ground=None):
        """Transparent without a ground."""
        pixels = tuple(edge * SUPERSAMPLING for edge in size)
        self.image = Image.new("RGB" if ground else "RGBA", pixels, rgb(ground) if ground else (0, 0, 0, 0))
        self.unit = min(pixels)
        self.width, self.height = (edge / self.unit for edge in pixels)

    def shape(self, points, colour, shade=None, light="round", depth=0.8):
        """A polygon, with a grainy shade that grows away from the light."""
        corners = [(x * self.unit, y * self.unit) for x, y in points]
        left, top = (max(0, math.floor(min(corner[axis] for corner in corners))) for axis in (0, 1))
        right, low = (
            min(self.image.size[axis], math.ceil(max(corner[axis] for corner in corners)) + 1) for axis in (0, 1)
        )
        if right <= left or low <= top:
            return
        mask = Image.new("L", (right - left, low - top))
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in corners], fill=255)
        self.image.paste(rgb(colour), (left, top), mask)
        if shade:
            grain = _stipple(mask.size, light, depth)
            self.image.paste(rgb(shade), (left, top), ImageChops.multiply(mask, grain))

    def blob(self, points, colour, shade=None, light="round", depth=0.8):
        self.shape(smooth(points), colour, shade, light, depth)

    def disc(self, x, y, radius, colour, shade=None, light="round", depth=0.8):
        self.shape(ellipse(x, y, radius, radius), colour, shade, light, depth)

    def box(self, left, top, right, low, colour, shade=None, light="low", depth=0.8):
        """A rectangle, whole pixels only: without a mask it is drawn in half the time."""
        corners = zip((left, top, right, low), self.image.size * 2, strict=True)
        place = tuple(min(edge, max(0, round(value * self.unit))) for value, edge in corners)
        size = (place[2] - place[0], place[3] - place[1])
        if min(size) > 0:
            self.image.paste(rgb(colour), place)
            if shade:
                self.image.paste(rgb(shade), place, _stipple(size, light, depth))

    def stroke(self, points, width, colour):
        pixels = [(x * self.unit, y * self.unit) for x, y in points]
        thick = max(1, round(width * self.unit))
        pen = ImageDraw.Draw(self.image)
        pen.line(pixels, fill=rgb(colour), width=thick, joint="curve")
        for x, y in (pixels[0], pixels[-1]):
            pen.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=rgb(colour))

    def shadow(self, points, colour, softness=0.02, strength=0.45):
        scale = self.unit / SHADOW_REDUCTION
        reach = 3 * softness
        left, top = (math.floor((min(point[axis] for point in points) - reach) * scale) for axis in (0, 1))
        right, low = (math.ceil((max(point[axis] for point in points) + reach) * scale) for axis in (0, 1))
        mask = Image.new("L", (right - left, low - top))
        outline = [(x * scale - left, y * scale - top) for x, y in points]
        ImageDraw.Draw(mask).polygon(outline, fill=round(255 * strength))
        mask = mask.filter(ImageFilter.GaussianBlur(softness * scale))
        mask = mask.resize([edge * SHADOW_REDUCTION for edge in mask.size], Image.Resampling.BILINEAR)
        self.image.paste(rgb(colour), (left * SHADOW_REDUCTION, top * SHADOW_REDUCTION), mask)

    def finished(self):
        return self.image.reduce(SUPERSAMPLING)


def smooth(points, steps=14):
    """A closed Catmull-Rom curve through the points."""
    count, curve = len(points), []
    for index in range(count):
        before, start, end, after = (points[(index + offset) % count] for offset in (-1, 0, 1, 2))
        curve += [_catmull_rom(before, start, end, after, step / steps) for step in range(steps)]
    return curve


def along(points, steps=14):
    """An open Catmull-Rom curve through the points."""
    padded, curve = [points[0], *points, points[-1]], []
    for index in range(1, len(padded) - 2):
        window = padded[index - 1 : index + 3]
        curve += [_catmull_rom(*window, step / steps) for step in range(steps)]
    return [*curve, points[-1]]


def ellipse(x, y, across, high, start=0.0, end=360.0):
    angles = [math.radians(start + (end - start) * step / 72) for step in range(73)]
    return [(x + across * math.cos(angle), y + high * math.sin(angle)) for angle in angles]


def _catmull_rom(before, start, end, after, t):
    return tuple(
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(before, start, end, after, strict=True)
    )


def noise(size):
    """Even noise of any size; always the same, so that one prompt is always one picture."""
    field = Image.new("L", size)
    for left in range(0, size[0], TILE):
        for top in range(0, size[1], TILE):
            field.paste(_noise_tile(), (left, top))
    return field


@cache
def _noise_tile():
    return Image.frombytes("L", (TILE, TILE), random.Random(11).randbytes(TILE * TILE))


@cache
def _gradient(light):
    """From 0 where the light falls to 255 where the shade is deepest."""
    down = Image.linear_gradient("L")
    turns = {"low": 0, "right": 90, "top": 180, "left": 270}
    if light in turns:
        return down.rotate(turns[light])
    return Image.radial_gradient("L").crop((70, 70, 256, 256))


def _stipple(size, light, depth):
    """Grains that grow denser with the shade, like the spray of an old print."""
    steep = _gradient(light).point(lambda value: min(255, round(255 * depth * (value / 255) ** 1.4)))
    shade = steep.resize(size, Image.Resampling.BILINEAR)
    return ImageChops.add(shade, noise(size), offset=-255).point(lambda value: 255 if value else 0)


def grained(picture):
    """A breath of paper grain over a finished print."""
    grain = noise(picture.size).filter(ImageFilter.GaussianBlur(0.6)).point(lambda value: 128 + (value - 128) // 5)
    bands = Image.merge("RGB", [grain] * 3)
    if picture.mode == "RGBA":
        return Image.merge(
            "RGBA", [*ImageChops.soft_light(picture.convert("RGB"), bands).split(), picture.getchannel("A")]
        )
    return ImageChops.soft_light(picture, bands)
