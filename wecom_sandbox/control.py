"""The control API: everything a person, a member or an administrator of WeCom would do by hand.

JSON under ``/sandbox/api/``. Errors: 400 for a wrong request, 404 for something unknown, 409 when the
world does not allow it, each ``{"error": "<sentence>"}``.
"""

import json
from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import chats, ledger, logins, members, relations, switches, transfers, ways
from wecom_sandbox.console_changes import change_member, change_tag, seed_org
from wecom_sandbox.defaults import app_named
from wecom_sandbox.errors import WeComError
from wecom_sandbox.people import Person
from wecom_sandbox.relations import NotPossibleError
from wecom_sandbox.sandbox import Sandbox

Body = dict[str, Any]
Action = Callable[[Sandbox, Body], Any]
PREFIX = "/sandbox/api/"


class NotThereError(Exception):
    """Something named in a request does not exist."""


def rules() -> list[Rule]:
    """Routes of this module."""
    found = [
        Rule(PREFIX + name, endpoint=_page(action), methods=["POST"])
        for name, action in _ACTIONS.items()
    ]
    found += [
        Rule(PREFIX + name, endpoint=_page(action), methods=["GET"])
        for name, action in _VIEWS.items()
    ]
    found.append(Rule(PREFIX + "faults", endpoint=_page(_faults_clear), methods=["DELETE"]))
    found.append(Rule(PREFIX + "ledger/<name>", endpoint=ledger_page, methods=["GET"]))
    found.append(Rule(PREFIX + "robot/<key>/messages", endpoint=robot_page, methods=["GET"]))
    return found


