"""`manage.py export_usage`: the ledger of some days as CSV, one row a call."""

from datetime import date

from django.core.management.base import BaseCommand, CommandError

from gallery.accounting import exports
from gallery.periods import DAY, Period
from gallery.services import audit


class Command(BaseCommand):
    help = "Print the calls of some days as CSV; both days are part of it, in the studio's time zone."

    def add_arguments(self, parser):
        parser.add_argument("--from", dest="start", type=date.fromisoformat, required=True, metavar="DATE")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True, metavar="DATE")

    def handle(self, *, start, last, **options):
        if last < start:
            raise CommandError("The last day comes before the first.")
        audit.note(None, audit.Action.EXPORTED, "calls", after={"whose": "everybody", "from": start, "to": last})
        for chunk in exports.csv_chunks(exports.within(exports.all_calls(), Period(start, last + DAY))):
            self.stdout.write(chunk, ending="")
