"""A mini program inside WeCom (oauth-jssdk.md §3)."""

from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.defaults import CORP_ID
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.logins import logins


@endpoint(
    "GET", "miniprogram/jscode2session", doc="91507", access=Access.APP,
    rules="41008; code of wx.qy.login once within 5 minutes, for the app the mini program is bound to (40029)",
)  # fmt: skip
def jscode2session(call: Call) -> dict[str, Any]:
    """The member behind a code, and the key his data are signed with."""
    if call.query.get("grant_type", "authorization_code") != "authorization_code":
        raise WeComError(BAD_PARAMETER, "grant_type must be authorization_code")
    data = logins.redeem_mini_program(call.sandbox, call.need_query("js_code", 41008), call.caller.name)  # fmt: skip
    return {"corpid": CORP_ID, "userid": data["userid"], "session_key": data["session_key"]}
