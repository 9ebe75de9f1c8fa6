"""Sends app messages to members."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from materials.tracking.telling import KIND
from scrm.core.gateway import wecom
from scrm.core.outbox.sending import Sender

# WeCom itself drops the same text to the same people within this time (doc 90236).
SAME_SECONDS = 1800


def send_app_message(payload: dict[str, Any]) -> dict[str, Any]:
    """Send a card to members (doc 90236); raises WeComError."""
    card = {name: payload[name] for name in ("title", "description", "url")}
    sent = wecom().message.send(
        payload["userids"],
        "textcard",
        card,
        enable_duplicate_check=1,
        duplicate_check_interval=SAME_SECONDS,
    )
    return {"msgid": sent.msgid, "invalid": len(sent.invalid_users)}


# Repeatable: a second try after a lost answer is dropped by WeCom's own check for doubles.
APP_MESSAGE_SENDER = Sender(
    kind=KIND,
    send=send_app_message,
    settle=None,
    repeatable=True,
    label=_("Message to a colleague"),
)
