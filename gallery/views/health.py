"""The addresses that machines ask: is the process alive, is the studio ready to work, and its numbers."""

import secrets

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from gallery import metrics as numbers
from gallery import readiness


@login_not_required
@require_safe
def healthz(request):
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
async def readyz(request):
    parts = await readiness.parts()
    ready = all(part.ready for part in parts.values())
    shown = {name: {"ready": part.ready, "sentence": part.sentence} for name, part in parts.items()}
    return JsonResponse({"ready": ready, "parts": shown}, status=200 if ready else 503)


@login_not_required
@require_safe
def metrics(request):
    if not (_has_token(request) or request.user.is_staff):
        sentence = "Send STUDIO_METRICS_TOKEN as a bearer token, or sign in as an admin.\n"
        return HttpResponse(sentence, status=401, headers={"WWW-Authenticate": "Bearer"}, content_type="text/plain")
    return HttpResponse(numbers.page(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _has_token(request):
    given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
    return bool(settings.METRICS_TOKEN) and secrets.compare_digest(given, settings.METRICS_TOKEN.encode())
