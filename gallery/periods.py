"""Days and months in the studio's time zone: which one a moment falls into, where a stretch of them begins and ends."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

DAY = timedelta(days=1)


def day_of(moment):
    """The studio's day of a moment, whatever time zone the asking thread is in."""
    return timezone.localdate(moment, timezone.get_default_timezone())


def today():
    return day_of(timezone.now())


def midnight(day):
    """The moment a day begins, in the studio's time zone."""
    return datetime.combine(day, time.min, timezone.get_default_timezone())


def month_of(day):
    """The whole month of a day."""
    first = day.replace(day=1)
    return Period(first, (first + 31 * DAY).replace(day=1))


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` up to but without `end`."""

    start: date
    end: date

    @property
    def last(self):
        return self.end - DAY

    @property
    def days(self):
        return [self.start + number * DAY for number in range((self.end - self.start).days)]

    @property
    def moments(self):
        return midnight(self.start), midnight(self.end)

    @property
    def is_month(self):
        return self == month_of(self.start)

    @property
    def before(self):
        """As much just before: the month before a month, else as many days."""
        if self.is_month:
            return month_of(self.start - DAY)
        return Period(self.start - (self.end - self.start), self.start)

    @property
    def with_days_to_come(self):
        """To the end of the month where today is in it: nothing is sent in days to come, and a month is one sum."""
        return Period(self.start, max(self.end, month_of(today()).end)) if today() in self else self

    def __contains__(self, day):
        return self.start <= day < self.end

    def upto(self, day):
        """Without what comes after a day."""
        return Period(self.start, max(self.start, min(self.end, day + DAY)))
