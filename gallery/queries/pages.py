"""What the pages list, each row with everything that is shown of it, in a constant number of queries."""

from statistics import median

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Prefetch

from gallery import periods
from gallery.models import Call, Event, Generation, Image, Input, ModelEntry, Project

from . import waits

PAGE = 20  # generations a page of a list
GALLERY_PAGE = 60  # pictures a page of the gallery
USUAL_OF = 20  # the usual time is the median of so many last answers that are alike
LOOKED_AT = 200  # newest answers of a model, among which those are looked for


def generations_for(user):
    """Generations that the person may see, with what a card or a row shows of them in a constant number of queries.

    An input may come from a project that not every member of this one is in; those see the generation without it.
    """
    outputs = Image.objects.with_favourite_of(user)
    inputs = Input.objects.filter(image__project__in=Project.objects.visible_to(user))
    return (
        Generation.objects.visible_to(user)
        .select_related("user", "project", "batch")
        .prefetch_related("calls", Prefetch("images", outputs))
        .prefetch_related(Prefetch("inputs", inputs.select_related("image__generation")))
    )


def page_before(queryset, before, size):
    """(rows, id of the next page's start or None) of a list that runs from the newest down, by keyset on the id."""
    if before:
        queryset = queryset.filter(pk__lt=before)
    rows = list(queryset.order_by("-pk")[: size + 1])
    return rows[:size], rows[size - 1].pk if len(rows) > size else None


def complete_cards(generations):
    """Puts labels, what is missing or half made, usual times and places in the queue on generations to be shown."""
    labels = model_labels()
    waits.add([generation for generation in generations if generation.is_open])
    usual = {}
    partials = newest_partials([generation.pk for generation in generations if generation.is_open])
    for generation in generations:
        missing = generation.wanted - len(generation.pictures)
        generation.missing = [*partials.get(generation.pk, []), *[None] * missing][: max(missing, 0)]
        generation.model_label = labels.get(generation.model, generation.model)
        generation.usual_seconds = None
        if generation.is_open:
            key = (generation.model, generation.kind, generation.options.get("quality"), generation.options.get("size"))
            if key not in usual:
                usual[key] = usual_seconds(*key)
            generation.usual_seconds = usual[key]
    return generations


def newest_partials(open_ids):
    """Generation id -> the newest preview event of each of its calls, for those that are still being made."""
    newest = {}
    if open_ids:
        for event in Event.objects.filter(generation_id__in=open_ids).exclude(preview="").order_by("pk"):
            newest.setdefault(event.generation_id, {})[event.preview.rpartition("-")[0]] = event
    return {pk: list(by_call.values()) for pk, by_call in newest.items()}


def usual_seconds(model, kind, quality, size):
    """Median seconds from sending to the answer of the last calls like this one; None where none of late is like it."""
    newest = Generation.objects.filter(model=model).newest_answers(LOOKED_AT)
    alike = {"generation__kind": kind}
    for name, value in (("quality", quality), ("size", size)):
        if value:
            alike[f"generation__options__{name}"] = value
    times = Call.objects.filter(pk__in=newest, **alike).order_by("-pk").values_list("sent_at", "finished_at")[:USUAL_OF]
    seconds = [(finished - sent).total_seconds() for sent, finished in times]
    return median(seconds) if seconds else None


def gallery_images(user, *, project=None, text="", favourites=False, trash=False):
    """Outputs that the person may see, as the gallery shows them."""
    images = Image.objects.visible_to(user).outputs().select_related("generation", "generation__user")
    images = images.trashed() if trash else images.kept()
    if project:
        images = images.filter(project=project)
    for word in text.split():
        images = images.filter(generation__prompt__icontains=word)
    if favourites:
        images = images.filter(favourites__user=user)
    return images.with_favourite_of(user)


def neighbours(images, image):
    """(newer, older) image of one in a result, or None where it ends."""
    newer = images.filter(pk__gt=image.pk).order_by("pk").first()
    older = images.filter(pk__lt=image.pk).order_by("-pk").first()
    return newer, older


def history(user, *, text="", key=None, since=None, until=None, person=None, **chosen):
    """Generations that the person may see, as the history shows them.

    `since` and `until` are days of sending; a `key` of 0 is none, what people asked for in the browser.
    """
    generations = generations_for(user)
    for word in text.split():
        generations = generations.filter(prompt__icontains=word)
    if since or until:
        generations = generations.filter(Exists(_calls_sent(since, until).filter(generation=OuterRef("pk"))))
    if key is not None:
        generations = generations.filter(key=key or None)
    chosen["user"] = person
    return generations.filter(**{name: value for name, value in chosen.items() if value})


def _calls_sent(since, until):
    """Calls sent from a day on, up to a day, or both; those days are among them."""
    calls = Call.objects.filter(sent_at__gte=periods.midnight(since)) if since else Call.objects.all()
    return calls.filter(sent_at__lt=periods.midnight(until + periods.DAY)) if until else calls


def model_labels():
    """Id -> label of every model of the catalogue."""
    return ModelEntry.objects.labels()


def people_of(projects):
    """Everybody who asked for something in these projects."""
    theirs = Generation.objects.filter(user=OuterRef("pk"), project__in=projects)
    return get_user_model().objects.filter(Exists(theirs)).order_by("username")
