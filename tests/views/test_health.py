"""The addresses that machines ask: load balancers, and browsers in search of an icon."""


def test_it_answers_anybody_without_touching_the_database(browse):
    response = browse().get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_it_answers_over_http_where_pages_want_https(browse, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert browse().get("/healthz").status_code == 200
    assert browse().get("/sign-in/").status_code == 301


def test_a_page_that_names_no_icon_finds_one(browse, db):
    assert browse().get("/favicon.ico")["Location"] == "/static/favicon.svg"
