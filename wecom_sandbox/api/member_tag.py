"""Tags of members (contacts.md §4)."""

from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.contacts import member_tags, members
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError


@endpoint(
    "POST", "tag/create", doc="90210", access=Access.ANY,
    rules="name up to 32 (40072), taken 40071, id taken 40072; 3,000 tags; belongs to the app",
)  # fmt: skip
def create(call: Call) -> dict[str, Any]:
    """Make a tag."""
    tag_id = call.number("tagid", 0) if "tagid" in call.body else None
    made = member_tags.create(
        call.sandbox.store, call.need_text("tagname", 40072), tag_id, app=call.caller.name
    )
    return {"errmsg": "created", "tagid": made}


@endpoint(
    "POST", "tag/update", doc="90211", access=Access.ANY,
    rules="40068, 301002 for another app's, name as in create",
)  # fmt: skip
def update(call: Call) -> dict[str, Any]:
    """Rename a tag."""
    store, tag_id = call.sandbox.store, call.number("tagid", -1, least=-1)
    member_tags.need_own(store, tag_id, app=call.caller.name)
    member_tags.rename(store, tag_id, call.need_text("tagname", 40072))
    return {"errmsg": "updated"}


@endpoint(
    "GET", "tag/delete", doc="90212", access=Access.ANY, rules="41017, 40068, 301002 for another app's"
)  # fmt: skip
def delete(call: Call) -> dict[str, Any]:
    """Delete a tag."""
    tag_id = _query_id(call)
    member_tags.need_own(call.sandbox.store, tag_id, app=call.caller.name)
    member_tags.delete(call.sandbox.store, tag_id)
    return {"errmsg": "deleted"}


@endpoint("GET", "tag/list", doc="90216", access=Access.ANY, rules="every tag of the corp")
def list_tags(call: Call) -> dict[str, Any]:
    """Every tag."""
    rows = call.sandbox.store.rows("SELECT id, name FROM member_tags ORDER BY id")
    return {"taglist": [{"tagid": row["id"], "tagname": row["name"]} for row in rows]}


@endpoint(
    "GET", "tag/get", doc="90213", access=Access.ANY, rules="41017, 40068; members in the visible range"
)  # fmt: skip
def get(call: Call) -> dict[str, Any]:
    """Who has a tag."""
    store, scopes = call.sandbox.store, call.sandbox.scopes
    row = member_tags.need(store, _query_id(call))
    visible = scopes.visible_departments(call.caller)
    users = [
        members.need(store, userid)
        for userid in member_tags.userids_of(store, row["id"])
        if scopes.sees_user(call.caller, userid)
    ]
    parties = member_tags.parties_of(store, row["id"])
    return {
        "tagname": row["name"],
        "userlist": [{"userid": one["userid"], "name": one["name"]} for one in users],
        "partylist": [one for one in parties if visible is None or one in visible],
    }


@endpoint(
    "POST", "tag/addtagusers", doc="90214", access=Access.ANY,
    rules="40068, 301002, users to 1,000, parties to 100, some invalid told, all invalid 40070, 30,000 in all",
)  # fmt: skip
def addtagusers(call: Call) -> dict[str, Any]:
    """Give members and departments a tag."""
    store, tag_id, users, parties = _change(call)
    outside = [one for one in users if not _in_range(call, one)]
    inside = [one for one in users if one not in outside]
    unknown = [*outside, *member_tags.put(store, tag_id, inside)]
    foreign = _outside(call, parties)
    wrong = [*foreign, *member_tags.put_parties(store, tag_id, [one for one in parties if one not in foreign])]  # fmt: skip
    return _refused(users, parties, unknown, wrong, 40070)


@endpoint(
    "POST", "tag/deltagusers", doc="90215", access=Access.ANY,
    rules="40068, 301002, users to 1,000, parties to 100, some invalid told, all invalid 40031",
)  # fmt: skip
def deltagusers(call: Call) -> dict[str, Any]:
    """Take a tag from members and departments."""
    store, tag_id, users, parties = _change(call)
    unknown = member_tags.take(store, tag_id, users)
    wrong = member_tags.take_parties(store, tag_id, parties)
    return {"errmsg": "deleted"} | _refused(users, parties, unknown, wrong, 40031)


def _query_id(call: Call) -> int:
    return whole_number(call.need_query("tagid", 41017), "tagid")


def _change(call: Call) -> tuple[Any, int, list[str], list[int]]:
    """The checked request of a change: store, tag, members, departments."""
    tag_id = call.number("tagid", -1, least=-1)
    users, parties = call.texts("userlist"), call.numbers("partylist")
    member_tags.need_own(call.sandbox.store, tag_id, app=call.caller.name)
    if not users and not parties:
        raise WeComError(40063, "userlist and partylist")
    for given, most, name in (
        (users, member_tags.MOST_USERS, "userlist"), (parties, member_tags.MOST_PARTIES, "partylist"),
    ):  # fmt: skip
        if len(given) > most:
            raise WeComError(BAD_PARAMETER, f"{name} takes up to {most}")
    return call.sandbox.store, tag_id, users, parties


def _in_range(call: Call, userid: str) -> bool:
    return call.sandbox.scopes.sees_user(call.caller, userid)


def _outside(call: Call, parties: list[int]) -> list[int]:
    visible = call.sandbox.scopes.visible_departments(call.caller)
    return [] if visible is None else [one for one in parties if one not in visible]


def _refused(
    users: list[str], parties: list[int], unknown: list[str], wrong: list[int], code: int
) -> dict[str, Any]:
    if len(unknown) == len(users) and len(wrong) == len(parties):
        raise WeComError(code, "all list invalid")
    answer: dict[str, Any] = {"invalidlist": "|".join(unknown)} if unknown else {}
    return answer | ({"invalidparty": wrong} if wrong else {})
