"""What happens to an app as a whole: whether it sleeps, and where the API's servers are (callbacks.md §10)."""

from typing import Any

from wecom_sandbox.controls import Body, NotThereError, control
from wecom_sandbox.defaults import APPS, AppConfig, app_named
from wecom_sandbox.sandbox import Sandbox

HOME = "127.0.0.1"


def api_addresses(sandbox: Sandbox) -> list[str]:
    """Where the API's servers are."""
    kept: list[str] = sandbox.store.get_meta("api_addresses", [HOME])
    return kept


@control("POST", "api_addresses")
def move_servers(sandbox: Sandbox, body: Body) -> Any:
    """WeCom's servers get other addresses: {ips}; raises security/change_domain_ip at every app."""
    ips = [str(one) for one in body["ips"]]
    with sandbox.store.transaction():
        sandbox.store.set_meta("api_addresses", ips)
        for app in APPS:
            sandbox.delivery.publish(app.name, "security", "change_domain_ip", {})
    return {"ips": ips}


def is_closed(sandbox: Sandbox, app: AppConfig) -> bool:
    """Whether WeCom put an unused app to sleep."""
    return app.name in sandbox.store.get_meta("closed_apps", [])


@control("POST", "app_closed")
def close_app(sandbox: Sandbox, body: Body) -> Any:
    """WeCom closes an app that nobody used, or an administrator opens it again: {app, closed}."""
    app = app_named(str(body["app"]))
    if app is None or app.kind != "app":
        raise NotThereError(f"no app {body['app']}")
    closed = bool(body["closed"])
    names = set(sandbox.store.get_meta("closed_apps", []))
    if closed != (app.name in names):
        names = names | {app.name} if closed else names - {app.name}
        event = "close_inactive_agent" if closed else "reopen_inactive_agent"
        with sandbox.store.transaction():
            sandbox.store.set_meta("closed_apps", sorted(names))
            sandbox.delivery.publish(app.name, event, "", {"AgentID": app.agent_id})
    return {"closed": sorted(names)}
