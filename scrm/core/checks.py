"""Refuses to run in production with settings that are not safe: one sentence each, never a value."""

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from scrm.core.crypto import decode_key, parse_field_keys, parse_index_keys
from scrm.settings.env import UNUSABLE, env_bool

SECRET_KEY_LENGTH = 50
REAL_API_HOSTS = frozenset({"qyapi.weixin.qq.com"})
LOCAL_HOSTS = frozenset({"", "127.0.0.1", "localhost", "::1"})
# What the keys in settings/dev.py begin with: they are published and protect nothing.
DEVELOPMENT_MARK = "development-only"
VARIABLE = re.compile(r"^#?\s?([A-Z][A-Z0-9_]+)=", re.MULTILINE)

# Read by tests alone: a folder of sample payloads for an optional contract test.
FOR_TESTS = ("WECHAT_SAMPLES", "WECOM_SAMPLES")

Problem = tuple[str, str, str]


def is_production() -> bool:
    """Tell whether these are production's settings: everything that does not build on settings/dev.py."""
    return bool(settings.PRODUCTION)


def _secret_key() -> Iterator[Problem]:
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's own word for an empty one
        key = ""
    if len(key) < SECRET_KEY_LENGTH or len(set(key)) < 8:
        yield (
            "E001",
            "SECRET_KEY is empty or shorter than 50 random characters.",
            "Run: python -c 'import secrets; print(secrets.token_urlsafe(64))'",
        )
    elif key.startswith((DEVELOPMENT_MARK, "django-insecure")):
        yield "E001", "SECRET_KEY is the published development key.", "Make one of your own."


def _is_published(key: bytes) -> bool:
    return key.startswith(DEVELOPMENT_MARK.encode())


def _keys() -> Iterator[Problem]:
    hint = "Run: openssl rand -base64 32; keep a copy apart from the database's backups."
    try:
        ring = parse_field_keys(settings.FIELD_KEYS)
        if any(_is_published(key) for key in ring.values()):
            yield "E002", "SCRM_FIELD_KEYS holds the published development key.", hint
    except ImproperlyConfigured as error:
        yield "E002", str(error), hint
    for code, name, value in (
        ("E003", "SCRM_BLIND_INDEX_KEY", settings.BLIND_INDEX_KEY),
        ("E004", "SCRM_AUDIT_KEY", settings.AUDIT_KEY),
    ):
        try:
            if not value:
                yield code, f"{name} is not set.", hint
            elif any(map(_is_published, _decoded(name, value))):
                yield code, f"{name} is the published development key.", hint
        except ImproperlyConfigured as error:
            yield code, str(error), hint


def _decoded(name: str, value: str) -> Sequence[bytes]:
    if name == "SCRM_BLIND_INDEX_KEY":
        return parse_index_keys(value)
    return [decode_key(value, name)]


def _parameter_key() -> Iterator[Problem]:
    if "," in settings.BLIND_INDEX_KEY and not settings.PARAMETER_KEY:
        yield (
            "E024",
            "SCRM_BLIND_INDEX_KEY holds two keys while SCRM_PARAMETER_KEY is not set: printed codes would stop being ours.",
            "With the old key alone run `manage.py keys parameter`, and set SCRM_PARAMETER_KEY to what it prints.",
        )


def _same_keys() -> Iterator[Problem]:
    parts = [entry.partition(":")[2] for entry in settings.FIELD_KEYS.split(",") if entry.strip()]
    indexes = [part.strip() for part in settings.BLIND_INDEX_KEY.split(",")]
    values = [value for value in [*parts, *indexes, settings.AUDIT_KEY] if value]
    if len(set(values)) < len(values):
        yield (
            "E005",
            "Two of SCRM_FIELD_KEYS, SCRM_BLIND_INDEX_KEY and SCRM_AUDIT_KEY are the same key.",
            "Make one key for each.",
        )


def _debug() -> Iterator[Problem]:
    if settings.DEBUG:
        yield (
            "E006",
            "DEBUG is on: error pages would show settings and personal data.",
            "Unset SCRM_DEBUG.",
        )
    elif env_bool("SCRM_DEBUG", default=False):
        yield "E006", "SCRM_DEBUG is on: it is for development only.", "Unset SCRM_DEBUG."


def _hosts() -> Iterator[Problem]:
    if "*" in settings.ALLOWED_HOSTS or not settings.ALLOWED_HOSTS:
        yield (
            "E007",
            "SCRM_ALLOWED_HOSTS is empty or '*': anybody could forge links by the Host header.",
            "Name the trusted domain.",
        )


