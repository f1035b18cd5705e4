"""What holds for every page alike: it works, says who may see it, and carries nothing that a strict policy forbids."""

from html.parser import HTMLParser

import pytest
from django.conf import settings

from gallery.models import Image
from tests.factory import GEMINI, GPT, make_generation, make_image

HARMLESS_DATA = {"importmap", "application/json"}


class Scan(HTMLParser):
    """Collects what the content security policy forbids, and the ids."""

    def __init__(self, html, nonce=""):
        super().__init__()
        self.forbidden, self.ids, self.language, self.nonce = [], [], None, nonce
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        self.ids += [names["id"]] if "id" in names else []
        if tag == "html":
            self.language = names.get("lang")
        inline = tag == "style" or "style" in names or any(name.startswith(("on", "hx-on")) for name in names)
        if tag == "script" and "src" not in names:
            inline = names.get("type") not in HARMLESS_DATA or not names.get("nonce")
        elsewhere = [names[name] for name in ("src", "href", "action") if "//" in (names.get(name) or "")]
        javascript = (names.get("href") or "").startswith("javascript:")
        if inline or elsewhere or javascript:
            self.forbidden.append((tag, attributes))


def scan(response):
    return Scan(response.content.decode())


def test_every_page_works_for_a_member(browse, editor, pages):
    client = browse(editor)
    assert {url: client.get(url).status_code for url in pages} == dict.fromkeys(pages, 200)


def test_every_page_works_for_staff_and_for_a_viewer(browse, staff, viewer, pages):
    for person in (staff, viewer):
        client = browse(person)
        assert {url: client.get(url).status_code for url in pages} == dict.fromkeys(pages, 200), person


def test_every_page_is_in_both_languages(browse, editor, pages):
    for language in ("en", "zh-hans"):
        client = browse(editor)
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
        for url in pages:
            response = client.get(url)
            assert (response.status_code, scan(response).language) == (200, language), url


def test_every_fragment_is_in_both_languages_and_only_a_fragment(browse, editor, fragments):
    for language in ("en", "zh-hans"):
        client = browse(editor, htmx=True)
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
        for url in fragments:
            response = client.get(url)
            assert response.status_code == 200, url
            assert scan(response).language is None, url
            assert b"<body" not in response.content, url


def test_nobody_sees_a_page_or_fragment_without_signing_in(browse, pages, fragments):
    client = browse()
    for url in pages + fragments:
        response = client.get(url)
        assert response.status_code == 302, url
        assert response["Location"].startswith("/sign-in/?next="), url


def test_a_fragment_after_the_session_ended_sends_the_whole_page_to_sign_in(browse, fragments):
    client = browse(htmx=True)
    for url in fragments:
        response = client.get(url, headers={"HX-Current-URL": "http://testserver/gallery/?q=fox"})
        assert response.status_code == 401, url
        assert response["HX-Redirect"] == "/sign-in/?next=%2Fgallery%2F%3Fq%3Dfox", url
        assert not response.content


def test_a_fragment_sends_to_sign_in_only_with_a_way_back_into_the_studio(browse, fragments):
    response = browse(htmx=True).get(fragments[-1], headers={"HX-Current-URL": "https://evil.example/x"})
    assert response["HX-Redirect"] == "/sign-in/?next=%2F"


def test_every_page_has_a_strict_policy(browse, editor, pages):
    client = browse(editor)
    for url in [*pages, "/nothing/here/"]:
        policy = client.get(url)["Content-Security-Policy"]
        assert "default-src 'none'" in policy, url
        assert "style-src 'self';" in policy + ";", url
        assert "frame-ancestors 'none'" in policy, url
        assert "unsafe" not in policy, url
        assert "*" not in policy, url


def test_no_page_or_fragment_holds_inline_code_or_style(browse, editor, pages, fragments):
    client, fragment_client = browse(editor), browse(editor, htmx=True)
    for response in [*map(client.get, pages), *map(fragment_client.get, fragments)]:
        assert scan(response).forbidden == [], response.request["PATH_INFO"]


def test_the_nonce_of_a_page_is_in_its_policy(browse, editor, pages):
    response = browse(editor).get("/")
    [nonce] = {part.split('"')[0] for part in response.content.decode().split('nonce="')[1:]}
    assert f"'nonce-{nonce}'" in response["Content-Security-Policy"]


def test_no_page_has_an_id_twice(browse, editor, pages):
    client = browse(editor)
    for url in pages:
        ids = scan(client.get(url)).ids
        assert sorted(ids) == sorted(set(ids)), url


