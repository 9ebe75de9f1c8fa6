"""Control calls for what a person, a member or an administrator of WeCom would do by hand."""

import json
from dataclasses import fields
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import controls, due, ledger, switches
from wecom_sandbox.apps import app_controls, renewals
from wecom_sandbox.archive import archive_chats, archive_rooms
from wecom_sandbox.contacts import (
    activation,
    console_changes,
    console_contacts,
    console_tags,
    joining,
    members,
)
from wecom_sandbox.controls import PREFIX, Body, NotThereError, answer, control, need_person
from wecom_sandbox.customers import chats, relations, scale, transfers
from wecom_sandbox.defaults import app_named
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.faults import Order
from wecom_sandbox.groups import group_controls
from wecom_sandbox.kf import kf_controls
from wecom_sandbox.logins import logins
from wecom_sandbox.marketing import (
    acquisition,
    acquisition_quotas,
    mass_sending,
    moment_posting,
    temp_chats,
    ways,
)
from wecom_sandbox.sandbox import Sandbox

# Imported for the calls they register.
__all__ = [
    "acquisition",
    "acquisition_quotas",
    "app_controls",
    "archive_chats",
    "archive_rooms",
    "chats",
    "console_changes",
    "console_contacts",
    "console_tags",
    "group_controls",
    "kf_controls",
    "mass_sending",
    "moment_posting",
    "rules",
    "scale",
    "switches",
    "temp_chats",
]


def rules() -> list[Rule]:
    """Routes of the control API: every registered call, and the two lists with a name in the path."""
    return [
        *controls.rules(),
        Rule(PREFIX + "ledger/<name>", endpoint=ledger_page, methods=["GET"]),
        Rule(PREFIX + "robot/<key>/messages", endpoint=robot_page, methods=["GET"]),
    ]


def ledger_page(sandbox: Sandbox, request: Request, name: str) -> Response:
    """One list of the ledger as JSON; ``?limit&offset`` and a filter by any column."""
    filters = request.args.to_dict()
    limit = int(filters.pop("limit", "1000000"))
    offset = int(filters.pop("offset", "0"))
    with sandbox.store.lock:
        rows = ledger.read(sandbox, name)
    if rows is None:
        return answer({"error": f"no ledger {name}; there are {', '.join(ledger.names())}"}, 404)
    kept = [row for row in rows if all(str(row.get(k)) == v for k, v in filters.items())]
    return answer(kept[offset : offset + limit])


def robot_page(sandbox: Sandbox, request: Request, key: str) -> Response:
    """What a group robot posted."""
    rows = sandbox.store.rows("SELECT * FROM robot_messages WHERE key = ? ORDER BY id", key)
    return answer([dict(row) | {"content": json.loads(row["content"])} for row in rows])


@control("POST", "reset")
def _reset(sandbox: Sandbox, body: Body) -> Any:
    sandbox.reset(body.get("seed"), body.get("people"))
    return {"ok": True, "seed": sandbox.people.seed, "people": sandbox.people.count}


@control("GET", "people")
def _people(sandbox: Sandbox, body: Body) -> Any:
    offset, limit = int(body.get("offset", 0)), int(body.get("limit", 100))
    if body.get("q"):
        found = sandbox.people.search(str(body["q"]), offset + limit)[offset:]
    else:
        found = sandbox.people.page(offset, limit)
    return [person.public() for person in found]


@control("POST", "people")
def _people_change(sandbox: Sandbox, body: Body) -> Any:
    allowed = {
        "name", "real_name", "phone", "unionid", "gender", "type", "corp_name", "avatar", "position",
        "external_profile",
    }  # fmt: skip
    fields = {name: value for name, value in body.items() if name in allowed}
    index = need_person(sandbox, body["id"]).index if body.get("id") else sandbox.people.count
    return sandbox.change_person(index, fields).public()


def _way(sandbox: Sandbox, body: Body) -> Any:
    if body.get("config_id"):
        row = ways.find(sandbox.store, str(body["config_id"]))
    else:
        row = ways.by_link(sandbox.store, str(body["link"]))
    if row is None:
        raise NotThereError("no such contact way")
    return row


