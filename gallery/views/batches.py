"""Batches: planning many generations at once, and the contact sheet of what they came to."""

from datetime import UTC, datetime
from itertools import groupby

from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from gallery.accounting import allowances
from gallery.forms.batches import BatchForm
from gallery.forms.fields import OPTION_FIELDS, whole_number
from gallery.forms.lists import FilterForm
from gallery.queries import pages, sheets
from gallery.services import batches as service
from gallery.services.budgets import BudgetExceeded
from gallery.services.generations import NotOnOffer
from gallery.wording import WORDS

from . import access
from .refusal import refuse
from .shell import Shell

EXAMPLES = (
    {
        "label": gettext_lazy("Variations"),
        "prompt": "A {red|blue|yellow} chair by a window, {soft morning|hard studio} light",
    },
    {
        "label": gettext_lazy("A series"),
        "prompt": "Risograph poster of a fox, two inks\nRisograph poster of an owl, two inks\n"
        "Risograph poster of a hare, two inks",
    },
    {"label": gettext_lazy("In Chinese"), "prompt": "{清晨|黄昏}的山谷,薄雾,{水墨画|剪纸}风格"},
)
ROWS_SHOWN = 100  # of a plan; the contact sheet has all
SETTINGS = ("model", "size", "quality", "output_format", "background", "number")


@require_GET
def batches(request):
    """The list; as a fragment, its next lines."""
    visible = access.batches(request.user)
    shown, next_id = pages.page_before(visible, FilterForm(request.GET).chosen["before"], pages.PAGE)
    context = {
        "batches": sheets.with_thumbs(sheets.with_progress(shown)),
        "more_url": f"{reverse('gallery:batches')}?before={next_id}" if next_id else "",
    }
    fragment = request.htmx and not request.htmx.boosted
    return render(request, "gallery/_batch_list.html" if fragment else "gallery/batches.html", context)


# --- planning ----------------------------------------------------------------------------------------------------


@require_GET
def new(request):
    project = Shell(request).project
    values = {"project": project and project.pk, "prompts": request.GET.get("prompts", "")}
    form = BatchForm(user=request.user, initial=values)
    return render(request, "gallery/batch_new.html", {"form": form, "examples": EXAMPLES})


@require_POST
def preview(request):
    """What the form would run, as a grid; keeps nothing.

    It is asked while people write, so half a prompt is no mistake: 200 with a sentence, and the plan stays as it was.
    """
    form = sent_form(request)
    context = {"form": form, "examples": EXAMPLES, "empty": form.is_empty}
    if not form.is_empty and form.is_valid():
        context["plan"] = plan_shown(form)
    template = "gallery/_batch_plan.html" if request.htmx else "gallery/batch_new.html"
    response = render(request, template, context)
    if not form.is_empty and form.errors:
        response["HX-Reswap"] = "none"
    return response


@require_POST
def create(request):
    form = sent_form(request)
    try:
        if form.is_valid():
            return redirect("gallery:batch", service.request_batch(request.user, form.plan()).pk)
    except BudgetExceeded as exceeded:
        form.add_error(None, str(exceeded))
    return render(request, "gallery/batch_new.html", {"form": form, "examples": EXAMPLES}, status=422)


def sent_form(request):
    form = BatchForm(request.POST, request.FILES, user=request.user)
    if not form.fields["project"].queryset.exists():
        raise PermissionDenied
    return form


def plan_shown(form):
    """The grid as a table, and what all of it comes to."""
    grid, labels = form.grid, {name: entry.label for name, entry in form.entries.items()}
    prices = iter(form.estimates)
    table = [(name, [None] * len(grid.columns)) for name in grid.rows[:ROWS_SHOWN]]
    for cell in grid.cells:
        usd = None if cell.problems else next(prices)
        if cell.row < len(table):
            words = (
                "" if grid.columns[0] else " · ".join(words_of(telling({"model": cell.model, **cell.options}), labels))
            )
            table[cell.row][1][cell.column] = {"wish": cell, "usd": usd, "words": words}
    known = [usd for usd in form.estimates if usd is not None]
    project = form.cleaned_data["project"]
    return {
        "outlook": allowances.outlook(project, form.user, sum(known)),
        "table": table,
        "more_rows": len(grid.rows) - len(table),
        "generations": len(form.runnable.cells),
        "calls": form.calls,
        "pictures": sum(cell.wanted for cell in form.runnable.cells),
        "usd": sum(known) if known else None,
        "unpriced": len(form.estimates) - len(known),
        "left_out": form.left_out,
        **headings(grid.columns, labels),
    }


def settings_of(wish):
    """The settings of a cell or a generation, as a column has them."""
    return {"model": wish.model, "number": wish.wanted, **wish.options}


