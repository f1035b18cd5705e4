"""What a person starts and stops: asking for pictures, asking again, cancelling."""

import uuid
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.utils import timezone

from gallery import catalog
from gallery.accounting import estimates
from gallery.models import ApiKey, Call, Event, Generation, Image, Input, ModelEntry, Project

from . import budgets, calls, uploads


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
    try:
        with budgets.telling(), transaction.atomic():
            return _write(user, wish)
    except IntegrityError:
        earlier = Generation.objects.filter(token=wish.token, user=user).first()
        if earlier is None:
            raise
        return earlier


def _write(user, wish):
    images = [_image(user, wish.project, one) for one in wish.attached]
    generation = Generation.objects.create(
        project=wish.project,
        user=user,
        kind=wish.kind,
        model=wish.entry.name,
        prompt=wish.prompt,
        options=wish.options,
        wanted=wish.wanted,
        key=wish.key,
        token=wish.token,
        estimated_usd=estimates.estimate(wish.entry, wish.options, wish.prompt, len(images), wish.wanted),
        **wish.place,
    )
    inputs = [Input(generation=generation, image=image, position=place) for place, image in enumerate(images)]
    if wish.mask:
        mask = _image(user, wish.project, wish.mask)
        inputs.append(Input(generation=generation, image=mask, position=0, role=Input.Role.MASK))
    Input.objects.bulk_create(inputs)
    spec = wish.entry.spec
    asked = [
        Call.objects.create(generation=generation, position=place, wanted=wanted, protocol=spec.protocol(wish.kind))
        for place, wanted in enumerate(catalog.calls_for(spec, wish.kind, wish.wanted))
    ]
    budgets.reserve(asked)
    if not (generation.batch and generation.batch.paused_at):
        for call in asked:
            calls.enqueue(call)
    Event.objects.append(generation)
    return generation


def _image(user, project, one):
    return one if isinstance(one, Image) else uploads.record_upload(user, project, *one)


def run_again(user, generation, **changes):
    """A new generation with the same wish but for some changes; it is paid anew.

    Raises NotOnOffer where the model has gone.
    """
    entry = ModelEntry.objects.on_offer().filter(name=generation.model).first()
    if entry is None:
        raise NotOnOffer(generation.model)
    inputs = generation.inputs.select_related("image")
    values = {
        "project": generation.project,
        "entry": entry,
        "prompt": generation.prompt,
        "options": generation.options,
        "wanted": generation.wanted,
        "attached": tuple(used.image for used in inputs if used.role == Input.Role.IMAGE),
        "mask": next((used.image for used in inputs if used.role == Input.Role.MASK), None),
    }
    return request_generation(user, Wish(**values | changes))


def retry(user, generation, **changes):
    """A new generation of the pictures that never came. Where none came, it stands in the earlier one's batch."""
    place = {}
    if generation.batch and generation.lacking == generation.wanted:
        place = {name: getattr(generation, name) for name in ("batch", "batch_row", "batch_column")}
    return run_again(user, generation, wanted=generation.lacking, place=place, **changes)


class NotOnOffer(Exception):
    """The model is not in the catalogue any more."""


def cancel_generation(generation):
    """Stop what can be stopped: queued calls never go out. A sent one cannot be called back; its answer is still kept.

    True where the generation was open.
    """
    with transaction.atomic():
        now = timezone.now()
        opened = Generation.objects.open().filter(pk=generation.pk)
        if not opened.update(status=Generation.Status.CANCELLED, error_code="cancelled", finished_at=now):
            return False
        waiting = Call.objects.filter(generation=generation, status__in=(Call.Status.QUEUED, Call.Status.CLAIMED))
        waiting.update(status=Call.Status.CANCELLED, finished_at=now)
        Call.objects.filter(generation=generation, status=Call.Status.SENT).update(may_have_been_billed=True)
        budgets.release([generation])
        Event.objects.append(generation)
        return True
