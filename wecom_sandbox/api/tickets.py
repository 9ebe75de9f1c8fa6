"""JS-SDK tickets (oauth-jssdk.md §4)."""

from typing import Any

from wecom_sandbox.call import Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError


@endpoint(
    "GET",
    "get_jsapi_ticket",
    doc="90506",
    access=Access.APP,
    rules="one per corp, same until it expires",
)
def get_jsapi_ticket(call: Call) -> dict[str, Any]:
    """The corp's ticket."""
    ticket, left = call.sandbox.tokens.current("corp", "jsapi")
    return {"ticket": ticket, "expires_in": left}


@endpoint(
    "GET",
    "ticket/get",
    doc="90506",
    access=Access.APP,
    rules="type agent_config, else 91040; one per app",
)
def ticket_get(call: Call) -> dict[str, Any]:
    """The app's ticket."""
    if call.query.get("type") != "agent_config":
        raise WeComError(91040)
    ticket, left = call.sandbox.tokens.current(call.caller.name, "agent")
    return {"ticket": ticket, "expires_in": left}
