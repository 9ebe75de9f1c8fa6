"""Who is who in WeChat: an openid per account, one unionid over accounts of the same owner (wechat.md §16)."""

from functools import lru_cache

from wecom_sandbox.customers.people import IdCodec, Person
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat.accounts import MINI, Account, settings_of
from wecom_sandbox.wechat.errors import WeChatError

_LENGTH = 28


@lru_cache(maxsize=16)
def _codec(appid: str, seed: int, prefix: str) -> IdCodec:
    return IdCodec(prefix, f"wechat-{appid}-{prefix}-{seed}", _LENGTH)


def _own(sandbox: Sandbox, account: Account) -> IdCodec:
    return _codec(account.appid, sandbox.people.seed, "oM" if account is MINI else "oS")


def openid(sandbox: Sandbox, account: Account, person: Person) -> str:
    """What a person is called towards one account."""
    return _own(sandbox, account).encode(person.index)


def snapshot_openid(sandbox: Sandbox, account: Account, person: Person) -> str:
    """The virtual openid of a page seen as a snapshot."""
    return _codec(account.appid, sandbox.people.seed, "oV").encode(person.index)


def by_openid(sandbox: Sandbox, account: Account, text: str) -> Person | None:
    """The person of an openid of this account, or None."""
    index = _own(sandbox, account).decode(text)
    return sandbox.people.at(index) if index is not None and index < sandbox.people.count else None


def need(sandbox: Sandbox, account: Account, text: str) -> Person:
    """The person of an openid; 40003 when it is nobody's here."""
    person = by_openid(sandbox, account, text)
    if person is None:
        raise WeChatError(40003)
    return person


def unionid(sandbox: Sandbox, account: Account, person: Person) -> dict[str, str]:
    """``{"unionid": …}`` when the account hangs on an open platform account, else nothing."""
    if not settings_of(sandbox, account).bound or not person.unionid:
        return {}
    return {"unionid": person.unionid}
