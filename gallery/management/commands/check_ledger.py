"""`manage.py check_ledger`: hold the days and months of usage against the ledger they add up."""

from django.core.management.base import BaseCommand, CommandError

from gallery.services import aggregates


class Command(BaseCommand):
    help = "Compare the sums of days and months with the ledger. With --rebuild, write them anew where they differ."

    def add_arguments(self, parser):
        parser.add_argument("--rebuild", action="store_true", help="write the sums anew; stop the workers before")

    def handle(self, *, rebuild, **options):
        differing = aggregates.compare()
        for time, key, kept, counted in differing:
            self.stdout.write(f"{time} {' '.join(map(str, key))}: kept {kept}, counted {counted}")
        if not differing:
            self.stdout.write("The sums by day and month are equal to the ledger.")
        elif rebuild:
            aggregates.rebuild()
            self.stdout.write(f"{len(differing)} sums were wrong and have been written anew.")
        else:
            raise CommandError(f"{len(differing)} sums differ. With --rebuild they are written anew from the ledger.")
