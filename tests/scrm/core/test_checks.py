"""Production refuses unsafe settings, each with one sentence and without the value."""

import base64
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from scrm.core import checks
from scrm.settings.env import refusing_in_words

ROOT = Path(django_settings.BASE_DIR)


def key(seed: int) -> str:
    return base64.b64encode(bytes((seed * 7 + i * 11) % 256 for i in range(32))).decode()


SAFE: dict[str, Any] = {
    "PRODUCTION": True,
    "DEBUG": False,
    "DEMO_MODE": False,
    "SECRET_KEY": "".join(chr(97 + (i * 7) % 26) for i in range(64)),
    "FIELD_KEYS": f"1:{key(1)}",
    "BLIND_INDEX_KEY": key(2),
    "AUDIT_KEY": key(3),
    "ALLOWED_HOSTS": ["scrm.example.com"],
    "BASE_URL": "https://scrm.example.com",
    "WECOM_API_BASE": "https://qyapi.weixin.qq.com",
    "WECHAT_API_BASE": "https://api.weixin.qq.com",
    "REDIS_URL": "redis://:secret@redis:6379/0",
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "TRUSTED_PROXIES": 1,
    "AXES_ENABLED": True,
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.PBKDF2PasswordHasher"],
    "PASSWORD_LOGIN": True,
    "SECOND_STEP_REQUIRED": True,
    "OIDC": {"issuer": "https://sso.example.com", "match": "userid"},
    "WECOM_CORP_ID": "ww0corp",
    "WECOM_APPS": {"scrm": {"agent_id": 1, "secret": "s", "token": "t", "aes_key": "k" * 43}},
}
DATABASE = {"HOST": "db", "USER": "scrm", "PASSWORD": "p", "NAME": "scrm"}


