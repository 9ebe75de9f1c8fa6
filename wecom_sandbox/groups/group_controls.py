"""Control calls and ledger lists of customer groups: what people do in their clients, without the pages."""

from collections.abc import Callable
from typing import Any

from wecom_sandbox import ledger
from wecom_sandbox.controls import Body, NotThereError, control, need_person
from wecom_sandbox.customers.people import Person
from wecom_sandbox.groups import group_talk, group_transfers, groups, join_ways
from wecom_sandbox.sandbox import Sandbox


@control("POST", "group")
def create(sandbox: Sandbox, body: Body) -> Any:
    """A guide opens a group: {owner, name, people: [person ids], members: [userids]}."""
    row = groups.create(
        sandbox, str(body["owner"]), name=str(body.get("name", "")), people=_people(sandbox, body),
        colleagues=_texts(body, "members"),
    )  # fmt: skip
    return {"chat_id": row["chat_id"], "opengid": row["opengid"], "name": row["name"]}


@control("POST", "group_change")
def change(sandbox: Sandbox, body: Body) -> Any:
    """Somebody does something in a group: {chat_id, action, by or person_id, …}.

    Actions: invite {people, members, link}, accept {invitation_id, person_id}, leave, remove {userids},
    rename {name}, notice {notice}, owner {userid}, admin {userid, admin}, nickname {nickname}, dismiss.
    """
    act = _ACTIONS.get(str(body["action"]))
    if act is None:
        raise ValueError("action must be one of " + ", ".join(_ACTIONS))
    result = act(sandbox, body)
    return {"ok": True} | (result if isinstance(result, dict) else {})


@control("POST", "join_group")
def join(sandbox: Sandbox, body: Body) -> Any:
    """A customer scans a code of groups: {link (or config_id), person_id}; which group he is in now."""
    row = join_ways.by_link(sandbox.store, str(body.get("link") or body["config_id"]))
    if row is None:
        raise NotThereError("no such join way")
    person = need_person(sandbox, body["person_id"])
    return {"chat_id": join_ways.scan(sandbox, row, person), "userid": person.external_userid}


@control("POST", "group_chat")
def say(sandbox: Sandbox, body: Body) -> Any:
    """A member or customer writes in a group: {chat_id, userid or person_id, message}."""
    return group_talk.say(sandbox, str(body["chat_id"]), _who(sandbox, body), body["message"])


@ledger.reader("groups")
def _groups(sandbox: Sandbox) -> ledger.Rows:
    store = sandbox.store
    found = []
    for row in store.rows("SELECT * FROM group_chats ORDER BY serial"):
        inside = [dict(one) for one in groups.present(store, row["chat_id"])]
        state = group_transfers.status(store, row)
        found.append(dict(row) | {"status": state, "members": inside})
    return found


@ledger.reader("group_messages")
def _messages(sandbox: Sandbox) -> ledger.Rows:
    rows = sandbox.store.rows("SELECT DISTINCT chat_id FROM group_messages")
    said = [one for row in rows for one in group_talk.said(sandbox, row["chat_id"])]
    return sorted(said, key=lambda one: int(one["id"]))


@ledger.reader("group_invitations")
def _invitations(sandbox: Sandbox) -> ledger.Rows:
    return [dict(row) for row in sandbox.store.rows("SELECT * FROM group_invitations ORDER BY id")]


@ledger.reader("join_ways")
def _join_ways(sandbox: Sandbox) -> ledger.Rows:
    return [row | row.pop("data") for row in reversed(join_ways.listed(sandbox.store))]


def _who(sandbox: Sandbox, body: Body) -> str:
    if body.get("person_id"):
        return need_person(sandbox, body["person_id"]).external_userid
    return str(body.get("by") or body["userid"])


def _people(sandbox: Sandbox, body: Body) -> list[Person]:
    return [need_person(sandbox, one) for one in _texts(body, "people")]


def _texts(body: Body, name: str) -> list[str]:
    return [str(one) for one in body.get(name) or []]


def _invite(sandbox: Sandbox, body: Body) -> dict[str, Any]:
    came = groups.invite(
        sandbox, str(body["chat_id"]), str(body["by"]), people=_people(sandbox, body),
        colleagues=_texts(body, "members"), link=bool(body.get("link", False)),
    )  # fmt: skip
    return {"came": came}


def _accept(sandbox: Sandbox, body: Body) -> dict[str, Any]:
    person = need_person(sandbox, body["person_id"])
    return {"chat_id": groups.accept(sandbox, int(body["invitation_id"]), person)}


def _leave(sandbox: Sandbox, body: Body) -> None:
    groups.leave(sandbox, str(body["chat_id"]), _who(sandbox, body))


def _remove(sandbox: Sandbox, body: Body) -> None:
    groups.remove(sandbox, str(body["chat_id"]), str(body["by"]), _texts(body, "userids"))


def _rename(sandbox: Sandbox, body: Body) -> None:
    groups.rename(sandbox, str(body["chat_id"]), str(body["by"]), str(body["name"]))


def _notice(sandbox: Sandbox, body: Body) -> None:
    groups.announce(sandbox, str(body["chat_id"]), str(body["by"]), str(body["notice"]))


def _owner(sandbox: Sandbox, body: Body) -> None:
    groups.hand_over(sandbox, str(body["chat_id"]), str(body["by"]), str(body["userid"]))


def _admin(sandbox: Sandbox, body: Body) -> None:
    groups.set_admin(
        sandbox, str(body["chat_id"]), str(body["by"]), str(body["userid"]),
        admin=bool(body.get("admin", True)),
    )  # fmt: skip


def _nickname(sandbox: Sandbox, body: Body) -> None:
    who = _who(sandbox, body)
    groups.set_nickname(sandbox, str(body["chat_id"]), who, str(body["nickname"]))


def _dismiss(sandbox: Sandbox, body: Body) -> None:
    groups.dismiss(sandbox, str(body["chat_id"]), str(body["by"]))


_ACTIONS: dict[str, Callable[[Sandbox, Body], dict[str, Any] | None]] = {
    "invite": _invite,
    "accept": _accept,
    "leave": _leave,
    "remove": _remove,
    "rename": _rename,
    "notice": _notice,
    "owner": _owner,
    "admin": _admin,
    "nickname": _nickname,
    "dismiss": _dismiss,
}
