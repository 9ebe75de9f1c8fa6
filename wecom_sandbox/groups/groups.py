"""客户群: groups of members and customers, who is in them, and the events their changes raise (groups.md §1).

Members and customers change groups in their clients, so everything here raises change_external_chat
(callbacks.md §7); what an app does by API is elsewhere and raises nothing.
"""

import secrets
import sqlite3
from collections.abc import Sequence
from typing import Any

from wecom_sandbox.contacts import members
from wecom_sandbox.customers import relations
from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.marketing import ways
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.store import Store

EVENT = "change_external_chat"
MEMBER, CUSTOMER = 1, 2
# How somebody came in (groupchat/get); the event calls the first two 0 (callbacks.md §7).
INVITED, BY_LINK, BY_CODE = 1, 2, 3
LEFT, REMOVED = 0, 1
MOST_MEMBERS = 500
# Above this many nobody is put in directly or comes in by a code (groups.md §2, README.md §7).
MOST_AT_ONCE = 200
MOST_NAME, MOST_NOTICE = 40, 1000
NOTHING_SUCH, DISMISSED = 40050, 49008


def find(store: Store, chat_id: str) -> sqlite3.Row | None:
    """A group's row, a dismissed one's too, or None."""
    return store.row("SELECT * FROM group_chats WHERE chat_id = ?", chat_id)


def need(store: Store, chat_id: str) -> sqlite3.Row:
    """A living group's row; 40050 for an unknown one, 49008 for a dismissed one."""
    row = find(store, chat_id)
    if row is None:
        raise WeComError(NOTHING_SUCH)
    if row["dismissed_at"] is not None:
        raise WeComError(DISMISSED)
    return row


def present(store: Store, chat_id: str) -> list[sqlite3.Row]:
    """Who is in a group, in order of joining."""
    return store.rows(
        "SELECT * FROM group_members WHERE chat_id = ? AND left_at IS NULL ORDER BY id", chat_id
    )


def membership(store: Store, chat_id: str, userid: str) -> sqlite3.Row | None:
    """The row of somebody (userid or external_userid) who is in the group, or None."""
    return store.row(
        "SELECT * FROM group_members WHERE chat_id = ? AND userid = ? AND left_at IS NULL",
        chat_id, userid,
    )  # fmt: skip


def groups_of(store: Store, userid: str) -> list[sqlite3.Row]:
    """Living groups that somebody is in, newest first."""
    return store.rows(
        "SELECT g.* FROM group_chats g JOIN group_members m ON m.chat_id = g.chat_id "
        "WHERE m.userid = ? AND m.left_at IS NULL AND g.dismissed_at IS NULL ORDER BY g.serial DESC",
        userid,
    )


def owned_by(store: Store, userid: str) -> list[sqlite3.Row]:
    """Living groups of an owner, oldest first."""
    return store.rows(
        "SELECT * FROM group_chats WHERE owner = ? AND dismissed_at IS NULL ORDER BY serial", userid
    )


def size(store: Store, chat_id: str) -> int:
    """How many are in a group."""
    sql = "SELECT COUNT(*) FROM group_members WHERE chat_id = ? AND left_at IS NULL"
    return int(store.value(sql, chat_id))


def create(
    sandbox: Sandbox, owner: str, *, name: str = "", people: Sequence[Person] = (), colleagues: Sequence[str] = ()
) -> sqlite3.Row:  # fmt: skip
    """A guide opens a customer group and puts customers and colleagues in; its row. Raises ``create``.

    Args:
        sandbox: the corp.
        owner: the guide; needs 客户联系.
        name: at most 40 characters; may be empty.
        people: customers of the guide.
        colleagues: userids.

    Raises:
        WeComError: 60111 unknown member, 41054, 40098 or 84074 for an owner without 客户联系.
        NotPossibleError: somebody is no contact of the guide, or there are too many.
    """
    store = sandbox.store
    with store.transaction():
        row = members.need(store, owner)
        ways.check_receiver(store, row)
        if 1 + len(people) + len(colleagues) > MOST_MEMBERS:
            raise NotPossibleError(f"a group holds at most {MOST_MEMBERS}")
        chat_id = "wr" + secrets.token_urlsafe(22)
        store.insert(
            "group_chats", chat_id=chat_id, opengid="oG" + secrets.token_urlsafe(20),
            name=name.strip()[:MOST_NAME], owner=row["userid"], create_time=sandbox.clock.seconds(),
            member_version=secrets.token_hex(16),
        )  # fmt: skip
        _put(sandbox, chat_id, row["userid"], MEMBER, scene=INVITED, invitor=row["userid"])
        for userid in dict.fromkeys(colleagues):
            if userid.lower() != str(row["userid"]).lower():
                known = members.need(store, userid)["userid"]
                _put(sandbox, chat_id, known, MEMBER, scene=INVITED, invitor=row["userid"])
        for person in people:
            _need_contact(sandbox, row["userid"], person)
            _put_person(sandbox, chat_id, person, scene=INVITED, invitor=row["userid"])
        _raise(sandbox, "create", chat_id)
        return need(store, chat_id)


