"""What the two Images endpoints accept, and the sentence each refusal says."""

import io
import re

import msgspec
from PIL import Image

from gallery.sandbox import multipart
from gallery.sandbox.refusal import Refusal
from gallery.sandbox.wish import GEMINI, Wish, known_model, nearest_shape

SIZES = ("auto", "1024x1024", "1536x1024", "1024x1536", "256x256", "512x512", "1792x1024", "1024x1792")
QUALITIES = ("auto", "low", "medium", "high", "standard", "hd")
GPT_QUALITIES = ("auto", "low", "medium", "high")
EDIT_QUALITIES = ("low", "medium", "high")
FORMATS = ("png", "jpeg", "webp")
BACKGROUNDS = ("transparent", "opaque", "auto")
OPTIONS = {"quality", "n", "size", "output_format", "background", "stream", "partial_images"}
FIELDS = {"model", "prompt"} | OPTIONS
MAX_PROMPT = 32_000
MAX_IMAGES = 16
MAX_IMAGE_BYTES = 50 * 1024 * 1024
MAX_MASK_BYTES = 4 * 1024 * 1024
MAX_PIXELS = 100_000_000
DEFAULT_SIZE = (1024, 1024)
MAX_KEPT_EDGE = 1536


def read_generation(headers, body):
    try:
        fields = msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise Refusal("We could not parse the JSON body of your request.") from None
    if not isinstance(fields, dict):
        raise Refusal("The body must be a JSON object.")
    model = _model(fields)
    _known_fields(fields, FIELDS)
    if model == GEMINI and "n" in fields:
        raise Refusal("Invalid value for field numberOfImages: not supported for this model.", param="n")
    size = _choice(fields, "size", SIZES)
    pixels = DEFAULT_SIZE if size == "auto" else _pixels(size)
    return Wish(
        protocol="images",
        operation="generate",
        model=model,
        prompt=_prompt(fields),
        size=nearest_shape(*pixels) if model == GEMINI else pixels,
        asked_size=size,
        quality=_choice(fields, "quality", QUALITIES if model == GEMINI else GPT_QUALITIES),
        **_options(fields),
    )


def read_edit(headers, body):
    form = multipart.parse(headers.get("content-type", ""), body)
    fields = {name: _typed(name, text) for name, text in form.fields.items()}
    model = _model(fields)
    if model == GEMINI:
        raise Refusal(f"Image editing is not supported for model: {fields['model']}", param="model")
    _known_fields(fields, FIELDS)
    _known_fields(dict.fromkeys(form.file_names()), {"image", "image[]", "mask"})
    images = _images(form)
    size = _choice(fields, "size", SIZES)
    return Wish(
        protocol="images",
        operation="edit",
        model=model,
        prompt=_prompt(fields),
        size=_kept_size(images[0].size) if size == "auto" else _pixels(size),
        asked_size=size,
        quality=_choice(fields, "quality", EDIT_QUALITIES, default="medium"),
        images=images,
        mask=_mask(form, images[0]),
        **_options(fields),
    )


def _model(fields):
    if not isinstance(fields.get("model"), str) or not fields["model"]:
        raise Refusal("Missing required parameter: 'model'.", param="model")
    model = known_model(fields["model"])
    if model is None:
        raise Refusal(
            f"The model '{fields['model'][:100]}' does not exist.", status=404, code="model_not_found", param="model"
        )
    return model


def _known_fields(fields, allowed):
    for name in fields:
        if name not in allowed:
            raise Refusal(f"Unknown parameter: '{name[:100]}'.", code="unknown_parameter", param=name[:100])


def _prompt(fields):
    prompt = fields.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise Refusal("Missing required parameter: 'prompt'.", param="prompt")
    if len(prompt) > MAX_PROMPT:
        raise Refusal(f"The prompt is longer than {MAX_PROMPT} characters.", code="string_too_long", param="prompt")
    return prompt


def _choice(fields, name, choices, default="auto"):
    value = fields.get(name, default)
    if value not in choices:
        raise Refusal(
            f"Invalid value: {value!r:.60}. Supported values are: {', '.join(choices)}.",
            code="invalid_value",
            param=name,
        )
    return value


def _options(fields):
    output_format = _choice(fields, "output_format", FORMATS, default="png")
    background = _choice(fields, "background", BACKGROUNDS)
    if background == "transparent" and output_format == "jpeg":
        raise Refusal("Transparent background needs png or webp.", code="invalid_value", param="background")
    stream = fields.get("stream", False)
    if not isinstance(stream, bool):
        raise Refusal("'stream' must be a boolean.", param="stream")
    partial_images = _whole(fields, "partial_images", 0, 3, default=0)
    if partial_images and not stream:
        raise Refusal("'partial_images' needs 'stream'.", param="partial_images")
    return {
        "n": _whole(fields, "n", 1, 10, default=1),
        "output_format": output_format,
        "transparent": background == "transparent",
        "stream": stream,
        "partial_images": partial_images,
    }


def _whole(fields, name, low, high, default):
    value = fields.get(name, default)
    if type(value) is not int or not low <= value <= high:
        raise Refusal(f"'{name}' must be a whole number from {low} to {high}.", code="invalid_value", param=name)
    return value


def _typed(name, text):
    """A form carries text only; what is no number or boolean stays text and is refused by its rule."""
    if name in ("n", "partial_images") and re.fullmatch(r"-?\d{1,9}", text):
        return int(text)
    if name == "stream":
        return {"true": True, "false": False}.get(text.lower(), text)
    return text


def _pixels(size):
    width, height = size.split("x")
    return int(width), int(height)


def _kept_size(size):
    shrink = min(1, MAX_KEPT_EDGE / max(size))
    return tuple(max(1, round(edge * shrink)) for edge in size)


def _images(form):
    files = [*form.files("image"), *form.files("image[]")]
    if not files:
        raise Refusal("Missing required parameter: 'image'.", param="image")
    if len(files) > MAX_IMAGES:
        raise Refusal(f"At most {MAX_IMAGES} images are allowed.", code="invalid_value", param="image")
    return tuple(open_picture(data, ("PNG", "JPEG"), "image") for data in files)


def _mask(form, first):
    files = form.files("mask")
    if not files:
        return None
    if len(files) > 1 or len(files[0]) >= MAX_MASK_BYTES:
        raise Refusal("The mask must be one PNG file under 4 MB.", param="mask")
    mask = open_picture(files[0], ("PNG",), "mask")
    if mask.size != first.size:
        raise Refusal("The mask must have the same size as the image.", param="mask")
    if not mask.has_transparency_data:
        raise Refusal("The mask needs an alpha channel.", param="mask")
    return mask.convert("RGBA").getchannel("A")


def open_picture(data, formats, param):
    unreadable = Refusal(
        f"Invalid file '{param}': unsupported or broken picture. Supported: {', '.join(formats)}.",
        code="invalid_image_file",
        param=param,
    )
    if len(data) > MAX_IMAGE_BYTES:
        raise Refusal(f"Invalid file '{param}': larger than 50 MB.", status=413, param=param)
    try:
        picture = Image.open(io.BytesIO(data), formats=formats)
        if picture.width * picture.height > MAX_PIXELS:
            raise unreadable
        picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise unreadable from None
    return picture
