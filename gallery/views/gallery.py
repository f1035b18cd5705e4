"""Gallery: every picture, newest first."""

from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from gallery.forms.lists import FilterForm
from gallery.queries import pages

from .shell import Shell


@require_GET
def gallery(request):
    """The page; as a fragment, its next pictures or the result of a search."""
    filters = FilterForm(request.GET).chosen
    shell = Shell(request)
    images = found(request.user, filters, shell.project)
    shown, next_id = pages.page_before(images, filters["before"], pages.GALLERY_PAGE)
    context = {"images": shown, "filters": filters, "next_url": next_page(request, filters, next_id)}
    fragment = request.htmx and not request.htmx.boosted
    return render(request, "gallery/_gallery_page.html" if fragment else "gallery/gallery.html", context)


def found(user, filters, project):
    """The images of a result, so that the image page can walk it."""
    names = {"text": filters["q"] or "", "favourites": filters["favourites"], "trash": filters["trash"]}
    return pages.gallery_images(user, project=project, **names)


def query_of(filters):
    """The filters that are set, as a query string to hand from page to page."""
    names = ("q", "favourites", "trash", "status", "model", "kind", "person", "project", "since", "until")
    return urlencode({name: filters[name] for name in names if filters[name]})


def next_page(request, filters, next_id):
    if not next_id:
        return ""
    query = query_of(filters)
    return f"{reverse(request.resolver_match.view_name)}?{query}{'&' if query else ''}before={next_id}"
