"""Image: one picture with its facts, where it comes from and what was made of it."""

from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from gallery import catalog
from gallery.forms.lists import FilterForm
from gallery.models import Call
from gallery.pricing import KINDS
from gallery.queries import lineage, pages
from gallery.services import images
from gallery.wording import WORDS

from . import access
from .gallery import found, query_of


@require_GET
def image(request, pk):
    shown = access.image(request.user, pk)
    filters = FilterForm(request.GET).chosen
    newer, older = pages.neighbours(found(request.user, filters, shown.project), shown)
    query = query_of(filters)
    context = {
        "image": shown,
        "generation": shown.generation,
        "call": shown.call,
        "asked": asked_and_got(shown),
        "tokens": [(Call._meta.get_field(kind).verbose_name, getattr(shown.call, kind)) for kind in KINDS]
        if shown.call
        else [],
        "ancestors": lineage.ancestors(request.user, shown),
        "descendants": lineage.descendants(request.user, shown),
        "previous_url": address(newer, query),
        "next_url": address(older, query),
        "can_create": access.may_create_in(request.user, shown.project),
    }
    if shown.generation:
        shown.generation.model_label = pages.model_labels().get(shown.generation.model)
    return render(request, "gallery/image.html", context)


def address(image, query):
    return image and f"{image.get_absolute_url()}{'?' if query else ''}{query}"


def asked_and_got(image):
    """(label, asked, got, differs) of everything that was asked for and can be measured or was answered."""
    if image.generation is None:
        return []
    options = image.generation.options
    reported = image.call.answer.get("quality", "") if image.call else ""
    pixels = catalog.expected_pixels(options.get("size"))
    rows = (
        ("size", _("Size"), "{} × {}".format(*pixels) if pixels else "", f"{image.shown_width} × {image.shown_height}"),
        ("format", _("Format"), options.get("output_format", ""), image.format),
        ("quality", _("Quality"), options.get("quality", ""), reported),
        ("background", _("Background"), options.get("background", ""), "transparent" if image.has_alpha else "opaque"),
        ("aspect_ratio", _("Shape"), options.get("aspect_ratio", ""), ""),
        ("image_size", _("Resolution"), options.get("image_size", ""), ""),
    )
    return [
        (label, WORDS.get(asked, asked), WORDS.get(got, got), name in image.differs)
        for name, label, asked, got in rows
        if asked or name in ("size", "format")
    ]


@require_POST
def favourite(request, pk):
    shown = access.image(request.user, pk)
    shown.is_favourite = images.toggle_favourite(request.user, shown)
    if not request.htmx:
        return redirect(shown)
    return render(request, "gallery/_favourite_button.html", {"image": shown})


@require_POST
def trash(request, pk):
    images.move_to_trash(access.image_to_change(request.user, pk))
    return redirect("gallery:image", pk)


@require_POST
def restore(request, pk):
    images.restore(access.image_to_change(request.user, pk))
    return redirect("gallery:image", pk)
