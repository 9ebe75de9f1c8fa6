"""A customer was added: queue the welcome before anything else."""

from typing import Any

from attribution.welcome.services import WelcomeDue, welcome_queue
from scrm.inbox.handling import Event, Handler


def apply_welcome(event: Event, _fetched: Any) -> None:
    """Queue the welcome; an event without a code wants none (WeCom's own welcome, a chat that has begun)."""
    code = event.fields.get("WelcomeCode")
    if not isinstance(code, str) or not code:
        return
    welcome_queue(
        WelcomeDue(
            welcome_code=code,
            userid=event.fields["UserID"],
            external_userid=event.fields["ExternalUserID"],
            state=event.fields.get("State") or "",
            occurred_at=event.occurred_at,
            received_at=event.received_at,
        )
    )


WELCOME = Handler(name="welcome.queue", apply=apply_welcome)
