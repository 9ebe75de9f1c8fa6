"""What an app shows on the workbench: one template, and figures of its own per member (doc 92535)."""

import json
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox

Face = dict[str, Any]
NORMAL = "normal"
SECTIONS = ("keydata", "image", "list", "webview")
MOST_USERS = 1000
_MOST_ITEMS = {"keydata": 4, "list": 3}
_NEEDED = {"keydata": "data", "list": "title"}
_HEIGHTS = ("", "single_row", "double_row", "self_adaption")


def check(given: Face) -> Face:
    """Type and sections as given; 40058 for what WeCom does not take."""
    kind = given.get("type")
    if kind not in (*SECTIONS, NORMAL):
        raise WeComError(BAD_PARAMETER, "invalid type")
    face: Face = {"type": kind}
    for name in SECTIONS:
        section = given.get(name)
        if section is None:
            continue
        if not isinstance(section, dict):
            raise WeComError(BAD_PARAMETER, f"{name} must be an object")
        _check_section(name, section)
        face[name] = section
    return face


def template(sandbox: Sandbox, agent_id: int) -> Face:
    """The app's template; an icon as any other (``normal``) before one is set."""
    kept: Face = sandbox.store.get_meta(f"workbench:{agent_id}", {"type": NORMAL})
    return kept


def set_template(sandbox: Sandbox, agent_id: int, face: Face) -> None:
    """Set the template; with ``replace_user_data`` what single members have goes."""
    if face.get("replace_user_data"):
        sandbox.store.run("DELETE FROM workbench_data WHERE agentid = ?", agent_id)
    sandbox.store.set_meta(f"workbench:{agent_id}", face)


def set_data(sandbox: Sandbox, agent_id: int, userid: str, face: Face) -> None:
    """Set what one member sees; 40058 for another type than the template's."""
    if face["type"] != template(sandbox, agent_id)["type"]:
        raise WeComError(BAD_PARAMETER, "type is not that of the app's template")
    sandbox.store.run(
        "INSERT OR REPLACE INTO workbench_data VALUES (?, ?, ?)",
        agent_id, userid, json.dumps(face, ensure_ascii=False),
    )  # fmt: skip


def seen_by(sandbox: Sandbox, agent_id: int, userid: str) -> Face:
    """What a member sees of an app: his own figures, else the template's."""
    common = template(sandbox, agent_id)
    own = sandbox.store.value(
        "SELECT data FROM workbench_data WHERE agentid = ? AND userid = ?", agent_id, userid
    )
    face: Face = json.loads(own) if own else common
    return face if face["type"] == common["type"] else common


def _check_section(name: str, section: Face) -> None:
    if name in _MOST_ITEMS:
        items, most = section.get("items"), _MOST_ITEMS[name]
        if not isinstance(items, list) or not 1 <= len(items) <= most:
            raise WeComError(BAD_PARAMETER, f"{name}.items takes 1 to {most}")
        for item in items:
            if not isinstance(item, dict) or item.get(_NEEDED[name]) in (None, ""):
                raise WeComError(BAD_PARAMETER, f"{name}.items: {_NEEDED[name]} missing")
    elif not section.get("url"):
        raise WeComError(BAD_PARAMETER, f"{name}.url missing")
    if name == "webview" and section.get("height", "") not in _HEIGHTS:
        raise WeComError(BAD_PARAMETER, "invalid webview.height")
