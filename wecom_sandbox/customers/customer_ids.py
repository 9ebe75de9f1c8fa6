"""Ids of people outside the corp that stand for others: pending, temporary, for counting (external-contacts.md §1, §3)."""

import hashlib
import secrets
from typing import Any

from wecom_sandbox.controls import Body, control, need_person
from wecom_sandbox.customers import follows
from wecom_sandbox.customers.people import Person
from wecom_sandbox.groups import groups
from wecom_sandbox.sandbox import Sandbox

PENDING_SECONDS = 90 * 86400
COUNTING_SECONDS = 4 * 3600
MEETING, FORM, SHEET = 1, 2, 3


def is_known(sandbox: Sandbox, person: Person) -> bool:
    """Whether somebody is a customer of a member or sits in a customer group."""
    store = sandbox.store
    return follows.follows_anybody(store, person.external_userid) or bool(
        groups.groups_of(store, person.external_userid)
    )


def pending_for(sandbox: Sandbox, person: Person, app: str) -> str:
    """The pending_id of somebody who is no customer yet: the same for 90 days, each app its own."""
    since = sandbox.clock.now() - PENDING_SECONDS
    sql = "SELECT pending_id FROM pending_ids WHERE person_id = ? AND app = ? AND made_at > ?"
    present = sandbox.store.value(sql, person.id, app, since)
    if present:
        return str(present)
    pending = "p" + secrets.token_urlsafe(24)
    sandbox.store.insert(
        "pending_ids", pending_id=pending, app=app, person_id=person.id, made_at=sandbox.clock.now()
    )
    return pending


def pending_of(sandbox: Sandbox, person: Person, app: str) -> str | None:
    """The pending_id the app was given for somebody within 90 days, or None."""
    sql = (
        "SELECT pending_id FROM pending_ids WHERE person_id = ? AND app = ? AND made_at > ? "
        "ORDER BY made_at DESC"
    )
    found = sandbox.store.value(sql, person.id, app, sandbox.clock.now() - PENDING_SECONDS)
    return str(found) if found else None


def counting_id(sandbox: Sandbox, external_userid: str) -> str:
    """The tmp_openid of somebody: good for four hours, and only for telling people apart (99434)."""
    period = int(sandbox.clock.now()) // COUNTING_SECONDS
    digest = hashlib.sha256(f"{period}:{external_userid}".encode()).hexdigest()
    return f"wmtmp{digest[:40]}"


@control("POST", "temporary_id")
def give_temporary_id(sandbox: Sandbox, body: Body) -> Any:
    """What an app gets to see of somebody in a meeting, form or sheet: {person_id, business_type, app}."""
    person = need_person(sandbox, body["person_id"])
    business = int(body.get("business_type", MEETING))
    if business not in (MEETING, FORM, SHEET):
        raise ValueError("business_type must be 1, 2 or 3")
    temporary = "ou" + secrets.token_urlsafe(24)
    with sandbox.store.transaction():
        sandbox.store.insert(
            "temporary_ids", tmp_external_userid=temporary, app=str(body.get("app", "scrm")),
            business_type=business, person_id=person.id,
        )  # fmt: skip
    return {"tmp_external_userid": temporary}
