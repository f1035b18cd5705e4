"""Settings and .env.example say the same, and a wrong value stops the start with a sentence."""

import ast
import re
import subprocess
import sys

import pytest
from django.conf import settings

EXAMPLE = (settings.BASE_DIR / ".env.example").read_text()
SHOWN = dict(re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", EXAMPLE, re.MULTILINE))


def settings_read():
    """Name to default (None where it is no constant) of every `env.…("NAME", default)` in settings.py."""
    tree = ast.parse((settings.BASE_DIR / "imagestudio" / "settings.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    reads = [call.args for call in calls if isinstance(call.func.value, ast.Name) and call.func.value.id == "env"]
    return {args[0].value: getattr(args[1], "value", None) if args[1:] else None for args in reads}


def compose_reads():
    return set(re.findall(r"\$\{([A-Z0-9_]+)", (settings.BASE_DIR / "compose.yaml").read_text()))


def start(**environment):
    """What a process says that reads the settings in this environment."""
    command = [sys.executable, "-c", "import imagestudio.settings"]
    return subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)


def test_every_setting_is_in_the_example_and_nothing_else():
    assert set(SHOWN) == set(settings_read()) | compose_reads()


def test_the_example_shows_the_defaults():
    defaults = {name: default for name, default in settings_read().items() if default is not None}
    assert {name: SHOWN[name] for name in defaults} == {name: str(default) for name, default in defaults.items()}


def test_the_environment_is_read_in_one_place():
    readers = [
        file.name
        for folder in ("gallery", "imagestudio")
        for file in (settings.BASE_DIR / folder).rglob("*.py")
        if file.name != "settings_test.py"
        and re.search(r"environ\.get|environ\[[^]]+\](?! =)|getenv", file.read_text())
    ]
    assert readers == ["env.py"]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("STUDIO_PORT", "eighty", "STUDIO_PORT is 'eighty'; it must be a whole number."),
        ("STUDIO_PORT", "70000", "STUDIO_PORT is 70000; it must lie between 1 and 65535."),
        ("STUDIO_HTTPS", "perhaps", "STUDIO_HTTPS is 'perhaps'; it must be true or false."),
        ("OFOX_BASE_URL", "api.ofox.ai", "OFOX_BASE_URL is 'api.ofox.ai'; it must begin with http:// or https://."),
        ("DATABASE_URL", "nonsense://x", "DATABASE_URL cannot be read"),
        ("STUDIO_MAIL_URL", "mail.example.com", "STUDIO_MAIL_URL must look like smtps://user:password@mail"),
        ("STUDIO_MAIL_URL", "pop3://mail.example.com", "STUDIO_MAIL_URL must look like smtps://user:password@mail"),
        ("OFOX_API_KEY_FILE", "/nowhere/key", "OFOX_API_KEY_FILE names /nowhere/key, which cannot be read"),
    ],
)
def test_a_wrong_value_stops_the_start_with_a_sentence(tmp_path, name, value, sentence):
    started = start(STUDIO_DATA_DIR=str(tmp_path), **{name: value})
    assert started.returncode != 0
    assert sentence in started.stderr.splitlines()[-1]


def test_a_secret_may_come_from_a_file(tmp_path):
    (tmp_path / "key").write_text("from a file\n")
    code = "from imagestudio import settings; print(settings.OFOX_API_KEY)"
    environment = {"STUDIO_DATA_DIR": str(tmp_path), "OFOX_API_KEY_FILE": str(tmp_path / "key")}
    shown = subprocess.check_output([sys.executable, "-c", code], cwd=settings.BASE_DIR, env=environment, text=True)
    assert shown == "from a file\n"


def test_the_secret_key_is_made_once_and_kept_for_its_owner(tmp_path):
    code = "from imagestudio import settings; print(settings.SECRET_KEY)"
    keys = {
        subprocess.check_output(
            [sys.executable, "-c", code], cwd=settings.BASE_DIR, env={"STUDIO_DATA_DIR": str(tmp_path)}
        )
        for _ in range(2)
    }
    assert len(keys) == 1
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600
