"""Switches of the control API for limits, ranges and open questions of the documentation."""

from typing import Any

from wecom_sandbox.controls import Body, NotThereError, control
from wecom_sandbox.defaults import APPS, app_named
from wecom_sandbox.rates import MINUTE, Limit
from wecom_sandbox.sandbox import Sandbox

_CHOICES = {
    "unverified": ("half", "request"),
    "qr_links": ("local", "wecom"),
    "mass_rule": ("month", "week", "day"),
    "transfer_rule": ("twice", "protected"),
}


@control("POST", "behaviour")
def set_behaviour(sandbox: Sandbox, body: Body) -> Any:
    """Set fields of Behaviour by name; ValueError for an unknown one."""
    behaviour = sandbox.behaviour
    for name, value in body.items():
        present = getattr(behaviour, name, None)
        if present is None or type(value) is not type(present):
            raise ValueError(f"{name}: unknown switch or wrong type")
        if value not in _CHOICES.get(name, (value,)):
            raise ValueError(f"{name} must be one of {', '.join(_CHOICES[name])}")
        setattr(behaviour, name, value)
    return vars(behaviour)


@control("POST", "no_contact_tag")
def set_no_contact_tag(sandbox: Sandbox, body: Body) -> Any:
    """Which address-book tag 客户联系's usage range leaves out; 0 for a corp that did not set it up."""
    sandbox.store.set_meta("no_contact_tag", int(body["tag_id"]))
    return {"tag_id": int(body["tag_id"])}


@control("POST", "scope")
def set_scope(sandbox: Sandbox, body: Body) -> Any:
    """An app's visible range and rights (all apps' without ``app``), and what the contact sync secret may read.

    Args:
        sandbox: the corp.
        body: ``app`` and any of ``departments``, ``users``, ``tags``, ``reads_sensitive``,
            ``customer_contact``; ``contact_sync_reads``.

    Returns: the rights of the app (of the first one without ``app``).
    """
    scopes, apps = sandbox.scopes, _apps(body)
    for name in apps:
        rights = scopes.rights(name)
        if "departments" in body:
            rights.departments = tuple(int(one) for one in body["departments"])
        if "users" in body:
            rights.users = frozenset(str(one).lower() for one in body["users"])
        if "tags" in body:
            rights.tags = tuple(int(one) for one in body["tags"])
        for switch in ("reads_sensitive", "customer_contact"):
            if switch in body:
                setattr(rights, switch, bool(body[switch]))
    if "contact_sync_reads" in body:
        scopes.contact_sync_reads = bool(body["contact_sync_reads"])
    return scopes.rights(apps[0]).shown() | {"contact_sync_reads": scopes.contact_sync_reads}


@control("POST", "trusted_ips")
def set_trusted_ips(sandbox: Sandbox, body: Body) -> Any:
    """Only these addresses may call as the app, as any app without ``app`` (60020); null lets everybody."""
    ips = body["ips"]
    for name in _apps(body):
        trusted = None if ips is None else frozenset(map(str, ips))
        sandbox.scopes.rights(name).trusted_ips = trusted
    return {"ips": ips}


@control("POST", "trusted_domains")
def set_trusted_domains(sandbox: Sandbox, body: Body) -> Any:
    """Only these hosts may be redirect_uri (50001); null lets all."""
    domains = body["domains"]
    sandbox.scopes.trusted_domains = None if domains is None else frozenset(map(str, domains))
    return {"domains": domains}


@control("POST", "rates")
def set_rates(sandbox: Sandbox, body: Body) -> Any:
    """A limit for APIs matching a pattern.

    Args:
        sandbox: the corp.
        body: ``api``, ``per_minute``, ``per_hour`` and ``ip_per_minute`` (45009), ``concurrency`` (45033),
            ``block`` seconds after a minute's limit.
    """
    limit = Limit(
        api=_pattern(body),
        per_minute=_number(body, "per_minute"),
        concurrency=_number(body, "concurrency"),
        block=float(body.get("block", MINUTE)),
        per_hour=_number(body, "per_hour"),
        ip_per_minute=_number(body, "ip_per_minute"),
    )
    sandbox.rates.limits.append(limit)
    return vars(limit)


def _pattern(body: Body) -> str:
    value = body.get("api", "*")
    if not isinstance(value, str):
        raise ValueError("api must be a pattern such as externalcontact/*")
    return value


def _number(body: Body, name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} must be a whole number")
    return value


def _apps(body: Body) -> list[str]:
    if not body.get("app"):
        return [app.name for app in APPS]
    if app_named(str(body["app"])) is None:
        raise NotThereError(f"no app {body['app']}")
    return [str(body["app"])]