def invite(
    sandbox: Sandbox, chat_id: str, by: str, *, people: Sequence[Person] = (), colleagues: Sequence[str] = (),
    link: bool = False,
) -> list[str]:  # fmt: skip
    """A guide in the group brings others in; who came in at once.

    Customers get an invitation to accept instead when ``link`` is set or the group holds 200 already.

    Raises:
        WeComError: 40050 or 49008 for the group, 60111 unknown colleague.
        NotPossibleError: ``by`` is not in the group, somebody is no contact of his, the group is full.
    """
    store, came = sandbox.store, []
    with store.transaction():
        need(store, chat_id)
        inviter = _need_member(store, chat_id, by)
        for userid in colleagues:
            known = str(members.need(store, userid)["userid"])
            if membership(store, chat_id, known) is None:
                _check_room(store, chat_id)
                _put(sandbox, chat_id, known, MEMBER, scene=INVITED, invitor=inviter)
                came.append(known)
        for person in people:
            _need_contact(sandbox, inviter, person)
            if membership(store, chat_id, person.external_userid) is not None:
                continue
            if link or size(store, chat_id) >= MOST_AT_ONCE:
                _invite_person(sandbox, chat_id, person, inviter)
            else:
                _put_person(sandbox, chat_id, person, scene=INVITED, invitor=inviter)
                came.append(person.external_userid)
        if came:
            _raise_members(sandbox, chat_id, "add_member", came, join_scene=0)
    return came


def invitations(store: Store, person_id: str) -> list[sqlite3.Row]:
    """Open invitations of a customer to living groups."""
    return store.rows(
        "SELECT i.*, g.name FROM group_invitations i JOIN group_chats g ON g.chat_id = i.chat_id "
        "WHERE i.person_id = ? AND i.answered = 0 AND g.dismissed_at IS NULL ORDER BY i.id DESC",
        person_id,
    )


def accept(sandbox: Sandbox, invitation_id: int, person: Person) -> str:
    """A customer accepts an invitation (join_scene 2); the chat_id. NotPossibleError when it is not open."""
    store = sandbox.store
    with store.transaction():
        row = store.row(
            "SELECT * FROM group_invitations WHERE id = ? AND person_id = ? AND answered = 0",
            invitation_id, person.id,
        )  # fmt: skip
        if row is None:
            raise NotPossibleError("no such invitation")
        store.run("UPDATE group_invitations SET answered = 1 WHERE id = ?", invitation_id)
        enter(sandbox, row["chat_id"], person, scene=BY_LINK, invitor=row["invitor"])
        return str(row["chat_id"])


def enter(
    sandbox: Sandbox, chat_id: str, person: Person, *, scene: int, invitor: str = "", state: str = ""
) -> None:  # fmt: skip
    """A customer comes in by an invitation or a code; nothing happens when he is in. Raises ``add_member``.

    Raises:
        WeComError: 40050 or 49008.
        NotPossibleError: the group is full.
    """
    store = sandbox.store
    with store.transaction():
        need(store, chat_id)
        if membership(store, chat_id, person.external_userid) is not None:
            return
        _check_room(store, chat_id)
        _put_person(sandbox, chat_id, person, scene=scene, invitor=invitor, state=state)
        joined = BY_CODE if scene == BY_CODE else 0
        _raise_members(sandbox, chat_id, "add_member", [person.external_userid], join_scene=joined)


def leave(sandbox: Sandbox, chat_id: str, userid: str) -> None:
    """Somebody leaves by himself. Raises ``del_member``; an owner's group goes to the next member.

    Raises:
        WeComError: 40050 or 49008.
        NotPossibleError: he is not in, or he is the owner and no other member could be.
    """
    store = sandbox.store
    with store.transaction():
        row = need(store, chat_id)
        present_row = membership(store, chat_id, userid)
        if present_row is None:
            raise NotPossibleError("not in this group")
        if str(row["owner"]).lower() == str(present_row["userid"]).lower():
            heirs = [one for one in present(store, chat_id) if one["type"] == MEMBER and one["id"] != present_row["id"]]  # fmt: skip
            if not heirs:
                raise NotPossibleError("the only member cannot leave; dismiss the group")
            set_owner(sandbox, chat_id, heirs[0]["userid"])
        _take(sandbox, chat_id, [present_row], scene=LEFT)


