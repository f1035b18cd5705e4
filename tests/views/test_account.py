"""Signing in and out, the password, the language."""

import pytest

from tests.factory import PASSWORD


def sign_in(client, username="editor", password=PASSWORD, **more):
    return client.post("/sign-in/", {"username": username, "password": password, **more})


def test_the_form_has_the_names_that_people_and_scripts_rely_on(browse, db):
    html = browse().get("/sign-in/").content.decode()
    for label in ("Username</label>", "Password</label>", "Sign in</button>"):
        assert label in html, label


def test_signing_in_leads_to_the_studio_or_to_where_one_was_going(browse, editor):
    assert sign_in(browse())["Location"] == "/"
    assert sign_in(browse(), next="/gallery/?q=fox")["Location"] == "/gallery/?q=fox"


@pytest.mark.parametrize("next", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_elsewhere(browse, editor, next):
    assert sign_in(browse(), next=next)["Location"] == "/"


@pytest.mark.parametrize(
    ("username", "password"),
    [("editor", "wrong"), ("nobody", PASSWORD), ("", ""), ("a\0b", "x"), ("<script>", "x"), ("x" * 5000, "x")],
)
def test_a_wrong_sign_in_gets_a_sentence_and_no_session(browse, editor, username, password):
    client = browse()
    response = sign_in(client, username, password)
    assert 'role="alert"' in response.content.decode()
    assert "<script>" not in response.content.decode().replace('<script src="', "")
    assert client.get("/")["Location"].startswith("/sign-in/")


def test_somebody_who_was_deactivated_is_out_at_once(browse, editor):
    client = browse(editor)
    editor.is_active = False
    editor.save()
    assert client.get("/gallery/").status_code == 302
    assert sign_in(browse()).status_code == 200


def test_who_is_signed_in_already_goes_on(browse, editor):
    assert browse(editor).get("/sign-in/")["Location"] == "/"


def test_signing_out_takes_a_press_and_ends_the_session(browse, editor):
    client = browse(editor)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/")["Location"].startswith("/sign-in/")


def test_the_session_cookie_is_out_of_scripts_reach(browse, editor):
    cookie = sign_in(browse()).cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_a_password_can_be_changed(browse, editor):
    client = browse(editor)
    assert client.get("/password/").status_code == 200
    form = {"old_password": PASSWORD, "new_password1": "battery staple 9", "new_password2": "battery staple 9"}
    assert client.post("/password/", form)["Location"] == "/"
    assert sign_in(browse(), password="battery staple 9").status_code == 302


@pytest.mark.parametrize("new", ["short", "12345678", "password"])
def test_a_weak_password_is_refused_with_a_sentence(browse, editor, new):
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    response = browse(editor).post("/password/", form)
    assert 'role="alert"' in response.content.decode()
    assert sign_in(browse()).status_code == 302


def test_the_language_can_be_switched_before_and_after_signing_in(browse, editor):
    for client in (browse(), browse(editor)):
        response = client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/sign-in/"})
        assert response["Location"] == "/sign-in/"
        assert b'<html lang="zh-hans"' in client.get("/sign-in/", follow=True).content


@pytest.mark.parametrize("cookie", ["x", '"\\000"', "9" * 4000, "²"])
def test_a_session_that_never_was_is_that_of_nobody(browse, db, cookie):
    client = browse()
    client.cookies.load(f"sessionid={cookie}")
    assert client.get("/gallery/")["Location"].startswith("/sign-in/")
