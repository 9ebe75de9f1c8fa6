"""What members and customers do with moments on their phones, and what lists they see."""

import json
import sqlite3
from typing import Any

from wecom_sandbox import due, ledger
from wecom_sandbox.contacts import members
from wecom_sandbox.controls import Body, control, need_person
from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.marketing import moments
from wecom_sandbox.sandbox import Sandbox

_SHOWN = 30


def write_own(
    sandbox: Sandbox, userid: str, text: str, *, tags: list[str] | None = None,
    location: dict[str, Any] | None = None,
) -> str:  # fmt: skip
    """A member publishes something of his own, at once; the moment_id. NotPossibleError without words."""
    text = text.strip()[:2000]
    if not text:
        raise NotPossibleError("a moment needs words")
    content: dict[str, Any] = {"text": text, "attachments": []}
    if location:
        content["location"] = location
    with sandbox.store.transaction():
        draft = moments.Draft(content, [userid], tags or [])
        moment_id = moments.create(sandbox, draft, creator=userid)
        moments.publish(sandbox, moment_id, userid)
    return moment_id


def of_member(sandbox: Sandbox, userid: str) -> list[dict[str, Any]]:
    """What a member is asked to publish and what he published, newest first."""
    rows = sandbox.store.rows(
        "SELECT m.*, t.userid, t.publish_status, t.published_at, "
        "(SELECT COUNT(*) FROM moment_customers c WHERE c.moment_id = t.moment_id AND c.userid = t.userid) "
        "AS planned, (SELECT COUNT(*) FROM moment_customers c WHERE c.moment_id = t.moment_id "
        "AND c.userid = t.userid AND c.shown_at IS NOT NULL) AS seen "
        "FROM moment_tasks t JOIN moments m ON m.moment_id = t.moment_id "
        "WHERE t.userid = ? AND m.deleted_at IS NULL AND m.ready_at <= ? ORDER BY t.id DESC LIMIT ?",
        userid, sandbox.clock.now(), _SHOWN,
    )  # fmt: skip
    return [_with_talk(sandbox, row) for row in rows]


def for_customer(sandbox: Sandbox, person: Person) -> list[dict[str, Any]]:
    """What a customer sees of the members he knows, newest first."""
    rows = sandbox.store.rows(
        "SELECT m.*, c.userid, c.shown_at AS published_at FROM moment_customers c "
        "JOIN moments m ON m.moment_id = c.moment_id WHERE c.external_userid = ? AND c.shown_at IS NOT NULL "
        "AND m.deleted_at IS NULL ORDER BY c.shown_at DESC, c.id DESC LIMIT ?",
        person.external_userid, _SHOWN,
    )  # fmt: skip
    return [
        _with_talk(sandbox, row) | {"member": members.find(sandbox.store, row["userid"])}
        for row in rows
    ]


@control("POST", "moment_publish")
def control_publish(sandbox: Sandbox, body: Body) -> Any:
    """Control API ``moment_publish``: {moment_id, userid?}; without a userid everybody who has not yet."""
    due.settle(sandbox)
    moment_id = str(body["moment_id"])
    if body.get("userid"):
        return {"seen": moments.publish(sandbox, moment_id, str(body["userid"]))}
    rows = sandbox.store.rows(
        "SELECT userid FROM moment_tasks WHERE moment_id = ? AND publish_status = ? ORDER BY id",
        moment_id, moments.PLANNED,
    )  # fmt: skip
    return {
        "seen": {row["userid"]: moments.publish(sandbox, moment_id, row["userid"]) for row in rows}
    }


@control("POST", "moment_write")
def control_write(sandbox: Sandbox, body: Body) -> Any:
    """Control API ``moment_write``: {userid, text, tags?, location?}; a member's own moment."""
    row = members.need(sandbox.store, str(body["userid"]))
    tags = [str(one) for one in body.get("tags", [])]
    location = body.get("location")
    if location is not None and not isinstance(location, dict):
        raise ValueError("location must be an object")
    return {
        "moment_id": write_own(
            sandbox, row["userid"], str(body["text"]), tags=tags, location=location
        )
    }


@control("POST", "moment_react")
def control_react(sandbox: Sandbox, body: Body) -> Any:
    """Control API ``moment_react``: {moment_id, userid, kind: like or comment, text?, person_id?}.

    ``userid`` is whose moment it is; without a person_id that member reacts himself.
    """
    if body["kind"] not in (moments.LIKE, moments.COMMENT):
        raise ValueError("kind must be like or comment")
    userid = str(members.need(sandbox.store, str(body["userid"]))["userid"])
    person = need_person(sandbox, body["person_id"]) if body.get("person_id") else None
    moments.react(
        sandbox, str(body["moment_id"]), userid, body["kind"],
        by_member="" if person else userid, external_userid=person.external_userid if person else "",
        text=str(body.get("text", "")),
    )  # fmt: skip
    return {"ok": True}


@control("POST", "moment_delete")
def control_delete(sandbox: Sandbox, body: Body) -> Any:
    """Control API ``moment_delete``: {moment_id}; a member takes his own moment away."""
    row = moments.need(sandbox, str(body["moment_id"]))
    if row["create_type"] != moments.BY_MEMBER:
        raise NotPossibleError("only a member's own moment can be taken away")
    moments.delete(sandbox, row["moment_id"])
    return {"ok": True}


@ledger.reader("moments")
def _ledger(sandbox: Sandbox) -> list[dict[str, Any]]:
    store = sandbox.store
    found = []
    for row in store.rows("SELECT * FROM moments ORDER BY serial"):
        parts = {
            name: [
                dict(one) for one in store.rows(
                    f"SELECT * FROM moment_{name} WHERE moment_id = ? ORDER BY id", row["moment_id"]  # noqa: S608
                )
            ]
            for name in ("tasks", "customers", "reactions")
        }  # fmt: skip
        found.append(dict(row) | {"content": json.loads(row["content"])} | parts)
    return found


def _with_talk(sandbox: Sandbox, row: sqlite3.Row) -> dict[str, Any]:
    store, moment_id, userid = sandbox.store, row["moment_id"], row["userid"]
    return dict(row) | {
        "content": json.loads(row["content"]),
        "likes": [
            _who(sandbox, one) for one in moments.reactions(store, moment_id, userid, moments.LIKE)
        ],
        "comments": [
            {"name": _who(sandbox, one), "text": one["text"]}
            for one in moments.reactions(store, moment_id, userid, moments.COMMENT)
        ],
    }


def _who(sandbox: Sandbox, row: sqlite3.Row) -> str:
    if row["by_member"]:
        member = members.find(sandbox.store, row["by_member"])
        return str(member["name"]) if member else str(row["by_member"])
    person = sandbox.people.by_external_userid(row["external_userid"])
    return person.name if person else str(row["external_userid"])