def remove(sandbox: Sandbox, chat_id: str, by: str, userids: Sequence[str]) -> None:
    """Owner or administrator of the group puts people out. Raises one ``del_member`` for all.

    Raises:
        WeComError: 40050 or 49008.
        NotPossibleError: ``by`` may not, somebody is not in, or is the owner.
    """
    store = sandbox.store
    with store.transaction():
        row = need(store, chat_id)
        check_runs(store, row, by)
        gone = []
        for userid in userids:
            present_row = membership(store, chat_id, userid)
            if present_row is None:
                raise NotPossibleError(f"{userid} is not in this group")
            if str(row["owner"]).lower() == userid.lower():
                raise NotPossibleError("nobody can put out the owner")
            gone.append(present_row)
        _take(sandbox, chat_id, gone, scene=REMOVED)


def rename(sandbox: Sandbox, chat_id: str, by: str, name: str) -> None:
    """Give a group another name; only who runs it. Raises ``change_name``."""
    with sandbox.store.transaction():
        check_runs(sandbox.store, need(sandbox.store, chat_id), by)
        sandbox.store.run(
            "UPDATE group_chats SET name = ? WHERE chat_id = ?", name.strip()[:MOST_NAME], chat_id
        )
        _raise(sandbox, "update", chat_id, UpdateDetail="change_name")


def announce(sandbox: Sandbox, chat_id: str, by: str, notice: str) -> None:
    """Set a group's notice; only who runs it. Raises ``change_notice``."""
    with sandbox.store.transaction():
        check_runs(sandbox.store, need(sandbox.store, chat_id), by)
        sandbox.store.run(
            "UPDATE group_chats SET notice = ? WHERE chat_id = ?", notice.strip()[:MOST_NOTICE], chat_id
        )  # fmt: skip
        _raise(sandbox, "update", chat_id, UpdateDetail="change_notice")


def hand_over(sandbox: Sandbox, chat_id: str, by: str, new_owner: str) -> None:
    """The owner makes another member of the group its owner. Raises ``change_owner``.

    Raises:
        NotPossibleError: ``by`` is not the owner, or the other is no member in the group.
    """
    with sandbox.store.transaction():
        row = need(sandbox.store, chat_id)
        if str(row["owner"]).lower() != by.lower():
            raise NotPossibleError("only the owner can hand the group over")
        heir = membership(sandbox.store, chat_id, new_owner)
        if heir is None or heir["type"] != MEMBER:
            raise NotPossibleError("the new owner must be a member in the group")
        set_owner(sandbox, chat_id, heir["userid"])


def set_owner(sandbox: Sandbox, chat_id: str, owner: str, *, told: bool = True) -> None:
    """Write the new owner down; with ``told`` raises ``change_owner``."""
    sandbox.store.run("UPDATE group_chats SET owner = ? WHERE chat_id = ?", owner, chat_id)
    sandbox.store.run(
        "UPDATE group_members SET admin = 0 WHERE chat_id = ? AND userid = ?", chat_id, owner
    )
    if told:
        _raise(sandbox, "update", chat_id, UpdateDetail="change_owner")


def set_admin(sandbox: Sandbox, chat_id: str, by: str, userid: str, *, admin: bool) -> None:
    """The owner makes a member an administrator of the group, or takes it back; raises no event."""
    with sandbox.store.transaction():
        row = need(sandbox.store, chat_id)
        known = membership(sandbox.store, chat_id, userid)
        if str(row["owner"]).lower() != by.lower():
            raise NotPossibleError("only the owner names administrators")
        if known is None or known["type"] != MEMBER or str(row["owner"]).lower() == userid.lower():
            raise NotPossibleError("only another member in the group can be administrator")
        sandbox.store.run(
            "UPDATE group_members SET admin = ? WHERE id = ?", int(admin), known["id"]
        )


def set_nickname(sandbox: Sandbox, chat_id: str, userid: str, nickname: str) -> None:
    """What somebody calls himself in the group; raises no event."""
    known = membership(sandbox.store, chat_id, userid)
    if known is None:
        raise NotPossibleError("not in this group")
    sandbox.store.run(
        "UPDATE group_members SET nickname = ? WHERE id = ?", nickname.strip()[:MOST_NAME], known["id"]
    )  # fmt: skip


