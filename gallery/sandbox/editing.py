"""Draws an edit: the input stays recognisable, and what the words ask for is seen on it."""

from PIL import Image, ImageOps

from gallery.sandbox import caption


def edit(prompt, seed, size, images, mask, transparent):
    base = ImageOps.fit(ImageOps.exif_transpose(images[0]).convert("RGBA"), size)
    changed = Image.blend(base, Image.new("RGBA", size, (60, 160, 80, 255)), 0.25)
    if mask:
        changed = Image.composite(base, changed, mask.resize(size))
    caption.write(changed, prompt, (10, size[1] * 0.9, size[0] - 10, size[1]), (20, 20, 20), min(size) * 0.024)
    return changed if transparent else changed.convert("RGB")
