"""Control calls and ledger lists of 微信客服: what customers, servicers and administrators do."""

import json
from collections.abc import Callable
from typing import Any

from wecom_sandbox import ledger
from wecom_sandbox.controls import Body, control, need_person
from wecom_sandbox.kf import kf_accounts, kf_sessions, kf_upgrades
from wecom_sandbox.sandbox import Sandbox


@control("POST", "kf_account")
def console_account(sandbox: Sandbox, body: Body) -> Any:
    """An administrator makes an account {name}, or lets the apps manage some and others not {grant, revoke}.

    The latter raises kf_account_auth_change.
    """
    store = sandbox.store
    with store.transaction():
        if body.get("name"):
            return {"open_kfid": kf_accounts.create(store, str(body["name"]), "", managed=False)}
        changed: dict[str, list[str]] = {}
        for name, field, managed in (
            ("grant", "AuthAddOpenKfId", 1),
            ("revoke", "AuthDelOpenKfId", 0),
        ):
            for open_kfid in body.get(name) or []:
                row = kf_accounts.need(store, str(open_kfid), managed=False)
                sql = "UPDATE kf_accounts SET managed = ? WHERE open_kfid = ?"
                store.run(sql, managed, row["open_kfid"])
                changed.setdefault(field, []).append(str(row["open_kfid"]))
        if not changed:
            raise ValueError("name, grant or revoke needed")
        sandbox.delivery.publish_customer("kf_account_auth_change", "", changed)
        return {"ok": True}


@control("POST", "kf_upgrade")
def upgrade_range(sandbox: Sandbox, body: Body) -> Any:
    """An administrator sets who may be offered to customers: {userids, departments, chats}."""
    return kf_upgrades.set_config(
        sandbox, {name: list(body.get(name) or []) for name in ("userids", "departments", "chats")}
    )


@control("POST", "kf_customer")
def customer(sandbox: Sandbox, body: Body) -> Any:
    """What a customer does: {open_kfid, person_id, action: enter, write, recall, refuse, take_upgrade, …}.

    enter {scene, scene_param, channel}, write {message: {msgtype, <msgtype>}}, recall {msgid}, refuse {on}.
    """
    act = _CUSTOMER.get(str(body["action"]))
    if act is None:
        raise ValueError("action must be one of " + ", ".join(_CUSTOMER))
    return {"ok": True} | (act(sandbox, body) or {})


@control("POST", "kf_servicer")
def servicer(sandbox: Sandbox, body: Body) -> Any:
    """What a servicer does: {open_kfid, userid, action: rest, take, answer, hand_on, close, recall, refuse}.

    rest {resting}; the others name the customer as person_id: answer {message}, hand_on {to}, refuse {on}.
    """
    act = _SERVICER.get(str(body["action"]))
    if act is None:
        raise ValueError("action must be one of " + ", ".join(_SERVICER))
    return {"ok": True} | (act(sandbox, body) or {})


@ledger.reader("kf_messages")
def _messages(sandbox: Sandbox) -> ledger.Rows:
    rows = sandbox.store.rows("SELECT * FROM kf_messages ORDER BY serial")
    return [dict(row) | {"content": json.loads(row["content"])} for row in rows]


@ledger.reader("kf_sessions")
def _sessions(sandbox: Sandbox) -> ledger.Rows:
    return [dict(row) for row in sandbox.store.rows("SELECT * FROM kf_sessions ORDER BY id")]


Result = dict[str, Any] | None


def _pair(sandbox: Sandbox, body: Body) -> tuple[str, str]:
    return str(body["open_kfid"]), need_person(sandbox, body["person_id"]).external_userid


def _message(body: Body) -> tuple[str, dict[str, Any]]:
    message = body["message"]
    kind = str(message["msgtype"])
    if not isinstance(message.get(kind), dict):
        raise ValueError(f"message.{kind} missing")
    return kind, message[kind]


def _enter(sandbox: Sandbox, body: Body) -> Result:
    kf_sessions.enter(
        sandbox, str(body["open_kfid"]), need_person(sandbox, body["person_id"]),
        scene=str(body.get("scene", "")), scene_param=str(body.get("scene_param", "")),
        channel=str(body.get("channel", "")),
    )  # fmt: skip
    return None


def _write(sandbox: Sandbox, body: Body) -> Result:
    person = need_person(sandbox, body["person_id"])
    return {"msgid": kf_sessions.write(sandbox, str(body["open_kfid"]), person, *_message(body))}


def _recall(sandbox: Sandbox, body: Body) -> Result:
    if body.get("userid"):
        who = str(body["userid"])
    else:
        who = need_person(sandbox, body["person_id"]).external_userid
    kf_sessions.recall(sandbox, str(body["msgid"]), who)
    return None


def _refuse(sandbox: Sandbox, body: Body) -> Result:
    on, userid = bool(body.get("on", True)), str(body.get("userid", ""))
    kf_sessions.refuse(sandbox, *_pair(sandbox, body), on=on, userid=userid)
    return None


def _take_upgrade(sandbox: Sandbox, body: Body) -> Result:
    kf_upgrades.take(sandbox, str(body["open_kfid"]), need_person(sandbox, body["person_id"]))
    return None


def _rest(sandbox: Sandbox, body: Body) -> Result:
    resting = bool(body.get("resting", True))
    kf_sessions.rest(sandbox, str(body["open_kfid"]), str(body["userid"]), resting=resting)
    return None


def _take(sandbox: Sandbox, body: Body) -> Result:
    kf_sessions.take(sandbox, *_pair(sandbox, body), str(body["userid"]))
    return None


def _answer(sandbox: Sandbox, body: Body) -> Result:
    msgid = kf_sessions.answer(sandbox, *_pair(sandbox, body), str(body["userid"]), *_message(body))
    return {"msgid": msgid}


def _hand_on(sandbox: Sandbox, body: Body) -> Result:
    kf_sessions.hand_on(sandbox, *_pair(sandbox, body), str(body["userid"]), str(body["to"]))
    return None


def _close(sandbox: Sandbox, body: Body) -> Result:
    kf_sessions.close(sandbox, *_pair(sandbox, body), str(body["userid"]))
    return None


_CUSTOMER: dict[str, Callable[[Sandbox, Body], Result]] = {
    "enter": _enter,
    "write": _write,
    "recall": _recall,
    "refuse": _refuse,
    "take_upgrade": _take_upgrade,
}
_SERVICER: dict[str, Callable[[Sandbox, Body], Result]] = {
    "rest": _rest,
    "take": _take,
    "answer": _answer,
    "hand_on": _hand_on,
    "close": _close,
    "recall": _recall,
    "refuse": _refuse,
}
