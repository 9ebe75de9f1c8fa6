"""Customers of members (external-contacts.md §1-§3)."""

import json
from typing import Any

from wecom_sandbox.apps.media_store import need as need_media
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.contacts import members
from wecom_sandbox.contacts.member_tags import is_left_out
from wecom_sandbox.cursors import make, owner_of, page_of, read
from wecom_sandbox.customers import corp_tags, customer_strategies, follows, relations
from wecom_sandbox.customers.people import Person
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing.member_ranges import need_visible

_FOLLOWERS_A_PAGE = 500
_WECHAT = 1
_VIDEO_CHANNEL = 10
_MOST_PHONES = 5


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
    userid = need_visible(call, call.need_query("userid", 41009))
    found = [] if _hidden(call, userid) else follows.customers_of(
        call.sandbox.store, userid, relations.readable(call.sandbox)
    )  # fmt: skip
    if not found:
        raise WeComError(84061)
    return {"external_userid": found}


@endpoint(
    "GET", "externalcontact/get", doc="92114", access=Access.APP,
    rules="40096 unknown, 84061 nobody in range follows; 500 followers a page, those in range only",
)  # fmt: skip
def get(call: Call) -> dict[str, Any]:
    """A customer and who follows him, tags with names."""
    person = need_person(call, call.need_query("external_userid", 40096))
    now, cursor = call.sandbox.clock.now(), call.query.get("cursor", "")
    rows = follows.of_customer(
        call.sandbox.store, person.external_userid, relations.readable(call.sandbox),
        after=read(cursor, now, owner_of(call)) if cursor else 0, limit=_FOLLOWERS_A_PAGE + 1,
    )  # fmt: skip
    more, rows = len(rows) > _FOLLOWERS_A_PAGE, rows[:_FOLLOWERS_A_PAGE]
    visible = [one for one in rows if _follower_shown(call, one["userid"])]
    if not visible and not cursor and not more:
        raise WeComError(84061)
    answer: dict[str, Any] = {
        "external_contact": contact(person),
        "follow_user": [_follow(one) | {"tags": _named_tags(call, one)} for one in visible],
    }
    return answer | ({"next_cursor": make(rows[-1]["id"], now, owner_of(call))} if more else {})


@endpoint(
    "POST", "externalcontact/batch/get_by_user", doc="92994", access=Access.APP,
    rules="up to 100 users (40032, 40031 unknown, 60011 out of range), limit up to 100, opaque cursor",
)  # fmt: skip
def batch_get_by_user(call: Call) -> dict[str, Any]:
    """Customers of members by pages, one row per pair, tag ids only."""
    # Clients of before 2021 (wechatpy among them) name one member as ``userid``.
    userids = call.texts("userid_list") or [one for one in (call.text("userid"),) if one]
    if not 1 <= len(userids) <= 100:
        raise WeComError(40032)
    unknown = members.unknown(call.sandbox.store, userids)
    if unknown:
        raise WeComError(40031, unknown[0])
    if not call.sandbox.scopes.sees_everything(call.caller):
        for userid in userids:
            need_visible(call, userid)
    store, statuses = call.sandbox.store, relations.readable(call.sandbox)
    shown = [userid for userid in userids if not _hidden(call, userid)]
    rows, cursor = page_of(
        call,
        lambda after, limit: follows.of_members(store, shown, statuses, after=after, limit=limit),
        default=50, most=100,
    )  # fmt: skip
    found = []
    for row in rows:
        person = call.sandbox.people.get(row["person_id"])
        if person is not None:
            follow = _follow(row) | {"tag_id": follows.tag_ids(store, row)}
            found.append({"external_contact": contact(person), "follow_info": follow})
    return {"external_contact_list": found, "next_cursor": cursor}


