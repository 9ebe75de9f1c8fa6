"""Members and their customers: adding, accepting, deleting, remarks; and the events these raise."""

import json
import secrets
import sqlite3
from dataclasses import asdict, dataclass
from typing import Any

from wecom_sandbox.customers import follows, happenings
from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.marketing import ways
from wecom_sandbox.sandbox import Sandbox

WELCOME_SECONDS = 20
QR_SCAN = 1
EVENT = "change_external_contact"


@dataclass(frozen=True)
class Added:
    """What a scan did.

    ``already`` means that the two were contacts before and nothing happened.
    """

    relation_id: int
    userid: str
    external_userid: str
    state: str
    welcome_code: str | None
    half: bool
    already: bool

    def public(self) -> dict[str, Any]:
        """As the control API answers."""
        return asdict(self)


def open_relation(sandbox: Sandbox, userid: str, person_id: str) -> follows.Row | None:
    """The standing relation (active or half) of a pair, or None."""
    person = sandbox.people.get(person_id)
    if person is None:
        return None
    return follows.of_pair(sandbox.store, userid, person.external_userid)


def readable(sandbox: Sandbox) -> tuple[str, ...]:
    """The statuses of relations the API shows."""
    return follows.OPEN if sandbox.behaviour.half_visible else follows.ACTIVE


def need_readable(sandbox: Sandbox, userid: str, external_userid: str) -> follows.Row:
    """The relation the API may read or write; 84061 when there is none."""
    row = follows.of_pair(sandbox.store, userid, external_userid, readable(sandbox))
    if row is None:
        raise WeComError(84061)
    return row


def scan(sandbox: Sandbox, way: sqlite3.Row, person: Person) -> Added:
    """A customer scans a code and adds the member WeCom picks.

    Raises:
        NotPossibleError: no member of the code can receive a customer.
    """
    with sandbox.store.transaction():
        data = json.loads(way["data"])
        for userid in ways.eligible(sandbox.store, way):
            present = open_relation(sandbox, userid, person.id)
            if present is not None:
                return already(present)
        chosen = ways.choose(sandbox, way, person)
        if chosen is None:
            raise NotPossibleError("no member of this code can receive customers")
        half = not data["skip_verify"]
        return add(
            sandbox, chosen, person, state=data["state"], config_id=way["config_id"], half=half
        )


def add(
    sandbox: Sandbox, userid: str, person: Person, *, state: str = "", config_id: str = "",
    half: bool = False, add_way: int = QR_SCAN, oper_userid: str = "", channel: str = "",
) -> Added:  # fmt: skip
    """Make two people contacts and raise the event; a new relation even after an earlier one ended.

    Args:
        sandbox: the corp.
        userid: the member.
        person: the customer.
        state: the code's parameter.
        config_id: the code.
        half: the member has not confirmed yet.
        add_way: how they met (external-contacts.md §1).
        oper_userid: who began it; by default the customer.
        channel: the video channel's name, for add_way 10.
    """
    store = sandbox.store
    with store.transaction():
        relation_id = store.insert(
            "relations", userid=userid, person_id=person.id, external_userid=person.external_userid,
            status="half" if half else "active", createtime=sandbox.clock.seconds(), state=state,
            add_way=add_way, config_id=config_id, remark=person.name, channel=channel,
            oper_userid=oper_userid or person.external_userid, channel_source=int(bool(channel)),
        )  # fmt: skip
        code = None
        if not half or sandbox.behaviour.unverified == "half":
            code = issue_welcome(sandbox, relation_id, userid, person.external_userid)
            change = "add_half_external_contact" if half else "add_external_contact"
            _raise(sandbox, change, userid, person.external_userid, state=state, welcome_code=code)
        if not half:
            _tell_added(sandbox, relation_id)
    return Added(relation_id, userid, person.external_userid, state, code, half, already=False)


def accept(sandbox: Sandbox, userid: str, person_id: str) -> Added:
    """The member confirms a customer who added him.

    The event carries a WelcomeCode only when the half add's code was not used (callbacks.md §6).

    Raises:
        NotPossibleError: nothing waits for confirmation.
    """
    store = sandbox.store
    with store.transaction():
        row = open_relation(sandbox, userid, person_id)
        if row is None or row["status"] != "half":
            raise NotPossibleError("no pending customer of that member")
        store.run(
            "UPDATE relations SET status = 'active', createtime = ? WHERE id = ?",
            sandbox.clock.seconds(), row["id"],
        )  # fmt: skip
        used = store.value(
            "SELECT 1 FROM welcomes WHERE relation_id = ? AND sent_at IS NOT NULL", row["id"]
        )
        external = str(row["external_userid"])
        code = None if used else issue_welcome(sandbox, row["id"], row["userid"], external)
        _raise(
            sandbox, "add_external_contact", row["userid"], external,
            state=row["state"], welcome_code=code,
        )  # fmt: skip
        _tell_added(sandbox, row["id"])
    return Added(row["id"], row["userid"], external, row["state"], code, half=False, already=False)


