"""The app itself: its page in the console, its range, its administrators."""

from typing import Any

from wecom_sandbox.apps import agents, app_life, media_store
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError

_MOST_NAME, _LEAST_WORDS, _MOST_WORDS = 32, 4, 120
# What an administrator granted the sandbox's apps, as the console names it.
_PERMISSIONS = (
    "contact:base:base_info_user", "contact:base:base_info_dept", "app:base:send_msg",
    "externalcontact:base:base_info", "externalcontact:contact:contact_way",
    "externalcontact:groupchat:info", "kf:base:kf_info",
)  # fmt: skip


@endpoint(
    "GET",
    "agent/get",
    doc="90227",
    access=Access.APP,
    rules="an app reads only itself: 41011 40056 301002",
)
def agent_get(call: Call) -> dict[str, Any]:
    """Name, visible range and trusted domain of the caller's app."""
    _check_own(call, call.query.get("agentid", ""))
    scopes = call.sandbox.scopes
    rights = scopes.rights(call.caller.name)
    shown = agents.card(call.sandbox, call.caller)
    domains = sorted(scopes.trusted_domains or ())
    return {
        "agentid": call.caller.agent_id,
        "name": shown["name"],
        "square_logo_url": _logo(call, shown),
        "description": shown["description"],
        "allow_userinfos": {"user": [{"userid": userid} for userid in sorted(rights.users)]},
        "allow_partys": {"partyid": list(rights.departments)},
        "allow_tags": {"tagid": list(rights.tags)},
        "close": int(app_life.is_closed(call.sandbox, call.caller)),
        "redirect_domain": shown["redirect_domain"] or (domains[0] if domains else ""),
        "report_location_flag": shown["report_location_flag"],
        "isreportenter": shown["isreportenter"],
        "home_url": shown["home_url"],
        "customized_publish_status": 1,
    }


@endpoint("GET", "agent/list", doc="90227", access=Access.APP, rules="the app of the secret")
def agent_list(call: Call) -> dict[str, Any]:
    """The apps a secret manages: its own."""
    shown = agents.card(call.sandbox, call.caller)
    entry = {"agentid": call.caller.agent_id, "name": shown["name"]}
    return {"agentlist": [entry | {"square_logo_url": _logo(call, shown)}]}


@endpoint(
    "POST", "agent/set", doc="90228", access=Access.APP,
    rules="itself only (41011 40056 301002); name 32 (45022), description 4-120 (45004), logo 40007, home_url 40066",
)  # fmt: skip
def agent_set(call: Call) -> dict[str, Any]:
    """Change what members see of the app, and what it is told."""
    _check_own(call, str(call.body.get("agentid", "")))
    fields: dict[str, Any] = {
        name: call.text(name)
        for name in ("name", "description", "redirect_domain", "home_url")
        if call.body.get(name)
    }
    if not 1 <= len(fields.get("name", "-")) <= _MOST_NAME:
        raise WeComError(45022)
    if not _LEAST_WORDS <= len(fields.get("description", "----")) <= _MOST_WORDS:
        raise WeComError(45004)
    if not fields.get("home_url", "https://").startswith(("http://", "https://")):
        raise WeComError(40066)
    for name in ("report_location_flag", "isreportenter"):
        if name in call.body:
            fields[name] = call.number(name, 0, most=1)
    if call.text("logo_mediaid"):
        row = media_store.need(call.sandbox, call.text("logo_mediaid"), "image")
        # The logo outlives the three days of the upload it came from.
        kept = media_store.store(call.sandbox, "picture", row["filename"], row["body"], row["content_type"])  # fmt: skip
        fields["square_logo_url"] = f"/wwpic/{kept}/0"
    _trust(call, fields.get("redirect_domain", ""))
    agents.write(call.sandbox, call.caller, fields)
    return {}


@endpoint("POST", "agent/get_permissions", doc="99052", access=Access.APP, rules="own app")
def get_permissions(call: Call) -> dict[str, Any]:
    """What the app was granted."""
    contact = call.sandbox.scopes.rights(call.caller.name).customer_contact
    granted = [one for one in _PERMISSIONS if contact or not one.startswith("externalcontact")]
    return {"app_permissions": granted}


@endpoint("POST", "agent/get_admin_list", doc="100073", access=Access.APP, rules="own app")
def get_admin_list(call: Call) -> dict[str, Any]:
    """Administrators of the app: the corp's creator and whom the console names."""
    rows = call.sandbox.store.rows("SELECT userid FROM members WHERE creator = 1 ORDER BY rowid")
    named = call.sandbox.store.get_meta(f"agent_admins:{call.caller.agent_id}", [])
    admins = [{"userid": row["userid"], "auth_type": 1} for row in rows]
    return {"admin": admins + named}


def _check_own(call: Call, given: str) -> None:
    if not given:
        raise WeComError(41011)
    if not given.isdecimal():
        raise WeComError(40056)
    if int(given) != call.caller.agent_id:
        raise WeComError(301002)


def _trust(call: Call, domain: str) -> None:
    """A domain that was set becomes one of the trusted ones, where such a list is kept."""
    if "/" in domain:
        raise WeComError(BAD_PARAMETER, "redirect_domain is a host without scheme or path")
    scopes = call.sandbox.scopes
    if domain and scopes.trusted_domains is not None:
        scopes.trusted_domains |= {domain}


def _logo(call: Call, shown: dict[str, Any]) -> str:
    path = str(shown["square_logo_url"])
    return f"{call.base_url}{path}" if path else ""
