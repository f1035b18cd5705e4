"""Create: the composer and the live results of the person."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from gallery import events
from gallery.forms.composer import ComposerForm
from gallery.forms.fields import whole_number
from gallery.forms.lists import FilterForm
from gallery.queries import pages, sheets
from gallery.services import budgets, generations

from . import access, refusal
from .shell import Shell

EXAMPLES = (
    {
        "label": gettext_lazy("A poster"),
        "prompt": "A risograph poster of a red fox under a full moon, two inks",
    },
    {
        "label": gettext_lazy("A product"),
        "prompt": "A blue chair by a window, soft light, quiet still life",
    },
    {"label": gettext_lazy("In Chinese"), "prompt": "清晨的山谷,薄雾,水墨画风格,远处有一座小房子"},
)


@require_GET
def create(request):
    """The page; with `?before=` the next part of its results as a fragment."""
    newest_event = events.newest()  # before anything is read: what changes from now on is told to the page
    mine = pages.generations_for(request.user).of(request.user).outside_batches()
    before = FilterForm(request.GET).chosen["before"]
    shown, next_id = pages.page_before(mine, before, pages.PAGE)
    shell = Shell(request)
    context = {
        "generations": with_rights(request.user, pages.complete_cards(shown)),
        "more_url": f"{reverse('gallery:create')}?before={next_id}" if next_id else "",
    }
    if before:
        return render(request, "gallery/_generation_list.html", context)
    form = ComposerForm(user=request.user, initial=starting_values(request, shell))
    context |= {"composer": form, "examples": EXAMPLES, "batches": sheets.shown_on_create(request.user)}
    context["newest_event"] = newest_event
    return render(request, "gallery/create.html", context)


def starting_values(request, shell):
    """What the composer begins with: the current project, and what `?edit=`, `?reuse=` or `?prompt=` ask for."""
    values = {"project": shell.project and shell.project.pk, "prompt": request.GET.get("prompt", "")}
    if image_id := request.GET.get("edit", ""):
        values["attached"] = [access.image(request.user, whole_number(image_id)).pk]
    if generation_id := request.GET.get("reuse", ""):
        generation = access.generation(request.user, whole_number(generation_id))
        inputs = [used.image_id for used in generation.inputs_in_order if used.role == "image"]
        values |= {"prompt": generation.prompt, "model": generation.model, "number": generation.wanted}
        options = generation.options
        values |= options | {"format": options.get("output_format"), "attached": inputs}
        values["previews"] = str(options.get("partial_images", 0))
    return values


@require_GET
def composer_fields(request):
    """The fields that follow from the model and the attachments, with what still applies kept."""
    data = {name: request.GET.getlist(name) for name in request.GET}
    initial = {name: values[-1] for name, values in data.items()} | {"attached": data.get("attached", [])}
    form = ComposerForm(user=request.user, initial=initial)
    form.drop_what_does_not_apply()
    return render(request, "gallery/_composer_fields.html", {"composer": form})


@require_GET
def attachment(request, pk):
    """One attached image for the composer."""
    return render(request, "gallery/_attachment.html", {"image": access.image(request.user, pk)})


@require_POST
def create_generation(request):
    form = ComposerForm(request.POST, request.FILES, user=request.user)
    if not form.projects.exists():
        raise PermissionDenied
    if form.asks_for_unknown_images:
        raise Http404
    generation = form.is_valid() and request_within_budgets(form)
    if not generation:
        return refuse(request, form)
    if not request.htmx:
        return redirect("gallery:create")
    kept = [used.image_id for used in generation.inputs.all() if used.role == "image"]
    after = ComposerForm(user=request.user, initial={"attached": kept})
    response = render_card(request, generation.pk, {"composer": after, "sent": True})
    if form.outlook.tightest:
        response["HX-Trigger"] = "spent"  # the composer then asks anew what is left
    return response


def request_within_budgets(form):
    """The generation that a valid form asks for; None, with errors in the form, where that cannot be."""
    try:
        return ask(form)
    except budgets.BudgetExceeded as exceeded:
        form.add_error(None, str(exceeded))
        return None


def ask(form):
    """The generation; None, with errors in the form, where a file is no good. Raises BudgetExceeded."""
    if not form.is_repeated:  # before files are kept for something that is refused
        budgets.check(form.cleaned_data["project"], form.user, form.expected_usd, form.key)
    return generations.request_generation(form.user, form.wish()) if form.keep_uploads() else None


def refuse(request, form):
    """422: to the browser's script the sentences alone, so that nothing typed is touched; else the whole page."""
    if request.htmx:
        response = render(request, "gallery/_composer_errors.html", {"composer": form}, status=422)
        response["HX-Reswap"] = "none"
        return response
    mine = pages.generations_for(request.user).of(request.user).outside_batches()
    shown, _next = pages.page_before(mine, None, pages.PAGE)
    cards = with_rights(request.user, pages.complete_cards(shown))
    context = {"composer": form, "generations": cards, "examples": EXAMPLES}
    return render(request, "gallery/create.html", context, status=422)


@require_GET
def card(request, pk):
    return render_card(request, access.generation(request.user, pk).pk)


@require_POST
def cancel(request, pk):
    generations.cancel_generation(access.generation_to_change(request.user, pk))
    return card_or_back(request, pk)


@require_POST
def run_again(request, pk):
    return ask_again(request, pk, generations.run_again)


@require_POST
def retry(request, pk):
    found = access.generation_to_change(request.user, pk)
    return ask_again(request, pk, generations.retry) if found.is_retriable else card_or_back(request, pk)


def ask_again(request, pk, how):
    try:
        again = how(request.user, access.generation_to_change(request.user, pk))
    except generations.NotOnOffer:
        gone = _("This model is not on offer any more. Reuse the settings with another one.")
        return refusal.refuse(request, gone, "gallery:generation", pk)
    except budgets.BudgetExceeded as exceeded:
        return refusal.refuse(request, str(exceeded), "gallery:generation", pk)
    return card_or_back(request, again.pk)


def card_or_back(request, pk):
    return render_card(request, pk) if request.htmx else redirect("gallery:generation", pk)


def render_card(request, pk, extra=None):
    generation = access.generation(request.user, pk)
    [generation] = with_rights(request.user, pages.complete_cards([generation]))
    return render(request, "gallery/_generation_card.html", {"generation": generation, **(extra or {})})


def with_rights(user, shown):
    """Puts `can_create` on generations: may the person act on them?"""
    allowed = access.creatable_ids(user, {generation.project_id for generation in shown})
    for generation in shown:
        generation.can_create = generation.project_id in allowed
    return shown
