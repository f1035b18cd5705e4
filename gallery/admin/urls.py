"""The addresses of the admin's usage pages, for staff only."""

from django.contrib import admin
from django.urls import path, register_converter
from django.urls.converters import StringConverter

from gallery.views import dashboard, estimates


class MonthConverter(StringConverter):
    regex = "[0-9]{4}-[0-9]{2}"


register_converter(MonthConverter, "month")

app_name = "usage"
urlpatterns = [
    path("", admin.site.admin_view(dashboard.dashboard), name="dashboard"),
    path("estimates/", admin.site.admin_view(estimates.estimates), name="estimates"),
    path("close/", admin.site.admin_view(dashboard.close), name="close"),
    path("close/<month:month>/", admin.site.admin_view(dashboard.close_month), name="close-month"),
    path("close/<month:month>/usage.csv", admin.site.admin_view(dashboard.close_csv), name="close-csv"),
]
