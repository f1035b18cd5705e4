"""The address for programs: OpenAI's Images API with a key of the studio. What is asked here is kept, counted and
limited like what people ask for in the browser."""

import logging
import uuid
from functools import wraps

import msgspec
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from gallery import events
from gallery.forms.programs import ProgramForm
from gallery.models.generations import Kind
from gallery.services import budgets, keys
from gallery.views import access, studio

from .answers import answer
from .refusals import Refused

logger = logging.getLogger(__name__)

IDEMPOTENCY = uuid.UUID("6f1c0b2e-8f5e-4c0b-9a53-8a3c8f7d2b11")  # the namespace of tokens made from a program's header
LONGEST_IDEMPOTENCY_KEY = 255  # characters


def program(view):
    """A view for whoever sends a key, and for nobody else: a session counts for nothing here. Every refusal is JSON."""

    @csrf_exempt  # no cookie is looked at
    @login_not_required
    @wraps(view)
    async def for_programs(request, **arguments):
        try:
            return await view(request, await events.aside(key_of, request), **arguments)
        except Refused as refused:
            return refused.response()
        except (PermissionDenied, Http404):
            sentence = _("Whose key this is may not create in its project any more.")
            return Refused(403, sentence, code="not_a_creator").response()
        except Exception:  # a page of HTML would tell a program nothing
            logger.exception("a program's request failed")
            return Refused(500, _("The studio itself made a mistake. It is in the log; tell an admin.")).response()

    return for_programs


def key_of(request):
    scheme, _space, secret = request.headers.get("authorization", "").partition(" ")
    key = access.key_of(secret.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        sentence = _("Send a key of this studio that is in force: “Authorization: Bearer sk-studio-…”.")
        raise Refused(401, sentence, code="invalid_api_key")
    keys.note_use(key)
    return key


@require_GET
@program
async def models(request, key):
    entries = await events.aside(list, access.models())
    return JsonResponse(
        {
            "object": "list",
            "data": [
                {"id": entry.name, "object": "model", "created": None, "owned_by": entry.spec.provider}
                for entry in entries
            ],
        }
    )


@require_POST
@program
async def generations(request, key):
    return await pictures(request, key, Kind.GENERATE)


@require_POST
@program
async def edits(request, key):
    return await pictures(request, key, Kind.EDIT)


@program
async def elsewhere(request, key, rest):
    raise Refused(404, _("The studio has no such address: it offers models, images/generations and images/edits."))


async def pictures(request, key, kind):
    """Asks, waits for the end and answers. Of a program that goes away meanwhile the generation goes on."""
    pk = await events.aside(ask, request, key, kind)
    await events.ended(pk)
    return await events.aside(found, request, key, pk)


def ask(request, key, kind):
    """The id of the generation that was asked for, or was already with the same Idempotency-Key."""
    access.must_create_in(key.user, key.project)
    form = ProgramForm(*sent(request, kind), key=key, kind=kind, token=token(request, key))
    if form.names_unknown_model:
        raise Refused(404, form.fields["model"].error_messages["invalid_choice"], param="model", code="model_not_found")
    try:
        generation = None if form.problem else studio.ask(form)
    except budgets.BudgetExceeded as exceeded:
        raise Refused(429, exceeded, type="insufficient_quota", code="insufficient_quota") from exceeded
    if generation is None:
        param, sentence = form.problem
        raise Refused(400, sentence, param=param, code="invalid_value")
    if not form.is_the_wish_of(generation):
        sentence = _("With this Idempotency-Key something else was asked for already. Use another one.")
        raise Refused(422, sentence, code="idempotency_key_reused")
    return generation.pk


def found(request, key, pk):
    url = request.build_absolute_uri(reverse("gallery:generation", args=[pk]))
    return answer(access.generation(key.user, pk), url)


def token(request, key):
    """The form token: the same for the same Idempotency-Key, whose holder alone can tell it beforehand."""
    value = request.headers.get("idempotency-key", "")
    if len(value) > LONGEST_IDEMPOTENCY_KEY:
        raise Refused(400, _("An Idempotency-Key has at most 255 characters."), code="invalid_value")
    return uuid.uuid5(IDEMPOTENCY, f"{key.digest} {value}") if value else uuid.uuid4()


def sent(request, kind):
    """(fields, files) of the body: JSON, or a form where pictures are brought along."""
    try:
        if kind == Kind.EDIT:
            return form_sent(request)
        return json_sent(request), MultiValueDict()
    except RequestDataTooBig as error:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024**2
        raise Refused(413, _("That is too much text: at most %d MB.") % most, code="too_large") from error
    except (SuspiciousOperation, MultiPartParserError, UnreadablePostError) as error:
        raise unreadable() from error


def form_sent(request):
    if request.content_type != "multipart/form-data":
        raise Refused(400, _("Send the pictures to edit as multipart/form-data."), param="image", code="invalid_value")
    return request.POST.dict(), request.FILES


def json_sent(request):
    try:
        fields = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable() from error
    if not isinstance(fields, dict):
        raise unreadable()
    return fields


def unreadable():
    return Refused(400, _("The body cannot be read: send what its Content-Type says, whole."), code="unreadable_body")
