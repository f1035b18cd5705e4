"""What every page shows around its content: projects, section, language, the gateway's label."""

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from gallery.forms.fields import whole_number

from . import access

SECTIONS = {
    "create": "create",
    "batches": "create",
    "batch-new": "create",
    "batch": "create",
    "gallery": "gallery",
    "image": "gallery",
    "history": "history",
    "generation": "history",
    "usage": "usage",
}


@dataclass
class Shell:
    """Answers as asked, so that a fragment which shows none of it costs no query."""

    request: HttpRequest

    @cached_property
    def projects(self):
        return list(access.projects(self.request.user))

    @cached_property
    def project(self):
        return chosen_project(self.request, self.projects)

    @cached_property
    def can_create(self):
        return self.project is not None and access.may_create_in(self.request.user, self.project)

    @property
    def section(self):
        match = self.request.resolver_match
        if match is None:
            return ""
        return "admin" if match.app_name in ("admin", "usage") else SECTIONS.get(match.url_name, "")

    @property
    def badge(self):
        return settings.GATEWAY_LABEL

    @property
    def language(self):
        return get_language()

    @property
    def languages(self):
        return settings.LANGUAGES


def shell(request):
    """The context processor."""
    return {"shell": Shell(request)}


def chosen_project(request, projects):
    """The project that the person works in: the one chosen last, else the first."""
    chosen = request.session.get("project")
    return next((project for project in projects if project.pk == chosen), projects[0] if projects else None)


@require_POST
def switch_project(request):
    project = access.project(request.user, whole_number(request.POST.get("project")))
    request.session["project"] = project.pk
    back = request.POST.get("next") or request.headers.get("referer", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "gallery:create")
