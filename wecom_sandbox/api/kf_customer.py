"""Customers of 微信客服, and offering them a guide or a group (messaging-media.md §6)."""

import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.kf import kf_accounts, kf_sessions, kf_upgrades

_MOST_CUSTOMERS = 100
_MOST_WORDS = 256


@endpoint(
    "POST", "kf/customer/batchget", doc="95159", access=Access.APP,
    rules="1-100 ids (40058); who never came is invalid; where from for 48 hours",
)  # fmt: skip
def batchget(call: Call) -> dict[str, Any]:
    """Who the customers are, and where they came from."""
    asked = list(dict.fromkeys(call.texts("external_userid_list")))
    if not 1 <= len(asked) <= _MOST_CUSTOMERS:
        raise WeComError(BAD_PARAMETER, f"external_userid_list takes 1 to {_MOST_CUSTOMERS}")
    with_context = call.number("need_enter_session_context", 0, most=1) == 1
    known, unknown = [], []
    for customer in asked:
        visit = kf_sessions.last_visit(call.sandbox.store, customer)
        if visit is None:
            unknown.append(customer)
        else:
            known.append(_shown(call, visit, with_context=with_context))
    return {"customer_list": known, "invalid_external_userid": unknown}


@endpoint(
    "GET", "kf/customer/get_upgrade_service_config", doc="94674", access=Access.APP,
    rules="as the administrator set it",
)  # fmt: skip
def get_upgrade_service_config(call: Call) -> dict[str, Any]:
    """Who may be offered to customers."""
    allowed = kf_upgrades.config(call.sandbox)
    return {
        "member_range": {
            "userid_list": allowed["userids"],
            "department_id_list": allowed["departments"],
        },
        "groupchat_range": {"chat_id_list": allowed["chats"]},
    }


@endpoint(
    "POST", "kf/customer/upgrade_service", doc="94674", access=Access.APP,
    rules="95004 301002; 40096; type 1 member (60111 41054 40098 84074), 2 group (40050 49008); 60011 out of the range",
)  # fmt: skip
def upgrade_service(call: Call) -> dict[str, Any]:
    """Offer a customer a guide of his own or a group."""
    open_kfid, customer = _customer(call)
    kind = call.number("type", 0, least=kf_upgrades.MEMBER, most=kf_upgrades.GROUP)
    name, field = ("member", "userid") if kind == kf_upgrades.MEMBER else ("groupchat", "chat_id")
    section = call.section(name)
    target, words = str(section.get(field) or ""), str(section.get("wording") or "")
    if not target:
        raise WeComError(BAD_PARAMETER, f"{name}.{field} missing")
    if len(words) > _MOST_WORDS:
        raise WeComError(BAD_PARAMETER, f"{name}.wording longer than {_MOST_WORDS} characters")
    session = kf_sessions.current(call.sandbox.store, open_kfid, customer)
    servicer = str(session["servicer"]) if session else ""
    kf_upgrades.offer(call.sandbox, open_kfid, customer, kind, target, words, servicer)
    return {}


@endpoint(
    "POST", "kf/customer/cancel_upgrade_service", doc="94674", access=Access.APP,
    rules="95004 301002; 40096",
)  # fmt: skip
def cancel_upgrade_service(call: Call) -> dict[str, Any]:
    """Take the offer back."""
    open_kfid, customer = _customer(call)
    kf_upgrades.cancel(call.sandbox, open_kfid, customer)
    return {}


def _customer(call: Call) -> tuple[str, str]:
    store = call.sandbox.store
    row = kf_accounts.need(store, call.need_text("open_kfid"))
    customer = call.need_text("external_userid")
    if kf_sessions.last_visit(store, customer, row["open_kfid"]) is None:
        raise WeComError(40096)
    return str(row["open_kfid"]), customer


def _shown(call: Call, visit: sqlite3.Row, *, with_context: bool) -> dict[str, Any]:
    person = call.sandbox.people.get(visit["person_id"])
    if person is None:
        raise WeComError(40096)
    shown: dict[str, Any] = {
        "external_userid": person.external_userid,
        "nickname": person.name,
        "avatar": person.avatar,
        "gender": person.gender,
    }
    if person.unionid:
        shown["unionid"] = person.unionid
    fresh = visit["at"] > call.sandbox.clock.now() - kf_sessions.TALK_SECONDS
    if with_context and fresh:
        context = {"scene": visit["scene"], "scene_param": visit["scene_param"]}
        channel = {"wechat_channels": {"nickname": visit["channel"], "scene": 1}}
        shown["enter_session_context"] = context | (channel if visit["channel"] else {})
    return shown
