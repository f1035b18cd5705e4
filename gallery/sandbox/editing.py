"""Draws an edit: the input stays recognisable, and what the words ask for is seen on it."""

import random
from functools import partial

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from gallery.sandbox import caption
from gallery.sandbox.canvas import grained
from gallery.sandbox.palettes import choose, darker, lighter, named_colours, rgb, word_at

PAPER_FOOT = 0.115  # as high as the foot of our own prints
BAND = 0.075
TYPE = 0.0235
HUE_REACH = 20  # of Pillow's 256 hues
MIN_SATURATION = 56
INSET = 0.2


def edit(prompt, seed, size, images, mask, transparent):
    """`mask` is the alpha of a mask picture: only where it is 0 may anything change."""
    chance = random.Random(seed)
    first, *others = (ImageOps.exif_transpose(image).convert("RGBA") for image in images)
    base = ImageOps.fit(first, size)
    clear = base.getchannel("A")
    changed = _changed(base.convert("RGB"), prompt, chance)
    _insets(changed, others)
    _legend(changed, prompt)
    if mask:
        changed = Image.composite(base.convert("RGB"), changed, _kept(mask, size))
    if transparent:
        changed.putalpha(ImageChops.darker(clear, _standing_out(base)))
    return changed


def _changed(picture, prompt, chance):
    """By a colour that the words name, else by their mood, else in new inks."""
    if any(word_at(word, prompt) is not None for word in COLOURLESS):
        return ImageOps.autocontrast(ImageOps.grayscale(picture), cutoff=1).convert("RGB")
    colours = named_colours(prompt)
    if colours:
        return _recoloured(picture, colours[-1], chance)
    for change, words in MOODS:
        if any(word_at(word, prompt) is not None for word in words):
            return change(picture)
    return grained(_in_inks(picture, choose(prompt, chance)))


def _recoloured(picture, colour, chance):
    """Gives the picture's strongest hue another colour and leaves all others as they are."""
    hue, saturation, value = picture.convert("HSV").split()
    colourful = saturation.point(lambda level: 255 if level >= MIN_SATURATION else 0)
    strongest = _strongest_hue(hue, saturation)
    near = hue.point(lambda level: 255 if abs((level - strongest + 128) % 256 - 128) <= HUE_REACH else 0)
    where = (
        ImageChops.multiply(colourful, near).filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.GaussianBlur(0.8))
    )
    new_hue, new_saturation, new_value = Image.new("RGB", (1, 1), rgb(colour)).convert("HSV").getpixel((0, 0))
    new_hue = (new_hue + chance.randint(-3, 3)) % 256
    pale = new_saturation < MIN_SATURATION
    tinted = Image.merge(
        "HSV",
        (
            hue.point(lambda _: new_hue),
            saturation.point(lambda level: new_saturation if pale else (level + new_saturation) // 2),
            value.point(partial(_nearer, target=new_value, share=0.7 if pale else 0.3)),
        ),
    ).convert("RGB")
    return Image.composite(tinted, picture, where)


def _strongest_hue(hue, saturation):
    """Most of the picture's middle, where a rich colour counts more than a pale one."""
    middle = [round(edge * share) for share in (0.2, 0.8) for edge in hue.size]
    hue, saturation = hue.crop(middle), saturation.crop(middle)
    counts = [0] * 256
    for least, weight in ((MIN_SATURATION, 1), (110, 4), (150, 8)):
        rich = saturation.point([255 if level >= least else 0 for level in range(256)])
        counts = [count + weight * more for count, more in zip(counts, hue.histogram(rich), strict=True)]
    return max(range(256), key=lambda centre: sum(counts[near % 256] for near in range(centre - 9, centre + 10)))


def _nearer(level, target, share):
    return round(level + (target - level) * share)


def _night(picture):
    blue = ImageChops.multiply(picture, Image.new("RGB", picture.size, "#434f8c"))
    return ImageEnhance.Contrast(blue).enhance(1.1)


def _warm(picture):
    return ImageChops.soft_light(picture, Image.new("RGB", picture.size, "#ff9a4a"))


def _cool(picture):
    return ImageChops.soft_light(picture, Image.new("RGB", picture.size, "#4a9aff"))


def _blurred(picture):
    return picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 80))


def _brighter(picture):
    return ImageEnhance.Brightness(picture).enhance(1.35)


COLOURLESS = ("black and white", "monochrome", "greyscale", "grayscale", "黑白")
MOODS = (
    (_night, ("night", "dark", "darker", "夜", "晚", "暗")),
    (_warm, ("warm", "warmer", "sunset", "autumn", "sunny", "暖", "夕阳", "秋")),
    (_cool, ("cool", "cold", "winter", "snow", "冷", "冬", "雪")),
    (_blurred, ("blur", "blurred", "soft", "模糊", "柔")),
    (_brighter, ("bright", "brighter", "light", "lighter", "亮")),
)


def _in_inks(picture, palette):
    """As if printed anew: half of it in the inks of a palette."""
    grey = ImageOps.grayscale(picture)
    inked = ImageOps.colorize(grey, darker(palette.others[0], 0.3), lighter(palette.ground, 0.4), mid=palette.hero)
    return Image.blend(picture, inked, 0.45)


def _insets(picture, others):
    """The other inputs as small prints in a row at the upper right."""
    edge = max(3, round(min(picture.size) * INSET))
    gap = max(2, edge // 10)
    room = max(1, (picture.width - gap) // (edge + gap))
    for number, other in enumerate(others[: room * 2]):
        row, column = divmod(number, room)
        print_ = Image.new("RGB", (edge, edge), "#f7f3ea")
        frame = max(1, edge // 24)
        inner = ImageOps.fit(other, (edge - 2 * frame,) * 2)
        print_.paste(inner, (frame, frame), inner)
        picture.paste(print_, (picture.width - (column + 1) * (edge + gap), gap + row * (edge + gap)))


def _kept(mask, size):
    """255 where nothing may change; the words are left out unless all of their band may."""
    kept = ImageOps.fit(mask, size, Image.Resampling.NEAREST).point(lambda alpha: 255 if alpha else 0)
    band = (0, round(size[1] - min(size) * PAPER_FOOT), *size)
    if kept.crop(band).getbbox():
        kept.paste(255, band)
    return kept


def _legend(picture, prompt):
    """A band in the foot's own colour: on a print of ours it is simply the paper, and covers the older words."""
    width, height = picture.size
    short = min(picture.size)
    edge = picture.crop((0, height - max(1, short // 40), width, height))
    plain = all(high - low < 48 for low, high in edge.getextrema())
    paper = edge.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    top = round(height - short * (PAPER_FOOT if plain else BAND))
    picture.paste(paper, (0, top, width, height))
    inset = round(short * 0.055)
    ink = "#2a2730" if _is_light(paper) else "#f4efe4"
    caption.write(picture, prompt, (inset, top, width - inset, height), ink, short * TYPE)


def _is_light(colour):
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue > 130


def _standing_out(picture):
    """What differs from the colour of the upper left corner."""
    corner = Image.new("RGB", picture.size, picture.convert("RGB").getpixel((0, 0)))
    difference = ImageOps.grayscale(ImageChops.difference(picture.convert("RGB"), corner))
    return difference.point(lambda level: 255 if level > 24 else 0).filter(ImageFilter.GaussianBlur(1))
