"""Customers who come by acquisition links: opening, adding, first and further messages (marketing.md §2)."""

import json
import secrets
import sqlite3
from typing import Any

from wecom_sandbox import due
from wecom_sandbox.controls import Body, NotThereError, control, need_person
from wecom_sandbox.customers import follows, happenings, relations
from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.marketing import acquisition_links, acquisition_quotas
from wecom_sandbox.marketing.acquisition_links import EVENT
from wecom_sandbox.sandbox import Sandbox

BY_LINK = 16
KEY_SECONDS = 1800
# At which number of the customer's messages the event comes that carries a chat key.
TOLD_AT = (3, 5, 10)
WECHAT = 1


def open_link(sandbox: Sandbox, row: sqlite3.Row, person: Person, channel: str) -> None:
    """A customer opens the link: counted, and told where the corp's trade allows it."""
    with sandbox.store.transaction():
        sandbox.store.insert(
            "acquisition_visits", link_id=row["link_id"], person_id=person.id, state=channel,
            at=sandbox.clock.now(),
        )  # fmt: skip
        if sandbox.behaviour.open_profile and person.type == WECHAT:
            _raise(sandbox, "open_profile", row["link_id"], channel)


def add(sandbox: Sandbox, row: sqlite3.Row, person: Person, channel: str) -> relations.Added:
    """A customer adds the member the link shows him; ``State`` of everything that follows is the channel.

    Raises:
        NotPossibleError: no quota is left, or no member can receive him.
    """
    with sandbox.store.transaction():
        chosen = acquisition_links.choose(sandbox, row, person)
        present = relations.open_relation(sandbox, chosen, person.id) if chosen else None
        if present is not None:
            return relations.already(present)
        if chosen is None:
            raise NotPossibleError("no member of this link can receive customers")
        if acquisition_quotas.balance(sandbox) == 0:
            raise NotPossibleError("the quota of the acquisition links is used up")
        acquisition_links.turn(sandbox.store, row["link_id"])
        if channel:
            _raise(sandbox, "friend_request", row["link_id"], channel)
        half = not json.loads(row["data"])["skip_verify"]
        added = relations.add(sandbox, chosen, person, state=channel, half=half, add_way=BY_LINK)
        sandbox.store.insert(
            "acquisition_customers", relation_id=added.relation_id, link_id=row["link_id"],
            userid=added.userid, person_id=person.id, external_userid=person.external_userid,
            state=channel,
        )  # fmt: skip
        if not half:
            _count(sandbox, added.relation_id)
    return added


@happenings.when("added")
def confirmed(sandbox: Sandbox, relation: follows.Row) -> None:
    """A member confirmed a customer of a link: that uses up quota."""
    _count(sandbox, relation["id"])


@happenings.when("said")
def heard(sandbox: Sandbox, row: dict[str, Any]) -> None:
    """The customer wrote: the first and some later messages are told, with a key to look the chat up."""
    if row["sender"] != "customer":
        return
    customer = sandbox.store.row(
        "SELECT * FROM acquisition_customers WHERE userid = ? AND external_userid = ? ORDER BY id DESC",
        row["userid"], row["external_userid"],
    )  # fmt: skip
    if customer is None:
        return
    received = customer["received"] + 1
    sandbox.store.run(
        "UPDATE acquisition_customers SET received = ? WHERE id = ?", received, customer["id"]
    )
    if not customer["state"]:
        return
    person = sandbox.people.get(row["person_id"])
    if received == 1 and person is not None and person.type == WECHAT:
        _raise_pair(sandbox, "customer_start_chat", customer)
    if received in TOLD_AT:
        key = _key(sandbox, customer["id"], received)
        _raise(
            sandbox, "message_from_customer", customer["link_id"], customer["state"], ChatKey=key
        )


@happenings.when("deleted")
def left(sandbox: Sandbox, relation: follows.Row, by: str) -> None:
    """A customer of a link deleted the member."""
    customer = sandbox.store.row(
        "SELECT * FROM acquisition_customers WHERE relation_id = ?", relation["id"]
    )
    if customer is not None and by == "customer":
        _raise_pair(sandbox, "del_follow_user", customer)


def chat_of(sandbox: Sandbox, chat_key: str) -> sqlite3.Row | None:
    """What a chat key stands for, with ``received`` as it was then; None when unknown or older than 30 minutes."""
    return sandbox.store.row(
        "SELECT c.*, k.received AS told FROM acquisition_chat_keys k "
        "JOIN acquisition_customers c ON c.id = k.customer_id WHERE k.chat_key = ? AND k.expires_at > ?",
        chat_key, sandbox.clock.now(),
    )  # fmt: skip


@control("POST", "acquire")
def control_acquire(sandbox: Sandbox, body: Body) -> Any:
    """Control API ``acquire``: {link or link_id, customer_channel?, person_id, open_only?}; as on the phone."""
    person = need_person(sandbox, body["person_id"])
    due.settle(sandbox)
    found = acquisition_links.parse(sandbox.store, str(body.get("link") or body["link_id"]))
    if found is None:
        raise NotThereError("no such acquisition link")
    row, channel = found
    channel = acquisition_links.cut_channel(str(body.get("customer_channel", channel)))
    open_link(sandbox, row, person, channel)
    if body.get("open_only"):
        return {"ok": True, "state": channel}
    return add(sandbox, row, person, channel).public()


@control("POST", "console_link")
def control_delete(sandbox: Sandbox, body: Body) -> Any:
    """Control API ``console_link``: {link_id, delete: true}; an administrator deletes it, raising delete_link."""
    with sandbox.store.transaction():
        row = acquisition_links.find(sandbox.store, str(body["link_id"]))
        if row is None:
            raise NotThereError("no such acquisition link")
        if not body.get("delete"):
            raise ValueError("delete must be true")
        acquisition_links.delete(sandbox, row["link_id"])
        sandbox.delivery.publish_customer(EVENT, "delete_link", {"LinkId": row["link_id"]})
    return {"ok": True}


def _count(sandbox: Sandbox, relation_id: int) -> None:
    counted = sandbox.store.run(
        "UPDATE acquisition_customers SET added_at = ? WHERE relation_id = ? AND added_at IS NULL",
        sandbox.clock.now(), relation_id,
    )  # fmt: skip
    if counted:
        acquisition_quotas.use_one(sandbox)


def _key(sandbox: Sandbox, customer_id: int, received: int) -> str:
    key = secrets.token_urlsafe(24)
    sandbox.store.insert(
        "acquisition_chat_keys", chat_key=key, customer_id=customer_id, received=received,
        expires_at=sandbox.clock.now() + KEY_SECONDS,
    )  # fmt: skip
    return key


def _raise(sandbox: Sandbox, change: str, link_id: str, state: str, **more: str) -> None:
    sandbox.delivery.publish_customer(
        EVENT, change, {"LinkId": link_id, "State": state or None, **more}
    )


def _raise_pair(sandbox: Sandbox, change: str, customer: sqlite3.Row) -> None:
    _raise(
        sandbox, change, customer["link_id"], customer["state"],
        UserID=customer["userid"], ExternalUserID=customer["external_userid"],
    )  # fmt: skip
