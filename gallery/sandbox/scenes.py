"""Places for a subject to stand in, each drawn from the back to the front."""

import math

from gallery.sandbox.canvas import along, ellipse
from gallery.sandbox.palettes import darker, lighter, mix

SEA_HORIZON = 0.52
WAVE_ROWS = 7
FRONT_ROWS = range(4, WAVE_ROWS)


def table(canvas, palette, chance):
    """A lit wall and a table; returns where a subject stands."""
    wide, high = canvas.width, canvas.height
    edge = high * 0.72
    wall = palette.ground
    canvas.box(0, 0, wide, edge, wall, darker(wall, 0.22), chance.choice(("left", "right", "top")), 0.75)
    middle = wide * chance.uniform(0.42, 0.58)
    if chance.random() < 0.5:
        glow = lighter(mix(wall, palette.others[2], 0.5), 0.25)
        canvas.disc(middle, edge - 0.36, 0.31, glow, mix(glow, wall, 0.8), "low", 0.9)
    else:
        _window(canvas, wall, middle, edge, chance)
    top = palette.second or mix(palette.others[0], palette.ground, chance.choice((0.1, 0.75)))
    canvas.box(0, edge, wide, high, top, darker(top, 0.35), "low", 0.8)
    canvas.box(0, edge, wide, edge + 0.006, lighter(top, 0.3))
    return middle, edge + (high - edge) * 0.42


def _window(canvas, wall, middle, edge, chance):
    """The light of a window that we do not see, slanting over the wall."""
    light, lean = lighter(wall, 0.5), chance.choice((-0.12, 0.12))
    top, low = edge - 0.62, edge - 0.14
    for column in (-1, 0):
        for row in range(2):
            left = middle + column * 0.26 + 0.012
            upper = top + row * 0.25
            right, lower = left + 0.235, min(low, upper + 0.235)
            slant = [lean * (y - top) / 0.5 for y in (upper, lower)]
            corners = [
                (left + slant[0], upper),
                (right + slant[0], upper),
                (right + slant[1], lower),
                (left + slant[1], lower),
            ]
            canvas.shape(corners, light, wall, "low", 0.5)


def sky(canvas, palette, chance, low):
    """A graded sky with a sun or moon, and stars where it is dark."""
    top = palette.ground
    canvas.box(0, 0, canvas.width, low + 0.02, top, lighter(mix(top, palette.others[2], 0.6), 0.3), "low", 1.0)
    if sum(int(top[i : i + 2], 16) for i in (1, 3, 5)) < 330:
        for _ in range(70):
            x, y = chance.uniform(0, canvas.width), chance.uniform(0, low)
            canvas.disc(x, y, chance.choice((0.0012, 0.0018, 0.003)), "#f3ead0")


def sun(canvas, palette, chance, low):
    radius = chance.uniform(0.09, 0.15)
    hang(canvas, palette, canvas.width * chance.choice((0.28, 0.34, 0.66, 0.72)), low, radius, chance)


def hang(canvas, palette, x, low, radius, chance):
    colour = palette.others[2] if palette.hero != palette.others[2] else palette.paper
    y = low - radius * chance.uniform(1.3, 2.2)
    canvas.disc(x, y, radius, lighter(colour, 0.25), palette.hero, "low", 0.7)


def dunes(canvas, palette, chance, low, layers=4):
    """Ridges that darken towards us; the last one is where a subject stands."""
    far, near = mix(palette.ground, palette.others[1], 0.45), palette.others[0]
    step = (canvas.height - low) / layers
    for layer in range(layers):
        base = low + step * layer
        colour = mix(far, near, layer / (layers - 1))
        ridge = _ridge(canvas.width, base, step * 0.75, chance)
        points = [*ridge, (canvas.width, canvas.height), (0, canvas.height)]
        canvas.shape(points, lighter(colour, 0.12), darker(colour, 0.3), chance.choice(("low", "right", "left")), 0.9)
    return low + step * (layers - 0.55)


