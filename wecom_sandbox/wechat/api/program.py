"""Login and phone number of the mini program (wechat.md §14)."""

from typing import Any

from wecom_sandbox.wechat import programs, tokens
from wecom_sandbox.wechat.accounts import MINI, settings_of
from wecom_sandbox.wechat.call import Call
from wecom_sandbox.wechat.errors import WeChatError
from wecom_sandbox.wechat.registry import Access, endpoint


@endpoint("GET", "/sns/jscode2session", access=Access.OPEN, doc="§14 code2Session", rules="code once, 300 s: 40029, 40163; 40226; 100 a person and minute (45011); unionid when bound")  # fmt: skip
def jscode2session(call: Call) -> dict[str, Any]:
    """Who logged in."""
    account = tokens.known(call.query.get("appid", ""), call.query.get("secret", ""))
    if account is not MINI:
        raise WeChatError(40013)
    settings = settings_of(call.sandbox, MINI)
    if settings.ips_for_login and settings.ips is not None and call.ip not in settings.ips:
        raise WeChatError(40164, f"{call.ip} ipv6 ::ffff:{call.ip}, not in whitelist")
    if call.query.get("grant_type") != "authorization_code":
        raise WeChatError(40002)
    return programs.log_in(call.sandbox, call.need_query("js_code", 41008))


@endpoint("GET", "/wxa/checksession", access=Access.MINI, doc="§14", rules="signature by the present session_key, 87009")  # fmt: skip
def checksession(call: Call) -> None:
    """Whether a session still holds."""
    if call.query.get("sig_method") != "hmac_sha256":
        raise WeChatError(40097)
    openid = call.need_query("openid", 41009)
    programs.check_session(call.sandbox, openid, call.query.get("signature", ""))


@endpoint("POST", "/wxa/business/getuserphonenumber", access=Access.MINI, doc="§14 getPhoneNumber", rules="phone code once, 300 s (40029, also for login codes); openid must fit (40003)")  # fmt: skip
def getuserphonenumber(call: Call) -> dict[str, Any]:
    """The number a person gave."""
    code = call.need_text("code", 40029)
    info = programs.phone_number(call.sandbox, code, call.text("openid"))
    return {"errcode": 0, "errmsg": "ok", "phone_info": info}


@endpoint("GET", "/wxa/getpaidunionid", access=Access.MINI, doc="§14", rules="five minutes after a payment, 40097")  # fmt: skip
def getpaidunionid(call: Call) -> dict[str, Any]:
    """The unionid of who has just paid."""
    openid = call.need_query("openid", 41009)
    unionid = programs.paid_unionid(call.sandbox, openid, call.query)
    return {"errcode": 0, "errmsg": "ok", "unionid": unionid}
