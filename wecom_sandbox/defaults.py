"""Known credentials of the sandbox's corp. They open nothing but a sandbox."""

from dataclasses import dataclass
from typing import Literal

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

AppKind = Literal["contacts", "app"]


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
)


def app_named(name: str) -> AppConfig | None:
    """The app of that short name (``scrm``, ``contacts``), or None."""
    return next((app for app in APPS if app.name == name), None)
