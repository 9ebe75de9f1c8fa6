"""Sends a card to members, as an outgoing action may be tried again."""

from typing import Any

from scrm.core.gateway import wecom

# WeCom itself drops the same text to the same people within this time (doc 90236).
SAME_SECONDS = 1800


def send_card(payload: dict[str, Any]) -> dict[str, Any]:
    """Send title, description and url to `userids` (doc 90236); raises WeComError.

    A second try after a lost answer is dropped by WeCom's own check for doubles.
    """
    card = {name: payload[name] for name in ("title", "description", "url")}
    sent = wecom().message.send(
        payload["userids"],
        "textcard",
        card,
        enable_duplicate_check=1,
        duplicate_check_interval=SAME_SECONDS,
    )
    return {"msgid": sent.msgid, "invalid": len(sent.invalid_users)}
