"""入群欢迎语素材 (marketing.md §4)."""

import json
from typing import Any

from wecom_sandbox import ledger
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import attachments, group_welcomes
from wecom_sandbox.sandbox import Sandbox

MOST_TEXT_BYTES = 4000


@endpoint(
    "POST", "externalcontact/group_welcome_template/add", doc="92366", access=Access.APP,
    rules="100 templates (41055), text 4,000 bytes (45002), one attachment by priority; 40007",
)  # fmt: skip
def add(call: Call) -> dict[str, Any]:
    """Make a template; ``notify`` tells the members in the client."""
    template_id = group_welcomes.create(
        call.sandbox.store, _content(call), app=call.caller.name,
        notify=call.flag("notify", default=True), at=call.sandbox.clock.seconds(),
    )  # fmt: skip
    return {"template_id": template_id}


@endpoint(
    "POST", "externalcontact/group_welcome_template/edit", doc="92366", access=Access.APP,
    rules="40037 unknown, 301002 another app's; the whole content is replaced; as add",
)  # fmt: skip
def edit(call: Call) -> dict[str, Any]:
    """Replace a template's content."""
    store = call.sandbox.store
    row = group_welcomes.need_own(store, _template_id(call), call.caller.name)
    group_welcomes.write(store, row["template_id"], _content(call))
    return {}


@endpoint(
    "POST", "externalcontact/group_welcome_template/get", doc="92366", access=Access.APP,
    rules="40037 unknown",
)  # fmt: skip
def get(call: Call) -> dict[str, Any]:
    """A template; pictures come back as addresses."""
    row = group_welcomes.need(call.sandbox.store, _template_id(call))
    data: dict[str, Any] = json.loads(row["data"])
    if "image" in data:
        data["image"] = {"pic_url": attachments.picture_url(data["image"], call.base_url)}
    return data


@endpoint(
    "POST", "externalcontact/group_welcome_template/del", doc="92366", access=Access.APP,
    rules="40037 unknown, 301002 another app's",
)  # fmt: skip
def delete(call: Call) -> dict[str, Any]:
    """Delete a template the app made."""
    store = call.sandbox.store
    row = group_welcomes.need_own(store, _template_id(call), call.caller.name)
    store.run("DELETE FROM group_welcomes WHERE template_id = ?", row["template_id"])
    return {}


@ledger.reader("group_welcomes")
def _templates(sandbox: Sandbox) -> list[dict[str, Any]]:
    rows = sandbox.store.rows("SELECT * FROM group_welcomes ORDER BY serial")
    return [dict(row) | {"data": json.loads(row["data"])} for row in rows]


def _template_id(call: Call) -> str:
    return call.need_text("template_id", 40037)


def _content(call: Call) -> dict[str, Any]:
    content: dict[str, Any] = {}
    text = str(call.section("text").get("content", ""))
    if len(text.encode()) > MOST_TEXT_BYTES:
        raise WeComError(45002)
    if text:
        content["text"] = {"content": text}
    for kind in group_welcomes.PRIORITY:
        section = call.section(kind)
        if section:
            attachments.check(call.sandbox, [{"msgtype": kind, kind: section}])
            content[kind] = section
            break
    if not content:
        raise WeComError(BAD_PARAMETER, "text and attachment both empty")
    return content
