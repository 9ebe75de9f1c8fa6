"""The app itself (agent/get) and the paid acquisition assistant's quota."""

from typing import Any

from wecom_sandbox.call import Call
from wecom_sandbox.defaults import CORP_NAME
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError


@endpoint(
    "GET",
    "agent/get",
    doc="90227",
    access=Access.APP,
    rules="an app reads only itself: 41011 40056 301002",
)
def agent_get(call: Call) -> dict[str, Any]:
    """Name, visible range and trusted domain of the caller's app."""
    given = call.query.get("agentid", "")
    if not given:
        raise WeComError(41011)
    if not given.isdecimal():
        raise WeComError(40056)
    if int(given) != call.caller.agent_id:
        raise WeComError(301002)
    scopes = call.sandbox.scopes
    domains = sorted(scopes.trusted_domains or ())
    return {
        "agentid": call.caller.agent_id,
        "name": "SCRM",
        "description": CORP_NAME,
        "allow_userinfos": {"user": [{"userid": userid} for userid in sorted(scopes.app_users)]},
        "allow_partys": {"partyid": list(scopes.app_departments)},
        "allow_tags": {"tagid": []},
        "close": 0,
        "redirect_domain": domains[0] if domains else "",
        "report_location_flag": 0,
        "isreportenter": 0,
        "home_url": "",
    }


@endpoint(
    "GET",
    "externalcontact/customer_acquisition_quota",
    doc="97375",
    access=Access.APP,
    rules="a corp that bought 1,000 and used none",
)
def customer_acquisition_quota(call: Call) -> dict[str, Any]:
    """What is left of the paid acquisition assistant."""
    return {"total": 1000, "balance": 1000, "quota_list": []}
