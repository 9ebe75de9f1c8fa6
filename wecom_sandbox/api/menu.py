"""The menu of an app (messaging-media.md §5)."""

from typing import Any

from wecom_sandbox.apps import menus
from wecom_sandbox.call import Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError


@endpoint(
    "POST", "menu/create", doc="90231", access=Access.APP,
    rules="41011 40056; 3 top and 5 sub buttons (40016 40023), type 40017, name 40018 40025, key 40019, url 40020",
)  # fmt: skip
def create(call: Call) -> dict[str, Any]:
    """Set the menu."""
    _check_agent(call)
    menus.write(call.sandbox, call.caller.agent_id, menus.check(call.body.get("button")))
    return {}


@endpoint("GET", "menu/get", doc="90232", access=Access.APP, rules="41011 40056; 46003 without one")
def get(call: Call) -> dict[str, Any]:
    """The menu as it was set."""
    _check_agent(call)
    buttons = menus.of_app(call.sandbox, call.caller.agent_id)
    if not buttons:
        raise WeComError(46003)
    return {"button": buttons}


@endpoint("GET", "menu/delete", doc="90233", access=Access.APP, rules="41011 40056")
def delete(call: Call) -> dict[str, Any]:
    """Take the menu away."""
    _check_agent(call)
    menus.write(call.sandbox, call.caller.agent_id, [])
    return {}


def _check_agent(call: Call) -> None:
    given = call.query.get("agentid", "")
    if not given:
        raise WeComError(41011)
    if given != str(call.caller.agent_id):
        raise WeComError(40056)
