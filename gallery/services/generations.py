"""What a person starts and stops: asking for pictures, asking again, cancelling."""

import uuid
from collections import defaultdict
from dataclasses import dataclass, field, replace

from django.db import IntegrityError, transaction
from django.utils import timezone

from gallery.accounting.estimates import Estimator
from gallery.models import ApiKey, Call, Event, Generation, Image, Input, ModelEntry, Project

from . import asking, budgets, uploads


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A valid request, as a form hands it over.

    `attached` are the pictures to edit, in order: an Image, or (Kept, name) of a file brought along; so is `mask`.
    """

    project: Project
    entry: ModelEntry
    prompt: str
    options: dict
    wanted: int = 1
    attached: tuple = ()
    mask: Image | tuple | None = None
    key: ApiKey | None = None
    token: uuid.UUID = field(default_factory=uuid.uuid4)
    place: dict = field(default_factory=dict)  # in a batch

    @property
    def kind(self):
        return Generation.Kind.EDIT if self.attached else Generation.Kind.GENERATE


def request_generation(user, wish):
    """Write the generation, its inputs and its calls, reserve their cost and enqueue them, in one transaction.

    The same token a second time (a double click) gives the generation of the first. Raises BudgetExceeded.
    """
    [generation] = request_generations(user, [wish])
    return generation


def request_generations(user, wishes):
    """The same for many, all of them or none: one query for each call, and a few more."""
    try:
        with budgets.telling(), transaction.atomic():
            return _write(user, wishes)
    except IntegrityError:
        earlier = {generation.token: generation for generation in user.generations.filter(token__in=_tokens(wishes))}
        if len(earlier) < len(wishes):
            raise
        return [earlier[token] for token in _tokens(wishes)]


def _tokens(wishes):
    return [wish.token for wish in wishes]


def _write(user, wishes):
    entries = {wish.entry.name: wish.entry for wish in wishes}
    estimators = {name: Estimator(entry) for name, entry in entries.items()}
    generations, inputs = [], []
    for wish in wishes:
        generations.append(_generation(user, wish, estimators[wish.entry.name]))
        inputs += _inputs(user, wish, generations[-1])
    asking.write(user, generations, entries, inputs)
    return generations


def _generation(user, wish, estimator):
    expected = estimator.usd(wish.kind, wish.options, prompt=wish.prompt, images=len(wish.attached), wanted=wish.wanted)
    return Generation(
        project=wish.project,
        user=user,
        kind=wish.kind,
        model=wish.entry.name,
        prompt=wish.prompt,
        options=wish.options,
        wanted=wish.wanted,
        key=wish.key,
        token=wish.token,
        estimated_usd=expected,
        **wish.place,
    )


def _inputs(user, wish, generation):
    for position, one in enumerate(wish.attached):
        yield Input(generation=generation, image=_image(user, wish.project, one), position=position)
    if wish.mask:
        mask = _image(user, wish.project, wish.mask)
        yield Input(generation=generation, image=mask, position=0, role=Input.Role.MASK)


def _image(user, project, one):
    return one if isinstance(one, Image) else uploads.record_upload(user, project, *one)


def run_again(user, generation, **changes):
    """A new generation with the same wish but for some changes; it is paid anew.

    Raises NotOnOffer where the model has gone.
    """
    [wish] = wishes_again([generation])
    return request_generation(user, replace(wish, **changes))


def retry(user, generation):
    """A new generation of the pictures that never came; raises NotOnOffer."""
    return run_again(user, generation, **what_never_came(generation))


def wishes_again(generations):
    """What was wished, as it can be wished anew; in a constant number of queries. Raises NotOnOffer."""
    entries = {entry.name: entry for entry in ModelEntry.objects.on_offer()}
    if gone := {generation.model for generation in generations} - set(entries):
        raise NotOnOffer(", ".join(sorted(gone)))
    # Not those that were prefetched for somebody's eyes: nobody sees all, but all are meant.
    used = defaultdict(list)
    for one in Input.objects.filter(generation__in=generations).select_related("image"):
        used[one.generation_id].append(one)
    return [_wish_again(one, entries[one.model], used[one.pk]) for one in generations]


def _wish_again(generation, entry, inputs):
    return Wish(
        project=generation.project,
        entry=entry,
        prompt=generation.prompt,
        options=generation.options,
        wanted=generation.wanted,
        attached=tuple(used.image for used in inputs if used.role == Input.Role.IMAGE),
        mask=next((used.image for used in inputs if used.role == Input.Role.MASK), None),
    )


def what_never_came(generation):
    """The changes to a wish that ask for the rest. Where nothing came, it stands in the earlier one's batch."""
    place = {}
    if generation.batch and generation.lacking == generation.wanted:
        place = {name: getattr(generation, name) for name in ("batch", "batch_row", "batch_column")}
    return {"wanted": generation.lacking, "place": place}


class NotOnOffer(Exception):
    """The model is not in the catalogue any more."""


def cancel_generation(generation):
    """True where the generation was open."""
    return bool(cancel_generations([generation]))


def cancel_generations(generations):
    """Stop what can be stopped: queued calls never go out. A sent one cannot be called back; its answer is still kept.

    Those that were open.
    """
    with transaction.atomic():
        now = timezone.now()
        chosen = Generation.objects.open().filter(pk__in=[generation.pk for generation in generations])
        opened = list(chosen.select_for_update().order_by("pk"))
        stopped = Generation.objects.filter(pk__in=[generation.pk for generation in opened])
        stopped.update(status=Generation.Status.CANCELLED, error_code="cancelled", finished_at=now)
        theirs = Call.objects.filter(generation__in=opened)
        waiting = theirs.filter(status__in=(Call.Status.QUEUED, Call.Status.CLAIMED))
        waiting.update(status=Call.Status.CANCELLED, finished_at=now)
        theirs.filter(status=Call.Status.SENT).update(may_have_been_billed=True)
        budgets.release(opened)
        Event.objects.append_all(opened)
        return opened