def _base_url() -> Iterator[Problem]:
    parts = urlsplit(settings.BASE_URL)
    if parts.scheme != "https":
        yield (
            "E008",
            "SCRM_BASE_URL does not begin with https://.",
            "Set it to the trusted domain, with TLS in front.",
        )
    elif parts.path not in {"", "/"} or parts.query or parts.fragment:
        yield (
            "E008",
            "SCRM_BASE_URL has a path; it is only https:// and the host.",
            "Cut off what follows the host.",
        )
    elif (parts.hostname or "") in LOCAL_HOSTS:
        yield (
            "E008",
            "SCRM_BASE_URL names this machine only; WeCom could not call it.",
            "Set the trusted domain.",
        )


def _demo_mode() -> Iterator[Problem]:
    if settings.DEMO_MODE and urlsplit(settings.WECOM_API_BASE).hostname not in LOCAL_HOSTS:
        yield (
            "E009",
            "SCRM_DEMO_MODE is on while WECOM_API_BASE is a real one: demo data would reach real customers.",
            "Unset SCRM_DEMO_MODE.",
        )


def _api_base() -> Iterator[Problem]:
    for name, host in (
        ("WECOM_API_BASE", "qyapi.weixin.qq.com"),
        ("WECHAT_API_BASE", "api.weixin.qq.com"),
    ):
        if urlsplit(getattr(settings, name)).scheme != "https" and not settings.DEMO_MODE:
            yield (
                "E010",
                f"{name} is not https: secrets would cross the network in clear.",
                f"Unset it to use https://{host}.",
            )


def _database() -> Iterator[Problem]:
    options = settings.DATABASES["default"]
    is_socket = str(options.get("HOST", "")).startswith("/") or not options.get("HOST")
    if not options.get("PASSWORD") and not is_socket:
        yield "E011", "DATABASE_URL has no password.", "Set a password for the database role."
    if options.get("USER") == "postgres":
        yield (
            "E012",
            "DATABASE_URL logs in as the superuser postgres.",
            "Make a role of its own that owns only this database.",
        )


def _redis() -> Iterator[Problem]:
    parts = urlsplit(settings.REDIS_URL)
    if (
        parts.scheme in {"redis", "rediss"}
        and not parts.password
        and (parts.hostname or "") not in LOCAL_HOSTS
    ):
        yield (
            "E013",
            "REDIS_URL has no password while Redis is on another machine.",
            "Set requirepass and put it into REDIS_URL.",
        )
    if parse_qs(parts.query).get("ssl_cert_reqs") == ["none"]:
        yield (
            "E013",
            "REDIS_URL switches the check of the certificate off.",
            "Remove ssl_cert_reqs=none.",
        )


def _cookies() -> Iterator[Problem]:
    if not (settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE):
        yield "E014", "Cookies would also travel over http.", "Set SCRM_BASE_URL to https://."


def _callbacks() -> Iterator[Problem]:
    for name, app in settings.WECOM_APPS.items():
        if app["aes_key"] and len(str(app["aes_key"])) != 43:
            yield (
                "E015",
                f"The callback AES key of the WeCom app {name} is not 43 characters.",
                "Copy EncodingAESKey from the WeCom console.",
            )
        if bool(app["aes_key"]) != bool(app["token"]):
            yield (
                "E015",
                f"The WeCom app {name} has only one of callback token and AES key.",
                "Set both or neither.",
            )


def _wecom() -> Iterator[Problem]:
    if settings.WECOM_CONSOLE_CREDENTIALS:
        return  # they may be entered in the console; the set-up page and doctor say what is missing
    if not settings.WECOM_CORP_ID:
        yield (
            "E019",
            "WECOM_CORP_ID is not set: nobody could log in and no event could be read.",
            "Copy it from the WeCom admin console, My Company.",
        )
    if not settings.WECOM_APPS["scrm"]["secret"]:
        yield (
            "E020",
            "WECOM_AGENT_SECRET is not set: WeCom would refuse every call.",
            "Copy the secret of the self-built app from the WeCom admin console.",
        )


def _proxies() -> Iterator[Problem]:
    if not 0 <= settings.TRUSTED_PROXIES <= 5:
        yield (
            "E016",
            "SCRM_TRUSTED_PROXIES is not the number of your own proxies (0 to 5): callers could forge their address.",
            "Count the proxies in front.",
        )


