"""The mails that the studio sends, each by a text template; none is sent inside a transaction."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from gallery.accounting import allowances


def budget_warning(budget):
    _send(budget, "mail/budget_warning.txt", _("%(name)s: %(percent)s %% of the budget for %(month)s"))


def budget_refused(budget):
    _send(budget, "mail/budget_refused.txt", _("%(name)s: the budget for %(month)s refuses requests"))


def _send(budget, template, subject):
    """One mail to everybody concerned; they know of one another, so that one of them acts."""
    to = [person.email for person in allowances.concerned(budget) if person.email]
    if not to:
        return
    with translation.override(settings.LANGUAGE_CODE):
        [standing] = allowances.standings([budget])
        context = {
            "standing": standing,
            "amounts": allowances.amounts(standing),
            "usage_url": settings.PUBLIC_URL + reverse("gallery:usage"),
            "budget_url": settings.PUBLIC_URL + reverse("admin:gallery_budget_change", args=[budget.pk]),
        }
        one_line = " ".join(str(subject % context["amounts"]).split())
        EmailMessage(one_line, render_to_string(template, context), to=to).send()
