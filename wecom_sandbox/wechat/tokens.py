"""Tokens by WeChat's rules (wechat.md §4): every call a new one, or the stable one; and JS-SDK tickets."""

import re
import secrets

from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import quota
from wecom_sandbox.wechat.accounts import Account, by_appid, settings_of
from wecom_sandbox.wechat.errors import WeChatError

LIFE = 7200
# A replaced token stays good this long, and the stable one is replaced this long before its end.
OVERLAP = 300
FORCED_A_DAY = 20
FORCED_APART = 30
PLAIN, STABLE = "plain", "stable"
_SECRET = re.compile(r"[0-9a-f]{32}")


def account_for(sandbox: Sandbox, appid: str, secret: str, ip: str) -> Account:
    """The account of credentials sent from an address; 41002, 41004, 40013, 40125, 40001, 40243, 40164."""
    account = known(appid, secret)
    settings = settings_of(sandbox, account)
    if settings.frozen:
        raise WeChatError(40243)
    if settings.ips is not None and ip not in settings.ips:
        raise WeChatError(40164, f"{ip} ipv6 ::ffff:{ip}, not in whitelist")
    return account


def known(appid: str, secret: str) -> Account:
    """The account of credentials; 41002, 41004, 40013, 40125 or 40001 when there is none."""
    if not appid:
        raise WeChatError(41002)
    if not secret:
        raise WeChatError(41004)
    account = by_appid(appid)
    if account is None:
        raise WeChatError(40013)
    if not _SECRET.fullmatch(secret):
        raise WeChatError(40125)
    if secret != account.secret:
        raise WeChatError(40001)
    return account


def plain(sandbox: Sandbox, account: Account) -> tuple[str, int]:
    """A new token; the one it replaces lives five minutes more."""
    now = sandbox.clock.now()
    sandbox.store.run(
        "UPDATE wechat_tokens SET retired_at = MIN(COALESCE(retired_at, ?), ?) WHERE appid = ? AND kind = ?",
        now + OVERLAP, now + OVERLAP, account.appid, PLAIN,
    )  # fmt: skip
    return _issue(sandbox, account, PLAIN), LIFE


def stable(sandbox: Sandbox, account: Account, *, force: bool) -> tuple[str, int]:
    """The same token while it is good; a new one five minutes before its end, or when forced."""
    now = sandbox.clock.now()
    row = sandbox.store.row(
        "SELECT * FROM wechat_tokens WHERE appid = ? AND kind = ? AND NOT dead AND expires_at > ? "
        "ORDER BY issued_at DESC",
        account.appid, STABLE, now,
    )  # fmt: skip
    if force and (row is None or now - float(row["issued_at"]) >= FORCED_APART):
        if not quota.count(sandbox, f"{account.appid}:forced", quota.today(sandbox), FORCED_A_DAY):
            raise WeChatError(45009)
        sandbox.store.run(
            "UPDATE wechat_tokens SET dead = 40001 WHERE appid = ? AND kind = ?",
            account.appid, STABLE,
        )  # fmt: skip
        row = None
    if row is not None and float(row["expires_at"]) - now > OVERLAP:
        return str(row["token"]), int(float(row["expires_at"]) - now)
    return _issue(sandbox, account, STABLE), LIFE


def account_of(sandbox: Sandbox, token: str) -> Account:
    """Whose token it is; 41001 missing, 40014 unknown, 42001 expired, 40001 replaced or killed."""
    if not token:
        raise WeChatError(41001)
    row = sandbox.store.row(
        "SELECT * FROM wechat_tokens WHERE token = ? AND kind IN ('plain', 'stable')", token
    )
    account = by_appid(row["appid"]) if row is not None else None
    if row is None or account is None:
        raise WeChatError(40014)
    now = sandbox.clock.now()
    if row["dead"] or (row["retired_at"] is not None and row["retired_at"] <= now):
        raise WeChatError(int(row["dead"]) or 40001)
    if row["expires_at"] <= now:
        raise WeChatError(42001)
    return account


def kill(sandbox: Sandbox, account: Account, errcode: int) -> int:
    """End all living tokens of an account, as its owner or WeChat may; how many there were."""
    return sandbox.store.run(
        "UPDATE wechat_tokens SET dead = ? WHERE appid = ? AND NOT dead AND expires_at > ?",
        errcode, account.appid, sandbox.clock.now(),
    )  # fmt: skip


def ticket(sandbox: Sandbox, account: Account, kind: str) -> tuple[str, int]:
    """The JS-SDK's ticket (``jsapi`` or ``wx_card``): one per account for two hours."""
    now = sandbox.clock.now()
    row = sandbox.store.row(
        "SELECT token, expires_at FROM wechat_tokens WHERE appid = ? AND kind = ? AND NOT dead AND expires_at > ?",
        account.appid, kind, now,
    )  # fmt: skip
    if row is not None:
        return str(row["token"]), max(1, int(row["expires_at"] - now))
    return _issue(sandbox, account, kind), LIFE


def _issue(sandbox: Sandbox, account: Account, kind: str) -> str:
    now = sandbox.clock.now()
    token = f"SIM_{secrets.token_urlsafe(96)}"
    sandbox.store.insert(
        "wechat_tokens", token=token, appid=account.appid, kind=kind, issued_at=now,
        expires_at=now + LIFE,
    )  # fmt: skip
    return token
