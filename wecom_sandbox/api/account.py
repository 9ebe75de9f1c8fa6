"""Ids, invitations and figures of members (contacts.md §3)."""

import secrets
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.contacts import accounts, activation, joining, member_tags, members
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError

_SIZES = (1, 2, 3, 4)
_MOST_INVITED = {"user": 1000, "party": 100, "tag": 100}


@endpoint(
    "POST", "user/convert_to_openid", doc="90202", access=Access.ANY,
    rules="60111 60011; 43004 for a member who never logged in",
)  # fmt: skip
def convert_to_openid(call: Call) -> dict[str, Any]:
    """The openid of a member, for payments."""
    row = members.need(call.sandbox.store, call.need_text("userid", 41009))
    _need_visible(call, row["userid"])
    return {"openid": accounts.openid(call.sandbox, row)}


@endpoint(
    "POST", "user/convert_to_userid", doc="90202", access=Access.ANY, rules="40073 for nobody's openid"
)  # fmt: skip
def convert_to_userid(call: Call) -> dict[str, Any]:
    """The member of an openid."""
    row = accounts.by_openid(call.sandbox, call.need_text("openid"))
    _need_visible(call, row["userid"])
    return {"userid": row["userid"]}


@endpoint(
    "POST", "user/getuserid", doc="91693", access=Access.APP,
    rules="5 to 32 bytes (60103), 46004 unknown, 60011; wrong ones over 20 % of the cap block the day",
)  # fmt: skip
def getuserid(call: Call) -> dict[str, Any]:
    """The userid of a mobile number."""
    mobile = call.need_text("mobile")
    if not 5 <= len(mobile.encode()) <= 32:
        raise WeComError(60103)
    row = accounts.by_contact(call.sandbox, call.api, "mobile", mobile)
    _need_visible(call, row["userid"])
    return {"userid": row["userid"]}


@endpoint(
    "POST", "user/get_userid_by_email", doc="95895", access=Access.APP,
    rules="email_type 1 biz_mail, 2 email; 46004 unknown, 60011; wrong ones over 20 % of the cap block the day",
)  # fmt: skip
def get_userid_by_email(call: Call) -> dict[str, Any]:
    """The userid of a mail address."""
    kind = call.number("email_type", 1, least=1, most=2)
    column = "biz_mail" if kind == 1 else "email"
    row = accounts.by_contact(call.sandbox, call.api, column, call.need_text("email"))
    _need_visible(call, row["userid"])
    return {"userid": row["userid"]}


@endpoint(
    "POST", "user/get_active_stat", doc="92714", access=Access.ANY,
    rules="one of the last 30 days, not today (40058); who logged in or chatted",
)  # fmt: skip
def get_active_stat(call: Call) -> dict[str, Any]:
    """How many members used WeCom on a day."""
    return {"active_cnt": accounts.active_on(call.sandbox, call.need_text("date"))}


@endpoint(
    "GET", "user/authsucc", doc="99521", access=Access.CONTACT_SYNC,
    rules="60111; a member who waits for the corp's check after the first login becomes active",
)  # fmt: skip
def authsucc(call: Call) -> dict[str, Any]:
    """The corp has verified a member."""
    row = members.need(call.sandbox.store, call.need_query("userid", 41009))
    activation.pass_check(call.sandbox, row["userid"])
    return {}


@endpoint(
    "POST", "batch/invite", doc="90975", access=Access.ANY,
    rules="users to 1,000, parties and tags to 100 (40058), not all empty (40063); invalid ones are told",
)  # fmt: skip
def invite(call: Call) -> dict[str, Any]:
    """Invite members, departments and tags to WeCom; who has activated gets nothing."""
    users, parties, tags = call.texts("user"), call.numbers("party"), call.numbers("tag")
    for name, given in (("user", users), ("party", parties), ("tag", tags)):
        if len(given) > _MOST_INVITED[name]:
            raise WeComError(BAD_PARAMETER, f"{name} takes up to {_MOST_INVITED[name]}")
    if not (users or parties or tags):
        raise WeComError(40063, "user, party and tag")
    return _invited(call, users, parties, tags)


@endpoint(
    "GET", "corp/get_join_qrcode", doc="91714", access=Access.CONTACT_SYNC,
    rules="size_type 1 to 4 (40058); a code lives 7 days",
)  # fmt: skip
def get_join_qrcode(call: Call) -> dict[str, Any]:
    """The picture of a code by which people join the corp."""
    size = whole_number(call.query.get("size_type", "1"), "size_type")
    if size not in _SIZES:
        raise WeComError(BAD_PARAMETER, "size_type must be 1 to 4")
    vcode = joining.issue(call.sandbox, secrets.token_hex(16))
    return {"join_qrcode": f"{call.base_url}/wework_admin/genqrcode?action=join&vcode={vcode}&qr_size={size}"}  # fmt: skip


def _invited(call: Call, users: list[str], parties: list[int], tags: list[int]) -> dict[str, Any]:
    store, sees = call.sandbox.store, call.sandbox.scopes.sees_user
    visible = call.sandbox.scopes.visible_departments(call.caller)
    found = [row["userid"] for name in users if (row := members.find(store, name)) is not None]
    allowed = {one.lower() for one in found if sees(call.caller, one)}
    known = {row["id"] for row in store.rows("SELECT id FROM departments")}
    good = [one for one in parties if one in known and (visible is None or one in visible)]
    real = [one for one in tags if member_tags.find(store, one) is not None]
    everybody = [one for one in found if one.lower() in allowed]
    everybody += member_tags.members_below(store, good)
    for tag_id in real:
        everybody += member_tags.members_of(store, tag_id)
    accounts.invite(call.sandbox, [one for one in everybody if sees(call.caller, one)])
    refused = {
        "invaliduser": [one for one in users if one.lower() not in allowed],
        "invalidparty": [one for one in parties if one not in good],
        "invalidtag": [one for one in tags if one not in real],
    }
    return {name: values for name, values in refused.items() if values}


def _need_visible(call: Call, userid: str) -> None:
    if not call.sandbox.scopes.sees_user(call.caller, userid):
        raise WeComError(60011)