def _hashers() -> Iterator[Problem]:
    weak = {"MD5PasswordHasher", "UnsaltedMD5PasswordHasher", "UnsaltedSHA1PasswordHasher"}
    if {
        path.rsplit(".", 1)[-1] for path in settings.PASSWORD_HASHERS
    } & weak or not settings.AXES_ENABLED:
        yield (
            "E017",
            "Password hashing or the lock-out of guessing is weakened as in tests.",
            "Run with scrm.settings.base.",
        )


def _people() -> Iterator[Problem]:
    if settings.PASSWORD_LOGIN and not settings.SECOND_STEP_REQUIRED:
        yield (
            "E021",
            "SCRM_SECOND_STEP is off: a password alone would open the console.",
            "Unset it, or set SCRM_PASSWORD_LOGIN=0.",
        )
    issuer = settings.OIDC["issuer"]
    if issuer and urlsplit(issuer).scheme != "https":
        yield (
            "E022",
            "SCRM_OIDC_ISSUER does not begin with https://: log-ins could be forged on the way.",
            "Give the provider's https address.",
        )
    if settings.OIDC["match"] not in settings.SSO_RESOLVERS:
        yield "E023", "SCRM_OIDC_MATCH is neither userid nor job_number.", "Choose one of the two."


RULES: tuple[Callable[[], Iterator[Problem]], ...] = (
    _secret_key,
    _keys,
    _parameter_key,
    _same_keys,
    _debug,
    _hosts,
    _base_url,
    _demo_mode,
    _api_base,
    _database,
    _redis,
    _cookies,
    _callbacks,
    _wecom,
    _proxies,
    _hashers,
    _people,
)


def unsafe_settings() -> list[Problem]:
    """Return (id, sentence, hint) of every unsafe setting, all at once."""
    return [problem for rule in RULES for problem in rule()]


@register(Tags.security)
def production_settings(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Errors scrm.E001 to E017 and E019 to E023, in production only."""
    if not is_production():
        return []
    return [
        Error(sentence, hint=hint, id=f"scrm.{code}") for code, sentence, hint in unsafe_settings()
    ]


@register(Tags.database)
def database_locale(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Error scrm.E018 for a database whose locale cannot tell Chinese letters (every environment)."""
    try:
        problem = _locale_problem()
    except DatabaseError:
        return []
    return (
        [
            Error(
                problem,
                hint="Make it anew: createdb -T template0 -E UTF8 -l C.UTF-8",
                id="scrm.E018",
            )
        ]
        if problem
        else []
    )


def _locale_problem() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_encoding_to_char(encoding), datctype FROM pg_database WHERE datname = current_database()"
        )
        encoding, ctype = cursor.fetchone()
    if encoding != "UTF8":
        return f"The database is encoded in {encoding}, not UTF8."
    if ctype in {"C", "POSIX"}:
        return "The database has the locale C: searching Chinese text would find nothing."
    return ""


@register()
def unknown_variables(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warning scrm.W001 for SCRM_ variables nobody reads: most are typing errors."""
    return [
        Warning(
            f"{name} is not known.",
            hint=f"Did you mean {near}?" if near else "See .env.example.",
            id="scrm.W001",
        )
        for name, near in unknown_names()
    ]


def unknown_names() -> list[tuple[str, str]]:
    """Return the unknown SCRM_, WECOM_ and WECHAT_ variables, each with the nearest known name."""
    example = Path(settings.BASE_DIR) / ".env.example"
    if settings.DEMO_MODE or not example.is_file():
        return []  # the demo's own supervisor sets its own variables
    known = {*VARIABLE.findall(example.read_text(encoding="utf-8")), *FOR_TESTS}
    unknown = [
        name
        for name in sorted(os.environ)
        if name.startswith(("SCRM_", "WECOM_", "WECHAT_"))
        and name.removesuffix("_FILE") not in known
    ]
    return [(name, next(iter(difflib.get_close_matches(name, known, n=1)), "")) for name in unknown]


def refuse_unsafe() -> None:
    """End the process with exit code 78 when production settings are unsafe; called first by every server process."""
    if not is_production():
        return
    problems = [(code, sentence, hint) for code, sentence, hint in unsafe_settings()]
    try:
        problem = _locale_problem()
    except DatabaseError:
        problem = ""  # the database may start later than we do; readyz tells
    if problem:
        problems.append(("E018", problem, "createdb -T template0 -E UTF8 -l C.UTF-8"))
    if problems:
        lines = [f"scrm.{code} {sentence} {hint}" for code, sentence, hint in problems]
        sys.stderr.write("Refusing to start with unsafe settings:\n" + "\n".join(lines) + "\n")
        sys.exit(UNUSABLE)
