"""A project and its members."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from gallery.forms.people import MembershipForm
from gallery.services import people

from . import access


@require_GET
def project(request, pk):
    return render(request, "gallery/project.html", page(request, access.project(request.user, pk), MembershipForm()))


def page(request, project, form):
    members = project.memberships.select_related("user").order_by("user__username")
    manages = access.manages(request.user, project)
    return {"project": project, "memberships": members, "form": form, "can_manage": manages}


@require_POST
def save_membership(request, pk):
    project = access.project_to_manage(request.user, pk)
    form = MembershipForm(request.POST)
    if form.is_valid():
        try:
            people.save_membership(request.user, project, form.person, form.cleaned_data["role"])
            return redirect("gallery:project", pk)
        except people.LastManager:
            form.add_error(None, _("A project needs a manager. Make somebody else one first."))
    return render(request, "gallery/project.html", page(request, project, form), status=422)


@require_POST
def remove_membership(request, pk, membership_pk):
    membership = access.membership_to_manage(request.user, pk, membership_pk)
    try:
        people.remove_membership(request.user, membership)
    except people.LastManager:
        messages.error(request, _("A project needs a manager. Make somebody else one first."))
    else:
        if membership.user == request.user and not request.user.is_staff:
            return redirect("gallery:create")  # the project's page is not theirs any more
    return redirect("gallery:project", pk)
