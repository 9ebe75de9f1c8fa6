"""微信客服: a customer is offered a guide of his own or a customer group (doc 94674)."""

import sqlite3
from typing import Any

from wecom_sandbox.contacts import members
from wecom_sandbox.customers import relations
from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.groups import groups
from wecom_sandbox.marketing import ways
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.scopes import subtree

MEMBER, GROUP = 1, 2
Range = dict[str, list[Any]]


def config(sandbox: Sandbox) -> Range:
    """Who may be offered, as an administrator set it: userids, department ids, chat ids."""
    empty: Range = {"userids": [], "departments": [], "chats": []}
    kept: Range = sandbox.store.get_meta("kf_upgrade", {})
    return empty | kept


def set_config(sandbox: Sandbox, wished: Range) -> Range:
    """Set who may be offered; members and groups must exist."""
    for userid in wished["userids"]:
        members.need(sandbox.store, userid)
    for chat_id in wished["chats"]:
        groups.need(sandbox.store, chat_id)
    sandbox.store.set_meta("kf_upgrade", wished)
    return wished


def offer(
    sandbox: Sandbox, open_kfid: str, external_userid: str, kind: int, target: str, wording: str, servicer: str
) -> None:  # fmt: skip
    """Recommend a member (1) or a group (2); 60111, 84074 …, 40050, and 60011 for one out of the range."""
    allowed, store = config(sandbox), sandbox.store
    if kind == MEMBER:
        row = members.need(store, target)
        ways.check_receiver(store, row)
        places = subtree(store, tuple(allowed["departments"])) if allowed["departments"] else set()
        named = target.lower() in {str(one).lower() for one in allowed["userids"]}
        if not named and not places.intersection(members.departments_of(store, target)):
            raise WeComError(60011)
    else:
        groups.need(store, target)
        if target not in allowed["chats"]:
            raise WeComError(60011)
    cancel(sandbox, open_kfid, external_userid)
    store.insert(
        "kf_upgrades", open_kfid=open_kfid, external_userid=external_userid, kind=kind,
        target=target, wording=wording, at=sandbox.clock.now(), servicer=servicer,
    )  # fmt: skip


def cancel(sandbox: Sandbox, open_kfid: str, external_userid: str) -> None:
    """Take an open offer back; nothing happens without one."""
    sandbox.store.run(
        "UPDATE kf_upgrades SET cancelled_at = ? WHERE open_kfid = ? AND external_userid = ? "
        "AND taken_at IS NULL AND cancelled_at IS NULL",
        sandbox.clock.now(), open_kfid, external_userid,
    )  # fmt: skip


def standing(sandbox: Sandbox, open_kfid: str, external_userid: str) -> sqlite3.Row | None:
    """The open offer of a customer, or None."""
    return sandbox.store.row(
        "SELECT * FROM kf_upgrades WHERE open_kfid = ? AND external_userid = ? AND taken_at IS NULL "
        "AND cancelled_at IS NULL ORDER BY id DESC",
        open_kfid, external_userid,
    )  # fmt: skip


def take(sandbox: Sandbox, open_kfid: str, person: Person) -> None:
    """The customer adds the member or comes into the group he was offered."""
    with sandbox.store.transaction():
        row = standing(sandbox, open_kfid, person.external_userid)
        if row is None:
            raise NotPossibleError("nothing was offered")
        sandbox.store.run(
            "UPDATE kf_upgrades SET taken_at = ? WHERE id = ?", sandbox.clock.now(), row["id"]
        )
        if row["kind"] == GROUP:
            groups.enter(
                sandbox, row["target"], person, scene=groups.BY_LINK, invitor=_owner(sandbox, row)
            )
        elif relations.open_relation(sandbox, row["target"], person.id) is None:
            relations.add(sandbox, row["target"], person, add_way=0)


def _owner(sandbox: Sandbox, row: sqlite3.Row) -> str:
    return str(groups.need(sandbox.store, row["target"])["owner"])