@endpoint(
    "POST", "externalcontact/remark", doc="92115", access=Access.APP,
    rules="remark 20, description 150, company 20 chars (WeChat users only), 5 phones; picture media (40007); "
    "84061; raises no event unless switched on",
)  # fmt: skip
def remark(call: Call) -> dict[str, Any]:
    """Write what a member notes about a customer."""
    fields: dict[str, Any] = {}
    for name, most in (("remark", 20), ("description", 150), ("remark_company", 20)):
        if name in call.body:
            fields[name] = call.text(name, most=most)
    if "remark_mobiles" in call.body:
        fields["remark_mobiles"] = [phone for phone in call.texts("remark_mobiles") if phone]
        if len(fields["remark_mobiles"]) > _MOST_PHONES:
            raise WeComError(BAD_PARAMETER, f"more than {_MOST_PHONES} remark_mobiles")
    picture = call.text("remark_pic_mediaid")
    if not fields and not picture:
        raise WeComError(BAD_PARAMETER, "nothing to change")
    if picture:
        need_media(call.sandbox, picture, "image")
        fields["remark_picture"] = picture
    row = _pair(call)
    if need_person(call, row["external_userid"]).type != _WECHAT:
        fields.pop("remark_company", None)
    relations.write_remark(call.sandbox, row["id"], fields)
    if set(fields) - {"remark_mobiles"}:
        relations.raise_for_api(call.sandbox, row)
    return {}


@endpoint(
    "POST", "externalcontact/mark_tag", doc="92118", access=Access.APP,
    rules="84061; 40068 unknown tag; 60011 rule group's tag on a member outside of its range; 3,000 tags a "
    "relation; add and remove not both empty; raises no event unless switched on",
)  # fmt: skip
def mark_tag(call: Call) -> dict[str, Any]:
    """Put corp tags on a relation and take them off."""
    add, remove = call.texts("add_tag"), call.texts("remove_tag")
    if not add and not remove:
        raise WeComError(BAD_PARAMETER, "add_tag and remove_tag both empty")
    store, row = call.sandbox.store, _pair(call)
    for tag_id in (*add, *remove):
        customer_strategies.need_tag_for(store, tag_id, row["userid"])
    kept = [one for one in follows.tag_ids(store, row) if one not in remove]
    wanted = list(dict.fromkeys([*kept, *(one for one in add if one not in remove)]))
    if len(wanted) > corp_tags.MOST_A_RELATION:
        raise WeComError(BAD_PARAMETER, f"more than {corp_tags.MOST_A_RELATION} tags")
    relations.set_tags(call.sandbox, row["id"], wanted)
    relations.raise_for_api(call.sandbox, row)
    return {}


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
        fields["position"] = person.position
        fields["external_profile"] = person.external_profile or {
            "external_corp_name": person.corp_name, "external_attr": [],
        }  # fmt: skip
    return fields


def need_person(call: Call, external_userid: str) -> Person:
    """The person of an external_userid; 40096 when it is nobody's."""
    person = call.sandbox.people.by_external_userid(external_userid)
    if person is None:
        raise WeComError(40096)
    return person


def _follow(row: follows.Row) -> dict[str, Any]:
    follow = {
        "userid": row["userid"],
        "remark": row["remark"],
        "description": row["description"],
        "createtime": row["createtime"],
        "remark_mobiles": []
        if row["remark_mobiles"] == "[]"
        else json.loads(row["remark_mobiles"]),
        "oper_userid": row["oper_userid"],
        "add_way": row["add_way"],
    }
    if row["state"]:
        follow["state"] = row["state"]
    if row["remark_company"]:
        follow["remark_corp_name"] = row["remark_company"]
    if row["add_way"] == _VIDEO_CHANNEL:
        follow["wechat_channels"] = {"nickname": row["channel"], "source": row["channel_source"]}
    return follow


def _named_tags(call: Call, row: follows.Row) -> list[dict[str, Any]]:
    return corp_tags.named(call.sandbox.store, follows.tag_ids(call.sandbox.store, row))


def _follower_shown(call: Call, userid: str) -> bool:
    return call.sandbox.scopes.sees_user(call.caller, userid) and not _hidden(call, userid)


def _hidden(call: Call, userid: str) -> bool:
    """Whether the customers of a member without 客户联系 are no customers to the API (92113, 92114)."""
    if not call.sandbox.behaviour.hide_left_out:
        return False
    row = members.find(call.sandbox.store, userid)
    return row is None or not row["can_follow"] or is_left_out(call.sandbox.store, userid)


def _pair(call: Call) -> follows.Row:
    userid = need_visible(call, call.need_text("userid", 41009))
    external_userid = call.need_text("external_userid", 40096)
    need_person(call, external_userid)
    return relations.need_readable(call.sandbox, userid, external_userid)