@control("POST", "scan")
def _scan(sandbox: Sandbox, body: Body) -> Any:
    person = need_person(sandbox, body["person_id"])
    return relations.scan(sandbox, _way(sandbox, body), person).public()


@control("POST", "add")
def _add(sandbox: Sandbox, body: Body) -> Any:
    person = need_person(sandbox, body["person_id"])
    with sandbox.store.transaction():
        row = members.need(sandbox.store, str(body["userid"]))
        ways.check_receiver(sandbox.store, row)
        if relations.open_relation(sandbox, row["userid"], person.id) is not None:
            raise NotPossibleError("they are contacts already")
        added = relations.add(
            sandbox, row["userid"], person, half=bool(body.get("half", False)),
            add_way=int(body.get("add_way", 2)), channel=str(body.get("channel", "")),
        )  # fmt: skip
    return added.public()


@control("POST", "accept")
def _accept(sandbox: Sandbox, body: Body) -> Any:
    person = need_person(sandbox, body["person_id"])
    return relations.accept(sandbox, str(body["userid"]), person.id).public()


@control("POST", "delete")
def _delete(sandbox: Sandbox, body: Body) -> Any:
    if body["by"] not in ("customer", "member"):
        raise ValueError("by must be customer or member")
    person = need_person(sandbox, body["person_id"])
    relation_id = relations.delete(sandbox, str(body["userid"]), person.id, by=body["by"])
    return {"ok": True, "relation_id": relation_id}


@control("POST", "transfer_answer")
def _transfer_answer(sandbox: Sandbox, body: Body) -> Any:
    if body["answer"] not in ("accept", "refuse"):
        raise ValueError("answer must be accept or refuse")
    person = need_person(sandbox, body["person_id"])
    status = transfers.answer(sandbox, person.id, accept=body["answer"] == "accept")
    return {"ok": True, "status": status}


@control("POST", "hand_over")
def _hand_over(sandbox: Sandbox, body: Body) -> Any:
    """An administrator gives a customer to a colleague, and the customer agrees at once."""
    person = need_person(sandbox, body["person_id"])
    with sandbox.store.transaction():
        takeover = str(body["takeover"])
        members.need(sandbox.store, takeover)
        refused = transfers.ask(
            sandbox, str(body["userid"]), takeover, person, resigned=False, message=""
        )
        if refused:
            raise NotPossibleError(f"the hand-over is refused with {refused}")
        return {"ok": True, "status": transfers.answer(sandbox, person.id, accept=True)}


@control("POST", "edit_remark")
def _edit_remark(sandbox: Sandbox, body: Body) -> Any:
    allowed = {"remark", "description", "remark_company", "remark_mobiles", "tags"}
    fields = {name: value for name, value in body.items() if name in allowed}
    if not fields:
        raise ValueError("nothing to change")
    person = need_person(sandbox, body["person_id"])
    relations.edit_in_client(sandbox, str(body["userid"]), person.id, fields)
    return {"ok": True}


@control("POST", "callback_urls")
def _callback_urls(sandbox: Sandbox, body: Body) -> Any:
    app = app_named(str(body["app"]))
    if app is None:
        raise NotThereError(f"no app {body['app']}")
    url = body.get("url")
    if not url:
        sandbox.delivery.set_url(app.name, None)
        return {"ok": True, "verified": False, "message": "removed"}
    verified, message = sandbox.delivery.verify(renewals.as_now(sandbox.store, app), str(url))
    # The admin console refuses to save an address that fails the check.
    if verified or body.get("verify") is False:
        sandbox.delivery.set_url(app.name, str(url))
    return {"ok": verified, "verified": verified, "message": message}


@control("POST", "activate")
def _activate(sandbox: Sandbox, body: Body) -> Any:
    userids = None if body.get("all") else list(body["userids"])
    return {"ok": True, "changed": activation.activate_members(sandbox, userids)}


@control("POST", "delivery")
def _delivery(sandbox: Sandbox, body: Body) -> Any:
    return sandbox.delivery.update(body)