def _ridge(width, base, swing, chance):
    count = chance.randint(3, 5)
    points = [(width * (i / count), base + chance.uniform(-swing, swing) * 0.6) for i in range(-1, count + 2)]
    return [(x, y) for x, y in along(points) if -width * 0.2 <= x <= width * 1.2]


def field(canvas, palette, chance):
    horizon = canvas.height * chance.uniform(0.5, 0.6)
    sky(canvas, palette, chance, canvas.height)
    sun(canvas, palette, chance, horizon)
    return canvas.width * chance.uniform(0.4, 0.6), dunes(canvas, palette, chance, horizon)


def distance(canvas, palette, chance, far, sunny):
    """A field with something great and far behind it, drawn by `far` where it is told to stand."""
    horizon = canvas.height * 0.66
    sky(canvas, palette, chance, canvas.height)
    if sunny:
        sun(canvas, palette, chance, horizon - 0.16)
    middle = canvas.width * chance.uniform(0.44, 0.56)
    far(middle, horizon + 0.06)
    return middle, dunes(canvas, palette, chance, horizon, layers=3)


def sea(canvas, palette, chance, far, sunny):
    """Rows of scalloped waves under a sky, with what is great and far behind them."""
    horizon = canvas.height * SEA_HORIZON
    sky(canvas, palette, chance, canvas.height)
    if sunny:
        sun(canvas, palette, chance, horizon)
    far(canvas.width * chance.choice((0.3, 0.7)), horizon + 0.01, 0.6)
    waves(canvas, palette, chance, range(WAVE_ROWS))
    return canvas.width * chance.uniform(0.42, 0.58), horizon + (canvas.height - horizon) * 0.57


def waves(canvas, palette, chance, rows):
    horizon = canvas.height * SEA_HORIZON
    deep = mix(palette.others[0], "#1f5673", 0.55)
    pale = mix(deep, "#bfe0dc", 0.6)
    for row in rows:
        share = row / (WAVE_ROWS - 1)
        y = horizon + (canvas.height - horizon) * share**1.3 * 0.92
        _waves(canvas, y, 0.06 + 0.16 * share, mix(pale, deep, share), chance.random())


def _waves(canvas, y, length, colour, offset):
    steps = math.ceil(canvas.width / length) + 2
    crest = []
    for wave in range(-1, steps):
        left = (wave - offset) * length
        crest += [(left + length * t / 8, y - length * 0.16 * abs(math.sin(math.pi * t / 8)) ** 0.8) for t in range(8)]
    canvas.shape(
        [*crest, (canvas.width + length, canvas.height), (-length, canvas.height)],
        colour,
        darker(colour, 0.3),
        "low",
        0.9,
    )
    canvas.stroke(crest, 0.004, lighter(colour, 0.45))


def halo(canvas, palette, chance):
    """A flat poster ground with one great disc behind the subject."""
    canvas.box(0, 0, canvas.width, canvas.height, palette.ground, darker(palette.ground, 0.18), "low", 0.7)
    middle = canvas.width / 2
    disc = lighter(palette.others[2], 0.15)
    canvas.disc(middle, canvas.height * 0.47, 0.36, disc, mix(disc, palette.ground, 0.7), "low", 0.9)
    floor = canvas.height * 0.8
    top = palette.second or palette.others[0]
    canvas.box(0, floor, canvas.width, canvas.height, top, darker(top, 0.4), "low", 0.8)
    return middle, floor + (canvas.height - floor) * 0.25


def cast_shadow(canvas, x, y, wide, colour):
    """Where a subject touches the ground, and the long soft one beside it."""
    canvas.shadow(ellipse(x + wide * 0.45, y + 0.004, wide * 0.95, wide * 0.13), darker(colour, 0.8), 0.025, 0.5)
    canvas.shadow(ellipse(x, y, wide * 0.75, wide * 0.06), darker(colour, 0.9), 0.006, 0.75)
