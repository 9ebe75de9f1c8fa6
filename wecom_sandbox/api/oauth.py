"""Who stands behind a code (oauth-jssdk.md §1)."""

from typing import Any

from wecom_sandbox.call import Call
from wecom_sandbox.contacts import members
from wecom_sandbox.customers import follows
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.logins import logins

_DETAILS = ("gender", "avatar", "qr_code", "mobile", "email", "biz_mail", "address")


@endpoint(
    "GET", "auth/getuserinfo", doc="91023", access=Access.APP,
    rules="41008; code once within 5 minutes (40029); user_ticket for snsapi_privateinfo and a member in range",
)  # fmt: skip
def getuserinfo(call: Call) -> dict[str, Any]:
    """The member (userid) or customer (openid, external_userid) of a code."""
    return _identity(call)


@endpoint(
    "GET", "user/getuserinfo", doc="91023", access=Access.APP, rules="old spelling of the keys"
)
def old_getuserinfo(call: Call) -> dict[str, Any]:
    """As auth/getuserinfo with the keys of old."""
    found = _identity(call)
    names = {"userid": "UserId", "openid": "OpenId"}
    return {names.get(name, name): value for name, value in found.items()} | {"DeviceId": ""}


@endpoint(
    "POST", "auth/getuserdetail", doc="95833", access=Access.APP, rules="84014, 84015; 30 minutes"
)
def getuserdetail(call: Call) -> dict[str, Any]:
    """The sensitive fields a member consented to."""
    data = logins.ticket_data(call.sandbox, call.need_text("user_ticket", 84015))
    member = members.shown(call.sandbox.store, members.need(call.sandbox.store, data["userid"]))
    return {"userid": member["userid"]} | {name: member[name] for name in _DETAILS}


def _redeemed(call: Call) -> dict[str, Any]:
    """What the code stands for; only calls with a bad code count against the limit (doc 90454)."""
    try:
        return logins.redeem(call.sandbox, call.need_query("code", 41008))
    except WeComError:
        call.sandbox.rates.take_refused(call.api, call.ip)
        raise


def _identity(call: Call) -> dict[str, Any]:
    sandbox = call.sandbox
    data = _redeemed(call)
    if "userid" in data:
        found = {"userid": data["userid"]}
        private = data.get("scope") == "snsapi_privateinfo"
        if private and sandbox.scopes.sees_user(call.caller, data["userid"]):
            found["user_ticket"] = logins.issue(
                sandbox, "ticket", {"userid": data["userid"]}, logins.TICKET_SECONDS
            )
        return found
    person = sandbox.people.get(data["person_id"])
    if person is None:
        return {}
    followed = follows.follows_anybody(sandbox.store, person.external_userid)
    return {"openid": person.openid} | (
        {"external_userid": person.external_userid} if followed else {}
    )
