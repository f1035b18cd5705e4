"""Compositions for prompts that name nothing we can draw."""

import math

from gallery.sandbox.canvas import along, ellipse
from gallery.sandbox.palettes import darker, lighter, mix
from gallery.sandbox.scenes import cast_shadow, dunes, sky, sun, table


def landscape(canvas, palette, chance):
    horizon = canvas.height * chance.uniform(0.42, 0.55)
    sky(canvas, palette, chance, canvas.height)
    sun(canvas, palette, chance, horizon)
    dunes(canvas, palette, chance, horizon, layers=6)


def forms(canvas, palette, chance):
    """A still life of simple bodies: sphere, arch, column, cone."""
    bodies(canvas, palette, chance, *table(canvas, palette, chance))


def bodies(canvas, palette, chance, middle, floor):
    colours = [palette.hero, palette.others[1], palette.others[2], lighter(palette.others[0], 0.3)]
    chance.shuffle(colours)
    kinds = [_column, _arch, _cone, _sphere]
    chance.shuffle(kinds)
    for place, (body, colour) in enumerate(zip(kinds, colours, strict=True)):
        x = middle + (-0.27, 0.24, -0.06, 0.1)[place]
        y = floor + (-0.07, -0.05, 0.0, 0.05)[place]
        size = (0.5, 0.4, 0.3, 0.17)[place] * chance.uniform(0.9, 1.1)
        cast_shadow(canvas, x, y, size * 0.3, palette.others[0])
        body(canvas, x, y, size, colour)


def _column(canvas, x, y, size, colour):
    wide = size * 0.22
    side = [*ellipse(x, y, wide, wide * 0.2, 0, 180), *ellipse(x, y - size, wide, wide * 0.2, 180, 360)]
    canvas.shape(side, colour, darker(colour, 0.5), "right", 0.9)
    canvas.shape(ellipse(x, y - size, wide, wide * 0.2), lighter(colour, 0.3))


def _arch(canvas, x, y, size, colour):
    wide, thick = size * 0.42, size * 0.2
    outer = ellipse(x, y - size * 0.55, wide, wide, 180, 360)
    inner = ellipse(x, y - size * 0.55, wide - thick, wide - thick, 360, 180)
    canvas.shape([(x - wide, y), *outer, (x + wide, y), (x + wide - thick, y), *inner, (x - wide + thick, y)],
                 colour, darker(colour, 0.5), "right", 0.9)  # fmt: skip


def _cone(canvas, x, y, size, colour):
    wide = size * 0.34
    canvas.shape([(x, y - size), *ellipse(x, y, wide, wide * 0.2, 0, 180)], colour, darker(colour, 0.55), "right", 1.0)


def _sphere(canvas, x, y, size, colour):
    canvas.disc(x, y - size * 0.5, size * 0.5, lighter(colour, 0.1), darker(colour, 0.6), depth=0.95)


def geometry(canvas, palette, chance):
    """Quarter circles, discs and stripes on a grid."""
    cells = 4
    step = min(canvas.width, canvas.height) / cells
    colours = [palette.hero, *palette.others, palette.ground, lighter(palette.ground, 0.5)]
    for row in range(math.ceil(canvas.height / step)):
        for column in range(math.ceil(canvas.width / step)):
            back, front, third = chance.sample(colours, 3)
            left, top = column * step, row * step
            canvas.box(left, top, left + step, top + step, back)
            chance.choice((_quarter, _quarter, _rings, _stripes, _ball, _leaf))(
                canvas, left, top, step, front, third, chance
            )


def _quarter(canvas, left, top, step, front, third, chance):
    turn = chance.randrange(4)
    x, y = left + step * (turn in (1, 2)), top + step * (turn in (2, 3))
    for radius, colour in ((step, front), (step * 0.5, third)):
        canvas.shape(
            [(x, y), *ellipse(x, y, radius, radius, turn * 90, turn * 90 + 90)], colour, darker(colour, 0.3), "low", 0.5
        )


def _rings(canvas, left, top, step, front, third, chance):
    for share, colour in ((0.46, front), (0.31, third), (0.15, front)):
        canvas.disc(left + step / 2, top + step / 2, step * share, colour)


def _stripes(canvas, left, top, step, front, third, chance):
    for stripe in range(4):
        y = top + step * (stripe * 2 + 1) / 8
        canvas.box(left, y, left + step, y + step / 8, front)


def _ball(canvas, left, top, step, front, third, chance):
    canvas.disc(left + step / 2, top + step / 2, step * 0.38, front, darker(front, 0.45), depth=0.85)


def _leaf(canvas, left, top, step, front, third, chance):
    right, low = left + step, top + step
    if chance.random() < 0.5:
        points = [*ellipse(left, low, step, step, 270, 360), *ellipse(right, top, step, step, 90, 180)]
    else:
        points = [*ellipse(left, top, step, step, 0, 90), *ellipse(right, low, step, step, 180, 270)]
    canvas.shape(points, front, darker(front, 0.35), "low", 0.6)


