"""The corp's apps as their pages in the admin console show them, and what members do in an app (docs 90227, 90240)."""

import secrets
from typing import Any

from wecom_sandbox import defaults
from wecom_sandbox.defaults import AppConfig
from wecom_sandbox.events import Fields
from wecom_sandbox.sandbox import Sandbox

NAMES = {"scrm": "SCRM"}
FIELDS = (
    "name", "description", "square_logo_url", "redirect_domain", "home_url", "report_location_flag",
    "isreportenter",
)  # fmt: skip


def by_agent_id(agent_id: int) -> AppConfig | None:
    """The self-built app of an agent id, or None."""
    return next((app for app in self_built() if app.agent_id == agent_id), None)


def self_built() -> tuple[AppConfig, ...]:
    """Every app that members can open."""
    return tuple(app for app in defaults.APPS if app.kind == "app")


def card(sandbox: Sandbox, app: AppConfig) -> dict[str, Any]:
    """What the console shows of an app; fields of FIELDS."""
    shown: dict[str, Any] = {
        "name": NAMES.get(app.name, app.name),
        "description": defaults.CORP_NAME,
        "square_logo_url": "",
        "redirect_domain": "",
        "home_url": "",
        "report_location_flag": 0,
        "isreportenter": 0,
    }
    kept: dict[str, Any] = sandbox.store.get_meta(f"agent:{app.agent_id}", {})
    return shown | kept


def write(sandbox: Sandbox, app: AppConfig, fields: dict[str, Any]) -> None:
    """Change fields of an app."""
    kept = sandbox.store.get_meta(f"agent:{app.agent_id}", {})
    sandbox.store.set_meta(f"agent:{app.agent_id}", kept | fields)


def tell(sandbox: Sandbox, app: AppConfig, userid: str, event: str, fields: Fields) -> None:
    """Send an app what a member did in it."""
    sandbox.delivery.publish(
        app.name, event, "", {"FromUserName": userid, **fields, "AgentID": app.agent_id}
    )


def tell_message(
    sandbox: Sandbox, app: AppConfig, userid: str, msgtype: str, fields: Fields
) -> int:
    """Send an app a message a member wrote to it; its 64-bit MsgId."""
    number = secrets.randbits(62)
    sandbox.delivery.publish(
        app.name, f"message.{msgtype}", "",
        {
            "FromUserName": userid, "MsgType": msgtype, "Event": None, **fields, "MsgId": number,
            "AgentID": app.agent_id,
        },
    )  # fmt: skip
    return number