@pytest.fixture
def safe(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings as production should have them."""
    monkeypatch.delenv("SCRM_DEBUG", raising=False)
    for name, value in SAFE.items():
        setattr(settings, name, value)
    monkeypatch.setitem(
        django_settings.DATABASES, "default", {**django_settings.DATABASES["default"], **DATABASE}
    )
    return settings


def test_safe_settings_raise_nothing(safe: Settings) -> None:
    assert checks.unsafe_settings() == []
    assert checks.production_settings(None) == []


DEVELOPMENT_KEY = base64.b64encode(b"development-only-field-key!!!!!!").decode()
UNSAFE: list[tuple[str, str, Any]] = [
    ("E001", "SECRET_KEY", ""),
    ("E001", "SECRET_KEY", "tooshort"),
    ("E001", "SECRET_KEY", "a" * 64),
    ("E001", "SECRET_KEY", "development-only-" + "x" * 40 + "abcdefgh"),
    ("E001", "SECRET_KEY", "django-insecure-" + "abcdefghijklmnopqrstuvwxyz0123456789"),
    ("E002", "FIELD_KEYS", ""),
    ("E002", "FIELD_KEYS", "1:short"),
    ("E002", "FIELD_KEYS", key(9)),
    ("E002", "FIELD_KEYS", f"1:{DEVELOPMENT_KEY}"),
    ("E003", "BLIND_INDEX_KEY", ""),
    ("E003", "BLIND_INDEX_KEY", "bm90IGxvbmc="),
    ("E004", "AUDIT_KEY", ""),
    ("E004", "AUDIT_KEY", DEVELOPMENT_KEY),
    ("E005", "AUDIT_KEY", key(2)),
    ("E006", "DEBUG", True),
    ("E007", "ALLOWED_HOSTS", ["*"]),
    ("E007", "ALLOWED_HOSTS", []),
    ("E008", "BASE_URL", "http://scrm.example.com"),
    ("E008", "BASE_URL", "https://scrm.example.com/app"),
    ("E008", "BASE_URL", "https://127.0.0.1"),
    ("E009", "DEMO_MODE", True),
    ("E010", "WECOM_API_BASE", "http://qyapi.weixin.qq.com"),
    ("E013", "REDIS_URL", "redis://redis:6379/0"),
    ("E013", "REDIS_URL", "rediss://:p@redis:6379/0?ssl_cert_reqs=none"),
    ("E014", "SESSION_COOKIE_SECURE", False),
    ("E015", "WECOM_APPS", {"scrm": {"secret": "s", "token": "t", "aes_key": "short"}}),
    ("E015", "WECOM_APPS", {"scrm": {"secret": "s", "token": "", "aes_key": "k" * 43}}),
    ("E016", "TRUSTED_PROXIES", 99),
    ("E017", "PASSWORD_HASHERS", ["django.contrib.auth.hashers.MD5PasswordHasher"]),
    ("E017", "AXES_ENABLED", False),
    ("E021", "SECOND_STEP_REQUIRED", False),
    ("E022", "OIDC", {"issuer": "http://sso.example.com", "match": "userid"}),
    ("E023", "OIDC", {"issuer": "", "match": "email"}),
    ("E019", "WECOM_CORP_ID", ""),
    ("E020", "WECOM_APPS", {"scrm": {"secret": "", "token": "t", "aes_key": "k" * 43}}),
]


@pytest.mark.parametrize(("code", "name", "value"), UNSAFE)
def test_each_unsafe_setting_is_refused_by_its_own_sentence(
    safe: Settings, code: str, name: str, value: Any
) -> None:
    setattr(safe, name, value)

    problems = checks.unsafe_settings()

    assert [problem[0] for problem in problems] == [code]
    sentence = problems[0][1]
    assert sentence.endswith(".")
    assert value in ("", True, False) or str(value) not in sentence
    (message,) = checks.production_settings(None)
    assert (message.id, message.is_serious()) == (f"scrm.{code}", True)


@pytest.mark.parametrize(
    ("code", "part"), [("E011", {"PASSWORD": ""}), ("E012", {"USER": "postgres"})]
)
def test_an_unsafe_database_is_refused(
    safe: Settings, monkeypatch: pytest.MonkeyPatch, code: str, part: dict[str, str]
) -> None:
    monkeypatch.setitem(
        django_settings.DATABASES, "default", {**django_settings.DATABASES["default"], **part}
    )

    assert [problem[0] for problem in checks.unsafe_settings()] == [code]


def test_the_variable_of_debug_is_refused_though_production_does_not_read_it(
    safe: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRM_DEBUG", "1")

    assert [problem[:2] for problem in checks.unsafe_settings()] == [
        ("E006", "SCRM_DEBUG is on: it is for development only.")
    ]


def test_all_problems_are_told_at_once(
    safe: Settings, capsys: pytest.CaptureFixture[str], db: None
) -> None:
    safe.SECRET_KEY = "tooshort"
    safe.FIELD_KEYS = ""
    safe.DEBUG = True

    with pytest.raises(SystemExit) as caught:
        checks.refuse_unsafe()

    assert caught.value.code == 78
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Refusing to start with unsafe settings:"
    assert [line.split()[0] for line in lines[1:]] == ["scrm.E001", "scrm.E002", "scrm.E006"]


def test_development_starts_with_anything(safe: Settings) -> None:
    safe.PRODUCTION = False
    safe.SECRET_KEY = ""

    checks.refuse_unsafe()
    assert checks.production_settings(None) == []


def test_a_locale_that_cannot_tell_chinese_letters_is_refused(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks.database_locale(None) == []

    monkeypatch.setattr(checks, "_locale_problem", lambda: "The database has the locale C.")

    (message,) = checks.database_locale(None)
    assert message.id == "scrm.E018"


def test_a_typing_error_in_a_variable_is_warned_of_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SCRM_BASE_ULR", "https://x")
    monkeypatch.setenv("SCRM_BASE_URL", "https://x")
    monkeypatch.setenv("SCRM_FIELD_KEYS_FILE", "/run/secrets/x")

    warnings = {message.msg: message.hint for message in checks.unknown_variables(None)}

    assert warnings["SCRM_BASE_ULR is not known."] == "Did you mean SCRM_BASE_URL?"
    assert "SCRM_BASE_URL is not known." not in warnings
    assert "SCRM_FIELD_KEYS_FILE is not known." not in warnings


def test_every_variable_the_settings_read_is_in_the_example_and_none_more() -> None:
    import re

    read = set()
    for name in ("base", "people", "dev", "test"):
        source = (ROOT / "scrm" / "settings" / f"{name}.py").read_text()
        read |= set(re.findall(r'env_(?:str|bool|int|list)\(\s*"([A-Z0-9_]+)"', source))
    # What the containers read, the product does not.
    read |= {"COMPOSE_PROFILES", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "SCRM_TLS", "SCRM_ENV_FILE"}
    example = set(checks.VARIABLE.findall((ROOT / ".env.example").read_text()))

    assert sorted(read - example) == []
    assert sorted(example - read) == []


ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "scrm.settings.base",
    "SECRET_KEY": SAFE["SECRET_KEY"],
    "SCRM_FIELD_KEYS": SAFE["FIELD_KEYS"],
    "SCRM_BLIND_INDEX_KEY": SAFE["BLIND_INDEX_KEY"],
    "SCRM_AUDIT_KEY": SAFE["AUDIT_KEY"],
    "SCRM_BASE_URL": "https://scrm.example.com",
    "DATABASE_URL": "postgres://scrm:password@127.0.0.1:9/scrm",
    "REDIS_URL": "redis://:password@127.0.0.1:6379/0",
    "WECOM_CORP_ID": "ww0corp",
    "WECOM_AGENT_SECRET": "only-for-this-test",
    "PATH": os.environ["PATH"],
}


def manage(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_check_deploy_has_nothing_to_say_in_production() -> None:
    result = manage(ENVIRONMENT, "manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("SECRET_KEY", "", "E001"),
        ("SCRM_AUDIT_KEY", "", "E004"),
        ("SCRM_BASE_URL", "http://x", "E008"),
    ],
)
def test_a_server_process_does_not_start(name: str, value: str, code: str) -> None:
    result = manage({**ENVIRONMENT, name: value}, "-c", "import scrm.wsgi")

    assert result.returncode != 0
    assert code in result.stderr or name in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SCRM_TRUSTED_PROXIES", "two", "SCRM_TRUSTED_PROXIES must be a whole number, not 'two'."),
        ("SCRM_SSL_REDIRECT", "maybe", "SCRM_SSL_REDIRECT must be 1 or 0, not 'maybe'."),
        (
            "DATABASE_URL",
            "mysql://u:hush@h/d",
            "DATABASE_URL must begin with postgres://; only PostgreSQL is supported.",
        ),
        (
            "DATABASE_URL",
            "postgres://u:hush@h:port/d",
            "DATABASE_URL must look like postgres://user:password@host:5432/name; its port is a number up to 65535.",
        ),
        ("SECRET_KEY_FILE", "/nowhere", "SECRET_KEY_FILE names /nowhere, which is not a file."),
    ],
)
def test_an_unusable_setting_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    sentence: str,
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as caught, refusing_in_words():
        runpy.run_path(str(ROOT / "scrm" / "settings" / "base.py"))

    assert caught.value.code == 78
    assert capsys.readouterr().err == f"Refusing to start: {sentence}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("manage.py", "doctor"),
        ("-c", "import scrm.wsgi"),
        ("-m", "celery", "-A", "scrm", "worker"),
        ("-m", "celery", "-A", "scrm", "beat"),
        ("-m", "celery", "-A", "scrm", "inspect", "ping"),
    ],
)
def test_a_program_ends_with_the_sentence_and_no_traceback(arguments: tuple[str, ...]) -> None:
    result = manage({**ENVIRONMENT, "DATABASE_URL": "mysql://u:hush@h/d"}, *arguments)

    assert (result.returncode, result.stderr) == (
        78,
        "Refusing to start: DATABASE_URL must begin with postgres://; only PostgreSQL is supported.\n",
    )
