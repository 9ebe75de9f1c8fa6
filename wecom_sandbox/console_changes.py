"""What an administrator changes in WeCom's own console: these raise callbacks, API changes do not."""

import random
from typing import Any

from wecom_sandbox import corp_tags, departments, members, names, relations
from wecom_sandbox.sandbox import Sandbox

Body = dict[str, Any]


def change_tag(sandbox: Sandbox, body: Body) -> Any:
    """Create, update or delete a tag or group in the console, with change_external_tag.

    Args:
        sandbox: the corp.
        body: ``action`` create {group_name, names}, update {id, name}, delete {id}.
    """
    action = body["action"]
    with sandbox.store.transaction():
        if action == "create":
            return _create_tags(sandbox, str(body["group_name"]), list(body["names"]))
        item_id = str(body["id"])
        if action == "update":
            kind = corp_tags.edit(
                sandbox.store, item_id, str(body["name"]), None, app=corp_tags.CONSOLE
            )
        elif action == "delete":
            kind, item_id = corp_tags.delete(sandbox.store, item_id, app=corp_tags.CONSOLE)
        else:
            raise ValueError("action must be create, update or delete")
        _raise_tag(sandbox, action, kind, item_id)
        return {"ok": True, "kind": kind, "id": item_id}


def _create_tags(sandbox: Sandbox, group_name: str, tag_names: list[str]) -> Any:
    store, at = sandbox.store, sandbox.clock.seconds()
    existed = store.value("SELECT 1 FROM tag_groups WHERE name = ?", group_name)
    group_id = corp_tags.group_for(store, "", group_name, 0, app=corp_tags.CONSOLE, at=at)
    if not existed:
        _raise_tag(sandbox, "create", "tag_group", group_id)
    ids = []
    for name in tag_names:
        tag_id = corp_tags.add_tag(store, group_id, str(name), 0, app=corp_tags.CONSOLE, at=at)
        _raise_tag(sandbox, "create", "tag", tag_id)
        ids.append(tag_id)
    return {"ok": True, "group_id": group_id, "tag_ids": ids}


def _raise_tag(sandbox: Sandbox, change: str, kind: str, item_id: str) -> None:
    sandbox.delivery.publish_customer(
        "change_external_tag", change, {"Id": item_id, "TagType": kind}
    )


def change_member(sandbox: Sandbox, body: Body) -> Any:
    """Change a member in the console or on his phone, with change_contact.

    Args:
        sandbox: the corp.
        body: ``userid`` and any of ``delete`` (true), ``name``, ``department`` (ids), ``status`` (1 active,
            2 disabled, 4 not activated), ``real_name``, ``can_follow``.
    """
    with sandbox.store.transaction():
        row = members.need(sandbox.store, str(body["userid"]))
        if body.get("delete"):
            members.delete(sandbox.store, row["userid"], at=sandbox.clock.seconds())
            sandbox.delivery.publish(
                "contacts", "change_contact", "delete_user", {"UserID": row["userid"]}
            )
            return {"ok": True}
        fields = members.MemberFields(
            name=body.get("name"), departments=[int(one) for one in body["department"]]
            if "department" in body else None,
        )  # fmt: skip
        members.update(sandbox.store, row["userid"], fields)
        for column in ("status", "real_name", "can_follow"):
            if column in body:
                sandbox.store.run(
                    f"UPDATE members SET {column} = ? WHERE userid = ?",  # noqa: S608 - three names
                    int(body[column]), row["userid"],
                )  # fmt: skip
        relations.raise_member_event(sandbox, "update_user", row["userid"])
    return {"ok": True}


def seed_org(sandbox: Sandbox, body: Body) -> Any:
    """Fill the corp with shops and members, for tests and a look round; raises nothing.

    Args:
        sandbox: the corp.
        body: ``departments`` (5), ``members`` (10), ``activate`` (true), ``seed`` (1).

    Returns: department ids and userids.
    """
    dice = random.Random(int(body.get("seed", 1)))  # noqa: S311 - repeatable on purpose
    store = sandbox.store
    with store.transaction():
        shops = [
            departments.create(
                store, name=f"{number + 1:02d}号门店", parentid=departments.ROOT, department_id=None,
                order=0, name_en="",
            )
            for number in range(int(body.get("departments", 5)))
        ]  # fmt: skip
        userids = []
        for number in range(int(body.get("members", 10))):
            gender = dice.choice((1, 2))
            userid = f"guide{number + 1:04d}"
            fields = members.MemberFields(
                name=names.real_name(dice, gender), mobile=f"1330000{number:04d}",
                departments=[shops[number % len(shops)] if shops else departments.ROOT],
                data={"gender": str(gender), "position": names.position(dice)},
            )  # fmt: skip
            members.create(store, userid, fields, at=sandbox.clock.now())
            if body.get("activate", True):
                members.activate(store, userid)
            userids.append(userid)
    return {"departments": shops, "userids": userids}
