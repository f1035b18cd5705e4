"""What each model accepts, and what to ask of it: rules over plain values, built from the catalogue's rows."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

import msgspec

Operation = Literal["generate", "edit"]
Quality = Literal["auto", "low", "medium", "high", "standard", "hd"]
Format = Literal["png", "jpeg", "webp"]
Background = Literal["auto", "opaque", "transparent"]
Size = Annotated[str, msgspec.Meta(pattern=r"^(auto|[1-9]\d{1,4}x[1-9]\d{1,4})$")]
AspectRatio = Annotated[str, msgspec.Meta(pattern=r"^(auto|[1-9]\d?:[1-9]\d?)$")]
Count = Annotated[int, msgspec.Meta(ge=0)]

QUALITIES: tuple[str, ...] = get_args(Quality)
OPTION_NAMES = frozenset(
    ["quality", "size", "output_format", "background", "aspect_ratio", "image_size", "n", "stream", "partial_images"]
)
MAX_WANTED = 10  # pictures of one generation, over all its calls

# What gpt-image-2 draws at OpenAI beyond the listed sizes.
FREE_STEP = 16
FREE_MAX_EDGE = 3840
FREE_MAX_RATIO = 3
FREE_MIN_PIXELS, FREE_MAX_PIXELS = 655_360, 8_294_400


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model accepts for one operation. An empty tuple: the field is never sent. 0 bytes: no known limit."""

    qualities: tuple[Quality, ...]
    sizes: tuple[Size, ...]
    free_size: bool
    formats: tuple[Format, ...]
    backgrounds: tuple[Background, ...]
    aspect_ratios: tuple[AspectRatio, ...]
    image_sizes: tuple[Literal["auto", "512", "1K", "2K", "4K"], ...]
    max_n: Annotated[int, msgspec.Meta(ge=1, le=MAX_WANTED)]
    sends_n: bool
    max_prompt: Annotated[int, msgspec.Meta(ge=1)]
    stream: bool
    partial_images: Count
    max_images: Count
    mask: bool
    mask_max_bytes: Count
    input_formats: tuple[Literal["png", "jpeg", "webp", "gif"], ...]
    input_max_bytes: Count
    request_max_bytes: Count

    def __post_init__(self):
        if self.max_n > 1 and not self.sends_n:
            raise ValueError("max_n above 1 needs sends_n")
        if self.partial_images and not self.stream:
            raise ValueError("partial_images needs stream")
        if self.max_images and not self.input_formats:
            raise ValueError("max_images needs input_formats")

    def choices(self) -> dict[str, tuple[str, ...]]:
        """Option name -> the words it may have, for the options that are a choice."""
        return {
            "quality": self.qualities,
            "size": self.sizes,
            "output_format": self.formats,
            "background": self.backgrounds,
            "aspect_ratio": self.aspect_ratios,
            "image_size": self.image_sizes,
        }


class ModelSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model of the catalogue. `edit` is None, and `protocol_edit` empty, for a model that cannot edit."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    label: Annotated[str, msgspec.Meta(min_length=1)]
    provider: str
    estimator: Literal["gpt-image-2", "gemini", ""]
    protocol_generate: Literal["images", "gemini"]
    protocol_edit: Literal["images", "gemini", ""]
    generate: Rules
    edit: Rules | None

    def __post_init__(self):
        if bool(self.protocol_edit) != (self.edit is not None):
            raise ValueError("edit and protocol_edit are given together or not at all")
        if self.edit is not None and not self.edit.max_images:
            raise ValueError("edit needs max_images of at least 1")

    @classmethod
    def from_json(cls, entry: Mapping) -> "ModelSpec":
        try:
            return msgspec.convert(entry, cls)
        except msgspec.ValidationError as error:
            raise ValueError(f"This model entry cannot be used: {error}.") from error

    def rules(self, operation: Operation) -> Rules | None:
        return self.generate if operation == "generate" else self.edit

    def protocol(self, operation: Operation) -> str:
        return self.protocol_generate if operation == "generate" else self.protocol_edit


