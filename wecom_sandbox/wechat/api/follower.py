"""Followers (wechat.md §11)."""

from typing import Any

from wecom_sandbox.wechat import followers
from wecom_sandbox.wechat.call import Call
from wecom_sandbox.wechat.errors import WeChatError
from wecom_sandbox.wechat.registry import Access, endpoint

_MOST_AT_ONCE = 100
_MOST_REMARK = 30


@endpoint(
    "GET", "/cgi-bin/user/get", access=Access.SERVICE, doc="§11", day=500,
    rules="10,000 a page in order of following; 40003 unknown next_openid; 500 a day",
)  # fmt: skip
def user_get(call: Call) -> dict[str, Any]:
    """A page of openids."""
    return followers.page(call.sandbox, call.query.get("next_openid", ""))


@endpoint(
    "GET", "/cgi-bin/user/info", access=Access.SERVICE, doc="§11", day=5_000_000, share="user info",
    rules="40003 nobody's openid; no profile; unionid when bound",
)  # fmt: skip
def user_info(call: Call) -> dict[str, Any]:
    """One person."""
    return followers.shown(call.sandbox, call.need_query("openid", 41009))


@endpoint(
    "POST", "/cgi-bin/user/info/batchget", access=Access.SERVICE, doc="§11", day=5_000_000,
    share="user info", rules="100 at once (40032); who does not follow shows subscribe 0",
)  # fmt: skip
def batchget(call: Call) -> dict[str, Any]:
    """Several persons."""
    wished = call.items("user_list")
    if not 1 <= len(wished) <= _MOST_AT_ONCE:
        raise WeChatError(40032)
    openids = [one.get("openid") if isinstance(one, dict) else None for one in wished]
    if any(not isinstance(openid, str) for openid in openids):
        raise WeChatError(40003)
    return {"user_info_list": [followers.shown(call.sandbox, str(openid)) for openid in openids]}


@endpoint(
    "POST", "/cgi-bin/user/info/updateremark", access=Access.SERVICE, doc="§11", day=10_000,
    rules="under 30 characters; followers only (43004)",
)  # fmt: skip
def updateremark(call: Call) -> None:
    """The account's own name for a follower."""
    row = followers.need(call.sandbox, call.need_text("openid", 40003))
    remark = call.text("remark", most=_MOST_REMARK - 1)
    call.sandbox.store.run(
        "UPDATE wechat_followers SET remark = ? WHERE openid = ?", remark, row["openid"]
    )