def test_no_page_shows_a_secret(browse, staff, pages, fragments, settings):
    settings.OFOX_API_KEY = "sk-do-not-show-me"
    client, fragment_client = browse(staff), browse(staff, htmx=True)
    secrets = (settings.OFOX_API_KEY, settings.SECRET_KEY, staff.password)
    for response in [*map(client.get, [*pages, "/admin/"]), *map(fragment_client.get, fragments)]:
        text = response.content.decode()
        assert not [secret for secret in secrets if secret in text], response.request["PATH_INFO"]


def test_every_page_is_compressed_but_no_picture(browse, editor, pages, studio):
    client = browse(editor, HTTP_ACCEPT_ENCODING="gzip")
    assert client.get("/gallery/")["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in client.get(studio.picture.large_url)


def test_a_page_that_does_not_exist_is_designed_and_tells_nothing(browse, editor):
    response = browse(editor).get("/nothing/here/")
    assert response.status_code == 404
    assert b"studio.css" in response.content
    assert scan(response).forbidden == []


def test_a_form_without_its_token_is_refused_with_a_designed_page(browse, editor):
    response = browse(editor, enforce_csrf_checks=True).post("/projects/switch/")
    assert response.status_code == 403
    assert b"studio.css" in response.content
    assert scan(response).forbidden == []


def test_nothing_is_changed_by_a_get(browse, editor, studio):
    client = browse(editor)
    changing = [f"/images/{studio.picture.pk}/{verb}/" for verb in ("favourite", "trash", "restore")]
    changing += [f"/generations/{studio.generation.pk}/{verb}/" for verb in ("cancel", "run-again")]
    changing += ["/generations/", "/projects/switch/", "/sign-out/"]
    assert {url: client.get(url).status_code for url in changing} == dict.fromkeys(changing, 405)


HUGE = [str(2**70), "9" * 5000, "-1", "0", "²", "٣", "1.5", "x", "\0", "%00", "1;drop", ""]


@pytest.mark.parametrize("value", HUGE, ids=lambda value: ascii(value)[:20])
def test_no_value_in_an_address_breaks_a_page(browse, editor, value):
    image = make_image(make_generation(editor, editor.memberships.get().project))
    client = browse(editor, htmx=True)
    filters = ("before", "q", "person", "project", "status", "model", "favourites", "trash")
    for url in ("/gallery/", "/history/", f"/images/{image.pk}/"):
        assert client.get(url, dict.fromkeys(filters, value)).status_code == 200, url
    for name in ("before", "edit", "reuse", "prompt"):
        assert client.get("/", {name: value}).status_code in (200, 404), name
    fields = ("attached", "number", "size", "quality", "project", "image_size", "format", "token")
    for model in (GPT, GEMINI, value):
        response = client.get("/composer/fields/", {"model": model, **dict.fromkeys(fields, value)})
        assert response.status_code == 200, model


@pytest.mark.parametrize("value", [str(2**70), "9" * 5000, "0", "-1", "²"], ids=lambda value: ascii(value)[:20])
def test_no_number_in_a_path_breaks_a_page(browse, staff, value):
    client = browse(staff)
    for before in ("images", "generations", "projects", "composer/attachments"):
        assert client.get(f"/{before}/{value}/").status_code == 404
    for path in (f"/images/{value}/favourite/", f"/images/{value}/trash/", f"/generations/{value}/cancel/"):
        assert client.post(path).status_code == 404
    for path in (f"/projects/{value}/members/", f"/projects/{value}/members/{value}/remove/"):
        assert client.post(path).status_code == 404
    assert client.get(f"/images/{value}/large/{'a' * 16}/").status_code == 404


@pytest.mark.parametrize("value", HUGE, ids=lambda value: ascii(value)[:20])
def test_no_value_in_a_form_breaks_it(browse, editor, studio, stored, value):
    client = browse(editor, htmx=True)
    before = Image.objects.count()
    for name in ("token", "model", "number", "project", "attached", "size", "quality", "format", "background"):
        form = {"prompt": "A fox", "number": "1", "model": "openai/gpt-image-2", "project": "0", name: value}
        assert client.post("/generations/", form).status_code in (404, 422), name
    assert client.post("/projects/switch/", {"project": value}).status_code == 404
    assert (Image.objects.count(), stored()) == (before, [])


def test_text_in_another_encoding_than_utf_8_breaks_no_page(browse, editor, studio):
    """UTF-7 can spell half a surrogate pair, which no database stores and no page can show."""
    client = browse(editor)
    response = client.get("/gallery/?q=%2B2AA-", headers={"Content-Type": "text/plain; charset=utf-7"})
    assert response.status_code in (200, 400)
    body = b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n+2AA-\r\n--x--\r\n'
    response = client.post("/generations/", body, content_type="multipart/form-data; boundary=x; charset=utf-7")
    assert response.status_code in (400, 422)


def test_the_policy_stands_in_the_settings_of_the_product():
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert directives["default-src"] == ["'none'"]
