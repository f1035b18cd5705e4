"""Names, sentences and readings that several forms share."""

from django.utils.translation import gettext_lazy as _

# Names of the wire, and how the composer calls and labels them.
OPTION_FIELDS = {
    "quality": ("quality", _("Quality")),
    "size": ("size", _("Size")),
    "aspect_ratio": ("aspect_ratio", _("Shape")),
    "image_size": ("image_size", _("Resolution")),
    "output_format": ("format", _("Format")),
    "background": ("background", _("Background")),
    "partial_images": ("previews", _("Previews")),
}

PROBLEMS = {
    "not_offered": _("This model does not offer that. Choose one of the list."),
    "gone": _("This model is not on offer any more. Choose another one."),
    "not_yours": _("You cannot create in this project. Choose another one."),
    "needs_png_or_webp": _("A transparent background needs PNG or WebP. Change the format or the background."),
    "not_in_steps_of_16": _("Both sides must be multiples of 16 pixels."),
    "edge_too_long": _("The longer side may have at most 3840 pixels."),
    "too_elongated": _("The longer side may be at most three times the shorter one."),
    "too_few_pixels": _("That is too small: at least 655,360 pixels in all."),
    "too_many_pixels": _("That is too large: at most 8,294,400 pixels in all."),
    "out_of_range": _("Choose a number from 1 to 10."),
    "not_accepted": _("This model takes no pictures here. Remove them or choose another model."),
    "too_many": _("Too many pictures: this model takes at most %(most)d. Remove some."),
    "needed": _("Attach the picture to edit."),
    "no_mask": _("This model takes no mask. Leave it out."),
    "needs_image": _("A mask needs the picture it belongs to."),
    "empty": _("Write what you want to see."),
    "too_long": _("The prompt is too long: at most 32,000 characters."),
}

STALE = _("This form is out of date. Load the page again.")


def whole_number(text):
    """A number that somebody sent as text, or None: digits of ASCII, and no more of them than a database takes."""
    text = str(text)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
