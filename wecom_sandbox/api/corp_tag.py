"""Corp tags (external-contacts.md §4). Changes by API raise no event."""

from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.customers import corp_tags
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError


@endpoint(
    "POST", "externalcontact/get_corp_tag_list", doc="92117", access=Access.APP,
    rules="all when no id; group_id beats tag_id; by id deleted ones too",
)  # fmt: skip
def get_corp_tag_list(call: Call) -> dict[str, Any]:
    """Tag groups with their tags."""
    found = corp_tags.listed(call.sandbox.store, call.texts("group_id"), call.texts("tag_id"))
    return {"tag_group": found}


@endpoint(
    "POST", "externalcontact/add_corp_tag", doc="92117", access=Access.APP,
    rules="names up to 30 chars; a group of that name is reused; duplicates made once; no empty group",
)  # fmt: skip
def add_corp_tag(call: Call) -> dict[str, Any]:
    """Add tags to a group, made when missing."""
    return {"tag_group": add_tags(call, corp_tags.CORP)}


@endpoint(
    "POST", "externalcontact/edit_corp_tag", doc="92117", access=Access.APP,
    rules="40068 unknown, 301002 not made by this app, 40058 name taken",
)  # fmt: skip
def edit_corp_tag(call: Call) -> dict[str, Any]:
    """Rename or reorder a tag or group."""
    name = call.text("name") if "name" in call.body else None
    order = call.number("order", 0) if "order" in call.body else None
    corp_tags.edit(
        call.sandbox.store, call.need_text("id", BAD_PARAMETER), name, order, app=call.caller.name
    )
    return {}


@endpoint(
    "POST", "externalcontact/del_corp_tag", doc="92117", access=Access.APP,
    rules="40068, 301002; the last tag takes its group along",
)  # fmt: skip
def del_corp_tag(call: Call) -> dict[str, Any]:
    """Delete tags and groups; they leave every relation."""
    ids = [*call.texts("tag_id"), *call.texts("group_id")]
    if not ids:
        raise WeComError(BAD_PARAMETER, "tag_id and group_id both empty")
    corp_tags.delete_all(call.sandbox.store, ids, app=call.caller.name)
    return {}


def add_tags(call: Call, strategy_id: int) -> dict[str, Any]:
    """Add the tags of a request to a group of the corp or of a rule group; the group with them."""
    wished = call.body.get("tag")
    if not isinstance(wished, list) or not wished or not all(isinstance(t, dict) for t in wished):
        raise WeComError(BAD_PARAMETER, "tag empty")
    store, app, at = call.sandbox.store, call.caller.name, call.sandbox.clock.seconds()
    group_id = corp_tags.group_for(
        store, call.text("group_id"), call.text("group_name"), call.number("order", 0),
        app=app, at=at, strategy_id=strategy_id,
    )  # fmt: skip
    added = {
        corp_tags.add_tag(
            store, group_id, str(tag.get("name", "")), whole_number(tag.get("order", 0), "order"),
            app=app, at=at,
        )
        for tag in wished
    }  # fmt: skip
    group = corp_tags.find_group(store, group_id)
    if group is None:
        raise WeComError(40068)
    return corp_tags.shown(store, group, added)
