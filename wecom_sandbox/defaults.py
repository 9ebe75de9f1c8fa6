"""Known credentials of the sandbox's corp. They open nothing but a sandbox."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

CORP_ID = "ww0sandbox0corp001"
CORP_NAME = "星河家居零售集团"
CONTACT_SECRET = "sandbox-contact-sync-secret"  # noqa: S105 - public on purpose
APP_SECRET = "sandbox-scrm-app-secret"  # noqa: S105
AGENT_ID = 1000002
CALLBACK_TOKEN = "sandboxScrmToken01"  # noqa: S105
CALLBACK_AES_KEY = "sandboxScrmAesKey0123456789abcdefghijklmno0"
# A second self-built app of the corp with the right to 客户联系: it gets every customer event too.
SECOND_SECRET = "sandbox-second-app-secret"  # noqa: S105
SECOND_AGENT_ID = 1000003
SECOND_CALLBACK_TOKEN = "sandboxSecondToken01"  # noqa: S105
SECOND_CALLBACK_AES_KEY = "sandboxSecondAesKey0123456789abcdefghijklm2"
CONTACT_CALLBACK_TOKEN = "sandboxContactToken1"  # noqa: S105
CONTACT_CALLBACK_AES_KEY = "sandboxContactAesKey0123456789abcdefghijkl4"
# Address-book tag that 客户联系's usage range leaves out, as an administrator would have set it up.
NO_CONTACT_TAG = 9001
NO_CONTACT_TAG_NAME = "暂停客户联系"
ROBOT_KEY = "5a6db0c4-0001-4e0b-9f3a-5a4db0c40001"

# 会话内容存档 has a secret of its own; its events come from this agent id (archive.md §1).
ARCHIVE_SECRET = "sandbox-archive-secret"  # noqa: S105
ARCHIVE_AGENT_ID = 2000004
ARCHIVE_CALLBACK_TOKEN = "sandboxArchiveToken1"  # noqa: S105
ARCHIVE_CALLBACK_AES_KEY = "sandboxArchiveAesKey0123456789abcdefghijkl8"

AppKind = Literal["contacts", "app", "archive"]


@dataclass(frozen=True)
class AppConfig:
    """One secret of the corp, as the admin console would show it."""

    name: str
    secret: str
    kind: AppKind
    agent_id: int
    token: str
    aes_key: str


APPS: tuple[AppConfig, ...] = (
    AppConfig("scrm", APP_SECRET, "app", AGENT_ID, CALLBACK_TOKEN, CALLBACK_AES_KEY),
    AppConfig(
        "contacts", CONTACT_SECRET, "contacts", 0, CONTACT_CALLBACK_TOKEN, CONTACT_CALLBACK_AES_KEY
    ),
    AppConfig(
        "second",
        SECOND_SECRET,
        "app",
        SECOND_AGENT_ID,
        SECOND_CALLBACK_TOKEN,
        SECOND_CALLBACK_AES_KEY,
    ),
    AppConfig(
        "archive",
        ARCHIVE_SECRET,
        "archive",
        ARCHIVE_AGENT_ID,
        ARCHIVE_CALLBACK_TOKEN,
        ARCHIVE_CALLBACK_AES_KEY,
    ),
)


def app_named(name: str) -> AppConfig | None:
    """The app of that short name (``scrm``, ``contacts``), or None."""
    return next((app for app in APPS if app.name == name), None)


def use_corp(path: Path) -> None:
    """Be the corp of a TOML file instead of the known one.

    Must come before the rest of the sandbox is imported, which takes these names from here.

    Args:
        path: ``id``, ``name`` and one ``[[app]]`` per secret with the fields of AppConfig; README.md shows one.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no TOML, or says something that cannot be.
    """
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    apps = tuple(_app(entry) for entry in told.get("app", ()))
    main = next((app for app in apps if app.kind == "app"), None)
    if main is None:
        raise ValueError('the corp needs an [[app]] of kind "app"')
    for names in ([app.name for app in apps], [app.secret for app in apps]):
        if len(set(names)) < len(names):
            raise ValueError("two apps of the corp share a name or a secret")
    globals().update(
        CORP_ID=_text(told, "id"), CORP_NAME=_text(told, "name"), APPS=apps,
        AGENT_ID=main.agent_id, APP_SECRET=main.secret,
        CALLBACK_TOKEN=main.token, CALLBACK_AES_KEY=main.aes_key,
    )  # fmt: skip


def _app(entry: dict[str, Any]) -> AppConfig:
    kind: AppKind = entry.get("kind", "app")
    if kind not in get_args(AppKind):
        raise ValueError(f"an app's kind is one of {', '.join(get_args(AppKind))}, not {kind}")
    aes_key = _text(entry, "aes_key")
    if len(aes_key) != 43 or not aes_key.isalnum():
        raise ValueError("aes_key is an EncodingAESKey: 43 letters and digits")
    return AppConfig(
        _text(entry, "name"), _text(entry, "secret"), kind, int(entry.get("agent_id", 0)),
        _text(entry, "token"), aes_key,
    )  # fmt: skip


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a text")
    return value
