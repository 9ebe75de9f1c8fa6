"""Web OAuth's server side (wechat.md §7)."""

from typing import Any

from wecom_sandbox.wechat import grants, quota, tokens
from wecom_sandbox.wechat.accounts import SERVICE
from wecom_sandbox.wechat.call import Call
from wecom_sandbox.wechat.errors import WeChatError
from wecom_sandbox.wechat.registry import Access, endpoint

_A_MINUTE = 50_000


@endpoint(
    "GET", "/sns/oauth2/access_token", access=Access.OPEN, doc="§7 api_snsaccesstoken",
    rules="code once, 300 s: 40029, 40163, 41008; unionid with snsapi_userinfo; snapshot users; 50,000 a minute",
)  # fmt: skip
def access_token(call: Call) -> dict[str, Any]:
    """The grant of a code."""
    _service(call)
    if call.query.get("grant_type") != "authorization_code":
        raise WeChatError(40002)
    return grants.exchange(call.sandbox, call.need_query("code", 41008))


def _service(call: Call) -> None:
    account = tokens.known(call.query.get("appid", ""), call.query.get("secret", ""))
    if account is not SERVICE:
        raise WeChatError(40013)
    _count(call, "oauth2")


def _count(call: Call, name: str) -> None:
    minute = f"minute {int(call.sandbox.clock.now() // 60)}"
    if not quota.count(call.sandbox, f"sns:{name}", minute, _A_MINUTE):
        raise WeChatError(45009)


@endpoint(
    "GET", "/sns/oauth2/refresh_token", access=Access.OPEN, doc="§7",
    rules="30 days from consent: 40030, 42002; 50,000 a minute",
)  # fmt: skip
def refresh_token(call: Call) -> dict[str, Any]:
    """Two more hours."""
    if call.need_query("appid", 41002) != SERVICE.appid:
        raise WeChatError(40013)
    if call.query.get("grant_type") != "refresh_token":
        raise WeChatError(40002)
    _count(call, "refresh")
    return grants.refresh(call.sandbox, call.query.get("refresh_token", ""))


@endpoint(
    "GET", "/sns/userinfo", access=Access.OPEN, doc="§7 api_snsuserinfo",
    rules="snsapi_userinfo only (48001), not for snapshots; 40001, 42001, 40003; 50,000 a minute",
)  # fmt: skip
def userinfo(call: Call) -> dict[str, Any]:
    """The profile a person consented to."""
    _count(call, "userinfo")
    return grants.profile(call.sandbox, _grant(call))


@endpoint("GET", "/sns/auth", access=Access.OPEN, doc="§7", rules="40001, 42001, 40003")
def auth(call: Call) -> None:
    """Whether a token still holds."""
    _grant(call)


def _grant(call: Call) -> Any:
    query = call.query
    return grants.need(call.sandbox, query.get("access_token", ""), query.get("openid", ""))
