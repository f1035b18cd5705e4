"""Colours with taste, and how colour words in a prompt steer them."""

import re
from dataclasses import dataclass, replace

from PIL import ImageColor


@dataclass(frozen=True, slots=True)
class Palette:
    """Paper and ink of the print, its sky or wall, what stands out, three quieter companions, a second named colour."""

    paper: str
    ink: str
    ground: str
    hero: str
    others: tuple[str, str, str]
    second: str | None = None


PALETTES = (
    Palette("#f4ede0", "#2b2a33", "#e9c9a4", "#d1495b", ("#2e4057", "#66a182", "#edae49")),
    Palette("#f2efe6", "#1f2d3a", "#a9c6c4", "#e4572e", ("#17354a", "#3f7d84", "#f3b562")),
    Palette("#f6f0ea", "#332532", "#e8b7a8", "#a53860", ("#450920", "#da627d", "#f4d6a0")),
    Palette("#efeee4", "#24302a", "#cdd5ae", "#d96c3f", ("#283d3b", "#5c8a64", "#e9c46a")),
    Palette("#f3eee7", "#20243d", "#b8bfe0", "#f2684b", ("#2b2d62", "#5f6caf", "#f7c59f")),
    Palette("#f7f1e5", "#3a2c23", "#e6b566", "#b23a24", ("#5a3d2b", "#8f9a5b", "#f0d9a8")),
    Palette("#edeff0", "#1b2430", "#9db8cf", "#f4b23e", ("#1d3557", "#457b9d", "#e0e7e4")),
    Palette("#f5ece8", "#2d2433", "#d8b4d0", "#e8643c", ("#4a3568", "#8b6bb1", "#f2c8a2")),
    Palette("#f1ede2", "#25302f", "#8fb8a8", "#eec643", ("#14403d", "#3b7d6e", "#e9e3cf")),
    Palette("#f6eee3", "#2a2320", "#f0c9b0", "#2f6690", ("#16425b", "#d9764a", "#81c3d7")),
    Palette("#f0ece6", "#262626", "#c9c2b6", "#c8553d", ("#3b3a3a", "#8c8577", "#e5d6b8")),
    Palette("#f3f0e8", "#1d2b22", "#f2d7a1", "#3c7a57", ("#1f4532", "#c9603f", "#9cc08b")),
)
NIGHT = Palette("#edeae2", "#151b2e", "#27335c", "#f3dfa8", ("#131a33", "#3d4c80", "#8893c4"))

COLOURS = {
    "#c8373f": ("red", "crimson", "scarlet", "红", "赤"),
    "#e4752f": ("orange", "橙", "橘"),
    "#eeb93f": ("yellow", "gold", "golden", "黄", "金"),
    "#5a9a4b": ("green", "olive", "绿", "翠"),
    "#2f8f8b": ("teal", "turquoise", "cyan", "青"),
    "#2f62a8": ("blue", "navy", "蓝"),
    "#77509c": ("purple", "violet", "lilac", "紫"),
    "#e2859c": ("pink", "rose", "粉"),
    "#855c3f": ("brown", "棕", "褐", "咖啡色"),
    "#f4f1ea": ("white", "白"),
    "#2a2a2e": ("black", "黑"),
    "#8d8f92": ("grey", "gray", "silver", "灰", "银"),
}
DARK_WORDS = ("night", "moon", "star", "midnight", "夜", "月", "星")


def named_colours(prompt):
    """The colours that the words name, in the order of the words; a word that begins another does not count."""
    found = []
    for colour, words in COLOURS.items():
        places = [place for word in words if (place := word_at(word, prompt)) is not None]
        found += [(min(places), colour)] if places else []
    return [colour for _, colour in sorted(found)]


def word_at(word, prompt):
    """Where a word stands; Chinese has no spaces, so there any place will do."""
    pattern = rf"\b{word}(e?s)?\b" if word.isascii() else re.escape(word)
    found = re.search(pattern, prompt, re.IGNORECASE)
    return found and found.start()


def choose(prompt, chance):
    dark = any(word_at(word, prompt) is not None for word in DARK_WORDS)
    palette = NIGHT if dark else chance.choice(PALETTES)
    named = named_colours(prompt)
    if named:
        palette = replace(palette, hero=named[0])
    if len(named) > 1:
        palette = replace(palette, second=named[1])
    if distance(palette.hero, palette.ground) < 90:
        calm = mix(palette.ground, palette.others[2], 0.4) if dark else mix(palette.paper, palette.others[0], 0.25)
        palette = replace(palette, ground=calm)
    return palette


def rgb(colour):
    return ImageColor.getrgb(colour)


def mix(one, other, share):
    """`share` of the other."""
    return "#{:02x}{:02x}{:02x}".format(
        *(round(a + (b - a) * share) for a, b in zip(rgb(one), rgb(other), strict=True))
    )


def darker(colour, share=0.35):
    return mix(colour, "#1a1430", share)


def lighter(colour, share=0.35):
    return mix(colour, "#fff6e6", share)


def distance(one, other):
    return sum((a - b) ** 2 for a, b in zip(rgb(one), rgb(other), strict=True)) ** 0.5
