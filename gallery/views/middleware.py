"""What happens around every view: sign-in for fragments, compression for pages."""

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import resolve_url
from django.utils.http import urlencode


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
