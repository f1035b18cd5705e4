"""Things that a prompt may name, each drawn as a simple shape.

A subject stands on its base at y = 0 and is 1 high; x is 0 in its middle.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from gallery.sandbox.canvas import Canvas, along, ellipse, smooth
from gallery.sandbox.palettes import Palette, darker, distance, lighter, mix, word_at

CREAM = "#fbf3e4"
DARK = "#2a2530"


@dataclass(frozen=True, slots=True)
class Stand:
    """Where on the canvas a subject stands, and how high it is."""

    canvas: Canvas
    palette: Palette
    x: float
    y: float
    high: float

    def at(self, points):
        return [(self.x + x * self.high, self.y - y * self.high) for x, y in points]

    def shape(self, points, colour, shade=None, light="round", depth=0.8):
        self.canvas.shape(self.at(points), colour, shade, light, depth)

    def blob(self, points, colour, shade=None, light="round", depth=0.8):
        self.canvas.shape(smooth(self.at(points)), colour, shade, light, depth)

    def disc(self, x, y, radius, colour, shade=None, light="round", depth=0.8):
        self.shape(ellipse(x, y, radius, radius), colour, shade, light, depth)

    def stroke(self, points, width, colour):
        self.canvas.stroke(along(self.at(points)), width * self.high, colour)

    @property
    def hero(self):
        return self.palette.hero

    @property
    def shade(self):
        return darker(self.palette.hero, 0.45)


def mirrored(points):
    """Both sides of something even, from the points of its right side, top to bottom."""
    return [*points, *((-x, y) for x, y in reversed(points) if x)]


def apple(stand):
    right = [(0, 0.76), (0.2, 0.85), (0.41, 0.74), (0.47, 0.46), (0.34, 0.13), (0.13, 0.0), (0, 0.05)]
    stand.blob(mirrored(right), stand.hero, stand.shade)
    stand.blob([(-0.3, 0.66), (-0.2, 0.73), (-0.26, 0.52), (-0.35, 0.44)], lighter(stand.hero, 0.45))
    stand.stroke([(0, 0.74), (0.02, 0.86), (0.08, 0.97)], 0.035, "#5b4030")
    leaf = "#6f9a52" if stand.hero != "#5a9a4b" else "#3f6f3a"
    stand.blob([(0.05, 0.86), (0.2, 0.98), (0.38, 0.98), (0.24, 0.84)], leaf, darker(leaf), "low")


def fox(stand):
    coat = stand.hero
    eyes = "#f1dc8c" if distance(coat, DARK) < 60 else DARK
    tail = [(0.1, 0.02), (0.42, 0.0), (0.6, 0.2), (0.56, 0.5), (0.42, 0.62), (0.42, 0.4), (0.3, 0.2)]
    stand.blob(tail, coat, stand.shade, "low")
    stand.blob([(0.42, 0.62), (0.56, 0.5), (0.55, 0.42), (0.49, 0.46), (0.42, 0.44), (0.4, 0.5)], CREAM)
    stand.blob(mirrored([(0, 0.64), (0.15, 0.55), (0.23, 0.25), (0.24, 0.03), (0, 0.0)]), coat, stand.shade, "low")
    stand.blob(mirrored([(0, 0.56), (0.1, 0.46), (0.11, 0.25), (0, 0.1)]), CREAM)
    stand.shape([(-0.035, 0.2), (0.035, 0.2), (0.004, 0.0), (-0.004, 0.0)], stand.shade)
    for side in (-1, 1):
        stand.shape([(side * x, y) for x, y in ((0.05, 0.82), (0.26, 1.0), (0.3, 0.72))], coat, stand.shade, "low")
        stand.shape([(side * x, y) for x, y in ((0.13, 0.83), (0.235, 0.93), (0.255, 0.77))], DARK)
    stand.shape(mirrored([(0, 0.85), (0.17, 0.84), (0.29, 0.73), (0.34, 0.63), (0, 0.42)]), coat)
    for side in (-1, 1):
        stand.shape([(side * x, y) for x, y in ((0.34, 0.63), (0.19, 0.63), (0.05, 0.5), (0, 0.42))], CREAM)
        stand.shape([(side * x, y) for x, y in ((0.07, 0.66), (0.15, 0.7), (0.18, 0.655), (0.12, 0.64))], eyes)
    stand.disc(0, 0.445, 0.035, DARK)


def cat(stand):
    coat = stand.hero
    stand.stroke([(0.18, 0.05), (0.42, 0.06), (0.5, 0.25), (0.4, 0.38), (0.45, 0.5)], 0.075, coat)
    body = [(0, 0.62), (0.17, 0.52), (0.27, 0.25), (0.26, 0.04), (0.1, 0.0), (0, 0.0)]
    stand.blob(mirrored(body), coat, stand.shade, "low")
    stand.blob(mirrored([(0, 0.5), (0.1, 0.4), (0.1, 0.2), (0, 0.12)]), lighter(coat, 0.55))
    for side in (-1, 1):
        stand.shape([(side * x, y) for x, y in ((0.04, 0.86), (0.23, 1.0), (0.27, 0.72))], coat)
        stand.shape([(side * x, y) for x, y in ((0.11, 0.87), (0.21, 0.94), (0.235, 0.79))], mix(coat, "#e79a94", 0.7))
    stand.blob(mirrored([(0, 0.88), (0.18, 0.86), (0.29, 0.7), (0.22, 0.54), (0, 0.48)]), coat, stand.shade, "low", 0.5)
    for side in (-1, 1):
        stand.shape(ellipse(side * 0.125, 0.7, 0.055, 0.05), "#f1dc8c")
        stand.shape(ellipse(side * 0.125, 0.7, 0.018, 0.047), DARK)
        for tilt in (-0.02, 0.02):
            stand.stroke([(side * 0.08, 0.585 + tilt / 2), (side * 0.36, 0.59 + tilt * 2)], 0.006, lighter(coat, 0.75))
    stand.shape([(-0.03, 0.625), (0.03, 0.625), (0, 0.59)], "#e08a86")


def chair(stand):
    wood = mix(stand.palette.others[0], "#8a5a3a", 0.55)
    for x, foot, top in ((-0.2, -0.27, 0.45), (0.24, 0.3, 0.45)):
        stand.shape([(x - 0.02, top), (x + 0.025, top), (foot + 0.008, 0.09), (foot - 0.012, 0.09)], darker(wood, 0.3))
    stand.shape([(-0.27, 0.98), (-0.22, 0.99), (-0.17, 0.45), (-0.23, 0.45)], wood, darker(wood), "low")
    stand.shape([(0.19, 0.98), (0.24, 0.99), (0.23, 0.45), (0.17, 0.45)], wood, darker(wood), "low")
    back = [(-0.3, 0.97), (-0.27, 1.0), (0.0, 1.02), (0.25, 1.0), (0.27, 0.97), (0.255, 0.72), (0, 0.7), (-0.27, 0.72)]
    stand.blob(back, stand.hero, stand.shade, "low", 0.7)
    seat = [(-0.27, 0.49), (0.24, 0.49), (0.36, 0.4), (0.33, 0.365), (-0.34, 0.365), (-0.37, 0.4)]
    stand.blob(seat, stand.hero, stand.shade, "right", 0.7)
    stand.shape([(-0.36, 0.385), (0.35, 0.385), (0.33, 0.345), (-0.34, 0.345)], darker(stand.hero, 0.3))
    for x, foot in ((-0.3, -0.38), (0.26, 0.36)):
        stand.shape([(x, 0.35), (x + 0.055, 0.35), (foot + 0.02, 0), (foot - 0.008, 0)], wood, darker(wood), "low")


def flower(stand):
    stem = mix(stand.palette.others[1], "#4f7a4c", 0.6)
    stand.stroke([(0.0, 0.2), (0.03, 0.45), (0.0, 0.72)], 0.02, stem)
    stand.stroke([(-0.02, 0.2), (-0.12, 0.4), (-0.24, 0.52)], 0.016, stem)
    stand.blob([(0.03, 0.4), (0.16, 0.56), (0.31, 0.58), (0.2, 0.42)], stem, darker(stem), "low")
    stand.blob([(0.0, 0.36), (-0.08, 0.4), (-0.26, 0.34), (-0.12, 0.28)], stem, darker(stem), "low")
    _blossom(stand, -0.25, 0.56, 0.11)
    _blossom(stand, 0.0, 0.79, 0.21)
    vase = stand.palette.others[2]
    side = along([(0.07, 0.32), (0.06, 0.27), (0.15, 0.16), (0.14, 0.06), (0.08, 0.0)])
    stand.shape(mirrored(side), vase, darker(vase), "right")
    stand.shape(ellipse(0, 0.32, 0.07, 0.014), darker(vase, 0.5))


def _blossom(stand, x, y, size):
    for turn in range(7):
        angle = math.tau * turn / 7 + 0.3
        across = angle + math.pi / 2
        reach = [(0.15, 0), (0.7, 0.34), (1.0, 0.22), (1.04, 0), (1.0, -0.22), (0.7, -0.34)]
        petal = [
            (
                x + size * (r * math.cos(angle) + s * math.cos(across)),
                y + size * (r * math.sin(angle) + s * math.sin(across)),
            )
            for r, s in reach
        ]
        stand.blob(petal, mix(stand.hero, CREAM, 0.06 * (turn % 3)), stand.shade, "round", 0.55)
    stand.disc(x, y, size * 0.27, "#f0c24b", "#a5612b", depth=0.6)


def house(stand):
    wall = lighter(stand.palette.others[2], 0.55)
    stand.shape([(0.2, 0.98), (0.3, 0.98), (0.3, 0.6), (0.2, 0.6)], darker(stand.hero, 0.2))
    stand.shape([(-0.36, 0.52), (0.36, 0.52), (0.36, 0), (-0.36, 0)], wall, darker(wall), "right", 0.5)
    stand.shape([(-0.36, 0.5), (0, 0.9), (0.36, 0.5)], wall, darker(wall), "right", 0.5)
    stand.shape([(-0.47, 0.44), (0, 0.96), (0, 0.84), (-0.42, 0.4)], stand.hero)
    stand.shape([(0.47, 0.44), (0, 0.96), (0, 0.84), (0.42, 0.4)], stand.hero, stand.shade, "right")
    stand.shape([(-0.08, 0.3), (0.08, 0.3), (0.08, 0), (-0.08, 0)], stand.palette.others[0])
    stand.disc(0.05, 0.15, 0.012, "#f0c24b")
    for x in (-0.24, 0.24):
        stand.shape([(x - 0.07, 0.37), (x + 0.07, 0.37), (x + 0.07, 0.2), (x - 0.07, 0.2)], "#f4cf73", "#dd9c48", "low")
        stand.stroke([(x, 0.37), (x, 0.2)], 0.012, wall)
        stand.stroke([(x - 0.07, 0.285), (x + 0.07, 0.285)], 0.012, wall)
    stand.disc(0, 0.6, 0.065, "#f4cf73", "#dd9c48", "low")


def tree(stand):
    leaf = stand.hero if stand.hero in ("#c8373f", "#e4752f", "#eeb93f", "#e2859c") else "#5f8f58"
    trunk = "#6a4a38"
    stand.shape([(-0.045, 0.5), (0.045, 0.5), (0.08, 0), (-0.08, 0)], trunk, darker(trunk), "right")
    for x, y, radius in (
        (-0.22, 0.5, 0.19),
        (0.23, 0.52, 0.18),
        (-0.12, 0.72, 0.21),
        (0.14, 0.74, 0.2),
        (0, 0.57, 0.22),
    ):
        stand.disc(x, y, radius, leaf, darker(leaf, 0.5))
    stand.stroke([(0, 0.3), (0.1, 0.46)], 0.022, trunk)
    stand.stroke([(0, 0.38), (-0.09, 0.5)], 0.02, trunk)


def mountain(stand):
    rock = stand.hero if stand.hero not in (CREAM, "#f4f1ea") else stand.palette.others[1]
    for x, high, wide in ((0.5, 0.62, 0.46), (-0.52, 0.7, 0.5), (0, 1.0, 0.66)):
        light = [(x, high), (x - wide, 0), (x + wide * 0.12, 0), (x - wide * 0.05, high * 0.5)]
        stand.shape([(x - wide, 0), (x, high), (x + wide, 0)], darker(rock, 0.4), darker(rock, 0.65), "low")
        stand.shape(light, lighter(rock, 0.12), darker(rock, 0.3), "low", 0.6)
        foot = high * 0.72
        edge = wide * (1 - foot / high)
        zigzag = [(0.5, 0.05), (0.1, -0.06), (-0.25, 0.04), (-0.6, -0.05)]
        cap = [(x - edge, foot), (x, high), (x + edge, foot), *((x + edge * t, foot + high * d) for t, d in zigzag)]
        stand.shape(cap, CREAM, "#b9c4d4", "right", 0.7)


def moon(stand):
    pale = "#f6e7bd" if stand.palette.hero in ("#f3dfa8", "#f4f1ea") else stand.hero
    stand.disc(0, 0.5, 0.5, pale, darker(pale, 0.4), depth=0.6)
    for x, y, radius in ((-0.18, 0.62, 0.1), (0.16, 0.42, 0.13), (-0.12, 0.28, 0.06), (0.22, 0.74, 0.05)):
        stand.disc(x, y, radius, darker(pale, 0.14), darker(pale, 0.3), depth=0.5)


def bird(stand):
    coat = stand.hero
    for x in (-0.03, 0.07):
        stand.stroke([(x, 0.3), (x - 0.01, 0.0)], 0.015, DARK)
    stand.shape([(-0.62, 0.3), (-0.2, 0.52), (-0.15, 0.36)], darker(coat, 0.4))
    body = [
        (-0.3, 0.45),
        (-0.05, 0.66),
        (0.2, 0.86),
        (0.38, 0.84),
        (0.42, 0.66),
        (0.3, 0.38),
        (0.05, 0.25),
        (-0.2, 0.32),
    ]
    stand.blob(body, coat, stand.shade, "low")
    stand.blob([(0.36, 0.6), (0.3, 0.38), (0.08, 0.27), (0.16, 0.5)], CREAM)
    wing = [(-0.42, 0.34), (-0.12, 0.58), (0.1, 0.6), (0.14, 0.46), (-0.05, 0.36)]
    stand.blob(wing, darker(coat, 0.25), darker(coat, 0.6), "low")
    stand.shape([(0.4, 0.79), (0.56, 0.73), (0.41, 0.7)], "#e7a33c")
    stand.disc(0.31, 0.77, 0.025, DARK)


def fish(stand):
    coat = stand.hero
    stand.blob([(0.38, 0.5), (0.68, 0.78), (0.6, 0.5), (0.68, 0.22)], darker(coat, 0.3), darker(coat, 0.6), "low")
    stand.blob([(-0.1, 0.72), (0.08, 0.92), (0.24, 0.66)], darker(coat, 0.3))
    stand.blob(
        [(-0.6, 0.48), (-0.3, 0.72), (0.1, 0.72), (0.48, 0.5), (0.1, 0.28), (-0.3, 0.26)], coat, stand.shade, "low"
    )
    for x in (-0.1, 0.06, 0.22):
        stand.stroke([(x, 0.66 - abs(x) * 0.2), (x + 0.06, 0.5), (x, 0.34 + abs(x) * 0.2)], 0.018, lighter(coat, 0.45))
    stand.disc(-0.38, 0.54, 0.055, CREAM)
    stand.disc(-0.39, 0.54, 0.028, DARK)


def boat(stand):
    stand.stroke([(0, 0.15), (0, 1.0)], 0.018, "#5b4030")
    stand.blob([(0.02, 0.97), (0.3, 0.6), (0.44, 0.26), (0.02, 0.24)], CREAM, "#c9bfae", "right")
    stand.blob([(-0.02, 0.86), (-0.2, 0.55), (-0.34, 0.26), (-0.02, 0.24)], stand.hero, stand.shade, "low")
    hull = [(-0.5, 0.18), (0.52, 0.18), (0.36, 0.0), (-0.34, 0.0)]
    stand.shape(hull, stand.palette.others[0], darker(stand.palette.others[0]), "low")


def cup(stand):
    stand.stroke([(0.3, 0.5), (0.5, 0.48), (0.48, 0.24), (0.24, 0.16)], 0.05, darker(stand.hero, 0.15))
    right = [(0.36, 0.58), (0.33, 0.25), (0.22, 0.05), (0, 0.03)]
    stand.shape(smooth(mirrored([(0, 0.58), *right])), stand.hero, stand.shade, "right")
    stand.shape(ellipse(0, 0.58, 0.36, 0.075), lighter(stand.hero, 0.4))
    stand.shape(ellipse(0, 0.575, 0.31, 0.055), "#5b3a29")
    for x in (-0.1, 0.08):
        stand.stroke([(x, 0.7), (x + 0.05, 0.78), (x - 0.03, 0.88), (x + 0.03, 0.98)], 0.016, CREAM)


@dataclass(frozen=True, slots=True)
class Subject:
    """Its words, the place it wants and its height on the shorter side; the sea is a place and draws nothing."""

    draw: Callable[[Stand], None] | None
    words: tuple[str, ...]
    place: str
    high: float = 0

    @property
    def stands(self):
        return self.draw is not None and self.place not in ("range", "sky")


SUBJECTS = (
    Subject(apple, ("apple", "苹果"), "table", 0.42),
    Subject(fox, ("fox", "狐狸", "狐"), "field", 0.5),
    Subject(cat, ("cat", "kitten", "猫"), "table", 0.5),
    Subject(chair, ("chair", "armchair", "椅"), "table", 0.56),
    Subject(flower, ("flower", "rose", "poppy", "tulip", "peony", "花", "玫瑰"), "table", 0.58),
    Subject(cup, ("cup", "mug", "coffee", "tea", "杯", "咖啡", "茶"), "table", 0.42),
    Subject(bird, ("bird", "sparrow", "crane", "鸟", "鹤"), "field", 0.42),
    Subject(fish, ("fish", "koi", "carp", "鱼"), "sea", 0.34),
    Subject(boat, ("boat", "ship", "sailboat", "船", "帆"), "sea", 0.46),
    Subject(house, ("house", "home", "cabin", "cottage", "房子", "屋", "家"), "field", 0.42),
    Subject(tree, ("tree", "oak", "forest", "树", "森林"), "field", 0.52),
    Subject(mountain, ("mountain", "hill", "peak", "alps", "山"), "range", 0.5),
    Subject(None, ("sea", "ocean", "wave", "beach", "海", "浪"), "sea"),
    Subject(moon, ("moon", "月"), "sky", 0.34),
)


def named_subjects(prompt):
    """What the prompt names, in the order of its words."""
    found = []
    for subject in SUBJECTS:
        places = [place for word in subject.words if (place := word_at(word, prompt)) is not None]
        found += [(min(places), subject)] if places else []
    return [subject for _, subject in sorted(found, key=lambda pair: pair[0])]
