"""Tokens, addresses, limits and refused requests (wechat.md §4)."""

from typing import Any

from wecom_sandbox.wechat import quota, tokens
from wecom_sandbox.wechat.call import Call
from wecom_sandbox.wechat.errors import WeChatError
from wecom_sandbox.wechat.registry import Access, endpoint

_WEEK = 7 * 86_400
_CHECKS = ("dns", "ping", "all")


@endpoint(
    "GET", "/cgi-bin/token", access=Access.OPEN, doc="§4 getAccessToken",
    rules="a new token each time, the former lives 300 s; 40002, 40013, 40125, 40001, 40164, 40243; 2,000 a day",
)  # fmt: skip
def token(call: Call) -> dict[str, Any]:
    """A new token."""
    if call.query.get("grant_type") != "client_credential":
        raise WeChatError(40002)
    query = call.query
    account = tokens.account_for(
        call.sandbox, query.get("appid", ""), query.get("secret", ""), call.ip
    )
    _count(call, f"{account.appid}:/cgi-bin/token", 2_000)
    value, left = tokens.plain(call.sandbox, account)
    return {"access_token": value, "expires_in": left}


@endpoint(
    "POST", "/cgi-bin/stable_token", access=Access.OPEN, doc="§4 getStableAccessToken",
    rules="the same until 300 s before its end; force_refresh 20 a day and 30 s apart; 10,000 a minute, 500,000 a day",
)  # fmt: skip
def stable_token(call: Call) -> dict[str, Any]:
    """The present token."""
    if call.text("grant_type") != "client_credential":
        raise WeChatError(40002)
    account = tokens.account_for(call.sandbox, call.text("appid"), call.text("secret"), call.ip)
    _count(call, f"{account.appid}:/cgi-bin/stable_token", 500_000)
    force = call.flag("force_refresh", default=False)
    value, left = tokens.stable(call.sandbox, account, force=force)
    return {"access_token": value, "expires_in": left}


def _count(call: Call, name: str, most: int) -> None:
    if not quota.count(call.sandbox, name, quota.today(call.sandbox), most):
        raise WeChatError(45009)


@endpoint("GET", "/cgi-bin/getcallbackip", access=Access.ANY, doc="§4")
@endpoint("GET", "/cgi-bin/get_api_domain_ip", access=Access.ANY, doc="§4")
def addresses(call: Call) -> dict[str, Any]:
    """Where WeChat calls from and is called at: this machine."""
    return {"ip_list": ["127.0.0.1"]}


@endpoint(
    "POST", "/cgi-bin/callback/check", access=Access.ANY, doc="§4", rules="action dns, ping or all"
)
def callback_check(call: Call) -> dict[str, Any]:
    """How the network to the callback address looks from WeChat."""
    action = call.need_text("action", 40097)
    if action not in _CHECKS:
        raise WeChatError(40097)
    operator = call.need_text("check_operator", 40097)
    found: dict[str, Any] = {}
    if action in ("dns", "all"):
        found["dns"] = [{"ip": "127.0.0.1", "real_operator": operator}]
    if action in ("ping", "all"):
        ping = {"ip": "127.0.0.1", "from_operator": operator, "package_loss": "0%", "time": "0.1ms"}
        found["ping"] = [ping]
    return found


@endpoint(
    "POST",
    "/cgi-bin/clear_quota",
    access=Access.ANY,
    doc="§4",
    rules="own appid; ten a month, 48006",
)
def clear_quota(call: Call) -> None:
    """Begin the day's counters anew."""
    if call.text("appid") != call.caller.appid:
        raise WeChatError(40013)
    quota.clear(call.sandbox, call.caller, None)


@endpoint(
    "POST", "/cgi-bin/clear_quota/v2", access=Access.OPEN, doc="§4", rules="by secret; ten a month"
)
def clear_quota_by_secret(call: Call) -> None:
    """Begin the day's counters anew when no token can be had."""
    account = tokens.known(call.text("appid"), call.text("appsecret"))
    quota.clear(call.sandbox, account, None)


@endpoint(
    "POST", "/cgi-bin/openapi/quota/get", access=Access.ANY, doc="§4", rules="40097 unknown path"
)
def quota_get(call: Call) -> dict[str, Any]:
    """Limit and use of an endpoint today."""
    return {"quota": quota.shown(call.sandbox, call.caller, call.need_text("cgi_path", 40097))}


@endpoint(
    "POST", "/cgi-bin/openapi/quota/clear", access=Access.ANY, doc="§4", rules="ten a month, 48006"
)
def quota_clear(call: Call) -> None:
    """Begin one endpoint's day anew."""
    quota.clear(call.sandbox, call.caller, call.need_text("cgi_path", 40097))


@endpoint(
    "POST",
    "/cgi-bin/openapi/rid/get",
    access=Access.ANY,
    doc="§4",
    rules="own rids, for seven days",
)
def rid_get(call: Call) -> dict[str, Any]:
    """What was asked and answered in a refused request."""
    row = call.sandbox.store.row(
        "SELECT * FROM wechat_rids WHERE rid = ? AND appid = ? AND at > ?",
        call.need_text("rid", 40097), call.caller.appid, call.sandbox.clock.now() - _WEEK,
    )  # fmt: skip
    if row is None:
        raise WeChatError(40097)
    return {
        "request": {
            "invoke_time": int(row["at"]), "cost_in_ms": row["ms"], "request_url": row["url"],
            "request_body": row["body"], "response_body": row["response"], "client_ip": row["ip"],
        }
    }  # fmt: skip
