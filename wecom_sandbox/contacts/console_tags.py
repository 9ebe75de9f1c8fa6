"""Customer tags as an administrator changes them in WeCom's own console: these raise change_external_tag."""

from typing import Any

from wecom_sandbox.controls import Body, control
from wecom_sandbox.customers import corp_tags
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox

_EVENT = "change_external_tag"


@control("POST", "console_tag")
def change_tag(sandbox: Sandbox, body: Body) -> Any:
    """Create, update, delete or reorder tags and groups, of the corp or of a rule group.

    Args:
        sandbox: the corp.
        body: ``action`` create {group_name, names, strategy_id}, update {id, name}, delete {id} or
            shuffle {ids: in the new order}.
    """
    with sandbox.store.transaction():
        if body["action"] == "create":
            return _create(
                sandbox,
                str(body["group_name"]),
                list(body["names"]),
                int(body.get("strategy_id", 0)),
            )
        if body["action"] == "shuffle":
            return _shuffle(sandbox, [str(one) for one in body["ids"]])
        if body["action"] not in ("update", "delete"):
            raise ValueError("action must be create, update, delete or shuffle")
        item_id = str(body["id"])
        strategy_id = _strategy_of(sandbox, item_id)
        rule_group = bool(strategy_id)
        if body["action"] == "update":
            kind = corp_tags.edit(
                sandbox.store, item_id, str(body["name"]), None, app=corp_tags.CONSOLE,
                rule_group=rule_group,
            )  # fmt: skip
        else:
            kind, item_id = corp_tags.delete(
                sandbox.store, item_id, app=corp_tags.CONSOLE, rule_group=rule_group
            )
        _raise(sandbox, body["action"], kind, item_id, strategy_id)
        return {"ok": True, "kind": kind, "id": item_id}


def _create(sandbox: Sandbox, group_name: str, tag_names: list[str], strategy_id: int) -> Any:
    store, at, app = sandbox.store, sandbox.clock.seconds(), corp_tags.CONSOLE
    sql = "SELECT 1 FROM tag_groups WHERE name = ? AND strategy_id = ?"
    existed = store.value(sql, group_name, strategy_id)
    group_id = corp_tags.group_for(
        store, "", group_name, 0, app=app, at=at, strategy_id=strategy_id
    )
    if not existed:
        _raise(sandbox, "create", "tag_group", group_id, strategy_id)
    ids = []
    for name in tag_names:
        tag_id = corp_tags.add_tag(store, group_id, str(name), 0, app=app, at=at)
        _raise(sandbox, "create", "tag", tag_id, strategy_id)
        ids.append(tag_id)
    return {"ok": True, "group_id": group_id, "tag_ids": ids}


def _shuffle(sandbox: Sandbox, ids: list[str]) -> Any:
    """Put tags of one group, or groups, into an order; the event names the group, or nothing for groups."""
    store = sandbox.store
    strategy_id = _strategy_of(sandbox, ids[0])
    kinds = {
        corp_tags.edit(
            store, one, None, len(ids) - place, app=corp_tags.CONSOLE, rule_group=bool(strategy_id)
        )
        for place, one in enumerate(ids)
    }
    tag = corp_tags.find_tag(store, ids[0])
    if len(kinds) != 1:
        raise ValueError("ids must be tags or groups")
    group_id = str(tag["group_id"]) if tag is not None else ""
    fields = {"Id": group_id, "StrategyId": strategy_id or None}
    sandbox.delivery.publish_customer(_EVENT, "shuffle", fields)
    return {"ok": True, "id": group_id}


def _strategy_of(sandbox: Sandbox, item_id: str) -> int:
    """The rule group a tag or group belongs to, 0 for the corp; 40068 when there is no such."""
    tag = corp_tags.find_tag(sandbox.store, item_id)
    group = corp_tags.find_group(
        sandbox.store, str(tag["group_id"]) if tag is not None else item_id
    )
    if group is None:
        raise WeComError(40068, item_id)
    return int(group["strategy_id"])


def _raise(sandbox: Sandbox, change: str, kind: str, item_id: str, strategy_id: int) -> None:
    fields = {"Id": item_id, "TagType": kind, "StrategyId": strategy_id or None}
    sandbox.delivery.publish_customer(_EVENT, change, fields)
