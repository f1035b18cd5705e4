"""Environment values are read strictly: a wrong one stops the start with a sentence that names it."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from imagestudio import env


@pytest.fixture
def given(monkeypatch):
    """Sets STUDIO_THING; None leaves it out."""

    def put(value, name="STUDIO_THING"):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)

    return put


def test_an_absent_or_empty_value_is_the_default(given):
    for value in (None, "", "  "):
        given(value)
        assert env.text("STUDIO_THING", "default") == "default"
        assert env.number("STUDIO_THING", 7) == 7
        assert env.words("STUDIO_THING", "a,b") == ["a", "b"]
        assert env.url("STUDIO_THING", "http://here") == "http://here"


def test_space_around_a_value_does_not_count(given):
    given(" fox\n")
    assert env.text("STUDIO_THING") == "fox"


def test_a_secret_may_come_from_a_file(given, tmp_path):
    file = tmp_path / "secret"
    file.write_text("sk-123\n")
    given("ignored")
    given(str(file), "STUDIO_THING_FILE")
    assert env.text("STUDIO_THING") == "sk-123"


def test_a_secrets_file_that_cannot_be_read_is_named(given, tmp_path):
    given(str(tmp_path / "none"), "STUDIO_THING_FILE")
    with pytest.raises(
        ImproperlyConfigured, match=r"STUDIO_THING_FILE names .*none, which cannot be read: No such file"
    ):
        env.text("STUDIO_THING")


@pytest.mark.parametrize("value", ["1", "true", "YES", "On"])
def test_words_for_yes(given, value):
    given(value)
    assert env.flag("STUDIO_THING") is True


@pytest.mark.parametrize("value", ["0", "false", "NO", "off"])
def test_words_for_no(given, value):
    given(value)
    assert env.flag("STUDIO_THING", True) is False


def test_a_flag_left_out_is_its_default(given):
    given(None)
    assert [env.flag("STUDIO_THING"), env.flag("STUDIO_THING", True)] == [False, True]


@pytest.mark.parametrize("value", ["maybe", "2", "tru"])
def test_a_flag_that_is_neither_is_refused(given, value):
    given(value)
    with pytest.raises(ImproperlyConfigured, match=f"STUDIO_THING is '{value}'; it must be true or false."):
        env.flag("STUDIO_THING")


@pytest.mark.parametrize("value", ["ten", "1.5", "1e3", "0x10"])
def test_a_number_that_is_none_is_refused(given, value):
    given(value)
    with pytest.raises(ImproperlyConfigured, match=r"STUDIO_THING is .* it must be a whole number"):
        env.number("STUDIO_THING", 1)


@pytest.mark.parametrize(("value", "fits"), [("0", False), ("1", True), ("9", True), ("10", False), ("-3", False)])
def test_a_number_has_bounds(given, value, fits):
    given(value)
    if fits:
        assert env.number("STUDIO_THING", 5, most=9) == int(value)
    else:
        with pytest.raises(ImproperlyConfigured, match=f"STUDIO_THING is {value}; it must lie between 1 and 9"):
            env.number("STUDIO_THING", 5, most=9)


def test_a_list_is_separated_by_commas(given):
    given("studio.example, 10.0.0.1 ,,")
    assert env.words("STUDIO_THING") == ["studio.example", "10.0.0.1"]


def test_a_url_loses_the_slash_at_its_end(given):
    given("https://api.ofox.ai/")
    assert env.url("STUDIO_THING", "") == "https://api.ofox.ai"


@pytest.mark.parametrize("value", ["api.ofox.ai", "ftp://x", "https//x", "http://", "https:///v1"])
def test_a_url_without_http_or_a_host_is_refused(given, value):
    given(value)
    with pytest.raises(ImproperlyConfigured, match=r"STUDIO_THING is .* it must begin with http:// or https://"):
        env.url("STUDIO_THING", "")