@control("POST", "redeliver")
def _redeliver(sandbox: Sandbox, body: Body) -> Any:
    queued = sandbox.delivery.redeliver(
        int(body.get("times", 1)),
        int(body.get("seed", 1)),
        shuffle=bool(body.get("shuffle", False)),
    )
    return {"ok": True, "queued": queued}


@control("POST", "wait_idle")
def _wait_idle(sandbox: Sandbox, body: Body) -> Any:
    idle = sandbox.delivery.wait_idle(float(body.get("timeout", 30)))
    return {"idle": idle, "waiting": sandbox.delivery.waiting()}


def _order(body: Body) -> Order:
    names = {field.name: field.type for field in fields(Order)}
    for name, value in body.items():
        if name not in names:
            raise ValueError(f"{name}: a fault has no such field")
        if (names[name] is str) != isinstance(value, str) and value is not None:
            raise ValueError(f"{name}: wrong type")
    if "kind" not in body:
        raise KeyError("kind")
    return Order(**{name: value for name, value in body.items() if value is not None})


@control("POST", "faults")
def _faults_add(sandbox: Sandbox, body: Body) -> Any:
    fault = sandbox.faults.add(_order(body))
    return {"ok": True, "id": fault.id}


@control("DELETE", "faults")
def _faults_clear(sandbox: Sandbox, body: Body) -> Any:
    sandbox.faults.clear()
    return {"ok": True}


@control("GET", "faults")
def _faults_list(sandbox: Sandbox, body: Body) -> Any:
    return sandbox.faults.listed()


@control("POST", "revoke_tokens")
def _revoke(sandbox: Sandbox, body: Body) -> Any:
    errcode = int(body.get("errcode", 40014))
    if errcode not in (40014, 42001):
        raise ValueError("errcode must be 40014 or 42001")
    with sandbox.store.transaction():
        revoked = sandbox.tokens.revoke(errcode, body.get("app"))
    return {"ok": True, "revoked": revoked}


@control("POST", "clock")
@control("GET", "clock")
def _clock(sandbox: Sandbox, body: Body) -> Any:
    if "speed" in body:
        sandbox.clock.set_speed(float(body["speed"]))
    if "advance" in body:
        sandbox.clock.advance(float(body["advance"]))
        due.settle(sandbox)
    return {"now": sandbox.clock.now(), "speed": sandbox.clock.speed}


@control("POST", "oauth_code")
def _oauth_code(sandbox: Sandbox, body: Body) -> Any:
    if body.get("person_id"):
        data: Body = {"person_id": need_person(sandbox, body["person_id"]).id}
    else:
        data = {"userid": members.need(sandbox.store, str(body["userid"]))["userid"]}
    data["scope"] = body.get("scope", "snsapi_base")
    return {"code": logins.issue(sandbox, "oauth", data, logins.CODE_SECONDS)}


@control("POST", "join")
def _join(sandbox: Sandbox, body: Body) -> Any:
    person = need_person(sandbox, body["person_id"])
    return {"userid": joining.join(sandbox, str(body["vcode"]), person)}


@control("POST", "mini_program_code")
def _mini_program_code(sandbox: Sandbox, body: Body) -> Any:
    userid = members.need(sandbox.store, str(body["userid"]))["userid"]
    app = app_named(str(body.get("app", "scrm")))
    if app is None:
        raise NotThereError(f"no app {body['app']}")
    return {"code": logins.mini_program_code(sandbox, userid, app.name)}


@control("POST", "robots")
def _robots(sandbox: Sandbox, body: Body) -> Any:
    with sandbox.store.transaction():
        sandbox.store.run(
            "INSERT OR REPLACE INTO robots VALUES (?, ?)",
            str(body["key"]),
            str(body.get("name", "")),
        )
    return {"ok": True}


@control("GET", "status")
def _status(sandbox: Sandbox, body: Body) -> Any:
    return {
        "ok": True,
        "now": sandbox.clock.now(),
        "speed": sandbox.clock.speed,
        "people": sandbox.people.count,
        "callback_urls": sandbox.delivery.urls(),
        "waiting": sandbox.delivery.waiting(),
    }


@control("GET", "delivery")
def _delivery_state(sandbox: Sandbox, body: Body) -> Any:
    return sandbox.delivery.update({})
