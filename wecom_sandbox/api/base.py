"""Token and addresses (README.md §4)."""

from typing import Any

from wecom_sandbox.apps.app_life import api_addresses
from wecom_sandbox.call import Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.rates import WRONG_GETTOKEN_PER_HOUR


@endpoint(
    "GET", "gettoken", doc="91039", access=Access.OPEN,
    rules="same token until it expires, expires_in runs down; 41002 41004 40013 40001; 2,000 wrong ones an hour block",
)  # fmt: skip
def gettoken(call: Call) -> dict[str, Any]:
    """The secret's access token."""
    tokens, rates = call.sandbox.tokens, call.sandbox.rates
    wrong = f"gettoken-wrong@{call.ip}"
    rates.refuse_blocked(wrong)
    try:
        app = tokens.app_for(call.query.get("corpid", ""), call.query.get("corpsecret", ""))
    except WeComError:
        rates.use(wrong, "hour", WRONG_GETTOKEN_PER_HOUR)
        raise
    token, left = tokens.current(app.name, "access")
    return {"access_token": token, "expires_in": left}


@endpoint("GET", "getcallbackip", doc="90930", access=Access.ANY, rules="any secret")
def getcallbackip(call: Call) -> dict[str, Any]:
    """Where callbacks come from."""
    return {"ip_list": ["127.0.0.1"]}


@endpoint("GET", "get_api_domain_ip", doc="92520", access=Access.ANY, rules="any secret")
def get_api_domain_ip(call: Call) -> dict[str, Any]:
    """Where the API lives."""
    return {"ip_list": api_addresses(call.sandbox)}
