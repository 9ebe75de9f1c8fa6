"""Files an account uploaded for its messages: three days (as WeCom's media)."""

import secrets
import sqlite3

from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat.accounts import Account
from wecom_sandbox.wechat.errors import WeChatError

LIFE = 3 * 86_400
# Kind -> most bytes.
LIMITS = {
    "image": 10 * 1024 * 1024,
    "voice": 2 * 1024 * 1024,
    "video": 10 * 1024 * 1024,
    "thumb": 64 * 1024,
}


def keep(sandbox: Sandbox, account: Account, kind: str, body: bytes, content_type: str) -> str:
    """Store a file; its media_id."""
    media_id = secrets.token_urlsafe(48)
    sandbox.store.insert(
        "wechat_media", media_id=media_id, appid=account.appid, kind=kind, body=body,
        content_type=content_type, created_at=sandbox.clock.now(),
    )  # fmt: skip
    return media_id


def need(sandbox: Sandbox, account: Account, media_id: str) -> sqlite3.Row:
    """A file of this account that has not expired; 40007 otherwise."""
    row = sandbox.store.row(
        "SELECT * FROM wechat_media WHERE media_id = ? AND appid = ?", media_id, account.appid
    )
    if row is None or row["created_at"] + LIFE < sandbox.clock.now():
        raise WeChatError(40007)
    return row
