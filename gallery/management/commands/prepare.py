"""`manage.py prepare`: what a new or updated studio needs before it serves."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from gallery.services.people import ensure_first_admin


class Command(BaseCommand):
    help = "Migrate the database and make the first admin. Harmless when done again."

    def handle(self, **options):
        call_command("migrate", interactive=False, verbosity=0)
        name = settings.FIRST_ADMIN["username"]
        if password := ensure_first_admin(**settings.FIRST_ADMIN):
            self.stdout.write(f"  First sign-in  {name}   password  {password}   (shown this once)")