def botanical(canvas, palette, chance):
    """Bowed stems with paired leaves."""
    ground = lighter(palette.ground, 0.35)
    canvas.box(0, 0, canvas.width, canvas.height, ground, palette.ground, "low", 0.9)
    sun_x = canvas.width * chance.uniform(0.35, 0.65)
    canvas.disc(sun_x, canvas.height * 0.36, 0.24, lighter(palette.others[2], 0.2), palette.ground, "low", 0.8)
    stems = round(5 * canvas.width) + 1
    order = list(range(stems))
    chance.shuffle(order)
    for stem in order:
        foot = canvas.width * (stem + 0.5) / stems
        lean = chance.uniform(-0.16, 0.16)
        top = canvas.height * chance.uniform(0.12, 0.5)
        colour = chance.choice((palette.others[0], palette.others[1], mix(palette.others[0], palette.others[1], 0.5)))
        spine = along(
            [(foot, canvas.height + 0.05), (foot + lean * 0.3, (canvas.height + top) / 2), (foot + lean, top)]
        )
        canvas.stroke(spine, 0.007, colour)
        _leaves(canvas, spine, colour, chance)
        if chance.random() < 0.55:
            canvas.disc(*spine[-1], chance.uniform(0.025, 0.05), palette.hero, darker(palette.hero, 0.45))


def _leaves(canvas, spine, colour, chance):
    length = chance.uniform(0.1, 0.17)
    for number in range(4, len(spine) - 1, 4):
        (x, y), (ahead_x, ahead_y) = spine[number], spine[number + 1]
        heading = math.atan2(ahead_y - y, ahead_x - x)
        size = length * (1.1 - number / len(spine) * 0.7)
        for side in (-1, 1):
            angle = heading + side * 0.85
            tip = (x + size * math.cos(angle), y + size * math.sin(angle))
            bulge = [(x + (tip[0] - x) * 0.45 + s * size * 0.2 * math.sin(angle),
                      y + (tip[1] - y) * 0.45 - s * size * 0.2 * math.cos(angle)) for s in (1, -1)]  # fmt: skip
            canvas.blob([(x, y), bulge[0], tip, bulge[1]], colour, lighter(colour, 0.35), "low", 0.6)


def ribbons(canvas, palette, chance):
    """Bands that follow one slow current."""
    canvas.box(0, 0, canvas.width, canvas.height, palette.ground, darker(palette.ground, 0.25), "low", 0.8)
    colours = [palette.hero, *palette.others, lighter(palette.hero, 0.4), palette.paper]
    phase, swell, count = chance.uniform(0, 6), chance.uniform(0.1, 0.2), 13
    for band in range(count):
        base = -0.15 + (canvas.height + 0.3) * band / count
        thick = chance.uniform(0.05, 0.13)
        upper, lower = [], []
        for step in range(49):
            x = canvas.width * step / 48
            bend = swell * math.sin(phase + x * 3.1 + band * 0.22) + swell * 0.5 * math.sin(
                phase * 2 + x * 6.3 - band * 0.3
            )
            upper.append((x, base + bend))
            lower.append((x, base + bend + thick * (0.55 + 0.45 * math.sin(phase + x * 4 + band))))
        colour = colours[band % len(colours)]
        canvas.shape(
            [*upper, *reversed(lower)], colour, darker(colour, 0.45), chance.choice(("left", "right", "low")), 0.9
        )


def halftone(canvas, palette, chance):
    """A great sun of dots over a plain ground, as from a duplicator with two inks."""
    ground = lighter(palette.ground, 0.45)
    canvas.box(0, 0, canvas.width, canvas.height, ground)
    x, y = canvas.width * chance.uniform(0.4, 0.6), canvas.height * 0.45
    second = (x + chance.choice((-0.16, 0.16)), y + 0.14)
    canvas.disc(*second, 0.27, palette.others[2])
    pitch, angle, reach = 0.021, math.radians(22), 0.34
    for row in range(-18, 19):
        for column in range(-18, 19):
            across = (column * math.cos(angle) - row * math.sin(angle)) * pitch
            down = (column * math.sin(angle) + row * math.cos(angle)) * pitch
            if math.hypot(across, down) < reach:
                share = (down + reach) / (2 * reach)
                canvas.disc(x + across, y + down, pitch * (0.16 + 0.5 * share), palette.hero)
    low = canvas.height * 0.78
    for line in range(9):
        top = low + (canvas.height - low) * line / 9
        canvas.box(0, top, canvas.width, top + 0.004 + 0.0022 * line, palette.others[0])


ABSTRACTS = (landscape, forms, geometry, botanical, ribbons, halftone)
