"""QR codes with a scene (wechat.md §10): temporary or permanent, a number or a text."""

import secrets
import sqlite3
from urllib.parse import urlsplit

from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat.accounts import SERVICE, settings_of
from wecom_sandbox.wechat.errors import WeChatError

LONGEST = 2_592_000
DEFAULT_LIFE = 60
TEMPORARY = ("QR_SCENE", "QR_STR_SCENE")
PERMANENT = ("QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE")
_MOST_NUMBER = 100_000
_INT32 = 2**32
_MOST_TEXT = 64


def create(sandbox: Sandbox, action: str, scene: dict[str, object], life: int) -> sqlite3.Row:
    """A code; the same one again for a permanent scene that has one. 40097, 40035, 45029.

    Args:
        sandbox: the sandbox.
        action: one of TEMPORARY or PERMANENT.
        scene: ``scene_id`` or ``scene_str``.
        life: seconds of a temporary one.
    """
    if action not in (*TEMPORARY, *PERMANENT):
        raise WeChatError(40097)
    number, text = _scene(action, scene)
    permanent = action in PERMANENT
    if permanent:
        row = _permanent(sandbox, action, number, text)
        if row is not None:
            return row
        most = settings_of(sandbox, SERVICE).permanent_codes
        sql = "SELECT COUNT(*) FROM wechat_scene_codes WHERE expires_at IS NULL"
        if sandbox.store.value(sql) >= most:
            raise WeChatError(45029)
    elif not 1 <= life <= LONGEST:
        raise WeChatError(40035)
    now, ticket = sandbox.clock.now(), f"gQ{secrets.token_urlsafe(48)}=="
    sandbox.store.insert(
        "wechat_scene_codes", ticket=ticket, short_id=secrets.token_hex(6), action=action, scene_id=number,
        scene_str=text, expires_at=None if permanent else now + life, created_at=now,
    )  # fmt: skip
    row = by_ticket(sandbox, ticket)
    if row is None:
        raise WeChatError(-1)
    return row


def _scene(action: str, scene: dict[str, object]) -> tuple[int, str]:
    if action.endswith("STR_SCENE"):
        text = scene.get("scene_str")
        if not isinstance(text, str) or not 1 <= len(text) <= _MOST_TEXT:
            raise WeChatError(40097)
        return 0, text
    number = scene.get("scene_id")
    most = _MOST_NUMBER if action in PERMANENT else _INT32 - 1
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= most:
        raise WeChatError(40097)
    return number, ""


def _permanent(sandbox: Sandbox, action: str, number: int, text: str) -> sqlite3.Row | None:
    return sandbox.store.row(
        "SELECT * FROM wechat_scene_codes WHERE action = ? AND scene_id = ? AND scene_str = ?",
        action, number, text,
    )  # fmt: skip


def by_ticket(sandbox: Sandbox, ticket: str) -> sqlite3.Row | None:
    """The code of a ticket, or None."""
    return sandbox.store.row("SELECT * FROM wechat_scene_codes WHERE ticket = ?", ticket)


def by_link(sandbox: Sandbox, link: str) -> sqlite3.Row | None:
    """The code behind what its QR holds (or just its short id), or None."""
    short_id = urlsplit(link).path.rpartition("/")[2]
    return sandbox.store.row("SELECT * FROM wechat_scene_codes WHERE short_id = ?", short_id)


def link_of(sandbox: Sandbox, code: sqlite3.Row, base_url: str) -> str:
    """What the QR holds: an address of the sandbox, or one that looks like WeChat's."""
    if sandbox.behaviour.qr_links == "wecom":
        return f"http://weixin.qq.com/q/{code['short_id']}"
    return f"{base_url}/wechat/q/{code['short_id']}"


def scene_of(code: sqlite3.Row) -> str:
    """The scene as events carry it."""
    return str(code["scene_str"] or code["scene_id"])