def dismiss(sandbox: Sandbox, chat_id: str, by: str) -> None:
    """The owner ends the group. Raises ``dismiss`` and nothing per person."""
    with sandbox.store.transaction():
        row = need(sandbox.store, chat_id)
        if str(row["owner"]).lower() != by.lower():
            raise NotPossibleError("only the owner can dismiss the group")
        now = sandbox.clock.seconds()
        sandbox.store.run("UPDATE group_chats SET dismissed_at = ? WHERE chat_id = ?", now, chat_id)
        sandbox.store.run(
            "UPDATE group_members SET left_at = ? WHERE chat_id = ? AND left_at IS NULL", now, chat_id
        )  # fmt: skip
        _raise(sandbox, "dismiss", chat_id)


def check_runs(store: Store, row: sqlite3.Row, by: str) -> None:
    """NotPossibleError when somebody is neither owner nor administrator of the group."""
    known = membership(store, row["chat_id"], by)
    owner = str(row["owner"]).lower() == by.lower()
    if not owner and (known is None or not known["admin"]):
        raise NotPossibleError("only owner and administrators of the group may do that")


def put_member(sandbox: Sandbox, chat_id: str, userid: str) -> None:
    """Put a member in without a word, as a transfer does; nothing when he is in."""
    if membership(sandbox.store, chat_id, userid) is None:
        _put(sandbox, chat_id, userid, MEMBER, scene=INVITED, invitor=userid)
        _new_version(sandbox, chat_id)


def _need_member(store: Store, chat_id: str, userid: str) -> str:
    known = membership(store, chat_id, userid)
    if known is None or known["type"] != MEMBER:
        raise NotPossibleError("only a member in the group can invite")
    return str(known["userid"])


def _need_contact(sandbox: Sandbox, userid: str, person: Person) -> None:
    relation = relations.open_relation(sandbox, userid, person.id)
    if relation is None or relation["status"] != "active":
        raise NotPossibleError(f"{person.id} is no contact of {userid}")


def _check_room(store: Store, chat_id: str) -> None:
    if size(store, chat_id) >= MOST_MEMBERS:
        raise NotPossibleError(f"the group holds {MOST_MEMBERS} already")


def _invite_person(sandbox: Sandbox, chat_id: str, person: Person, invitor: str) -> None:
    sandbox.store.insert(
        "group_invitations", chat_id=chat_id, person_id=person.id, invitor=invitor,
        at=sandbox.clock.seconds(),
    )  # fmt: skip


def _put(sandbox: Sandbox, chat_id: str, userid: str, kind: int, **fields: Any) -> None:
    scene = fields.pop("scene")
    sandbox.store.insert(
        "group_members", chat_id=chat_id, userid=userid, type=kind, join_scene=scene,
        join_time=sandbox.clock.seconds(), **fields,
    )  # fmt: skip


def _put_person(sandbox: Sandbox, chat_id: str, person: Person, **fields: Any) -> None:
    _put(sandbox, chat_id, person.external_userid, CUSTOMER, person_id=person.id, **fields)


def _take(sandbox: Sandbox, chat_id: str, rows: Sequence[sqlite3.Row], *, scene: int) -> None:
    for row in rows:
        sandbox.store.run(
            "UPDATE group_members SET left_at = ? WHERE id = ?", sandbox.clock.seconds(), row["id"]
        )
    gone = [str(row["userid"]) for row in rows]
    _raise_members(sandbox, chat_id, "del_member", gone, quit_scene=scene)


def _new_version(sandbox: Sandbox, chat_id: str) -> tuple[str, str]:
    """Old and new member_version after who is in has changed."""
    sql = "SELECT member_version FROM group_chats WHERE chat_id = ?"
    old, new = str(sandbox.store.value(sql, chat_id)), secrets.token_hex(16)
    sandbox.store.run("UPDATE group_chats SET member_version = ? WHERE chat_id = ?", new, chat_id)
    return old, new


def _raise_members(
    sandbox: Sandbox, chat_id: str, detail: str, userids: list[str], *, join_scene: int = 0, quit_scene: int = 0
) -> None:  # fmt: skip
    old, new = _new_version(sandbox, chat_id)
    _raise(
        sandbox, "update", chat_id, UpdateDetail=detail, JoinScene=join_scene, QuitScene=quit_scene,
        MemChangeCnt=len(userids), MemChangeList={"Item": userids}, LastMemVer=old, CurMemVer=new,
    )  # fmt: skip


def _raise(sandbox: Sandbox, change: str, chat_id: str, **fields: Any) -> None:
    sandbox.delivery.publish_customer(EVENT, change, {"ChatId": chat_id, **fields})
