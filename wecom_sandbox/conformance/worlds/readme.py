"""Tokens, addresses, and the errors any call can answer."""

from typing import Any

from wecom_sandbox import crypto
from wecom_sandbox.conformance.samples import Request, Sample
from wecom_sandbox.conformance.world import World, answers, raises, setting, shows
from wecom_sandbox.defaults import AGENT_ID, APP_SECRET, CORP_ID, app_named

GET_TOKEN = {"corpid": CORP_ID, "corpsecret": APP_SECRET}


@setting
def guides(world: World) -> None:
    """Two guides; nobody has customers."""
    world.ids["guides"] = world.control.post("seed_org", {"members": 2})["userids"]


@answers("gettoken")
def gettoken(world: World, sample: Sample) -> Request:
    """The corp's own id and secret."""
    return sample.request(app="", query=GET_TOKEN)


@shows("error.40014.json")
def no_token_of_ours(world: World) -> Any:
    """A token that was revoked."""
    world.token("scrm")
    world.control.post("revoke_tokens", {"errcode": 40014})
    return refused(world)


@shows("error.42001.json")
def token_too_old(world: World) -> Any:
    """A token after its two hours."""
    world.token("scrm")
    world.control.post("clock", {"advance": 7201})
    return refused(world)


@shows("error.45009.json")
def too_often(world: World) -> Any:
    """More calls than a minute allows."""
    world.control.post("rates", {"api": "user/get", "per_minute": 1})
    refused(world)
    return refused(world)


@shows("error.60020.json")
def from_elsewhere(world: World) -> Any:
    """A call from an address that is not on the app's list."""
    world.token("scrm")
    world.control.post("trusted_ips", {"ips": ["203.0.113.7"]})
    return refused(world)


@shows("error.84061.json")
def no_customers(world: World) -> Any:
    """A guide without customers."""
    query = {"userid": world.ids["guides"][0]}
    return world.send("GET", "/cgi-bin/externalcontact/list", Request({}, query))


@shows("error.-1.json")
def busy(world: World) -> Any:
    """WeCom has no time."""
    fault = {"endpoint": "user/get", "kind": "errcode", "value": -1, "count": 1}
    world.control.post("faults", fault)
    return refused(world)


def refused(world: World) -> Any:
    """The answer of a call that goes wrong."""
    query = {"userid": world.ids["guides"][0]}
    return world.send("GET", "/cgi-bin/user/get", Request({}, query))


@raises("security.change_domain_ip")
def servers_move(world: World) -> None:
    """WeCom's servers get another address."""
    world.control.post("api_addresses", {"ips": ["127.0.0.1", "127.0.0.2"]})


@raises("close_inactive_agent")
def nobody_uses_it(world: World) -> None:
    """WeCom closes an unused app."""
    world.control.post("app_closed", {"app": "scrm", "closed": True})


@raises("reopen_inactive_agent")
def somebody_wants_it_back(world: World) -> None:
    """An administrator opens it again."""
    world.control.post("app_closed", {"app": "scrm", "closed": True})
    world.control.post("app_closed", {"app": "scrm", "closed": False})


@raises("subscribe")
def into_range(world: World) -> None:
    """An administrator lets a member see the app."""
    world.control.post("scope", {"app": "scrm", "departments": []})
    world.control.post("app_range", {"userid": world.ids["guides"][0], "app": "scrm"})


@raises("unsubscribe")
def out_of_range(world: World) -> None:
    """And takes him out again."""
    into_range(world)
    body = {"userid": world.ids["guides"][0], "app": "scrm", "add": False}
    world.control.post("app_range", body)


@shows("callback.encrypted-envelope.request.xml")
def outer_xml(world: World) -> Any:
    """The envelope of any callback."""
    app = app_named("scrm")
    key = app.aes_key if app is not None else ""
    return crypto.envelope(CORP_ID, AGENT_ID, crypto.encrypt(b"<xml/>", key, CORP_ID)).decode()
