"""`manage.py check_ledger`: hold the days of usage against the ledger they add up."""

from django.core.management.base import BaseCommand, CommandError

from gallery.services import aggregates


class Command(BaseCommand):
    help = "Compare the daily sums with the ledger, call by call. With --rebuild, write them anew where they differ."

    def add_arguments(self, parser):
        parser.add_argument("--rebuild", action="store_true", help="write the daily sums anew; stop the workers before")

    def handle(self, *, rebuild, **options):
        differing = aggregates.compare()
        for key, kept, counted in differing:
            self.stdout.write(f"{' '.join(map(str, key))}: kept {kept}, counted {counted}")
        if not differing:
            self.stdout.write("The daily sums are equal to the ledger.")
        elif rebuild:
            aggregates.rebuild()
            self.stdout.write(f"{len(differing)} days were wrong and have been written anew.")
        else:
            raise CommandError(f"{len(differing)} days differ. With --rebuild they are written anew from the ledger.")
