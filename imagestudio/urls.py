"""The studio's addresses: the gallery app at the root, Django's admin and language switch beside it."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView
from django.views.i18n import set_language

# What browsers ask for where a page names no icon: the admin, a picture in a tab of its own.
favicon = RedirectView.as_view(url=lazy(static, str)("favicon.svg"))

urlpatterns = [
    path("favicon.ico", login_not_required(favicon)),
    path("", include("gallery.urls")),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("admin/usage/", include("gallery.admin.urls")),
    path("admin/", admin.site.urls),
]
