"""Customers handed from one member to another: asked, refused, or handed over after 24 hours (external-contacts.md §5).

A customer of a member in service is handed over at most twice within 90 days (96325), or, by an older reading of the
same page, not at all within 90 days of the last time: the switch ``transfer_rule``. A member who has left must have
done so within the last year (96331).
"""

import sqlite3
from typing import Any

from wecom_sandbox.china_time import DAY, day_start
from wecom_sandbox.customers import follows
from wecom_sandbox.customers.people import Person
from wecom_sandbox.customers.relations import EVENT, open_relation
from wecom_sandbox.due import settles
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.sandbox import Sandbox

REFUSAL_SECONDS = 24 * 3600
PROTECTED_DAYS = 90
MOST_TRANSFERS = 2
RESIGNED_SECONDS = 365 * DAY
DONE, WAITING, REFUSED, CAPPED, NO_RECORD = 1, 2, 3, 4, 5
BY_ADMINISTRATOR = 202


def ask(
    sandbox: Sandbox, handover: str, takeover: str, person: Person | None, *, resigned: bool,
    message: str,
) -> int:  # fmt: skip
    """Ask for one customer; the item's errcode (40096, 84061, 40099, 40100, 40128), 0 when asked."""
    if person is None:
        return 40096
    store, now = sandbox.store, sandbox.clock.seconds()
    statuses = ("unassigned",) if resigned else ("active",)
    old = follows.of_pair(store, handover, person.external_userid, statuses)
    if old is None or (resigned and old["ended_at"] + RESIGNED_SECONDS < now):
        return 84061
    if store.value(
        "SELECT 1 FROM transfers WHERE person_id = ? AND status = ?", person.id, WAITING
    ):
        return 40100
    most = MOST_TRANSFERS if sandbox.behaviour.transfer_rule == "twice" else 1
    if not resigned and _transfers_of_late(sandbox, person) >= most:
        return 40128
    if _is_full(sandbox, takeover) and open_relation(sandbox, takeover, person.id) is None:
        return 40099
    store.insert(
        "transfers", handover=handover, takeover=takeover, person_id=person.id,
        external_userid=person.external_userid, status=WAITING, resigned=int(resigned), asked_at=now,
        message=message,
    )  # fmt: skip
    return 0


@settles
def settle_due(sandbox: Sandbox) -> int:
    """Hand over everybody who did not refuse within 24 hours; how many."""
    with sandbox.store.transaction():
        rows = sandbox.store.rows(
            "SELECT * FROM transfers WHERE status = ? AND asked_at <= ? ORDER BY id",
            WAITING, sandbox.clock.seconds() - REFUSAL_SECONDS,
        )  # fmt: skip
        for row in rows:
            _hand_over(sandbox, row)
        return len(rows)


def waiting_for(sandbox: Sandbox, person_id: str, handover: str = "") -> sqlite3.Row | None:
    """The question a customer can still answer, or None; ``handover`` narrows to one old member."""
    return sandbox.store.row(
        "SELECT * FROM transfers WHERE person_id = ? AND status = ? AND (? = '' OR handover = ?)",
        person_id, WAITING, handover, handover,
    )  # fmt: skip


def answer(sandbox: Sandbox, person_id: str, *, accept: bool) -> int:
    """The customer answers on the phone; the transfer's status after it.

    Raises:
        NotPossibleError: nothing waits for an answer.
    """
    with sandbox.store.transaction():
        row = waiting_for(sandbox, person_id)
        if row is None:
            raise NotPossibleError("no hand-over waits for this customer")
        if accept:
            return _hand_over(sandbox, row)
        _close(sandbox, row, REFUSED)
        _fail(sandbox, row, "customer_refused")
        return REFUSED


def _hand_over(sandbox: Sandbox, row: sqlite3.Row) -> int:
    old = follows.of_pair(
        sandbox.store, row["handover"], row["external_userid"], ("active", "unassigned")
    )
    present = open_relation(sandbox, row["takeover"], row["person_id"])
    if old is None:  # deleted meanwhile by one of the two
        _close(sandbox, row, NO_RECORD)
        return NO_RECORD
    if present is None and _is_full(sandbox, row["takeover"]):
        _close(sandbox, row, CAPPED)
        _fail(sandbox, row, "customer_limit_exceed")
        return CAPPED
    _move(sandbox, row, old, present)
    _close(sandbox, row, DONE)
    return DONE


def _move(
    sandbox: Sandbox, row: sqlite3.Row, old: follows.Row, present: follows.Row | None
) -> None:
    """End the old relation and make the new one.

    No add is raised for a customer who is the successor's already, or whom the successor once handed over
    himself (96325).
    """
    store, now = sandbox.store, sandbox.clock.seconds()
    follows.keep(store, old["id"])
    store.run(
        "UPDATE relations SET status = 'transferred', ended_at = ? WHERE id = ?", now, old["id"]
    )
    ids: dict[str, Any] = {"ExternalUserID": row["external_userid"]}
    sandbox.delivery.publish_customer(EVENT, "del_external_contact",
        {"UserID": row["handover"], **ids, "Source": "DELETE_BY_TRANSFER"},
    )  # fmt: skip
    if present is not None:
        return
    new = store.insert(
        "relations", userid=row["takeover"], person_id=row["person_id"],
        external_userid=row["external_userid"], status="active", createtime=now,
        add_way=BY_ADMINISTRATOR, remark=old["remark"], oper_userid=row["takeover"],
    )  # fmt: skip
    store.run(
        "INSERT INTO relation_tags SELECT ?, tag_id FROM relation_tags WHERE relation_id = ?",
        new, old["id"],
    )  # fmt: skip
    gave_before = store.value(
        "SELECT 1 FROM transfers WHERE handover = ? AND person_id = ? AND status = ?",
        row["takeover"], row["person_id"], DONE,
    )  # fmt: skip
    if not gave_before:
        sandbox.delivery.publish_customer(
            EVENT, "add_external_contact", {"UserID": row["takeover"], **ids}
        )


def _transfers_of_late(sandbox: Sandbox, person: Person) -> int:
    """How often members in service have handed somebody over within 90 natural days."""
    since = day_start(sandbox.clock.now()) - (PROTECTED_DAYS - 1) * DAY
    return int(sandbox.store.value(
        "SELECT COUNT(*) FROM transfers WHERE person_id = ? AND status = ? AND resigned = 0 AND takeover_time >= ?",
        person.id, DONE, since,
    ))  # fmt: skip


def _is_full(sandbox: Sandbox, userid: str) -> bool:
    limit = sandbox.behaviour.customer_limit
    return bool(limit) and follows.count(sandbox.store, userid) >= limit


def _close(sandbox: Sandbox, row: sqlite3.Row, status: int) -> None:
    sandbox.store.run(
        "UPDATE transfers SET status = ?, takeover_time = ? WHERE id = ?",
        status, sandbox.clock.seconds() if status == DONE else 0, row["id"],
    )  # fmt: skip


def _fail(sandbox: Sandbox, row: sqlite3.Row, reason: str) -> None:
    sandbox.delivery.publish_customer(EVENT, "transfer_fail",
        {
            "UserID": row["takeover"], "ExternalUserID": row["external_userid"],
            "FailReason": reason,
        },
    )  # fmt: skip