def expected_pixels(size: str | None) -> tuple[int, int] | None:
    """Width and height that a size asks for; None for `auto` and anything else without numbers."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size or "")
    return (int(match[1]), int(match[2])) if match else None


def problems(
    spec: ModelSpec,
    operation: Operation,
    options: Mapping,
    *,
    images: int,
    mask: bool = False,
    prompt: str | None = None,
) -> dict[str, str]:
    """Everything wrong with a combination, as field -> stable word. A prompt of None is not judged."""
    rules = spec.rules(operation)
    if rules is None:
        return {"operation": "not_offered"}
    chosen = _chosen(options)
    return (
        {name: "unknown" for name in chosen if name not in OPTION_NAMES}
        | _wrong_choices(rules, chosen)
        | _wrong_numbers(rules, chosen)
        | _wrong_inputs(rules, images, mask)
        | _wrong_prompt(rules, prompt)
    )


def wire_options(spec: ModelSpec, operation: Operation, options: Mapping) -> dict[str, str | int | bool]:
    """The options to send: what was chosen, without what the entry does not allow."""
    rules = spec.rules(operation)
    chosen = _chosen(options)
    allowed = [name for name, words in rules.choices().items() if words]
    allowed += ["n"] if rules.sends_n else []
    if rules.stream and chosen.get("stream"):
        allowed += ["stream", "partial_images"] if rules.partial_images else ["stream"]
    wire = {name: chosen[name] for name in allowed if name in chosen}
    for name in ("aspect_ratio", "image_size"):  # Gemini has no word for "auto": it is the absence of the field
        if wire.get(name) == "auto":
            del wire[name]
    return wire


def calls_for(spec: ModelSpec, operation: Operation, wanted: int) -> tuple[int, ...]:
    """How many pictures each call asks for: (4,) where n may be 4, (1, 1, 1, 1) where there is no n."""
    most = spec.rules(operation).max_n
    full, rest = divmod(wanted, most)
    return (most,) * full + ((rest,) if rest else ())


def input_budget(spec: ModelSpec, operation: Operation, images: int) -> int:
    """Bytes that each of so many inputs may have, so that the request stays within its limit; 0 is no known limit."""
    rules = spec.rules(operation)
    if not rules.request_max_bytes or not images:
        return rules.input_max_bytes
    room = rules.request_max_bytes - 4 * rules.max_prompt  # a character is at most four bytes
    if spec.protocol(operation) == "gemini":
        room = room * 3 // 4  # base64
    share = room // images
    return min(share, rules.input_max_bytes) if rules.input_max_bytes else share


def _chosen(options: Mapping) -> dict:
    return {name: value for name, value in options.items() if value is not None and value != ""}


def _wrong_choices(rules: Rules, chosen: Mapping) -> dict[str, str]:
    wrong = {}
    for name, words in rules.choices().items():
        if name not in chosen or chosen[name] in words:
            continue
        wrong[name] = "not_offered"
        if name == "size" and rules.free_size and (pixels := expected_pixels(str(chosen[name]))):
            wrong[name] = _wrong_free_size(*pixels)
    if chosen.get("background") == "transparent" and chosen.get("output_format") == "jpeg":
        wrong.setdefault("background", "needs_png_or_webp")
    return {name: word for name, word in wrong.items() if word}


def _wrong_free_size(width: int, height: int) -> str:
    short, long = sorted((width, height))
    if short == 0 or width % FREE_STEP or height % FREE_STEP:
        return "not_in_steps_of_16"
    if long > FREE_MAX_EDGE:
        return "edge_too_long"
    if long > FREE_MAX_RATIO * short:
        return "too_elongated"
    if width * height < FREE_MIN_PIXELS:
        return "too_few_pixels"
    return "too_many_pixels" if width * height > FREE_MAX_PIXELS else ""


def _wrong_numbers(rules: Rules, chosen: Mapping) -> dict[str, str]:
    wrong = {}
    if not _within(chosen.get("n", 1), 1, MAX_WANTED):
        wrong["n"] = "out_of_range"
    if chosen.get("stream") and not rules.stream:
        wrong["stream"] = "not_offered"
    partials = chosen.get("partial_images", 0)
    if not _within(partials, 0, rules.partial_images):
        wrong["partial_images"] = "out_of_range" if rules.partial_images else "not_offered"
    elif partials and not chosen.get("stream"):
        wrong["partial_images"] = "needs_stream"
    return wrong


def _within(number, low: int, high: int) -> bool:
    return type(number) is int and low <= number <= high


def _wrong_inputs(rules: Rules, images: int, mask: bool) -> dict[str, str]:
    wrong = {}
    if images and not rules.max_images:
        wrong["images"] = "not_accepted"
    elif images > rules.max_images:
        wrong["images"] = "too_many"
    elif rules.max_images and not images:
        wrong["images"] = "needed"
    if mask and not rules.mask:
        wrong["mask"] = "no_mask"
    elif mask and not images:
        wrong["mask"] = "needs_image"
    return wrong


def _wrong_prompt(rules: Rules, prompt: str | None) -> dict[str, str]:
    if prompt is None:
        return {}
    if not prompt.strip():
        return {"prompt": "empty"}
    return {"prompt": "too_long"} if len(prompt) > rules.max_prompt else {}


_IMAGES_GENERATE = {
    # standard and hd are on the wire for older models; gpt-image-2 was seen to refuse them with 400.
    "qualities": ["auto", "low", "medium", "high"],
    "sizes": ["auto", "1024x1024", "1536x1024", "1024x1536", "256x256", "512x512", "1792x1024", "1024x1792"],
    "free_size": False,
    "formats": ["png", "jpeg", "webp"],
    "backgrounds": ["auto", "opaque", "transparent"],
    "aspect_ratios": [],
    "image_sizes": [],
    "max_n": 10,
    "sends_n": True,
    "max_prompt": 32_000,
    "stream": True,
    "partial_images": 3,
    "max_images": 0,
    "mask": False,
    "mask_max_bytes": 0,
    "input_formats": [],
    "input_max_bytes": 0,
    "request_max_bytes": 0,
}

_IMAGES_EDIT = _IMAGES_GENERATE | {
    "qualities": ["low", "medium", "high"],
    "max_images": 16,
    "mask": True,
    "mask_max_bytes": 4_000_000,
    "input_formats": ["png", "jpeg"],
    "input_max_bytes": 50_000_000,
}

_GEMINI_GENERATE = _IMAGES_GENERATE | {"max_n": 1, "sends_n": False, "partial_images": 0}

_GEMINI_EDIT = _GEMINI_GENERATE | {
    "qualities": [],
    "sizes": [],
    "formats": [],
    "backgrounds": [],
    "aspect_ratios": ["auto", "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"],
    "image_sizes": ["auto", "512", "1K", "2K", "4K"],
    "stream": False,
    "max_images": 14,
    "input_formats": ["png", "jpeg", "webp"],
    "input_max_bytes": 7_000_000,
    "request_max_bytes": 20_000_000,
}

FIRST_ENTRIES: tuple[dict, ...] = (
    {
        "id": "openai/gpt-image-2",
        "label": "GPT Image 2",
        "provider": "OpenAI",
        "estimator": "gpt-image-2",
        "protocol_generate": "images",
        "protocol_edit": "images",
        "generate": _IMAGES_GENERATE,
        "edit": _IMAGES_EDIT,
    },
    {
        "id": "google/gemini-3.1-flash-image-preview",
        "label": "Gemini 3.1 Flash Image",
        "provider": "Google",
        "estimator": "gemini",
        "protocol_generate": "images",
        "protocol_edit": "gemini",
        "generate": _GEMINI_GENERATE,
        "edit": _GEMINI_EDIT,
    },
)