def answer(data: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(
        json.dumps(data, ensure_ascii=False), status=status, mimetype="application/json"
    )


def need_person(sandbox: Sandbox, person_id: object) -> Person:
    """The person of an id; NotThereError when there is none."""
    person = sandbox.people.get(str(person_id))
    if person is None:
        raise NotThereError(f"no person {person_id}")
    return person


def ledger_page(sandbox: Sandbox, request: Request, name: str) -> Response:
    """One list of the ledger as JSON; ``?limit&offset`` and a filter by any column."""
    filters = request.args.to_dict()
    limit = int(filters.pop("limit", "1000000"))
    offset = int(filters.pop("offset", "0"))
    with sandbox.store.lock:
        rows = ledger.read(sandbox, name)
    if rows is None:
        return answer({"error": f"no ledger {name}; there are {', '.join(ledger.NAMES)}"}, 404)
    kept = [row for row in rows if all(str(row.get(k)) == v for k, v in filters.items())]
    return answer(kept[offset : offset + limit])


def robot_page(sandbox: Sandbox, request: Request, key: str) -> Response:
    """What a group robot posted."""
    rows = sandbox.store.rows("SELECT * FROM robot_messages WHERE key = ? ORDER BY id", key)
    return answer([dict(row) | {"content": json.loads(row["content"])} for row in rows])


def _page(action: Action) -> Callable[[Sandbox, Request], Response]:
    def page(sandbox: Sandbox, request: Request) -> Response:
        try:
            body = json.loads(request.get_data() or b"{}")
            if not isinstance(body, dict):
                raise ValueError("the body must be a JSON object")
            result = action(sandbox, request.args.to_dict() | body)
        except NotThereError as error:
            return answer({"error": str(error)}, 404)
        except NotPossibleError as error:
            return answer({"error": str(error)}, 409)
        except WeComError as error:
            return answer({"error": error.text(), "errcode": error.code}, 400)
        except (ValueError, TypeError) as error:
            return answer({"error": str(error)}, 400)
        except KeyError as error:
            return answer({"error": f"{error.args[0]} missing"}, 400)
        return answer(result)

    return page


def _reset(sandbox: Sandbox, body: Body) -> Any:
    sandbox.reset(body.get("seed"), body.get("people"))
    return {"ok": True, "seed": sandbox.people.seed, "people": sandbox.people.count}


def _people(sandbox: Sandbox, body: Body) -> Any:
    offset, limit = int(body.get("offset", 0)), int(body.get("limit", 100))
    if body.get("q"):
        found = sandbox.people.search(str(body["q"]), offset + limit)[offset:]
    else:
        found = sandbox.people.page(offset, limit)
    return [person.public() for person in found]


def _people_change(sandbox: Sandbox, body: Body) -> Any:
    allowed = {"name", "real_name", "phone", "unionid", "gender", "type", "corp_name", "avatar"}
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


def _scan(sandbox: Sandbox, body: Body) -> Any:
    person = need_person(sandbox, body["person_id"])
    return relations.scan(sandbox, _way(sandbox, body), person).public()


def _add(sandbox: Sandbox, body: Body) -> Any:
    person = need_person(sandbox, body["person_id"])
    with sandbox.store.transaction():
        row = members.need(sandbox.store, str(body["userid"]))
        ways.check_receiver(sandbox.store, row)
        if relations.open_relation(sandbox, row["userid"], person.id) is not None:
            raise NotPossibleError("they are contacts already")
        added = relations.add(
            sandbox, row["userid"], person, half=bool(body.get("half", False)),
            add_way=int(body.get("add_way", 2)),
        )  # fmt: skip
    return added.public()


def _accept(sandbox: Sandbox, body: Body) -> Any:
    person = need_person(sandbox, body["person_id"])
    return relations.accept(sandbox, str(body["userid"]), person.id).public()


def _delete(sandbox: Sandbox, body: Body) -> Any:
    if body["by"] not in ("customer", "member"):
        raise ValueError("by must be customer or member")
    person = need_person(sandbox, body["person_id"])
    relation_id = relations.delete(sandbox, str(body["userid"]), person.id, by=body["by"])
    return {"ok": True, "relation_id": relation_id}


def _transfer_answer(sandbox: Sandbox, body: Body) -> Any:
    if body["answer"] not in ("accept", "refuse"):
        raise ValueError("answer must be accept or refuse")
    person = need_person(sandbox, body["person_id"])
    status = transfers.answer(sandbox, person.id, accept=body["answer"] == "accept")
    return {"ok": True, "status": status}


def _edit_remark(sandbox: Sandbox, body: Body) -> Any:
    allowed = {"remark", "description", "remark_company", "remark_mobiles", "tags"}
    fields = {name: value for name, value in body.items() if name in allowed}
    if not fields:
        raise ValueError("nothing to change")
    person = need_person(sandbox, body["person_id"])
    relations.edit_in_client(sandbox, str(body["userid"]), person.id, fields)
    return {"ok": True}


def _callback_urls(sandbox: Sandbox, body: Body) -> Any:
    app = app_named(str(body["app"]))
    if app is None:
        raise NotThereError(f"no app {body['app']}")
    url = body.get("url")
    if not url:
        sandbox.delivery.set_url(app.name, None)
        return {"ok": True, "verified": False, "message": "removed"}
    verified, message = sandbox.delivery.verify(app, str(url))
    # The admin console refuses to save an address that fails the check.
    if verified or body.get("verify") is False:
        sandbox.delivery.set_url(app.name, str(url))
    return {"ok": verified, "verified": verified, "message": message}


def _activate(sandbox: Sandbox, body: Body) -> Any:
    userids = None if body.get("all") else list(body["userids"])
    return {"ok": True, "changed": relations.activate_members(sandbox, userids)}


def _delivery(sandbox: Sandbox, body: Body) -> Any:
    return sandbox.delivery.update(body)


def _redeliver(sandbox: Sandbox, body: Body) -> Any:
    queued = sandbox.delivery.redeliver(
        int(body.get("times", 1)),
        int(body.get("seed", 1)),
        shuffle=bool(body.get("shuffle", False)),
    )
    return {"ok": True, "queued": queued}


def _wait_idle(sandbox: Sandbox, body: Body) -> Any:
    idle = sandbox.delivery.wait_idle(float(body.get("timeout", 30)))
    return {"idle": idle, "waiting": sandbox.delivery.waiting()}


def _faults_add(sandbox: Sandbox, body: Body) -> Any:
    fault = sandbox.faults.add(
        endpoint=str(body.get("endpoint", "*")), kind=str(body["kind"]), value=body.get("value"),
        rate=float(body.get("rate", 1.0)), count=body.get("count"),
        after=bool(body.get("after", False)), seed=body.get("seed"),
    )  # fmt: skip
    return {"ok": True, "id": fault.id}


def _faults_clear(sandbox: Sandbox, body: Body) -> Any:
    sandbox.faults.clear()
    return {"ok": True}


def _faults_list(sandbox: Sandbox, body: Body) -> Any:
    return sandbox.faults.listed()


def _revoke(sandbox: Sandbox, body: Body) -> Any:
    errcode = int(body.get("errcode", 40014))
    if errcode not in (40014, 42001):
        raise ValueError("errcode must be 40014 or 42001")
    with sandbox.store.transaction():
        revoked = sandbox.tokens.revoke(errcode, body.get("app"))
    return {"ok": True, "revoked": revoked}


def _clock(sandbox: Sandbox, body: Body) -> Any:
    if "speed" in body:
        sandbox.clock.set_speed(float(body["speed"]))
    if "advance" in body:
        sandbox.clock.advance(float(body["advance"]))
        transfers.settle_due(sandbox)
    return {"now": sandbox.clock.now(), "speed": sandbox.clock.speed}


def _oauth_code(sandbox: Sandbox, body: Body) -> Any:
    if body.get("person_id"):
        data: Body = {"person_id": need_person(sandbox, body["person_id"]).id}
    else:
        data = {"userid": members.need(sandbox.store, str(body["userid"]))["userid"]}
    data["scope"] = body.get("scope", "snsapi_base")
    return {"code": logins.issue(sandbox, "oauth", data, logins.CODE_SECONDS)}


def _robots(sandbox: Sandbox, body: Body) -> Any:
    with sandbox.store.transaction():
        sandbox.store.run(
            "INSERT OR REPLACE INTO robots VALUES (?, ?)",
            str(body["key"]),
            str(body.get("name", "")),
        )
    return {"ok": True}


def _status(sandbox: Sandbox, body: Body) -> Any:
    return {
        "ok": True,
        "now": sandbox.clock.now(),
        "speed": sandbox.clock.speed,
        "people": sandbox.people.count,
        "callback_urls": sandbox.delivery.urls(),
        "waiting": sandbox.delivery.waiting(),
    }


_ACTIONS: dict[str, Action] = {
    "reset": _reset,
    "people": _people_change,
    "scan": _scan,
    "add": _add,
    "accept": _accept,
    "delete": _delete,
    "edit_remark": _edit_remark,
    "transfer_answer": _transfer_answer,
    "chat": chats.control_say,
    "app_pages": chats.set_app_pages,
    "callback_urls": _callback_urls,
    "activate": _activate,
    "delivery": _delivery,
    "redeliver": _redeliver,
    "wait_idle": _wait_idle,
    "faults": _faults_add,
    "revoke_tokens": _revoke,
    "clock": _clock,
    "oauth_code": _oauth_code,
    "robots": _robots,
    "console_tag": change_tag,
    "console_member": change_member,
    "seed_org": seed_org,
    "behaviour": switches.set_behaviour,
    "no_contact_tag": switches.set_no_contact_tag,
    "scope": switches.set_scope,
    "trusted_ips": switches.set_trusted_ips,
    "trusted_domains": switches.set_trusted_domains,
    "rates": switches.set_rates,
}
_VIEWS: dict[str, Action] = {
    "status": _status,
    "people": _people,
    "clock": _clock,
    "faults": _faults_list,
    "delivery": lambda sandbox, body: sandbox.delivery.update({}),
}
