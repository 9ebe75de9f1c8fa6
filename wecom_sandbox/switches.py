"""Switches of the control API for limits, ranges and open questions of the documentation."""

from typing import Any

from wecom_sandbox.rates import MINUTE, Limit
from wecom_sandbox.sandbox import Sandbox

Body = dict[str, Any]


def set_behaviour(sandbox: Sandbox, body: Body) -> Any:
    """Set fields of Behaviour by name; ValueError for an unknown one."""
    behaviour = sandbox.behaviour
    for name, value in body.items():
        present = getattr(behaviour, name, None)
        if present is None or type(value) is not type(present):
            raise ValueError(f"{name}: unknown switch or wrong type")
        setattr(behaviour, name, value)
    return vars(behaviour)


def set_no_contact_tag(sandbox: Sandbox, body: Body) -> Any:
    """Which address-book tag 客户联系's usage range leaves out; 0 for a corp that did not set it up."""
    sandbox.store.set_meta("no_contact_tag", int(body["tag_id"]))
    return {"tag_id": int(body["tag_id"])}


def set_scope(sandbox: Sandbox, body: Body) -> Any:
    """The app's visible range, and whether the contact sync secret may read members."""
    scopes = sandbox.scopes
    if "departments" in body:
        scopes.app_departments = tuple(int(one) for one in body["departments"])
    if "users" in body:
        scopes.app_users = frozenset(str(one).lower() for one in body["users"])
    if "contact_sync_reads" in body:
        scopes.contact_sync_reads = bool(body["contact_sync_reads"])
    return {
        "departments": list(scopes.app_departments),
        "users": sorted(scopes.app_users),
        "contact_sync_reads": scopes.contact_sync_reads,
    }


def set_trusted_ips(sandbox: Sandbox, body: Body) -> Any:
    """Only these addresses may call (60020); null lets everybody."""
    ips = body["ips"]
    sandbox.scopes.trusted_ips = None if ips is None else frozenset(map(str, ips))
    return {"ips": ips}


def set_trusted_domains(sandbox: Sandbox, body: Body) -> Any:
    """Only these hosts may be redirect_uri (50001); null lets all."""
    domains = body["domains"]
    sandbox.scopes.trusted_domains = None if domains is None else frozenset(map(str, domains))
    return {"domains": domains}


def set_rates(sandbox: Sandbox, body: Body) -> Any:
    """A limit for APIs matching a pattern: per_minute (45009), concurrency (45033), block seconds."""
    limit = Limit(
        api=str(body.get("api", "*")),
        per_minute=None if body.get("per_minute") is None else int(body["per_minute"]),
        concurrency=None if body.get("concurrency") is None else int(body["concurrency"]),
        block=float(body.get("block", MINUTE)),
    )
    sandbox.rates.limits.append(limit)
    return vars(limit)
