"""What Gemini's generateContent accepts, and the sentence each refusal says."""

import base64
import binascii

import msgspec

from gallery.sandbox.images_rules import MAX_PROMPT, open_picture
from gallery.sandbox.refusal import Refusal
from gallery.sandbox.wish import GEMINI, GEMINI_SHAPES, Wish, known_model, nearest_shape

MAX_IMAGES = 14
MAX_BODY_BYTES = 20 * 1024 * 1024
# Google measures a request by its pictures; base64 makes four bytes of three.
MAX_ENCODED_BYTES = MAX_BODY_BYTES * 4 // 3 + 256 * 1024
SCALES = {"512": 0.5, "512px": 0.5, "1K": 1, "2K": 2, "4K": 4}
MEDIA_TYPES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}


def read_content(model_name, body):
    model = known_model(model_name)
    if model != GEMINI:
        raise Refusal(f"models/{model_name[:100]} is not found or does not support generateContent.", status=404)
    if len(body) > MAX_ENCODED_BYTES:
        raise Refusal("Request payload size exceeds the limit: 20971520 bytes.")
    request = _object(_json(body), "the body", {"contents", "generationConfig"})
    prompt, pictures = _parts(request.get("contents"))
    shape, size_name = _shape(request.get("generationConfig", {}), pictures)
    return Wish(
        protocol="gemini",
        operation="edit" if pictures else "generate",
        model=model,
        prompt=prompt,
        size=tuple(round(edge * SCALES[size_name]) for edge in shape),
        asked_size=size_name,
        images=tuple(pictures),
    )


def _json(body):
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise Refusal("Invalid JSON payload received.") from None


def _object(value, where, allowed):
    if not isinstance(value, dict):
        raise Refusal(f"Invalid value at {where}: an object is expected.")
    for name in value:
        if name not in allowed:
            raise Refusal(f'Invalid JSON payload received. Unknown name "{name[:100]}" at {where}.')
    return value


def _parts(contents):
    if not isinstance(contents, list) or not contents:
        raise Refusal("contents are required and must not be empty.")
    texts, pictures = [], []
    for content in contents:
        content = _object(content, "contents", {"role", "parts"})
        if not isinstance(content.get("parts"), list) or not content["parts"]:
            raise Refusal("contents.parts must not be empty.")
        for part in content["parts"]:
            _read_part(part, texts, pictures)
    prompt = "\n".join(texts).strip()
    if not prompt or len(prompt) > MAX_PROMPT:
        raise Refusal(f"The text must have 1 to {MAX_PROMPT} characters.")
    if len(pictures) > MAX_IMAGES:
        raise Refusal(f"Please use at most {MAX_IMAGES} input images.")
    return prompt, pictures


def _read_part(part, texts, pictures):
    part = _object(part, "contents.parts", {"text", "inlineData", "inline_data"})
    if len(part) != 1:
        raise Refusal("A part must have exactly one of text and inlineData.")
    if "text" in part:
        if not isinstance(part["text"], str):
            raise Refusal("Invalid value at contents.parts.text: a string is expected.")
        texts.append(part["text"])
    else:
        pictures.append(_picture(part.get("inlineData", part.get("inline_data"))))


def _picture(inline):
    inline = _object(inline, "contents.parts.inlineData", {"mimeType", "mime_type", "data"})
    media_type = inline.get("mimeType", inline.get("mime_type"))
    if media_type not in MEDIA_TYPES:
        raise Refusal(f"Unsupported MIME type: {media_type!r:.60}")
    try:
        data = base64.b64decode(inline.get("data", ""), validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Refusal("Base64 decoding failed for inlineData.data.") from None
    return open_picture(data, (MEDIA_TYPES[media_type],), "inlineData")


def _shape(config, pictures):
    config = _object(config, "generationConfig", {"responseModalities", "imageConfig"})
    modalities = config.get("responseModalities", ["TEXT", "IMAGE"])
    if modalities not in (["TEXT", "IMAGE"], ["IMAGE", "TEXT"], ["IMAGE"]):
        raise Refusal("responseModalities must be of TEXT and IMAGE, and hold IMAGE.")
    image = _object(config.get("imageConfig", {}), "generationConfig.imageConfig", {"aspectRatio", "imageSize"})
    size_name = image.get("imageSize", "1K")
    if size_name not in SCALES:
        raise Refusal(f"Invalid imageSize: {size_name!r:.60}")
    if "aspectRatio" not in image:
        return (nearest_shape(*pictures[0].size) if pictures else GEMINI_SHAPES["1:1"]), size_name
    if image["aspectRatio"] not in GEMINI_SHAPES:
        raise Refusal(f"Invalid aspectRatio: {image['aspectRatio']!r:.60}")
    return GEMINI_SHAPES[image["aspectRatio"]], size_name
