"""Customers of members (external-contacts.md §1-§3)."""

import json
import sqlite3
from typing import Any

from wecom_sandbox import members
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.cursors import make, page, read
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.member_tags import is_left_out
from wecom_sandbox.people import Person
from wecom_sandbox.relations import need_readable, write_remark

_FOLLOWERS_A_PAGE = 500
_TAG_COLUMNS = (
    "SELECT t.id AS tag_id, t.name AS tag_name, g.name AS group_name FROM relation_tags r "
    "JOIN tags t ON t.id = r.tag_id JOIN tag_groups g ON g.id = t.group_id WHERE r.relation_id = ? ORDER BY r.rowid"
)


@endpoint(
    "GET", "externalcontact/get_follow_user_list", doc="92571", access=Access.APP,
    rules="members with 客户联系, in range",
)  # fmt: skip
def get_follow_user_list(call: Call) -> dict[str, Any]:
    """Members who may have customers."""
    rows = call.sandbox.store.rows("SELECT userid FROM members WHERE can_follow ORDER BY rowid")
    sees = call.sandbox.scopes.sees_user
    return {
        "follow_user": [
            row["userid"]
            for row in rows
            if sees(call.caller, row["userid"])
            and not is_left_out(call.sandbox.store, row["userid"])
        ]
    }


@endpoint(
    "GET", "externalcontact/list", doc="92113", access=Access.APP,
    rules="60111, 60011, 84061 when there is none",
)  # fmt: skip
def list_customers(call: Call) -> dict[str, Any]:
    """external_userids of a member's customers; 84061 for none, as WeCom does."""
    row = _member(call, call.need_query("userid", 41009))
    rows = call.sandbox.store.rows(
        f"SELECT external_userid FROM relations WHERE userid = ? AND status IN {_readable(call)} ORDER BY id",  # noqa: S608
        row["userid"],
    )
    if not rows:
        raise WeComError(84061)
    return {"external_userid": [one["external_userid"] for one in rows]}


@endpoint(
    "GET", "externalcontact/get", doc="92114", access=Access.APP,
    rules="40096 unknown, 84061 nobody follows; 500 followers a page",
)  # fmt: skip
def get(call: Call) -> dict[str, Any]:
    """A customer and who follows him, tags with names."""
    person = _person(call, call.need_query("external_userid", 40096))
    now, cursor = call.sandbox.clock.now(), call.query.get("cursor", "")
    rows = call.sandbox.store.rows(
        f"SELECT * FROM relations WHERE external_userid = ? AND status IN {_readable(call)} "  # noqa: S608
        "AND id > ? ORDER BY id LIMIT ?",
        person.external_userid, read(cursor, now) if cursor else 0, _FOLLOWERS_A_PAGE + 1,
    )  # fmt: skip
    if not rows and not cursor:
        raise WeComError(84061)
    more, rows = len(rows) > _FOLLOWERS_A_PAGE, rows[:_FOLLOWERS_A_PAGE]
    visible = [one for one in rows if call.sandbox.scopes.sees_user(call.caller, one["userid"])]
    answer: dict[str, Any] = {
        "external_contact": contact(person),
        "follow_user": [_follow(call, one) | {"tags": _tags(call, one["id"])} for one in visible],
    }
    return answer | ({"next_cursor": make(rows[-1]["id"], now)} if more else {})


@endpoint(
    "POST", "externalcontact/batch/get_by_user", doc="92994", access=Access.APP,
    rules="up to 100 users (40032, 40031 unknown), limit up to 100, opaque cursor",
)  # fmt: skip
def batch_get_by_user(call: Call) -> dict[str, Any]:
    """Customers of members by pages, one row per pair, tag ids only."""
    # Clients of before 2021 (wechatpy among them) name one member as ``userid``.
    userids = call.texts("userid_list") or [one for one in (call.text("userid"),) if one]
    if not 1 <= len(userids) <= 100:
        raise WeComError(40032)
    for userid in userids:
        if members.find(call.sandbox.store, userid) is None:
            raise WeComError(40031, userid)
    marks = ",".join("?" * len(userids))
    rows, cursor = page(
        call,
        f"SELECT id AS position, * FROM relations WHERE userid COLLATE NOCASE IN ({marks}) "  # noqa: S608
        f"AND status IN {_readable(call)} AND id > ? ORDER BY id LIMIT ?",
        *userids, default=50, most=100,
    )  # fmt: skip
    found = []
    for row in rows:
        person = call.sandbox.people.by_external_userid(row["external_userid"])
        if person is not None:
            tag_ids = [tag["tag_id"] for tag in _tags(call, row["id"])]
            follow = _follow(call, row) | {"tag_id": tag_ids}
            found.append({"external_contact": contact(person), "follow_info": follow})
    return {"external_contact_list": found, "next_cursor": cursor}


