"""Web OAuth tokens of persons (wechat.md §7): per person, two hours, renewed for thirty days."""

import secrets
import sqlite3
from typing import Any

from wecom_sandbox.customers.people import Person
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import codes, followers, identities
from wecom_sandbox.wechat.accounts import SERVICE, settings_of
from wecom_sandbox.wechat.errors import WeChatError

LIFE = 7200
REFRESH_LIFE = 30 * 86_400
BASE, PROFILE = "snsapi_base", "snsapi_userinfo"


def exchange(sandbox: Sandbox, code: str) -> dict[str, Any]:
    """The grant of a code: openid, tokens, and by scope the unionid; 40029, 40163."""
    person, data = codes.redeem(sandbox, codes.OAUTH, SERVICE, code)
    snapshot, scope = bool(data.get("snapshot")), str(data["scope"])
    openid = identities.openid(sandbox, SERVICE, person)
    if snapshot:
        openid = identities.snapshot_openid(sandbox, SERVICE, person)
    now = sandbox.clock.now()
    token, refresh = secrets.token_urlsafe(64), secrets.token_urlsafe(64)
    sandbox.store.insert(
        "wechat_grants", token=token, refresh_token=refresh, appid=SERVICE.appid, openid=openid,
        person_id=person.id, scope=scope, snapshot=int(snapshot), expires_at=now + LIFE,
        refresh_expires_at=now + REFRESH_LIFE,
    )  # fmt: skip
    answer: dict[str, Any] = {
        "access_token": token, "expires_in": LIFE, "refresh_token": refresh, "openid": openid, "scope": scope,
    }  # fmt: skip
    if snapshot:
        return answer | {"is_snapshotuser": 1}
    return answer | _unionid(sandbox, person, scope)


def _unionid(sandbox: Sandbox, person: Person, scope: str) -> dict[str, str]:
    told = scope == PROFILE or (
        settings_of(sandbox, SERVICE).unionid_in_base and followers.following(sandbox, person)
    )
    return identities.unionid(sandbox, SERVICE, person) if told else {}


def refresh(sandbox: Sandbox, refresh_token: str) -> dict[str, Any]:
    """A new token for two hours; 40030 unknown, 42002 after thirty days."""
    row = sandbox.store.row(
        "SELECT * FROM wechat_grants WHERE refresh_token = ? ORDER BY rowid DESC", refresh_token
    )
    if row is None:
        raise WeChatError(40030)
    now = sandbox.clock.now()
    if row["refresh_expires_at"] <= now:
        raise WeChatError(42002)
    token = str(row["token"]) if row["expires_at"] > now else secrets.token_urlsafe(64)
    sandbox.store.run(
        "UPDATE wechat_grants SET token = ?, expires_at = ? WHERE token = ?",
        token, now + LIFE, row["token"],
    )  # fmt: skip
    return {
        "access_token": token, "expires_in": LIFE, "refresh_token": refresh_token,
        "openid": row["openid"], "scope": row["scope"],
    }  # fmt: skip


def need(sandbox: Sandbox, token: str, openid: str) -> sqlite3.Row:
    """The grant of a person's token; 41001, 41009, 40001, 42001, 40003."""
    if not token:
        raise WeChatError(41001)
    if not openid:
        raise WeChatError(41009)
    row = sandbox.store.row("SELECT * FROM wechat_grants WHERE token = ?", token)
    if row is None:
        raise WeChatError(40001)
    if row["expires_at"] <= sandbox.clock.now():
        raise WeChatError(42001)
    if row["openid"] != openid:
        raise WeChatError(40003)
    return row


def profile(sandbox: Sandbox, row: sqlite3.Row) -> dict[str, Any]:
    """Who consented; 48001 for a silent grant or a snapshot."""
    person = sandbox.people.get(row["person_id"])
    if row["scope"] != PROFILE or row["snapshot"] or person is None:
        raise WeChatError(48001)
    return {
        "openid": row["openid"], "nickname": person.name,
        # Empty since 2021-10-20.
        "sex": 0, "province": "", "city": "", "country": "",
        "headimgurl": f"{person.avatar.removesuffix('/0')}/132", "privilege": [],
        **identities.unionid(sandbox, SERVICE, person),
    }  # fmt: skip
