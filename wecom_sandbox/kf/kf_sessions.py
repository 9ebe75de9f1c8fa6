"""微信客服: sessions of a customer with an account, their states, and what both sides do (docs 94669, 94670)."""

import secrets
import sqlite3
from typing import Any

from wecom_sandbox.contacts import members
from wecom_sandbox.customers.people import Person
from wecom_sandbox.due import settles
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.kf import kf_accounts, kf_messages
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.store import Store

NEW, ROBOT, POOL, HUMAN, ENDED = 0, 1, 2, 3, 4
# From a state to those an app may put a session in (groups of doc 94669).
ALLOWED = {NEW: (1, 2, 3, 4), ROBOT: (2, 3, 4), POOL: (3, 4), HUMAN: (3, 4), ENDED: ()}
TALK_SECONDS = 48 * 3600
CODE_SECONDS = 20
RECALL_SECONDS = 120
TAKEN, HANDED_ON, CLOSED, REOPENED = 1, 2, 3, 4


def current(store: Store, open_kfid: str, external_userid: str) -> sqlite3.Row | None:
    """The standing session of a customer with an account, or None."""
    return store.row(
        "SELECT * FROM kf_sessions WHERE open_kfid = ? AND external_userid = ? AND ended_at IS NULL",
        open_kfid, external_userid,
    )  # fmt: skip


def last(store: Store, open_kfid: str, external_userid: str) -> sqlite3.Row | None:
    """The newest session, ended or not, or None."""
    return store.row(
        "SELECT * FROM kf_sessions WHERE open_kfid = ? AND external_userid = ? ORDER BY id DESC",
        open_kfid, external_userid,
    )  # fmt: skip


def last_visit(store: Store, external_userid: str, open_kfid: str = "") -> sqlite3.Row | None:
    """When and from where a customer came last, to any account or to one."""
    return store.row(
        "SELECT * FROM kf_visits WHERE external_userid = ? AND ? IN ('', open_kfid) ORDER BY id DESC",
        external_userid, open_kfid,
    )  # fmt: skip


def enter(
    sandbox: Sandbox, open_kfid: str, person: Person, *, scene: str = "", scene_param: str = "", channel: str = ""
) -> None:  # fmt: skip
    """A customer opens the chat by a link; enter_session, with a welcome code when he is due one.

    He is due one who in 48 hours neither wrote nor was welcomed.
    """
    store, now = sandbox.store, sandbox.clock.now()
    with store.transaction():
        kf_accounts.need(store, open_kfid, managed=False)
        customer = person.external_userid
        since = now - TALK_SECONDS
        heard = store.value(
            "SELECT 1 FROM kf_messages WHERE open_kfid = ? AND external_userid = ? AND origin = ? AND at > ?",
            open_kfid, customer, kf_messages.CUSTOMER, since,
        )  # fmt: skip
        welcomed = store.value(
            "SELECT 1 FROM kf_visits WHERE open_kfid = ? AND external_userid = ? AND welcomed = 1 AND at > ?",
            open_kfid, customer, since,
        )  # fmt: skip
        store.insert(
            "kf_visits", open_kfid=open_kfid, external_userid=customer, person_id=person.id, at=now,
            scene=scene, scene_param=scene_param, channel=channel,
        )  # fmt: skip
        code = None if heard or welcomed else issue_code(sandbox, open_kfid, customer)
        kf_messages.put_event(
            sandbox, open_kfid, customer, "enter_session", scene=scene, scene_param=scene_param,
            welcome_code=code, wechat_channels={"nickname": channel, "scene": 1} if channel else None,
        )  # fmt: skip


def write(
    sandbox: Sandbox, open_kfid: str, person: Person, msgtype: str, content: dict[str, Any]
) -> str:  # fmt: skip
    """A customer writes; opens a session when none stands. The msgid.

    Raises:
        NotPossibleError: the servicer refuses his messages.
    """
    store, customer = sandbox.store, person.external_userid
    with store.transaction():
        settle(sandbox)
        kf_accounts.need(store, open_kfid, managed=False)
        if refused(store, open_kfid, customer, by_customer=False):
            raise NotPossibleError("the servicer does not take messages of this customer")
        row = current(store, open_kfid, customer)
        if row is None:
            now = sandbox.clock.now()
            store.insert(
                "kf_sessions", open_kfid=open_kfid, external_userid=customer, person_id=person.id,
                state=NEW, opened_at=now, spoke_at=now,
            )  # fmt: skip
            row = current(store, open_kfid, customer)
        if row is None:
            raise NotPossibleError("no session")
        store.run(
            "UPDATE kf_sessions SET spoke_at = ?, answers = 0 WHERE id = ?",
            sandbox.clock.now(), row["id"],
        )  # fmt: skip
        return kf_messages.put(
            sandbox, open_kfid, customer, msgtype, content, origin=kf_messages.CUSTOMER,
            session_id=row["id"], servicer=row["servicer"],
        )  # fmt: skip


