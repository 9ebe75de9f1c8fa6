"""Browser logins that wait for a phone: a code on the screen, scanned, confirmed or refused (oauth-jssdk.md §2)."""

import json
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from wecom_sandbox.contacts import members
from wecom_sandbox.logins import logins
from wecom_sandbox.sandbox import Sandbox

LIFE_SECONDS = 300
WAITING, SCANNED, CONFIRMED, CANCELLED, OVER = (
    "waiting",
    "scanned",
    "confirmed",
    "cancelled",
    "over",
)
_KIND = "login"


def begin(sandbox: Sandbox, query: dict[str, str], *, old: bool) -> str:
    """Put a code on the screen of somebody who wants to sign in; its key.

    Args:
        sandbox: the corp.
        query: the login page's parameters, already checked.
        old: the page is /wwopen/sso/qrConnect, which goes back without a code when refused.
    """
    data = {"query": query, "old": old, "status": WAITING, "location": ""}
    return logins.issue(sandbox, _KIND, data, LIFE_SECONDS)


def state(sandbox: Sandbox, key: str) -> dict[str, str]:
    """How a login is, and where the browser goes on."""
    data = _data(sandbox, key)
    if data is None:
        return {"status": OVER, "location": ""}
    return {"status": data["status"], "location": data["location"]}


def scanned(sandbox: Sandbox, key: str) -> bool:
    """A phone has scanned the code; False when it is over or was answered."""
    data = _data(sandbox, key)
    if data is None or data["status"] not in (WAITING, SCANNED):
        return False
    _keep(sandbox, key, data | {"status": SCANNED})
    return True


def answer(sandbox: Sandbox, key: str, userid: str, *, confirm: bool) -> bool:
    """The member confirms or refuses on his phone; False when the login is over or he cannot log in."""
    data, row = _data(sandbox, key), members.find(sandbox.store, userid)
    if data is None or data["status"] not in (WAITING, SCANNED):
        return False
    if row is None or row["status"] != members.ACTIVE:
        return False
    query = data["query"]
    if confirm:
        location = back(sandbox, query, {"userid": row["userid"], "scope": "snsapi_base"})
        _keep(sandbox, key, data | {"status": CONFIRMED, "location": location})
    else:
        location = refused(query) if data["old"] else ""
        _keep(sandbox, key, data | {"status": CANCELLED, "location": location})
    return True


def back(sandbox: Sandbox, query: dict[str, str], data: dict[str, str]) -> str:
    """The redirect_uri with a fresh code for somebody, and the state."""
    code = logins.issue(sandbox, "oauth", data, logins.CODE_SECONDS)
    return _with(query["redirect_uri"], {"code": code, "state": query.get("state", "")})


def refused(query: dict[str, str]) -> str:
    """The redirect_uri without a code."""
    return _with(query["redirect_uri"], {"state": query.get("state", "")})


def _with(address: str, more: dict[str, str]) -> str:
    parts = urlsplit(address)
    joined = "&".join(part for part in (parts.query, urlencode(more)) if part)
    return urlunsplit(parts._replace(query=joined))


def _data(sandbox: Sandbox, key: str) -> dict[str, Any] | None:
    row = sandbox.store.row("SELECT * FROM codes WHERE code = ? AND kind = ?", key, _KIND)
    if row is None or row["expires_at"] < sandbox.clock.now():
        return None
    found: dict[str, Any] = json.loads(row["data"])
    return found


def _keep(sandbox: Sandbox, key: str, data: dict[str, Any]) -> None:
    with sandbox.store.transaction():
        sandbox.store.run("UPDATE codes SET data = ? WHERE code = ?", json.dumps(data), key)