@endpoint(
    "POST", "externalcontact/remark", doc="92115", access=Access.APP,
    rules="remark 20, description 150, company 20 chars; 84061; raises no event",
)  # fmt: skip
def remark(call: Call) -> dict[str, Any]:
    """Write what a member notes about a customer."""
    fields: dict[str, Any] = {}
    for name, most in (("remark", 20), ("description", 150), ("remark_company", 20)):
        if name in call.body:
            fields[name] = call.text(name, most=most)
    if "remark_mobiles" in call.body:
        fields["remark_mobiles"] = [phone for phone in call.texts("remark_mobiles") if phone]
    if not fields and not call.text("remark_pic_mediaid"):
        raise WeComError(BAD_PARAMETER, "nothing to change")
    row = _pair(call)
    write_remark(call.sandbox, row["id"], fields)
    return {}


@endpoint(
    "POST", "externalcontact/mark_tag", doc="92118", access=Access.APP,
    rules="84061; 40068 unknown tag; add and remove not both empty; raises no event",
)  # fmt: skip
def mark_tag(call: Call) -> dict[str, Any]:
    """Put corp tags on a relation and take them off."""
    add, remove = call.texts("add_tag"), call.texts("remove_tag")
    if not add and not remove:
        raise WeComError(BAD_PARAMETER, "add_tag and remove_tag both empty")
    store, row = call.sandbox.store, _pair(call)
    for tag_id in (*add, *remove):
        if not store.value("SELECT 1 FROM tags WHERE id = ?", tag_id):
            raise WeComError(40068, tag_id)
    for tag_id in add:
        store.run("INSERT OR IGNORE INTO relation_tags VALUES (?, ?)", row["id"], tag_id)
    for tag_id in remove:
        store.run(
            "DELETE FROM relation_tags WHERE relation_id = ? AND tag_id = ?", row["id"], tag_id
        )
    return {}


@endpoint(
    "POST", "externalcontact/unionid_to_external_userid", doc="93274", access=Access.APP,
    rules="84061 when nobody follows",
)  # fmt: skip
def unionid_to_external_userid(call: Call) -> dict[str, Any]:
    """The customer behind a unionid."""
    person = call.sandbox.people.by_unionid(call.need_text("unionid"))
    known = person and call.sandbox.store.value(
        "SELECT 1 FROM relations WHERE external_userid = ? AND status = 'active'",
        person.external_userid,
    )
    if person is None or not known:
        raise WeComError(84061)
    return {"external_userid": person.external_userid}


def contact(person: Person) -> dict[str, Any]:
    """A customer's own fields."""
    fields: dict[str, Any] = {
        "external_userid": person.external_userid,
        "name": person.name,
        "type": person.type,
        "avatar": person.avatar,
        "gender": person.gender,
    }
    if person.type == 1 and person.unionid:
        fields["unionid"] = person.unionid
    if person.type == 2:
        fields["corp_name"] = fields["corp_full_name"] = person.corp_name
    return fields


def _follow(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    follow = {
        "userid": row["userid"],
        "remark": row["remark"],
        "description": row["description"],
        "createtime": row["createtime"],
        "remark_mobiles": json.loads(row["remark_mobiles"]),
        "oper_userid": row["oper_userid"],
        "add_way": row["add_way"],
    }
    if row["state"]:
        follow["state"] = row["state"]
    if row["remark_company"]:
        follow["remark_corp_name"] = row["remark_company"]
    return follow


def _tags(call: Call, relation_id: int) -> list[dict[str, Any]]:
    rows = call.sandbox.store.rows(_TAG_COLUMNS, relation_id)
    return [dict(row) | {"type": 1} for row in rows]


def _readable(call: Call) -> str:
    return "('active', 'half')" if call.sandbox.behaviour.half_visible else "('active')"


def _member(call: Call, userid: str) -> sqlite3.Row:
    row = members.need(call.sandbox.store, userid)
    if not call.sandbox.scopes.sees_user(call.caller, row["userid"]):
        raise WeComError(60011)
    return row


def _person(call: Call, external_userid: str) -> Person:
    person = call.sandbox.people.by_external_userid(external_userid)
    if person is None:
        raise WeComError(40096)
    return person


def _pair(call: Call) -> sqlite3.Row:
    userid = _member(call, call.need_text("userid", 41009))["userid"]
    external_userid = call.need_text("external_userid", 40096)
    _person(call, external_userid)
    return need_readable(call.sandbox, userid, external_userid)
