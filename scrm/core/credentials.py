"""The corp's ids, secrets and callback keys: the environment first, else what IT entered in the console.

A process trusts what it read of the console's values for a few seconds, so that a change needs no restart;
an installation whose environment is complete asks the database nothing.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db import DatabaseError

from scrm.core.crypto import DecryptionError
from scrm.core.setup_models import WeComCallbackKey, WeComCredential

FRESH_SECONDS = 5.0
# A callback that no key opens makes us look for a newer key, at most this often.
HASTE_SECONDS = 1.0
CORP_ID = "corp_id"
ENVIRONMENT_NAMES = {
    CORP_ID: "WECOM_CORP_ID",
    "scrm.agent_id": "WECOM_AGENT_ID",
    "scrm.secret": "WECOM_AGENT_SECRET",
    "scrm.token": "WECOM_CB_TOKEN",
    "scrm.aes_key": "WECOM_CB_AES_KEY",
    "contacts.secret": "WECOM_CONTACT_SYNC_SECRET",
    "contacts.token": "WECOM_CONTACT_CB_TOKEN",
    "contacts.aes_key": "WECOM_CONTACT_CB_AES_KEY",
}

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class KeyPair:
    """Token and AES key of one app's callbacks; `pk` of the stored row, "" for the environment's."""

    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    pk: str = ""


@dataclass(frozen=True)
class AppCredentials:
    """What the gateway needs to speak for one app."""

    agent_id: int
    secret: str = field(repr=False)


@dataclass(frozen=True)
class _Stored:
    """The console's values as last read; never printed."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    keys: Mapping[str, tuple[KeyPair, ...]] = field(default_factory=dict, repr=False)


class _Memory:
    """One process's copy of the console's values."""

    def __init__(self) -> None:
        self.held: _Stored | None = None
        self.read_at = 0.0

    def current(self, seconds: float) -> _Stored:
        """Return the values, read again when older than `seconds`; without a database the last known ones."""
        if self.held is not None and time.monotonic() - self.read_at < seconds:
            return self.held
        try:
            self.held = _read()
        except DatabaseError as error:
            if self.held is None:
                raise
            logger.warning("credentials.not_read", error=type(error).__name__)
        self.read_at = time.monotonic()
        return self.held

    def forget(self) -> None:
        self.held = None


_memory = _Memory()


def forget() -> None:
    """Read the console's values again with the next call (after a change)."""
    _memory.forget()


def corp_id() -> str:
    """Return the corp id, "" where none is known. Raises django.db.DatabaseError."""
    return str(settings.WECOM_CORP_ID) or _stored().values.get(CORP_ID, "")


def app_credentials(app: str) -> AppCredentials | None:
    """Return agent id and secret of an app, None for one that nobody named; missing parts are 0 and "".

    Raises django.db.DatabaseError.
    """
    config = settings.WECOM_APPS.get(app)
    agent = _value(app, "agent_id", config)
    secret = _value(app, "secret", config)
    if config is None and not secret:
        return None
    return AppCredentials(int(agent) if agent.isdecimal() else 0, secret)


def apps_with_secret() -> list[str]:
    """Return the names of the settings' apps we may speak for. Raises django.db.DatabaseError."""
    return [
        name for name in settings.WECOM_APPS if (found := app_credentials(name)) and found.secret
    ]


def callback_keys(app: str, *, haste: bool = False) -> tuple[KeyPair, ...]:
    """Return the pairs that may open an app's callbacks, the current one first; none: it receives nothing.

    `haste` reads again values older than a second, and adds to the environment's pair those of the console:
    WeCom may use one of them until it has saved the environment's. Raises django.db.DatabaseError.
    """
    config = settings.WECOM_APPS.get(app) or {}
    token, aes_key = str(config.get("token") or ""), str(config.get("aes_key") or "")
    if token and aes_key:
        stored = _stored(HASTE_SECONDS).keys.get(app, ()) if haste else ()
        return (KeyPair(token, aes_key), *stored)
    if token or aes_key or app not in settings.WECOM_APPS:
        return ()
    return _stored(HASTE_SECONDS if haste else FRESH_SECONDS).keys.get(app, ())


def in_environment(name: str) -> bool:
    """Tell whether the environment sets this value: then the console cannot change it."""
    if name == CORP_ID:
        return bool(settings.WECOM_CORP_ID)
    app, _dot, part = name.partition(".")
    return bool((settings.WECOM_APPS.get(app) or {}).get(part))


def keys_in_environment(app: str) -> bool:
    """Tell whether the environment sets any part of an app's callback keys."""
    return in_environment(f"{app}.token") or in_environment(f"{app}.aes_key")


def value_of(name: str) -> str:
    """Return one value by its name ("scrm.secret"), "" where it is not known."""
    if name == CORP_ID:
        return corp_id()
    app, _dot, part = name.partition(".")
    return _value(app, part, settings.WECOM_APPS.get(app))


def _value(app: str, part: str, config: Mapping[str, object] | None) -> str:
    given = (config or {}).get(part)
    return str(given) if given else _stored().values.get(f"{app}.{part}", "")


def _stored(seconds: float = FRESH_SECONDS) -> _Stored:
    return _memory.current(seconds) if settings.WECOM_CONSOLE_CREDENTIALS else _Stored()


def _read() -> _Stored:
    values: dict[str, str] = {}
    for row in WeComCredential.objects.all():
        try:
            values[row.name] = row.value
        except DecryptionError:
            logger.error("credentials.unreadable", credential=row.name)
    keys: dict[str, tuple[KeyPair, ...]] = {}
    for pair in WeComCallbackKey.objects.order_by("app", "slot"):
        try:
            found = KeyPair(pair.token, pair.aes_key, str(pair.pk))
        except DecryptionError:
            logger.error("credentials.unreadable", credential=f"{pair.app}.callback")
        else:
            keys[pair.app] = (*keys.get(pair.app, ()), found)
    return _Stored(values, keys)
