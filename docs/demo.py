"""Three months of a small team, for the screenshots; runs inside `manage.py shell` of a studio that is thrown away.

The people are made up. Tokens lie around what is expected of the model, costs follow from the prices, and every call is
booked as the studio books it: no sum that a page shows is written here.
"""

import random
from datetime import timedelta
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from gallery import periods, pricing
from gallery.accounting import closing
from gallery.models import Budget, Call, Price
from gallery.models.aggregates import dollars_of
from gallery.models.projects import Role
from gallery.periods import DAY
from gallery.services import ledger, months
from tests.factory import GEMINI, GPT, make_call, make_generation, make_member, make_project, make_user

DAYS = 85
CALLS_A_DAY = range(9, 26)
OPENS, OPEN_SECONDS = timedelta(hours=8), 36_000
PEOPLE = (("mira", "Mira", "Okafor"), ("xiaoyu", "Xiaoyu", "Chen"), ("jonas", "Jonas", "Lindqvist"))
PROJECTS = {"Autumn campaign": 6, "Packaging 2027": 4, "Shop windows": 2}  # how often work is for each
ESTIMATORS = {GPT: "gpt-image-2", GEMINI: "gemini"}
PROMPT = "A tea tin on slate, soft morning light, steam behind it"
OPTIONS = {"size": "1024x1024", "quality": "medium"}
Status = Call.Status
ENDS = {Status.ANSWERED: 940, Status.REFUSED: 28, Status.FAILED: 14, Status.INTERRUPTED: 18}  # of a thousand calls


@transaction.atomic
def fill():
    """The project with most work, and the month that was closed."""
    chance = random.Random(2026)
    people = [make_user(name, first_name=first, last_name=last) for name, first, last in PEOPLE]
    projects = [make_project(name) for name in PROJECTS]
    for project in projects:
        for person in people:
            make_member(project, Role.MANAGER if person is people[0] else Role.EDITOR, person)
    for days_ago in range(DAYS, 0, -1):
        day = periods.today() - days_ago * DAY
        if day.weekday() < 5:
            for _ in range(chance.choice(CALLS_A_DAY)):
                moment = periods.midnight(day) + OPENS + timedelta(seconds=chance.randrange(OPEN_SECONDS))
                call(chance, moment, chance.choice(people), projects)
    set_budgets(projects, people[0])
    return projects[0].pk, close_last_month()


def call(chance, moment, person, projects):
    """One that was sent at a moment, and how it ended."""
    [project] = chance.choices(projects, PROJECTS.values())
    [model] = chance.choices((GPT, GEMINI), (2, 1))
    [status] = chance.choices(list(ENDS), ENDS.values())
    wanted, images = (chance.randint(1, 4) if model == GPT else 1), chance.choice((0, 0, 1))
    price = Price.objects.at(model, moment)
    expected = pricing.estimate_tokens(ESTIMATORS[model], OPTIONS, prompt=PROMPT, images=images, calls=(wanted,))
    generation = make_generation(
        person,
        project,
        model=model,
        kind="edit" if images else "generate",
        prompt=PROMPT,
        options=OPTIONS,
        wanted=wanted,
        estimated_usd=pricing.cost(price.per_million, expected),
        status={Status.ANSWERED: "succeeded", Status.INTERRUPTED: "interrupted"}.get(status, "failed"),
        created_at=moment,
    )
    ended = make_call(
        generation,
        status,
        wanted=wanted,
        sent_at=moment,
        finished_at=moment + timedelta(seconds=chance.gauss(27, 7)),
        may_have_been_billed=status == Status.INTERRUPTED,
        **(answer(chance, price, expected, wanted) if status == Status.ANSWERED else {}),
    )
    ledger.book(ended)


def answer(chance, price, expected, pictures):
    tokens = {
        "text_in": expected.text_in,
        "image_in": expected.image_in,
        "image_out": round(expected.image_out * chance.uniform(0.93, 1.02)),
    }
    told = Call(**tokens)
    return {**tokens, "pictures": pictures, "price": price, "cost_usd": pricing.cost(price.per_million, told)}


def close_last_month():
    """Against a bill that has nearly all of what was unknown; then one answer comes late."""
    month = periods.month_of(periods.today()).before
    standing = closing.standing(month)
    billed = dollars_of(standing.now.cost_micros + standing.now.possible_micros * 4 // 5)
    admin = get_user_model().objects.get(is_superuser=True)
    months.close(admin, standing, billed_usd=round(billed, 2), note="As the console said on the second of the month.")
    begin, end = month.moments
    late = Call.objects.filter(status=Status.INTERRUPTED, sent_at__gte=begin, sent_at__lt=end).first()
    before = Call.objects.get(pk=late.pk)
    late.status, late.may_have_been_billed, late.cost_usd = Status.ANSWERED, False, late.generation.estimated_usd
    late.pictures = late.wanted
    late.save()
    ledger.book(late, before)
    return standing.key


def set_budgets(projects, person):
    """One of each kind; the first project is beyond its warning, and the second lifted for a day."""
    Budget.objects.update_or_create(scope="studio", defaults={"soft_usd": 120, "hard_usd": 150})
    Budget.objects.create(scope="project", project=projects[0], soft_usd=10, hard_usd=30)
    tomorrow = timezone.now() + DAY
    Budget.objects.create(scope="project", project=projects[1], hard_usd=Decimal("7.50"), lifted_until=tomorrow)
    Budget.objects.create(scope="person", user=person, hard_usd=40)