def delete(sandbox: Sandbox, userid: str, person_id: str, *, by: str) -> int:
    """One of the two deletes the other; the relation's id.

    Args:
        sandbox: the corp.
        userid: the member.
        person_id: the customer.
        by: ``customer`` (del_follow_user) or ``member`` (del_external_contact).

    Raises:
        NotPossibleError: they are no contacts.
    """
    with sandbox.store.transaction():
        row = open_relation(sandbox, userid, person_id)
        if row is None:
            raise NotPossibleError("they are no contacts")
        status, change = {
            "customer": ("deleted_by_customer", "del_follow_user"),
            "member": ("deleted_by_member", "del_external_contact"),
        }[by]
        follows.keep(sandbox.store, row["id"])
        sandbox.store.run(
            "UPDATE relations SET status = ?, ended_at = ? WHERE id = ?",
            status, sandbox.clock.seconds(), row["id"],
        )  # fmt: skip
        sandbox.delivery.publish_customer(EVENT, change,
            {"UserID": row["userid"], "ExternalUserID": row["external_userid"]},
        )  # fmt: skip
        happenings.tell("deleted", sandbox, relation=row, by=by)
        return int(row["id"])


def write_remark(sandbox: Sandbox, relation_id: int, fields: dict[str, Any]) -> None:
    """Set remark, description, remark_company or remark_mobiles of a relation; raises nothing."""
    follows.keep(sandbox.store, relation_id)
    for name, value in fields.items():
        stored = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
        sandbox.store.run(
            f"UPDATE relations SET {name} = ? WHERE id = ?",  # noqa: S608 - names checked by callers
            stored, relation_id,
        )  # fmt: skip


def edit_in_client(sandbox: Sandbox, userid: str, person_id: str, fields: dict[str, Any]) -> None:
    """The member edits a customer's remark, description or tags on his phone.

    Raises edit_external_contact, except when only phones changed (callbacks.md §6).

    Args:
        fields: remark, description, remark_company, remark_mobiles (list), tags (list of tag ids).

    Raises:
        NotPossibleError: they are no contacts.
    """
    with sandbox.store.transaction():
        row = open_relation(sandbox, userid, person_id)
        if row is None:
            raise NotPossibleError("they are no contacts")
        tags = fields.pop("tags", None)
        write_remark(sandbox, row["id"], fields)
        if tags is not None:
            set_tags(sandbox, row["id"], tags)
        if tags is not None or set(fields) - {"remark_mobiles"}:
            sandbox.delivery.publish_customer(EVENT, "edit_external_contact",
                {"UserID": row["userid"], "ExternalUserID": row["external_userid"]},
            )  # fmt: skip


def set_tags(sandbox: Sandbox, relation_id: int, tag_ids: list[str]) -> None:
    """Make these the relation's tags."""
    follows.keep(sandbox.store, relation_id)
    sandbox.store.run("DELETE FROM relation_tags WHERE relation_id = ?", relation_id)
    for tag_id in dict.fromkeys(tag_ids):
        sandbox.store.insert("relation_tags", relation_id=relation_id, tag_id=tag_id)


def raise_for_api(sandbox: Sandbox, row: follows.Row) -> None:
    """edit_external_contact for a change by API, in a corp where those raise it (the docs disagree)."""
    if sandbox.behaviour.api_edits_raise:
        sandbox.delivery.publish_customer(EVENT, "edit_external_contact",
            {"UserID": row["userid"], "ExternalUserID": row["external_userid"]},
        )  # fmt: skip


def shown(sandbox: Sandbox, row: follows.Row) -> dict[str, Any]:
    """A relation as the ledger lists it, ended ones too."""
    fields = {name: value for name, value in row.items() if name != "tag_ids"}
    mobiles = json.loads(row["remark_mobiles"])
    return fields | {"remark_mobiles": mobiles, "tags": follows.tag_ids(sandbox.store, row)}


def _tell_added(sandbox: Sandbox, relation_id: int) -> None:
    happenings.tell("added", sandbox, relation=follows.get(sandbox.store, relation_id))


def already(row: follows.Row) -> Added:
    """What an add comes to when the two are contacts before."""
    return Added(
        row["id"], row["userid"], row["external_userid"], row["state"], None,
        half=row["status"] == "half", already=True,
    )  # fmt: skip


def issue_welcome(
    sandbox: Sandbox, relation_id: int, userid: str, external_userid: str
) -> str | None:
    """A new WelcomeCode, good for 20 s; None for members with a welcome of the admin console."""
    if userid.lower() in {name.lower() for name in sandbox.behaviour.own_welcome}:
        return None
    code, now = secrets.token_urlsafe(32), sandbox.clock.now()
    sandbox.store.insert(
        "welcomes", welcome_code=code, relation_id=relation_id, userid=userid,
        external_userid=external_userid, issued_at=now, expires_at=now + WELCOME_SECONDS,
    )  # fmt: skip
    return code


def _raise(
    sandbox: Sandbox, change: str, userid: str, external_userid: str, *, state: str,
    welcome_code: str | None,
) -> None:  # fmt: skip
    sandbox.delivery.publish_customer(EVENT, change,
        {
            "UserID": userid, "ExternalUserID": external_userid, "State": state or None,
            "WelcomeCode": welcome_code,
        },
    )  # fmt: skip
