"""Writes accounts to WeCom, for whichever room wants them there; each write may be repeated without harm."""

from typing import Any

from contacts.directory.services.written import AccountWritten
from scrm.core.gateway import wecom
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComPermanent, WeComPermission

# 60102 userid exists, 60111 userid not found (doc 90313).
USERID_TAKEN = 60102
USERID_UNKNOWN = 60111


def account_create(
    client: WeComClient, account: AccountWritten, *, invite: bool, tried: bool = False
) -> bool:
    """Create an account; False where it is there already and ours, which is then brought up to date.

    Ours it is where an earlier attempt's outcome stayed unknown (`tried`), or WeCom knows the phone under it.
    Somebody else's is never written over: that raises WeComPermanent 60102. Raises WeComError.
    """
    try:
        client.user.create(
            account.userid,
            account.name,
            [account.department_id],
            enable=1,
            to_invite=invite,
            **account_fields(account),
        )
    except WeComPermanent as failure:
        if failure.errcode != USERID_TAKEN or not (tried or _has_the_phone(account)):
            raise
        account_change(client, account, enable=False)
        return False
    return True


def _has_the_phone(account: AccountWritten) -> bool:
    """Return whether WeCom knows the phone under this very account; where it does not say, it proves nothing."""
    if not account.phone:
        return False
    try:
        known = wecom(lane="sync").user.getuserid(account.phone.removeprefix("+86"))
    except (WeComPermanent, WeComPermission):
        return False
    return known.lower() == account.userid.lower()


def account_change(client: WeComClient, account: AccountWritten, *, enable: bool) -> None:
    """Bring an account up to date, and enable it where wished; raises WeComError."""
    fields: dict[str, Any] = {
        "name": account.name,
        "department": [account.department_id],
        **account_fields(account),
    }
    if enable:
        fields["enable"] = 1
    client.user.update(account.userid, **fields)


def account_disable(client: WeComClient, userid: str) -> bool:
    """Disable an account; False where it no longer exists. Raises WeComError."""
    try:
        client.user.update(userid, enable=0)
    except WeComPermanent as failure:
        if failure.errcode != USERID_UNKNOWN:
            raise
        return False
    return True


def account_fields(account: AccountWritten) -> dict[str, Any]:
    """Return WeCom's optional fields of an account (doc 90195)."""
    fields: dict[str, Any] = {
        "main_department": account.department_id,
        "position": account.position,
    }
    if not account.keeps_leader:
        fields["direct_leader"] = [account.leader_userid] if account.leader_userid else []
    if account.phone:
        fields["mobile"] = (
            account.phone.removeprefix("+86") if account.phone.startswith("+86") else account.phone
        )
    if account.gender:
        fields["gender"] = account.gender
    return fields
