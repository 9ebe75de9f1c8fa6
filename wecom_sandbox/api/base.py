"""Token and addresses (README.md §4)."""

from typing import Any

from wecom_sandbox.call import Call
from wecom_sandbox.endpoints import Access, endpoint


@endpoint(
    "GET", "gettoken", doc="91039", access=Access.OPEN,
    rules="same token until it expires, expires_in runs down; 41002 41004 40013 40001",
)  # fmt: skip
def gettoken(call: Call) -> dict[str, Any]:
    """The secret's access token."""
    tokens = call.sandbox.tokens
    app = tokens.app_for(call.query.get("corpid", ""), call.query.get("corpsecret", ""))
    token, left = tokens.current(app.name, "access")
    return {"access_token": token, "expires_in": left}


@endpoint("GET", "getcallbackip", doc="90930", access=Access.ANY)
def getcallbackip(call: Call) -> dict[str, Any]:
    """Where callbacks come from."""
    return {"ip_list": ["127.0.0.1"]}


@endpoint("GET", "get_api_domain_ip", doc="92520", access=Access.ANY)
def get_api_domain_ip(call: Call) -> dict[str, Any]:
    """Where the API lives."""
    return {"ip_list": ["127.0.0.1"]}
