"""The mini program: logins, phone numbers, pages opened (wechat.md §14, §15)."""

import base64
import hashlib
import hmac
import secrets
from typing import Any

from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import codes, identities, pushes, quota
from wecom_sandbox.wechat.accounts import MINI, change_settings, home_page, settings_of
from wecom_sandbox.wechat.errors import WeChatError

LOGINS_A_MINUTE = 100
PAID_SECONDS = 300
# Countries that may stand before a number in a person's phone; others are of the mainland.
_COUNTRIES = ("852", "853", "886", "65", "81", "82", "44", "1")
REVOKED_KINDS = ("1", "2", "3", "4", "5")


def login_code(sandbox: Sandbox, person: Person) -> str:
    """``wx.login`` in the person's phone; NotPossibleError without WeChat."""
    if person.type != 1:
        raise NotPossibleError("they have no WeChat")
    return codes.issue(sandbox, codes.LOGIN, MINI, person, {})


def phone_code(sandbox: Sandbox, person: Person) -> str:
    """The person lets the page have the phone number; paid for at this moment (errno 1400001)."""
    with sandbox.store.transaction():
        balance = settings_of(sandbox, MINI).phone_balance
        if balance <= 0:
            raise NotPossibleError("errno 1400001: the balance for phone numbers is used up")
        change_settings(sandbox, MINI, {"phone_balance": balance - 1})
        return codes.issue(sandbox, codes.PHONE, MINI, person, {})


def log_in(sandbox: Sandbox, code: str) -> dict[str, Any]:
    """Who logged in; a new session_key. 40029, 40163, 40226, 45011."""
    person, _data = codes.redeem(sandbox, codes.LOGIN, MINI, code)
    if person.id in settings_of(sandbox, MINI).risky:
        raise WeChatError(40226)
    openid = identities.openid(sandbox, MINI, person)
    minute = f"minute {int(sandbox.clock.now() // 60)}"
    if not quota.count(sandbox, f"login:{openid}", minute, LOGINS_A_MINUTE):
        raise WeChatError(45011)
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    sandbox.store.run(
        "INSERT OR REPLACE INTO wechat_sessions VALUES (?, ?, ?)", openid, key, sandbox.clock.now()
    )
    unionid = identities.unionid(sandbox, MINI, person)
    return {"session_key": key, "openid": openid, **unionid}


def check_session(sandbox: Sandbox, openid: str, signature: str) -> None:
    """87009 unless the signature was made with the present session_key."""
    key = sandbox.store.value("SELECT session_key FROM wechat_sessions WHERE openid = ?", openid)
    if key is None:
        raise WeChatError(40003)
    right = hmac.new(str(key).encode(), b"", hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), signature.encode()):
        raise WeChatError(87009)


def phone_number(sandbox: Sandbox, code: str, openid: str) -> dict[str, Any]:
    """The number of a code, once; 40029 for any other code, 40003 for another person's openid."""
    person, _data = codes.redeem(sandbox, codes.PHONE, MINI, code, used=codes.UNKNOWN)
    if openid and openid != identities.openid(sandbox, MINI, person):
        raise WeChatError(40003)
    country, pure = _split(person.phone)
    return {
        "phoneNumber": pure if country == 86 else f"{country}{pure}",
        "purePhoneNumber": pure,
        "countryCode": country,
        "watermark": {"timestamp": sandbox.clock.seconds(), "appid": MINI.appid},
    }


def _split(phone: str) -> tuple[int, str]:
    digits = phone.removeprefix("+").replace(" ", "")
    if not phone.startswith("+"):
        return 86, digits
    country = next((one for one in ("86", *_COUNTRIES) if digits.startswith(one)), "86")
    return int(country), digits.removeprefix(country)


def open_page(
    sandbox: Sandbox, person: Person, path: str, query: str, *, scene: int, ticket: str = ""
) -> dict[str, Any]:  # fmt: skip
    """A person opens a page; what ``Page.onLoad`` sees.

    Raises:
        NotPossibleError: no such page in the released version.
    """
    if person.type != 1:
        raise NotPossibleError("they have no WeChat")
    inner, _, more = (path or home_page()).removeprefix("/").partition("?")
    query = "&".join(part for part in (more, query) if part)
    if not settings_of(sandbox, MINI).has_page(inner):
        raise NotPossibleError("the released mini program has no such page")
    openid = identities.openid(sandbox, MINI, person)
    with sandbox.store.transaction():
        visit = sandbox.store.insert(
            "wechat_visits", person_id=person.id, openid=openid, path=inner, query=query, scene=scene,
            ticket=ticket, at=sandbox.clock.now(),
        )  # fmt: skip
    return {"visit": visit, "path": inner, "query": query, "scene": scene}


def pay(sandbox: Sandbox, person: Person, mch_id: str, out_trade_no: str) -> str:
    """A person pays in the mini program; the transaction id."""
    transaction_id = f"42000{secrets.randbelow(10**23):023d}"
    with sandbox.store.transaction():
        sandbox.store.insert(
            "wechat_payments", transaction_id=transaction_id, openid=identities.openid(sandbox, MINI, person),
            mch_id=mch_id, out_trade_no=out_trade_no, at=sandbox.clock.now(),
        )  # fmt: skip
    return transaction_id


def paid_unionid(sandbox: Sandbox, openid: str, query: dict[str, str]) -> str:
    """The unionid of who paid within the last five minutes; 40003, 40097."""
    person = identities.need(sandbox, MINI, openid)
    row = sandbox.store.row(
        "SELECT at FROM wechat_payments WHERE openid = ? AND at >= ? AND (transaction_id = ? OR "
        "(mch_id = ? AND out_trade_no = ?)) ORDER BY at DESC",
        openid, sandbox.clock.now() - PAID_SECONDS, query.get("transaction_id", ""),
        query.get("mch_id", ""), query.get("out_trade_no", ""),
    )  # fmt: skip
    found = identities.unionid(sandbox, MINI, person)
    if row is None or not found:
        raise WeChatError(40097)
    return found["unionid"]


def revoke(sandbox: Sandbox, person: Person, kind: str) -> int:
    """A person takes back what the mini program may know; the callback id.

    Args:
        sandbox: the sandbox.
        person: who.
        kind: code of the kind of data, one of REVOKED_KINDS.
    """
    if kind not in REVOKED_KINDS:
        raise ValueError(f"kind must be one of {', '.join(REVOKED_KINDS)}")
    with sandbox.store.transaction():
        openid = identities.openid(sandbox, MINI, person)
        fields = {"OpenID": openid, "AppID": MINI.appid, "RevokeInfo": kind}
        return pushes.publish(sandbox, MINI, openid, "user_authorization_revoke", fields)
