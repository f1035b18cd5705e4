"""Draws an edit: the input stays recognisable, and what the words ask for is seen on it."""

from PIL import Image, ImageOps

from gallery.sandbox.caption import write_caption


def edit(prompt, seed, size, images, mask, transparent):
    base = ImageOps.fit(ImageOps.exif_transpose(images[0]).convert("RGBA"), size)
    changed = Image.blend(base, Image.new("RGBA", size, (60, 160, 80, 255)), 0.25)
    if mask:
        changed = Image.composite(base, changed, mask.resize(size))
    write_caption(changed, prompt, (40, 40, 40))
    return changed if transparent else changed.convert("RGB")
