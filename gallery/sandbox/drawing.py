"""A prompt becomes a print: a panel with the drawing, paper around it, the words beneath."""

import random
from dataclasses import replace

from PIL import Image

from gallery.sandbox import caption, scenes
from gallery.sandbox.abstracts import ABSTRACTS, bodies
from gallery.sandbox.canvas import Canvas, grained
from gallery.sandbox.palettes import choose, rgb
from gallery.sandbox.subjects import Stand, named_subjects

MARGIN = 0.055
FOOT = 0.115
TYPE = 0.0235
# Where several things are named, the widest place wins.
PLACES = ("sea", "range", "field", "sky", "table")


def draw(prompt, seed, size, transparent):
    chance = random.Random(seed)
    palette = choose(prompt, chance)
    margin, foot = (round(min(size) * share) for share in (MARGIN, FOOT))
    panel = (max(1, size[0] - 2 * margin), max(1, size[1] - margin - foot))
    canvas = Canvas(panel, None if transparent else palette.ground)
    if transparent:
        _draw_alone(canvas, prompt, palette, chance)
    else:
        _draw_scene(canvas, prompt, palette, chance)
    picture = Image.new("RGBA", size, (0, 0, 0, 0)) if transparent else Image.new("RGB", size, rgb(palette.paper))
    picture.paste(canvas.finished(), (margin, margin))
    caption.write(
        picture, prompt, (margin, size[1] - foot, size[0] - margin, size[1]), rgb(palette.ink), min(size) * TYPE
    )
    return grained(picture)


def _draw_scene(canvas, prompt, palette, chance):
    subjects = named_subjects(prompt)
    if not subjects:
        chance.choice(ABSTRACTS)(canvas, palette, chance)
        return
    place = next(place for place in PLACES if any(subject.place == place for subject in subjects))
    # A second colour is the second thing's, or the table's that the only thing stands on.
    bare = replace(palette, second=None) if len(subjects) > 1 else palette
    x, y = _ground(canvas, place, subjects, bare, chance)
    standing = [subject for subject in subjects if subject.stands]
    shore = place == "sea" and any(subject.place != "sea" for subject in standing)
    if shore:
        y = scenes.dunes(canvas, palette, chance, canvas.height * 0.74, layers=2)
    _stand_all(canvas, standing, palette, x, y, grounded=shore or place != "sea")
    if place == "sea" and not shore:
        scenes.waves(canvas, palette, chance, scenes.FRONT_ROWS)


def _ground(canvas, place, subjects, palette, chance):
    if place == "table":
        return (scenes.halo if chance.random() < 0.25 else scenes.table)(canvas, palette, chance)
    great = next((subject for subject in subjects if subject.place in ("range", "sky")), None)

    def far(x, y, share=1):
        if great:
            great.draw(Stand(canvas, palette, x, y, great.high * share))

    if place == "sea":
        return scenes.sea(canvas, palette, chance, far, sunny=not (great and great.place == "sky"))
    if place == "field" and not great:
        return scenes.field(canvas, palette, chance)
    return scenes.distance(canvas, palette, chance, far, sunny=great.place == "range")


def _stand_all(canvas, subjects, palette, middle, y, grounded):
    """Side by side, at most three."""
    subjects = subjects[:3]
    apart = 0.44 if len(subjects) == 2 else 0.36
    shrink = (1, 1, 0.86, 0.7)[len(subjects)]
    room = min(1, canvas.height * 0.72 / 0.6)
    for number, subject in enumerate(subjects):
        high = subject.high * shrink * room
        x = middle + apart * (number - (len(subjects) - 1) / 2)
        if grounded:
            scenes.cast_shadow(canvas, x, y, high * 0.4, palette.others[0])
        subject.draw(Stand(canvas, _next_hero(palette, number), x, y, high))


def _next_hero(palette, number):
    """Neighbours do not wear the same colour."""
    heroes = (palette.hero, palette.second or palette.others[2], palette.others[1])
    return replace(palette, hero=heroes[number % len(heroes)])


def _draw_alone(canvas, prompt, palette, chance):
    """Without a ground: the named things large in the middle, or a few bodies."""
    subjects = sorted([subject for subject in named_subjects(prompt) if subject.draw][:3], key=lambda it: it.stands)
    if not subjects:
        bodies(canvas, palette, chance, canvas.width / 2, canvas.height * 0.72)
    for number, subject in enumerate(subjects):
        high = 0.72 / max(1, len(subjects) * 0.85)
        x = canvas.width / 2 + 0.48 * (number - (len(subjects) - 1) / 2)
        subject.draw(Stand(canvas, _next_hero(palette, number), x, canvas.height / 2 + high / 2, high))
