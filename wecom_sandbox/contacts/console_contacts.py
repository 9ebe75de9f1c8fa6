"""What an administrator changes in the address book by hand, and members on their phones: with change_contact."""

from typing import Any

from wecom_sandbox import due
from wecom_sandbox.call import Call
from wecom_sandbox.contacts import contact_events, departments, member_tags, members
from wecom_sandbox.controls import Body, control
from wecom_sandbox.sandbox import Sandbox

_SWITCHES = ("status", "real_name", "can_follow")


@control("POST", "console_member")
def change_member(sandbox: Sandbox, body: Body) -> Any:
    """Make, change or delete a member, with create_user, update_user or delete_user.

    Args:
        sandbox: the corp.
        body: ``userid``; ``create`` or ``delete`` (true); ``new_userid``; the fields of user/create and
            user/update; ``status`` (1 active, 2 disabled, 4 not activated, 5 left by himself), ``real_name``,
            ``can_follow``.
    """
    userid = str(body["userid"])
    with sandbox.store.transaction():
        if body.get("create"):
            members.create(sandbox.store, userid, _fields(sandbox, body), at=sandbox.clock.now())
            _switch(sandbox, userid, body)
            contact_events.raise_member(sandbox, "create_user", userid)
            return {"ok": True}
        row = members.need(sandbox.store, userid)
        if body.get("delete"):
            members.delete(sandbox.store, row["userid"], at=sandbox.clock.seconds())
            contact_events.raise_member_deleted(sandbox, row["userid"])
            return {"ok": True}
        members.update(sandbox.store, row["userid"], _fields(sandbox, body))
        _switch(sandbox, row["userid"], body)
        renamed = str(body["new_userid"]) if body.get("new_userid") else None
        if renamed is not None:
            members.rename(sandbox.store, row["userid"], renamed)
        contact_events.raise_member(sandbox, "update_user", row["userid"], new_userid=renamed)
    # A member who cannot serve any more may be the last one of an acquisition link.
    due.settle(sandbox)
    return {"ok": True}


@control("POST", "console_department")
def change_department(sandbox: Sandbox, body: Body) -> Any:
    """Make, change or delete a department, with create_party, update_party or delete_party.

    Args:
        sandbox: the corp.
        body: ``action`` create {name, parentid, order, id}, update {id, name, parentid, order} or delete {id}.

    Returns: the department's id.
    """
    action, store = body["action"], sandbox.store
    with store.transaction():
        if action == "create":
            parentid, order = int(body.get("parentid", departments.ROOT)), int(body.get("order", 0))
            wished = int(body["id"]) if "id" in body else None
            made = departments.create(
                store, name=str(body["name"]), parentid=parentid, department_id=wished, order=order, name_en="",
            )  # fmt: skip
            contact_events.raise_department(
                sandbox, "create_party", made, Name=str(body["name"]), ParentId=str(parentid), Order=order
            )  # fmt: skip
            return {"ok": True, "id": made}
        department_id = int(body["id"])
        if action == "update":
            names = ("name", "parentid", "order")
            fields: dict[str, Any] = {name: body[name] for name in names if name in body}
            departments.update(store, department_id, fields)
            row = departments.need(store, department_id)
            contact_events.raise_department(
                sandbox, "update_party", department_id, Name=row["name"], ParentId=str(row["parentid"])
            )  # fmt: skip
        elif action == "delete":
            departments.delete(store, department_id)
            contact_events.raise_department(sandbox, "delete_party", department_id)
        else:
            raise ValueError("action must be create, update or delete")
    return {"ok": True, "id": department_id}


@control("POST", "console_member_tag")
def change_member_tag(sandbox: Sandbox, body: Body) -> Any:
    """Give an address-book tag to members and departments, or take it, with update_tag.

    Args:
        sandbox: the corp.
        body: ``tagid`` and any of ``add_users``, ``del_users``, ``add_parties``, ``del_parties``.
    """
    store, tag_id = sandbox.store, int(body["tagid"])
    add_users, del_users = list(body.get("add_users", ())), list(body.get("del_users", ()))
    add_parties, del_parties = list(body.get("add_parties", ())), list(body.get("del_parties", ()))
    with store.transaction():
        member_tags.need(store, tag_id)
        wrong = [
            *member_tags.put(store, tag_id, add_users), *member_tags.take(store, tag_id, del_users),
            *member_tags.put_parties(store, tag_id, add_parties),
            *member_tags.take_parties(store, tag_id, del_parties),
        ]  # fmt: skip
        if wrong:
            raise ValueError(f"not there: {wrong}")
        contact_events.raise_tag(
            sandbox, tag_id, add_users=add_users, del_users=del_users,
            add_parties=add_parties, del_parties=del_parties,
        )  # fmt: skip
    return {"ok": True}


def _fields(sandbox: Sandbox, body: Body) -> members.MemberFields:
    return members.read_fields(Call(sandbox, {}, body, app=None, ip="", base_url=""))


def _switch(sandbox: Sandbox, userid: str, body: Body) -> None:
    for column in _SWITCHES:
        if column in body:
            sandbox.store.run(
                f"UPDATE members SET {column} = ? WHERE userid = ?",  # noqa: S608 - three names
                int(body[column]), userid,
            )  # fmt: skip