def headings(columns, labels):
    """Words for each column, of the settings in which they differ, and for what all have in common."""
    names = sorted(sheets.varying(columns), key=SETTINGS.index)
    same = telling({name: word for name, word in columns[0].items() if name not in names})
    words = [[word_of(name, column[name], labels) if name in column else "" for name in names] for column in columns]
    return {"columns": words, "heads": merged(words), "in_common": words_of(same, labels)}


def telling(settings):
    """Without what goes without saying."""
    return {name: word for name, word in settings.items() if word != "auto" and (name, word) != ("number", 1)}


def merged(columns):
    """Rows of (word, columns it stands over): neighbours share a head while all that stands above is shared too."""
    levels = range(len(columns[0]))
    runs = [groupby(columns, lambda words, level=level: words[: level + 1]) for level in levels]
    return [[(words[-1], len(list(run))) for words, run in level] for level in runs]


def words_of(settings, labels):
    """The words of settings, as people read them."""
    return [word for name in SETTINGS if settings.get(name) for word in [word_of(name, settings[name], labels)]]


def word_of(name, value, labels):
    if name == "model":
        return labels.get(value, value)
    if name == "number":
        return ngettext("%d picture", "%d pictures", value) % value
    word = WORDS.get(value, value.replace("x", " × ") if name == "size" else value)
    says_it_all = name == "output_format" or (name == "size" and value != "auto")
    return word if says_it_all else f"{OPTION_FIELDS[name][1]}: {word}"


# --- the contact sheet -------------------------------------------------------------------------------------------


@require_GET
def batch(request, pk):
    shown = access.batch(request.user, pk)
    names = headings(shown.columns, pages.model_labels())
    table = [(name, [None] * len(shown.columns)) for name in shown.rows]
    for cell in captioned(shown, sheets.cells(shown, request.user)):
        table[cell.batch_row][1][cell.batch_column] = cell
    context = names | {"table": table, "is_grid": is_grid(shown)}
    return render(request, "gallery/batch.html", progress_of(request, shown) | context)


def is_grid(batch):
    """One row or one column is no grid: its cells flow over the page, each with its name beneath."""
    return len(batch.rows) > 1 and len(batch.columns) > 1


def captioned(batch, cells):
    """Puts `name` and `words` on cells, where no heads say them."""
    if is_grid(batch):
        return cells
    labels = pages.model_labels()
    columns = headings(batch.columns, labels)["columns"]
    for cell in cells:
        row, words = batch.rows[cell.batch_row], columns[cell.batch_column]
        if batch.columns == [{}]:
            words = words_of(telling(settings_of(cell)), labels)
        cell.name = row if len(batch.rows) > 1 or not any(words) else ""
        cell.words = " · ".join(filter(None, words))
    return cells


@require_GET
def summary(request, pk):
    """How far a batch is, and with `?since=` the cells that changed; the page asks at most once a second."""
    since = moment(request.GET.get("since"))
    return render_summary(request, access.batch(request.user, pk), since)


def moment(text):
    """A time from seconds since 1970, as this page itself wrote them; now where they are none."""
    now = timezone.now()
    seconds = whole_number(text)
    return datetime.fromtimestamp(seconds, UTC) if seconds and seconds < now.timestamp() else now


def render_summary(request, batch, since):
    context = progress_of(request, batch) | {"changed": captioned(batch, sheets.cells(batch, request.user, since))}
    return render(request, "gallery/_batch_summary.html", context)


def progress_of(request, batch):
    now = timezone.now()
    [batch] = sheets.with_progress([batch])
    can_create = access.may_create_in(request.user, batch.project)
    return {"batch": batch, "progress": batch.progress, "can_create": can_create, "now": int(now.timestamp())}


@require_GET
def line(request, pk):
    """A batch as one line, as Create and the list show it."""
    [shown] = sheets.with_progress([access.batch(request.user, pk)])
    return render(request, "gallery/_batch_line.html", {"batch": shown})


@require_POST
def pause(request, pk):
    return act(request, pk, service.pause)


@require_POST
def resume(request, pk):
    return act(request, pk, service.resume)


@require_POST
def cancel(request, pk):
    return act(request, pk, service.cancel_rest)


@require_POST
def retry(request, pk):
    try:
        return act(request, pk, lambda batch: service.retry_failed(request.user, batch))
    except NotOnOffer as gone:
        sentence = _("%s is not on offer any more. Make a new batch with another model.") % gone
        return refuse(request, sentence, "gallery:batch", pk)
    except BudgetExceeded as exceeded:
        return refuse(request, str(exceeded), "gallery:batch", pk)


def act(request, pk, action):
    began = timezone.now()
    action(access.batch_to_change(request.user, pk))
    if not request.htmx:
        return redirect("gallery:batch", pk)
    return render_summary(request, access.batch(request.user, pk), began)
