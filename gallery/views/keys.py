"""Keys: a person makes and revokes their own, for programs that ask in their name."""

from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from gallery.forms.keys import KeyForm
from gallery.services import keys as services

from . import access


@require_GET
def keys(request):
    return render(request, "gallery/keys.html", page(request, KeyForm(user=request.user)))


def page(request, form):
    example = request.build_absolute_uri(reverse("gallery:api-generations"))
    return {"keys": access.keys(request.user), "form": form, "example": example, "model": access.models().first()}


@require_POST
def make(request):
    """The page with the secret, this once: it is in no redirect and no session."""
    form = KeyForm(request.POST, user=request.user)
    if not form.is_valid():
        return render(request, "gallery/keys.html", page(request, form), status=422)
    key, secret = services.make(request.user, **form.cleaned_data)
    context = page(request, KeyForm(user=request.user)) | {"made": key, "secret": secret}
    response = render(request, "gallery/keys.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def revoke(request, pk):
    services.revoke(request.user, access.key(request.user, pk))
    return redirect("gallery:keys")
