"""Budgets and the audit log as people meet them: in the composer, in batches and in the admin."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from gallery.accounting import allowances
from gallery.models import AuditEntry, Batch, Budget, Call, Generation, Image, Membership, ModelEntry
from gallery.services import budgets
from tests.factory import GPT, make_generation, make_project, make_user

from .sending import file, wish


def limit(hard, soft=None, **of):
    scope = "project" if "project" in of else "person" if "user" in of else "studio"
    return Budget.objects.create(scope=scope, hard_usd=hard, soft_usd=soft, **of)


def admin_of(model, page, *arguments):
    return reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_{page}", args=arguments)


# --- the audit log -------------------------------------------------------------------------------------------------


def entries():
    return [(entry.user.username, entry.action, entry.kind, entry.before, entry.after) for entry in log()]


def log():
    return AuditEntry.objects.order_by("pk").select_related("user")


def test_members_are_written_down_by_who_changed_them(browse, manager, project):
    make_user("bo")
    client, address = browse(manager), f"/projects/{project.pk}/members/"
    for role in ("viewer", "viewer", "editor"):
        client.post(address, {"username": "bo", "role": role})
    client.post(f"{address}{Membership.objects.get(user__username='bo').pk}/remove/")
    assert entries() == [
        ("manager", "added", "gallery.membership", {}, {"role": "viewer"}),
        ("manager", "changed", "gallery.membership", {"role": "viewer"}, {"role": "editor"}),
        ("manager", "deleted", "gallery.membership", {"role": "editor"}, {}),
    ]


def test_a_change_that_is_refused_is_not_written_down(browse, manager, project):
    browse(manager).post(f"/projects/{project.pk}/members/", {"username": "manager", "role": "viewer"})
    assert not AuditEntry.objects.exists()


def test_the_admin_writes_down_what_changed_and_what_it_was(browse, staff, project):
    client = browse(staff)
    client.post(admin_of(Budget, "add"), {"scope": "project", "project": project.pk, "user": "", "hard_usd": "5"})
    budget = Budget.objects.get(project=project)
    change = {"scope": "project", "project": project.pk, "user": "", "hard_usd": "7", "soft_usd": "6"}
    client.post(admin_of(Budget, "change", budget.pk), change)
    client.post(admin_of(Budget, "delete", budget.pk), {"post": "yes"})
    assert [entry.action for entry in log()] == ["added", "changed", "deleted"]
    assert log()[0].after == {"project": "Posters", "hard_usd": "5"}
    assert log()[1].before == {"soft_usd": None, "hard_usd": "5.000000"}
    assert log()[1].after == {"soft_usd": "6", "hard_usd": "7"}
    assert log()[2].before["hard_usd"] == "7.000000"


def test_rows_changed_in_a_list_and_inside_another_are_written_down(browse, staff, project, editor):
    entry = ModelEntry.objects.get(name=GPT)
    formset = {"form-TOTAL_FORMS": ModelEntry.objects.count(), "form-INITIAL_FORMS": ModelEntry.objects.count()}
    for number, row in enumerate(ModelEntry.objects.all()):
        formset |= {f"form-{number}-id": row.pk, f"form-{number}-position": row.position}
        formset |= {f"form-{number}-is_active": "on"} if row != entry else {}
    browse(staff).post(admin_of(ModelEntry, "changelist"), formset | {"_save": "Save"})
    membership = project.memberships.get(user=editor)
    inline = {"memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 1, "memberships-0-project": project.pk}
    inline |= {"memberships-0-id": membership.pk, "memberships-0-user": editor.pk, "memberships-0-role": "viewer"}
    browse(staff).post(admin_of(type(project), "change", project.pk), {"name": "Posters", **inline})
    assert entries() == [
        ("staff", "changed", "gallery.modelentry", {"is_active": True}, {"is_active": False}),
        ("staff", "changed", "gallery.membership", {"role": "editor"}, {"role": "viewer"}),
    ]


def test_roles_of_people_are_written_down_and_their_passwords_are_not(browse, staff):
    new = {"username": "cy", "password1": "correct horse 7", "password2": "correct horse 7", "usable_password": "true"}
    people = get_user_model()
    browse(staff).post(admin_of(people, "add"), new)
    entry = AuditEntry.objects.get()
    assert (entry.kind, entry.subject, entry.after["username"]) == ("auth.user", "cy", "cy")
    assert "correct horse" not in str(entry.after)


def test_several_deleted_at_once_are_each_written_down(browse, staff, project):
    chosen = [limit(1, project=project).pk, limit(1, user=staff).pk]
    action = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    browse(staff).post(admin_of(Budget, "changelist"), action)
    assert not Budget.objects.filter(pk__in=chosen).exists()
    assert sorted(entry.subject for entry in log()) == ["Posters", "staff"]


# --- budgets in the admin ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["-1", "1000001", "NaN", "1e9", "much", "0.0000001"])
def test_a_negative_or_absurd_amount_is_refused_at_its_field(browse, staff, project, amount):
    form = {"scope": "project", "project": project.pk, "hard_usd": amount}
    response = browse(staff).post(admin_of(Budget, "add"), form)
    assert "hard_usd" in response.context["adminform"].form.errors
    assert not Budget.objects.exists()


def test_a_second_budget_of_the_studio_is_refused_with_a_sentence(browse, staff):
    limit(5)
    response = browse(staff).post(admin_of(Budget, "add"), {"scope": "studio", "hard_usd": "6"})
    assert "The studio has its budget already" in response.content.decode()


def test_all_budgets_are_shown_with_bars(browse, staff, project, editor):
    limit(Decimal(10), project=project)
    make_generation(editor, project)
    page = browse(staff).get(admin_of(Budget, "changelist")).content.decode()
    assert 'class="budget__bar"' in page
    assert "of $10" in page


def test_a_budget_is_lifted_for_a_day_and_holds_again(browse, staff, project):
    budget, address = limit(0, project=project), admin_of(Budget, "changelist")
    browse(staff).post(address, {"action": "lift", "_selected_action": [budget.pk]})
    budget.refresh_from_db()
    assert timedelta(hours=23) < budget.lifted_until - timezone.now() <= timedelta(days=1)
    browse(staff).post(address, {"action": "end_lift", "_selected_action": [budget.pk]})
    budget.refresh_from_db()
    assert budget.lifted_until is None
    assert [entry.user for entry in log()] == [staff, staff]


def test_the_list_of_budgets_costs_the_same_for_3_and_for_20(browse, staff, cost):
    client, address = browse(staff), admin_of(Budget, "changelist")
    for _ in range(3):
        limit(5, project=make_project())
    few = cost(client, address)
    for _ in range(17):
        limit(5, project=make_project())
    assert cost(client, address) == few


# --- the composer --------------------------------------------------------------------------------------------------


def compose(client, project, **changes):
    return client.post("/generations/", wish(project, **changes))


def test_what_is_beyond_a_hard_limit_is_422_with_a_sentence_and_keeps_nothing(browse, editor, project, staff, stored):
    limit(Decimal("0.001"), project=project)
    response = compose(browse(editor, htmx=True), project)
    assert response.status_code == 422
    assert "This would cost about" in response.content.decode()
    assert "staff can raise it." in response.content.decode()
    assert response["HX-Reswap"] == "none"
    assert not Generation.objects.exists()
    assert not Call.objects.exists()


def test_without_a_script_the_whole_page_says_so(browse, editor, project):
    limit(0, user=editor)
    response = compose(browse(editor), project)
    assert response.status_code == 422
    assert "Your $0 for" in response.content.decode()


def test_pictures_brought_along_are_not_kept_for_what_is_refused(browse, editor, project, stored):
    limit(0, project=project)
    assert compose(browse(editor), project, images=[file()]).status_code == 422
    assert not stored()
    assert not Image.objects.exists()


def test_a_second_click_gets_the_first_ones_generation_though_the_budget_is_used_up(browse, editor, project):
    client, sent = browse(editor), wish(project)
    assert client.post("/generations/", sent).status_code == 302
    limit(0, project=project)
    assert client.post("/generations/", sent).status_code == 302
    assert Generation.objects.count() == 1


def test_the_estimate_says_what_is_left_and_warns_from_the_soft_limit_on(browse, editor, project):
    limit(200, soft=100, project=project)
    client = browse(editor, htmx=True)
    shown = client.get("/composer/fields/", {"project": project.pk}).content.decode()
    assert "$200 left" in shown
    assert "has used" not in shown
    under_way = make_generation(editor, project, estimated_usd=Decimal(164))
    budgets.reserve([Call(generation=under_way)])
    shown = client.get("/composer/fields/", {"project": project.pk}).content.decode()
    assert "This project has used 82 % of its $200 for" in shown


def test_an_estimate_beyond_the_limit_says_so_before_the_button(browse, editor, project):
    limit(0, project=project)
    shown = browse(editor, htmx=True).get("/composer/fields/", {"project": project.pk}).content.decode()
    assert "are used up" in shown


def test_without_budgets_the_composer_says_nothing_of_them(browse, editor, project):
    shown = browse(editor).get("/").content.decode()
    assert " left" not in shown.partition('id="composer-estimate"')[2].partition("</form>")[0]


@pytest.fixture
def failed(editor, project):
    limit(0, project=project)
    return make_generation(editor, project, status="failed", options={"size": "1024x1024", "quality": "low"})


@pytest.mark.parametrize("action", ["run-again", "retry"])
def test_asking_again_beyond_the_limit_is_refused_with_the_same_sentence(browse, editor, failed, action):
    address = f"/generations/{failed.pk}/{action}/"
    response = browse(editor, htmx=True).post(address)
    assert response.status_code == 422
    assert "are used up" in json.loads(response["HX-Trigger"])["toast"]["message"]
    shown = browse(editor).post(address, follow=True)
    assert "are used up" in shown.content.decode()
    assert Generation.objects.count() == 1


def test_many_asked_again_beyond_the_limit_are_refused_together(browse, editor, failed):
    sent = {"action": "run-again", "chosen": [failed.pk], "confirmed": "on"}
    response = browse(editor, htmx=True).post("/generations/bulk/", sent)
    assert response.status_code == 422
    assert "are used up" in json.loads(response["HX-Trigger"])["toast"]["message"]
    assert Generation.objects.count() == 1


# --- batches -------------------------------------------------------------------------------------------------------


def batch(project):
    sent = {"source": "prompts", "prompts": "A fox\nAn owl", "models": [GPT], "sizes": ["256x256"], "number": "1"}
    return sent | {"qualities": ["low"], "format": "png", "background": "auto", "project": project.pk}


def test_a_batch_beyond_the_limit_is_refused_as_a_whole(browse, editor, project):
    limit(Decimal("0.001"), project=project)
    response = browse(editor).post("/batches/run/", batch(project))
    assert response.status_code == 422
    assert "This would cost about" in response.content.decode()
    assert not Batch.objects.exists()
    assert not Generation.objects.exists()


def test_the_plan_of_a_batch_says_what_is_left_and_what_would_be_refused(browse, editor, project):
    budget = limit(5, project=project)
    client = browse(editor, htmx=True)
    assert "$5 left" in client.post("/batches/preview/", batch(project)).content.decode()
    Budget.objects.filter(pk=budget.pk).update(hard_usd=Decimal("0.001"))
    assert "This would cost about" in client.post("/batches/preview/", batch(project)).content.decode()


def test_a_batch_within_the_limit_reserves_all_of_it_and_cancelling_gives_it_back(browse, editor, project):
    budget = limit(5, project=project)
    browse(editor).post("/batches/run/", batch(project))
    made = Batch.objects.get()
    [standing] = allowances.standings([budget])
    assert standing.reserved == sum(made.generations.values_list("estimated_usd", flat=True)) > 0
    browse(editor).post(f"/batches/{made.pk}/cancel/")
    assert allowances.standings([budget])[0].reserved == 0
