"""Tags of a rule group (external-contacts.md §4): only its administrators' members use them."""

from typing import Any

from wecom_sandbox.api.corp_tag import add_tags
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.customers import corp_tags, customer_strategies
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError

_DOC = "94882"


@endpoint(
    "POST", "externalcontact/get_strategy_tag_list", doc=_DOC, access=Access.APP,
    rules="one rule group's, or all of the app's; group_id beats tag_id; 40058, 301002",
)  # fmt: skip
def get_strategy_tag_list(call: Call) -> dict[str, Any]:
    """Tag groups of rule groups with their tags."""
    store, strategy_id = call.sandbox.store, call.number("strategy_id", 0)
    if strategy_id:
        wanted = [_own(call, strategy_id)]
    else:
        rows = store.rows(
            "SELECT id FROM customer_strategies WHERE app = ? ORDER BY id", call.caller.name
        )
        wanted = [int(row["id"]) for row in rows]
    found = [
        group | {"strategy_id": one}
        for one in wanted
        for group in corp_tags.listed(store, call.texts("group_id"), call.texts("tag_id"), one)
    ]
    return {"tag_group": [_living(group) for group in found if not group.get("deleted")]}


@endpoint(
    "POST", "externalcontact/add_strategy_tag", doc=_DOC, access=Access.APP,
    rules="top rule groups of this app only; as add_corp_tag; 10,000 tags with the corp's",
)  # fmt: skip
def add_strategy_tag(call: Call) -> dict[str, Any]:
    """Add tags to a group of a rule group, made when missing."""
    strategy_id = _own(call, call.number("strategy_id", 0))
    group = add_tags(call, strategy_id)
    return {"tag_group": group | {"strategy_id": strategy_id}}


@endpoint(
    "POST", "externalcontact/edit_strategy_tag", doc=_DOC, access=Access.APP,
    rules="40068 unknown or the corp's, 301002 not made by this app, 40058 name taken",
)  # fmt: skip
def edit_strategy_tag(call: Call) -> dict[str, Any]:
    """Rename or reorder a tag or group of a rule group."""
    name = call.text("name") if "name" in call.body else None
    order = call.number("order", 0) if "order" in call.body else None
    corp_tags.edit(
        call.sandbox.store, call.need_text("id", BAD_PARAMETER), name, order, app=call.caller.name,
        rule_group=True,
    )  # fmt: skip
    return {}


@endpoint(
    "POST", "externalcontact/del_strategy_tag", doc=_DOC, access=Access.APP,
    rules="40068, 301002; the last tag takes its group along",
)  # fmt: skip
def del_strategy_tag(call: Call) -> dict[str, Any]:
    """Delete tags and groups of a rule group."""
    ids = [*call.texts("tag_id"), *call.texts("group_id")]
    if not ids:
        raise WeComError(BAD_PARAMETER, "tag_id and group_id both empty")
    corp_tags.delete_all(call.sandbox.store, ids, app=call.caller.name, rule_group=True)
    return {}


def _own(call: Call, strategy_id: int) -> int:
    row = customer_strategies.need(call.sandbox.store, strategy_id, call.caller.name)
    if row["parent_id"]:
        raise WeComError(BAD_PARAMETER, "only a top rule group has tags")
    return int(row["id"])


def _living(group: dict[str, Any]) -> dict[str, Any]:
    """A rule group's list names no deleted ones, also when asked by id."""
    tags = [
        {name: value for name, value in tag.items() if name != "deleted"}
        for tag in group["tag"]
        if not tag.get("deleted")
    ]
    return {name: value for name, value in group.items() if name != "deleted"} | {"tag": tags}
