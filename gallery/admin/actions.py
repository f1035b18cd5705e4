"""What staff may do with chosen generations in the admin: the same three as in the history, in the same words."""

import uuid

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from gallery.queries import pages
from gallery.queries.stakes import MOST, Action, weigh
from gallery.services import bulk
from gallery.services.budgets import BudgetExceeded


def of(action):
    """A Django admin action, which asks first what it means for money and acts when that was confirmed."""

    @admin.action(description=action.label, permissions=["act"])
    def act(modeladmin, request, chosen):
        if chosen.count() > MOST:
            messages.error(request, _("Choose at most %d generations at once.") % MOST)
            return None
        stakes = weigh(action, list(pages.generations_for(request.user).filter(pk__in=chosen)))
        token = _token(request)
        if token is None or not stakes.generations:
            return _ask(modeladmin, request, stakes)
        try:
            bulk.act(request.user, stakes, token)
        except BudgetExceeded as exceeded:
            messages.error(request, str(exceeded))
        else:
            messages.success(request, stakes.done)
        return None

    act.__name__ = action.name.lower()
    return act


def _token(request):
    """The one that the confirmation carries, or None before it."""
    try:
        return uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        return None


def _ask(modeladmin, request, stakes):
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": stakes.question,
        "opts": modeladmin.opts,
        "media": modeladmin.media,
        "stakes": stakes,
        "action": request.POST["action"],
        "checkbox": ACTION_CHECKBOX_NAME,
        "token": uuid.uuid4(),
    }
    return TemplateResponse(request, "admin/gallery/generation/confirmation.html", context)


ACTIONS = [of(action) for action in Action]
