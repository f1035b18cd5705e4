"""What happens around every view: an id to follow it by, one encoding, sign-in for fragments, compression for pages."""

import codecs

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import resolve_url
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import urlencode

from gallery import logs


class FollowRequest(MiddlewareMixin):
    """Gives every request an id that its log lines, its generations and their calls to the gateway carry."""

    def process_request(self, request):
        request.id = logs.begin_request(request.headers.get("x-request-id"))

    def process_response(self, request, response):
        response["X-Request-ID"] = request.id
        return response


class OnlyUtf8(MiddlewareMixin):
    """Refuses other encodings: UTF-7, for one, can spell half a surrogate pair, which no database stores."""

    def process_request(self, request):
        if request.encoding and codecs.lookup(request.encoding).name != "utf-8":
            raise BadRequest("Text must be UTF-8.")


class SignInFirst(LoginRequiredMiddleware):
    """A fragment asked for after the session ended sends the whole page to sign in, not the form into the fragment."""

    def handle_no_permission(self, request, view_func):
        if not request.htmx:
            return super().handle_no_permission(request, view_func)
        here = request.htmx.current_url_abs_path or "/"
        sign_in = f"{resolve_url(self.get_login_url(view_func))}?{urlencode({'next': here})}"
        return HttpResponse(status=401, headers={"HX-Redirect": sign_in})


class CompressPages(GZipMiddleware):
    """Leaves streams alone: pictures are compressed already, and events must go out at once."""

    def process_response(self, request, response):
        return response if response.streaming else super().process_response(request, response)