def answer(
    sandbox: Sandbox, open_kfid: str, external_userid: str, userid: str, msgtype: str, content: dict[str, Any]
) -> str:  # fmt: skip
    """The servicer of a session writes in his client; the msgid."""
    with sandbox.store.transaction():
        row = _own(sandbox.store, open_kfid, external_userid, userid)
        return kf_messages.put(
            sandbox, open_kfid, external_userid, msgtype, content, origin=kf_messages.SERVICER,
            session_id=row["id"], servicer=row["servicer"],
        )  # fmt: skip


def take(sandbox: Sandbox, open_kfid: str, external_userid: str, userid: str) -> None:
    """A servicer takes a customer from the pool, or one again whose session ended."""
    store = sandbox.store
    with store.transaction():
        known = _need_servicer(store, open_kfid, userid)
        row = current(store, open_kfid, external_userid)
        if row is not None and row["state"] not in (NEW, POOL):
            raise NotPossibleError("somebody serves this customer")
        change = TAKEN
        if row is None:
            row, change = last(store, open_kfid, external_userid), REOPENED
            if row is None:
                raise NotPossibleError("no such session")
            store.run("UPDATE kf_sessions SET ended_at = NULL WHERE id = ?", row["id"])
        put_state(sandbox, row, HUMAN, known)
        code = issue_code(sandbox, open_kfid, external_userid) if change == TAKEN else None
        _changed(sandbox, row, change, new=known, code=code)


def hand_on(sandbox: Sandbox, open_kfid: str, external_userid: str, userid: str, to: str) -> None:
    """The servicer of a session gives it to another one."""
    with sandbox.store.transaction():
        row = _own(sandbox.store, open_kfid, external_userid, userid)
        heir = _need_servicer(sandbox.store, open_kfid, to)
        put_state(sandbox, row, HUMAN, heir)
        _changed(sandbox, row, HANDED_ON, old=row["servicer"], new=heir)


def close(sandbox: Sandbox, open_kfid: str, external_userid: str, userid: str) -> None:
    """The servicer of a session ends it."""
    with sandbox.store.transaction():
        row = _own(sandbox.store, open_kfid, external_userid, userid)
        put_state(sandbox, row, ENDED, row["servicer"])
        code = issue_code(sandbox, open_kfid, external_userid)
        _changed(sandbox, row, CLOSED, old=row["servicer"], code=code)


def rest(sandbox: Sandbox, open_kfid: str, userid: str, *, resting: bool) -> None:
    """A servicer stops or starts taking customers; servicer_status_change."""
    with sandbox.store.transaction():
        if not kf_accounts.serves(sandbox.store, open_kfid, userid):
            raise NotPossibleError("no servicer of this account")
        known = str(members.need(sandbox.store, userid)["userid"])
        kf_accounts.set_status(sandbox.store, open_kfid, known, resting=resting)
        kf_messages.put_event(
            sandbox, open_kfid, "", "servicer_status_change", servicer_userid=known,
            status=2 if resting else 1,
        )  # fmt: skip


def recall(sandbox: Sandbox, msgid: str, who: str) -> None:
    """Customer (external_userid) or servicer (userid) takes his message back within two minutes."""
    store = sandbox.store
    with store.transaction():
        row = store.row("SELECT * FROM kf_messages WHERE msgid = ? AND recalled = 0", msgid)
        if row is None or row["at"] < sandbox.clock.now() - RECALL_SECONDS:
            raise NotPossibleError("it is too late to take that back")
        own = row["servicer"] if row["origin"] == kf_messages.SERVICER else row["external_userid"]
        if own.lower() != who.lower() or row["origin"] not in (
            kf_messages.CUSTOMER,
            kf_messages.SERVICER,
        ):
            raise NotPossibleError("not your message")
        store.run("UPDATE kf_messages SET recalled = 1 WHERE msgid = ?", msgid)
        by_servicer = row["origin"] == kf_messages.SERVICER
        kf_messages.put_event(
            sandbox, row["open_kfid"], row["external_userid"],
            "servicer_recall_msg" if by_servicer else "user_recall_msg", recall_msgid=msgid,
            servicer_userid=row["servicer"] if by_servicer else None,
        )  # fmt: skip


