"""Budgets: nothing goes beyond a hard limit, whatever is reserved is settled, and people are told once a month."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from gallery import periods
from gallery.accounting import allowances
from gallery.models import AuditEntry, Budget, BudgetMonth, Call, Generation, Price, Reservation, UsageDay
from gallery.models.budgets import SUMS
from gallery.models.projects import Role
from gallery.services import budgets, calls, generations, ledger, results
from tests.factory import GEMINI, make_call, make_generation, make_key, make_member, make_project, make_user

from .running import ask, made

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project("Posters")


@pytest.fixture
def person(project):
    return make_member(project, user=make_user("ada", email="ada@studio.example"))


def limit(hard, soft=None, **of):
    scope = {"project": "project", "user": "person", "key": "key"}.get("".join(of), "studio")
    return Budget.objects.update_or_create(scope=scope, **of, defaults={"hard_usd": hard, "soft_usd": soft})[0]


def standing(budget):
    return allowances.standings([budget])[0]


def estimate(person, project):
    """What one small picture is estimated at."""
    with transaction.atomic():
        usd = ask(person, project=project).estimated_usd
        transaction.set_rollback(True)
    return usd


def test_what_would_go_beyond_a_hard_limit_is_refused_and_leaves_nothing(person, project):
    one = estimate(person, project)
    budget = limit(one * 2, project=project)
    ask(person, project=project)
    ask(person, project=project)
    with pytest.raises(budgets.BudgetExceeded):
        ask(person, project=project)
    assert Generation.objects.count() == Call.objects.count() == 2
    assert standing(budget).reserved == one * 2
    assert standing(budget).left == 0


@pytest.mark.parametrize("of", ["studio", "project", "user", "key"])
def test_each_scope_refuses_by_itself(person, project, of):
    key = make_key(person, project)
    limit(0, **({} if of == "studio" else {of: {"project": project, "user": person, "key": key}[of]}))
    with pytest.raises(budgets.BudgetExceeded):
        ask(person, project=project, key=key)


def test_a_keys_budget_limits_nothing_that_is_asked_without_it(person, project):
    limit(0, key=make_key(person, project))
    ask(person, project=project)
    ask(person, project=project, key=make_key(person, project))


def test_a_keys_budget_is_reserved_and_settled_and_its_owner_is_told(
    person, project, online, mailoutbox, django_capture_on_commit_callbacks
):
    key = make_key(person, project, name="Shop")
    budget = limit(10, 0, key=key)
    made(person, project=project)
    with django_capture_on_commit_callbacks(execute=True):
        made(person, project=project, key=key)
    found = standing(budget)
    assert (found.reserved, found.cost) == (0, key.generations.get().calls.get().cost_usd)
    assert UsageDay.objects.filter(key_id=key.pk).get().cost_usd == found.cost > 0
    [mail] = mailoutbox
    assert "Shop" in mail.subject
    assert mail.to == ["ada@studio.example"]


def test_anothers_budget_and_anothers_project_limit_nobody_else(person, project):
    limit(0, project=make_project())
    limit(0, user=make_user())
    ask(person, project=project)


def test_the_refusal_names_the_budget_and_who_can_raise_it(person, project):
    make_user("grace", is_staff=True, is_superuser=True)
    limit(Decimal("0.001"), project=project)
    with pytest.raises(budgets.BudgetExceeded) as refused:
        ask(person, project=project)
    assert "“Posters” has $0.001 left of its $0.001" in str(refused.value)
    assert "grace can raise it." in str(refused.value)


def test_several_calls_reserve_their_shares_of_the_whole(person, project):
    generation = ask(person, model=GEMINI, wanted=3, project=project)
    shares = list(Reservation.objects.values_list("micros", flat=True))
    assert len(shares) == 3
    assert sum(shares) <= generation.estimated_usd * 1_000_000 < sum(shares) + 3


def test_the_cost_takes_the_place_of_the_reservation(person, project, online):
    budget = limit(10, project=project)
    generation = made(person, project=project)
    found = standing(budget)
    assert (found.reserved, found.possible, found.unknown) == (0, 0, 0)
    assert found.cost == generation.calls.get().cost_usd > 0


def test_a_cancelled_generation_gives_back_what_was_never_sent(person, project):
    budget = limit(10, project=project)
    generation = ask(person, model=GEMINI, wanted=3, project=project)
    Call.objects.filter(generation=generation, position=1).update(status=Call.Status.SENT, sent_at=timezone.now())
    third = standing(budget).reserved / 3
    generations.cancel_generation(generation)
    assert standing(budget).reserved == third


def test_a_repeated_call_keeps_its_reservation_until_the_last(person, project, online):
    budget = limit(10, project=project)
    generation = ask(person, project=project, prompt="A fox [[fault: 503]]")
    reserved = standing(budget).reserved
    async_to_sync(calls.run_call.acall)(generation.calls.get().pk)
    assert generation.calls.count() == 2
    assert standing(budget).reserved == reserved
    generations.cancel_generation(generation)
    assert standing(budget).reserved == 0


def end(call, before=None, **fields):
    """A call as it is when it has ended, booked."""
    for name, value in {"finished_at": timezone.now(), **fields}.items():
        setattr(call, name, value)
    call.save()
    with transaction.atomic():
        ledger.book(call, before)


def sent(person, project, **fields):
    generation = make_generation(person, project, estimated_usd=Decimal("0.50"))
    call = make_call(generation, Call.Status.SENT, **fields)
    with transaction.atomic():
        budgets.reserve([call])
    return call


def test_what_may_have_been_billed_counts_with_its_estimate_until_the_answer_comes_late(person, project):
    budget = limit(10, project=project)
    call = sent(person, project)
    end(call, status=Call.Status.INTERRUPTED, may_have_been_billed=True)
    found = standing(budget)
    assert (found.cost, found.possible, found.reserved, found.unknown) == (0, Decimal("0.5"), 0, 1)
    before = Call.objects.select_related("generation").get(pk=call.pk)
    end(call, before, status=Call.Status.ANSWERED, cost_usd=Decimal("0.4"), may_have_been_billed=False)
    found = standing(budget)
    assert (found.cost, found.possible, found.reserved, found.unknown) == (Decimal("0.4"), 0, 0, 0)


def test_a_model_without_a_price_is_let_through_and_counted_as_unknown(person, project):
    budget = limit(10, project=project)
    Price.objects.all().delete()
    generation = ask(person, project=project)
    assert (generation.estimated_usd, standing(budget).reserved) == (None, 0)
    call = generation.calls.get()
    end(call, status=Call.Status.ANSWERED, sent_at=timezone.now(), may_have_been_billed=True)
    assert standing(budget).unknown == 1


def test_a_budget_made_amid_the_month_knows_what_was_spent_and_reserved_before(person, project):
    end(sent(person, project), status=Call.Status.ANSWERED, cost_usd=Decimal("0.4"))
    sent(person, project)
    assert standing(limit(10, project=project)).taken == Decimal("0.9")


def test_a_month_counts_by_itself_and_open_calls_go_over_into_the_next(person, project):
    budget = limit(10, project=project)
    last_month = periods.month_of(periods.today()).moments[0] - timedelta(minutes=1)
    end(sent(person, project, sent_at=last_month), status=Call.Status.ANSWERED, cost_usd=Decimal("3"))
    sent(person, project, sent_at=last_month)
    assert (standing(budget).cost, standing(budget).reserved) == (0, Decimal("0.5"))
    [before] = allowances.standings([budget], last_month.date())
    assert before.cost == 3


def test_a_kept_month_stays_equal_to_the_days_of_usage(person, project):
    budget = limit(10, project=project)
    for cost in ("0.1", "0.2", None, "0.123456"):
        known = cost and Decimal(cost)
        end(sent(person, project), status=Call.Status.ANSWERED, cost_usd=known, may_have_been_billed=not cost)
    row = BudgetMonth.objects.get(budget=budget)
    assert {name: getattr(row, name) for name in SUMS} == allowances.counted([budget], row.month)[budget.pk]
    assert row.cost_micros == sum(UsageDay.objects.values_list("cost_micros", flat=True)) == 423456


def test_a_lifted_budget_refuses_nothing_for_a_day(person, project):
    budget = limit(0, project=project)
    admin = make_user("grace", is_staff=True)
    budgets.lift(admin, budget)
    ask(person, project=project)
    assert timedelta(hours=23) < budget.lifted_until - timezone.now() <= timedelta(days=1)
    assert AuditEntry.objects.get().user == admin
    budgets.end_lift(admin, budget)
    with pytest.raises(budgets.BudgetExceeded):
        ask(person, project=project)


# --- mails ---------------------------------------------------------------------------------------------------------


def test_the_soft_limit_is_told_once_a_month(person, project, mailoutbox, django_capture_on_commit_callbacks):
    make_member(project, Role.MANAGER, make_user("mae", email="mae@studio.example"))
    limit(10, soft=estimate(person, project) * 2, project=project)
    with django_capture_on_commit_callbacks(execute=True):
        ask(person, project=project)
    assert not mailoutbox
    with django_capture_on_commit_callbacks(execute=True):
        ask(person, project=project)
        ask(person, project=project)
    [mail] = mailoutbox
    assert mail.to == ["mae@studio.example"]
    assert "Posters" in mail.subject
    assert "Reserved for what is under way" in mail.body


def test_the_first_refusal_of_a_month_is_told_to_the_person_and_the_admins(
    person, project, mailoutbox, django_capture_on_commit_callbacks
):
    make_user("grace", email="grace@studio.example", is_staff=True, is_superuser=True)
    limit(0, user=person)
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True), pytest.raises(budgets.BudgetExceeded):
            ask(person, project=project)
    [mail] = mailoutbox
    assert mail.to == ["ada@studio.example", "grace@studio.example"]
    assert "was refused" in mail.body
    assert "&" not in mail.body


def test_a_mail_that_fails_stops_nobody(person, project, settings, django_capture_on_commit_callbacks):
    settings.EMAIL_BACKEND = "nowhere.Backend"
    limit(10, soft=0, user=person)
    with django_capture_on_commit_callbacks(execute=True):
        assert ask(person, project=project).pk


# --- amounts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "amounts",
    [{"hard_usd": -1}, {"soft_usd": -1}, {"hard_usd": 1_000_001}, {"hard_usd": 5, "soft_usd": 6}, {"scope": "person"}],
)
def test_negative_absurd_and_aimless_budgets_are_refused(project, amounts):
    with pytest.raises(ValidationError):
        Budget(**{"scope": "project", "project": project, **amounts}).full_clean()


def test_the_database_takes_no_negative_limit_and_no_second_studio(project):
    Budget.objects.get_or_create(scope="studio")
    for values in ({"scope": "project", "project": project, "hard_usd": -1}, {"scope": "studio"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Budget.objects.create(**values)


# --- many at once --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("of", ["project", "key"])
def test_a_hundred_people_pressing_at_once_spend_to_the_limit_and_not_beyond(of):
    project = make_project()
    people = [make_member(project) for _ in range(100)]
    key = make_key(people[0], project)
    one = estimate(people[0], project)
    limit(one * 37, **{of: {"project": project, "key": key}[of]})
    limit(one * 90)
    start, outcomes = threading.Barrier(100), []

    def press(person):
        start.wait()
        try:
            outcomes.append(bool(ask(person, project=project, key=key)))
        except budgets.BudgetExceeded:
            outcomes.append(False)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(outcomes), outcomes.count(True)) == (100, 37)
    assert Generation.objects.count() == Reservation.objects.count() == 37


def test_unsent_failures_give_back_too(person, project):
    budget = limit(10, project=project)
    generation = ask(person, project=project)
    call = generation.calls.get()
    Call.objects.filter(pk=call.pk).update(status=Call.Status.CLAIMED)
    results.record_unsent(call, "input_missing")
    assert standing(budget).taken == 0
