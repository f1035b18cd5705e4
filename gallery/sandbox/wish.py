"""What one accepted request asks for, in words common to both protocols, and the models there are."""

from dataclasses import dataclass

from PIL import Image

GPT = "openai/gpt-image-2"
GEMINI = "google/gemini-3.1-flash-image-preview"
ALIASES = {GEMINI.removesuffix("-preview"): GEMINI}


@dataclass(frozen=True, slots=True)
class Wish:
    protocol: str
    operation: str
    model: str
    prompt: str
    size: tuple[int, int]
    asked_size: str = "auto"
    n: int = 1
    quality: str = "auto"
    output_format: str = "png"
    transparent: bool = False
    stream: bool = False
    partial_images: int = 0
    images: tuple[Image.Image, ...] = ()
    mask: Image.Image | None = None

    @property
    def is_gemini(self):
        return self.model == GEMINI


def known_model(name):
    """The model's full id, or None."""
    return name if name in (GPT, GEMINI) else ALIASES.get(name)


# Gemini's own pixels for each shape at 1K; the other sizes are halves and doubles of these.
GEMINI_SHAPES = {
    "1:1": (1024, 1024),
    "1:4": (512, 2048),
    "1:8": (384, 3072),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "3:4": (896, 1200),
    "4:1": (2048, 512),
    "4:3": (1200, 896),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "8:1": (3072, 384),
    "9:16": (768, 1376),
    "16:9": (1376, 768),
    "21:9": (1584, 672),
}


def nearest_shape(width, height):
    """Gemini picks the nearest of its own shapes rather than keep an odd one."""
    asked = width / height
    return min(GEMINI_SHAPES.values(), key=lambda shape: abs(shape[0] / shape[1] - asked))
