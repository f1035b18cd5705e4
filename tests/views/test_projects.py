"""A project and its members: who may look, who may change, and that somebody always can."""

import pytest

from gallery.models import Membership
from gallery.models.projects import Role
from tests.factory import make_member, make_project, make_user


@pytest.fixture
def page(project):
    return f"/projects/{project.pk}/"


def role_of(person, project):
    membership = Membership.objects.filter(user=person, project=project).first()
    return membership and membership.role


def test_every_member_sees_the_members_and_only_managers_the_forms(browse, viewer, editor, manager, page):
    for person, manages in ((viewer, False), (editor, False), (manager, True)):
        response = browse(person).get(page)
        assert response.context["can_manage"] is manages
        assert "viewer" in response.content.decode()
        assert (b"/members/" in response.content) is manages


def test_a_stranger_finds_no_project(browse, stranger, viewer, project, page):
    client, membership = browse(stranger), Membership.objects.get(user=viewer)
    assert client.get(page).status_code == 404
    assert client.post(f"{page}members/", {"username": "stranger", "role": "manager"}).status_code == 404
    assert client.post(f"{page}members/{membership.pk}/remove/").status_code == 404
    assert client.post("/projects/switch/", {"project": project.pk}).status_code == 404
    assert role_of(stranger, project) is None


@pytest.mark.parametrize("who", ["viewer", "editor"])
def test_others_than_managers_change_nothing(browse, request, project, manager, page, who):
    person = request.getfixturevalue(who)
    client = browse(person)
    assert client.post(f"{page}members/", {"username": who, "role": "manager"}).status_code == 403
    remove = f"{page}members/{Membership.objects.get(user=manager).pk}/remove/"
    assert client.post(remove).status_code == 403
    assert (role_of(person, project), role_of(manager, project)) == (who, "manager")


def test_a_manager_adds_a_person_and_changes_a_role(browse, manager, project, page):
    newcomer = make_user("newcomer")
    client = browse(manager)
    for role in ("viewer", "editor"):
        response = client.post(f"{page}members/", {"username": "newcomer", "role": role})
        assert response["Location"] == page
        assert role_of(newcomer, project) == role


def test_a_manager_removes_a_person(browse, manager, editor, project, page):
    membership = Membership.objects.get(user=editor)
    assert browse(manager).post(f"{page}members/{membership.pk}/remove/", follow=True).status_code == 200
    assert role_of(editor, project) is None
    assert browse(editor).get(page).status_code == 404


def test_staff_manage_every_project(browse, staff, manager, editor, project, page):
    assert browse(staff).post(f"{page}members/", {"username": "editor", "role": "viewer"}).status_code == 302
    assert role_of(editor, project) == "viewer"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"username": "nobody", "role": "viewer"}, "username"),
        ({"username": "", "role": "viewer"}, "username"),
        ({"username": "gone", "role": "viewer"}, "username"),
        ({"username": "a\0b", "role": "viewer"}, "username"),
        ({"username": "viewer", "role": "king"}, "role"),
        ({}, "username"),
    ],
)
def test_a_form_that_is_wrong_says_so_at_the_field(browse, manager, viewer, project, page, form, field):
    make_user("gone", is_active=False)
    response = browse(manager).post(f"{page}members/", form)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert 'role="alert"' in response.content.decode()
    assert (role_of(viewer, project), project.memberships.count()) == ("viewer", 2)


def test_the_last_manager_can_neither_go_nor_become_less(browse, manager, project, page):
    client, membership = browse(manager), Membership.objects.get(user=manager)
    response = client.post(f"{page}members/", {"username": "manager", "role": "editor"})
    assert response.status_code == 422
    assert "needs a manager" in response.content.decode()
    response = client.post(f"{page}members/{membership.pk}/remove/", follow=True)
    assert "needs a manager" in response.content.decode()
    assert role_of(manager, project) == "manager"


def test_staff_cannot_remove_the_last_manager_either(browse, staff, manager, project, page):
    membership = Membership.objects.get(user=manager)
    browse(staff).post(f"{page}members/{membership.pk}/remove/")
    assert role_of(manager, project) == "manager"


def test_one_of_two_managers_may_leave_and_lands_on_a_page_that_is_theirs(browse, manager, project, page):
    make_member(project, Role.MANAGER)
    membership = Membership.objects.get(user=manager)
    response = browse(manager).post(f"{page}members/{membership.pk}/remove/", follow=True)
    assert response.status_code == 200
    assert role_of(manager, project) is None


def test_a_membership_of_another_project_is_not_found(browse, manager, stranger, page):
    theirs = Membership.objects.get(user=stranger)
    assert browse(manager).post(f"{page}members/{theirs.pk}/remove/").status_code == 404
    assert Membership.objects.filter(pk=theirs.pk).exists()


def test_switching_the_project_leads_back_to_where_one_was(browse, editor):
    other = make_project("Another")
    make_member(other, user=editor)
    client = browse(editor)
    response = client.post("/projects/switch/", {"project": other.pk, "next": "/gallery/?q=fox"})
    assert response["Location"] == "/gallery/?q=fox"
    assert client.get("/").context["shell"].project == other
    assert client.get("/").context["composer"]["project"].value() == other.pk


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "", "\\\\evil"])
def test_switching_never_leads_elsewhere(browse, editor, project, back):
    response = browse(editor).post("/projects/switch/", {"project": project.pk, "next": back})
    assert response["Location"] == "/"


def test_a_project_one_was_taken_out_of_is_chosen_no_more(browse, editor, project):
    other = make_project("Another")
    make_member(other, user=editor)
    client = browse(editor)
    client.post("/projects/switch/", {"project": other.pk})
    Membership.objects.filter(project=other).delete()
    assert client.get("/").context["shell"].project == project


def test_the_page_costs_the_same_for_3_members_and_for_20(browse, manager, project, page, cost):
    client = browse(manager)
    make_member(project)
    few = cost(client, page)
    for _ in range(18):
        make_member(project)
    assert cost(client, page) == few
