"""Tags of members (contacts.md §4)."""

from collections.abc import Callable
from typing import Any

from wecom_sandbox import member_tags, members
from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.store import Store


@endpoint(
    "POST", "tag/create", doc="90210", access=Access.CONTACT_SYNC,
    rules="name up to 32 (40072), taken 40071, id taken 40072",
)  # fmt: skip
def create(call: Call) -> dict[str, Any]:
    """Make a tag."""
    tag_id = call.number("tagid", 0) if "tagid" in call.body else None
    made = member_tags.create(
        call.sandbox.store, call.need_text("tagname", 40072), tag_id, app=call.caller.name
    )
    return {"errmsg": "created", "tagid": made}


@endpoint("GET", "tag/list", doc="90216", access=Access.CONTACT_SYNC)
def list_tags(call: Call) -> dict[str, Any]:
    """Every tag."""
    rows = call.sandbox.store.rows("SELECT id, name FROM member_tags ORDER BY id")
    return {"taglist": [{"tagid": row["id"], "tagname": row["name"]} for row in rows]}


@endpoint("GET", "tag/get", doc="90213", access=Access.CONTACT_SYNC, rules="40068")
def get(call: Call) -> dict[str, Any]:
    """Who has a tag."""
    store = call.sandbox.store
    tag_id = whole_number(call.need_query("tagid", 40068), "tagid")
    member_tags.need(store, tag_id)
    rows = [members.need(store, userid) for userid in member_tags.userids_of(store, tag_id)]
    users = [{"userid": row["userid"], "name": row["name"]} for row in rows]
    return {"userlist": users, "partylist": []}


@endpoint(
    "POST", "tag/addtagusers", doc="90214", access=Access.CONTACT_SYNC,
    rules="40068, up to 1,000, invalidlist for some unknown, 40070 for all; members only, no departments",
)  # fmt: skip
def addtagusers(call: Call) -> dict[str, Any]:
    """Give members a tag."""
    return _change(call, member_tags.put)


@endpoint(
    "POST", "tag/deltagusers", doc="90215", access=Access.CONTACT_SYNC,
    rules="40068, up to 1,000, invalidlist for some without it, 40070 for all",
)  # fmt: skip
def deltagusers(call: Call) -> dict[str, Any]:
    """Take a tag from members."""
    return _change(call, member_tags.take)


def _change(call: Call, act: Callable[[Store, int, list[str]], list[str]]) -> dict[str, Any]:
    tag_id, userids = call.number("tagid", 0), call.texts("userlist")
    member_tags.need(call.sandbox.store, tag_id)
    if not 1 <= len(userids) <= member_tags.MOST_USERS:
        raise WeComError(BAD_PARAMETER, f"userlist takes 1 to {member_tags.MOST_USERS} members")
    with call.sandbox.store.transaction():
        refused = act(call.sandbox.store, tag_id, userids)
    if len(refused) == len(userids):
        raise WeComError(40070)
    return {"invalidlist": "|".join(refused)} if refused else {}
