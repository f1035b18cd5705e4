"""Draws a picture for a prompt."""

import random

from PIL import Image, ImageDraw

from gallery.sandbox.caption import write_caption


def draw(prompt, seed, size, transparent):
    chance = random.Random(seed)
    ground = Image.new("RGBA", size, (0, 0, 0, 0) if transparent else (238, 230, 214, 255))
    pen = ImageDraw.Draw(ground)
    for _ in range(6):
        x, y, r = chance.random() * size[0], chance.random() * size[1] * 0.8, chance.random() * size[0] * 0.2
        pen.ellipse((x - r, y - r, x + r, y + r), fill=(*chance.choices(range(40, 220), k=3), 255))
    write_caption(ground, prompt, (40, 40, 40))
    return ground if transparent else ground.convert("RGB")