def refuse(
    sandbox: Sandbox, open_kfid: str, external_userid: str, *, on: bool, userid: str = ""
) -> None:
    """Customer, or with ``userid`` the servicer, takes no more messages of the other, or does again.

    The servicer's switch is told (reject_customer_msg_switch_change); the customer's shows in msg_send_fail.
    """
    store, by_customer = sandbox.store, not userid
    with store.transaction():
        if userid:
            userid = str(_own(store, open_kfid, external_userid, userid)["servicer"])
        store.run(
            "DELETE FROM kf_refusals WHERE open_kfid = ? AND external_userid = ? AND by_customer = ?",
            open_kfid, external_userid, int(by_customer),
        )  # fmt: skip
        if on:
            store.insert(
                "kf_refusals", open_kfid=open_kfid, external_userid=external_userid,
                by_customer=int(by_customer), userid=userid, at=sandbox.clock.now(),
            )  # fmt: skip
        if userid:
            kf_messages.put_event(
                sandbox, open_kfid, external_userid, "reject_customer_msg_switch_change",
                servicer_userid=userid, reject_switch=int(on),
            )  # fmt: skip


def refused(store: Store, open_kfid: str, external_userid: str, *, by_customer: bool) -> bool:
    """Whether one of the two refuses the other's messages."""
    return bool(
        store.value(
            "SELECT 1 FROM kf_refusals WHERE open_kfid = ? AND external_userid = ? AND by_customer = ?",
            open_kfid, external_userid, int(by_customer),
        )
    )  # fmt: skip


def put_state(sandbox: Sandbox, row: sqlite3.Row, state: int, servicer: str = "") -> None:
    """Write a session's state down; one that ends is over from now on."""
    sandbox.store.run(
        "UPDATE kf_sessions SET state = ?, servicer = ?, ended_at = ? WHERE id = ?",
        state, servicer, sandbox.clock.now() if state == ENDED else None, row["id"],
    )  # fmt: skip


def issue_code(sandbox: Sandbox, open_kfid: str, external_userid: str) -> str:
    """A code for one message within 20 seconds (send_msg_on_event)."""
    code = secrets.token_urlsafe(24)
    sandbox.store.insert(
        "kf_codes", code=code, open_kfid=open_kfid, external_userid=external_userid,
        expires_at=sandbox.clock.now() + CODE_SECONDS,
    )  # fmt: skip
    return code


@settles
def settle(sandbox: Sandbox) -> None:
    """A session in which the customer was silent for 48 hours is over."""
    sandbox.store.run(
        "UPDATE kf_sessions SET state = ?, ended_at = ? WHERE ended_at IS NULL AND spoke_at < ?",
        ENDED, sandbox.clock.now(), sandbox.clock.now() - TALK_SECONDS,
    )  # fmt: skip


def check_servicer(store: Store, open_kfid: str, userid: str) -> str:
    """The userid of somebody who can be given a customer; 95014 otherwise."""
    row = members.find(store, userid)
    if row is None or not kf_accounts.serves(store, open_kfid, userid):
        raise WeComError(95014)
    if kf_accounts.status(store, open_kfid, userid) == kf_accounts.RESTING:
        raise WeComError(95014, "the servicer does not take customers now")
    return str(row["userid"])


def _need_servicer(store: Store, open_kfid: str, userid: str) -> str:
    try:
        return check_servicer(store, open_kfid, userid)
    except WeComError as error:
        raise NotPossibleError(error.text()) from None


def _own(store: Store, open_kfid: str, external_userid: str, userid: str) -> sqlite3.Row:
    row = current(store, open_kfid, external_userid)
    if row is None or row["state"] != HUMAN or row["servicer"].lower() != userid.lower():
        raise NotPossibleError("not your customer now")
    return row


def _changed(
    sandbox: Sandbox, row: sqlite3.Row, change: int, *, old: str | None = None, new: str | None = None,
    code: str | None = None,
) -> None:  # fmt: skip
    kf_messages.put_event(
        sandbox, row["open_kfid"], row["external_userid"], "session_status_change", change_type=change,
        old_servicer_userid=old, new_servicer_userid=new, msg_code=code,
    )  # fmt: skip
