"""A member asks somebody to become his customer, and the other answers (发起申请, external-contacts.md §6)."""

import sqlite3
from typing import Any

from wecom_sandbox.contacts import members
from wecom_sandbox.controls import Body, control, need_person
from wecom_sandbox.customers import relations
from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.marketing import ways
from wecom_sandbox.sandbox import Sandbox

WAITING, ACCEPTED, REFUSED = "waiting", "accepted", "refused"
BY_PHONE = 2
MOST_WORDS = 50


def ask(
    sandbox: Sandbox, userid: str, person: Person, *, add_way: int = BY_PHONE, words: str = ""
) -> int:
    """Send a request; its number, the same while one waits.

    Raises:
        NotPossibleError: the member cannot have customers, or they are contacts already.
    """
    store = sandbox.store
    with store.transaction():
        row = members.need(store, userid)
        try:
            ways.check_receiver(store, row)
        except WeComError as error:
            raise NotPossibleError(f"the member cannot add customers: {error.text()}") from None
        if relations.open_relation(sandbox, row["userid"], person.id) is not None:
            raise NotPossibleError("they are contacts already")
        present = _waiting(sandbox, row["userid"], person.id)
        if present is not None:
            return int(present["id"])
        return store.insert(
            "friend_requests", userid=row["userid"], person_id=person.id, add_way=add_way,
            words=words[:MOST_WORDS], at=sandbox.clock.now(), status=WAITING,
        )  # fmt: skip


def answer(
    sandbox: Sandbox, userid: str, person: Person, *, accept: bool
) -> relations.Added | None:
    """The person accepts (they are contacts then) or refuses.

    Raises:
        NotPossibleError: no request waits.
    """
    store = sandbox.store
    with store.transaction():
        row = _waiting(sandbox, userid, person.id)
        if row is None:
            raise NotPossibleError("no request of that member waits")
        store.run(
            "UPDATE friend_requests SET status = ? WHERE id = ?",
            ACCEPTED if accept else REFUSED, row["id"],
        )  # fmt: skip
        if not accept or relations.open_relation(sandbox, row["userid"], person.id) is not None:
            return None
        return relations.add(
            sandbox, row["userid"], person, add_way=row["add_way"], oper_userid=row["userid"]
        )


def to_person(sandbox: Sandbox, person_id: str) -> list[sqlite3.Row]:
    """The requests somebody got, the newest first."""
    return sandbox.store.rows(
        "SELECT * FROM friend_requests WHERE person_id = ? ORDER BY id DESC", person_id
    )


def of_member(sandbox: Sandbox, userid: str) -> list[sqlite3.Row]:
    """The requests a member sent, the newest first."""
    return sandbox.store.rows(
        "SELECT * FROM friend_requests WHERE userid = ? ORDER BY id DESC", userid
    )


@control("POST", "friend_request")
def control_ask(sandbox: Sandbox, body: Body) -> Any:
    """Control API: {userid, person_id, add_way, words}."""
    number = ask(
        sandbox, str(body["userid"]), need_person(sandbox, body["person_id"]),
        add_way=int(body.get("add_way", BY_PHONE)), words=str(body.get("words", "")),
    )  # fmt: skip
    return {"ok": True, "id": number}


@control("POST", "friend_answer")
def control_answer(sandbox: Sandbox, body: Body) -> Any:
    """Control API: {userid, person_id, accept}."""
    person = need_person(sandbox, body["person_id"])
    added = answer(sandbox, str(body["userid"]), person, accept=bool(body.get("accept", True)))
    return {"ok": True, "added": None if added is None else added.public()}


def _waiting(sandbox: Sandbox, userid: str, person_id: str) -> sqlite3.Row | None:
    return sandbox.store.row(
        "SELECT * FROM friend_requests WHERE userid = ? AND person_id = ? AND status = ?",
        userid, person_id, WAITING,
    )  # fmt: skip
