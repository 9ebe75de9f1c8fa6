"""Sends a welcome: one code, once."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from attribution.welcome.selectors import other_welcome
from attribution.welcome.services import KIND, code_hash, welcome_sent
from scrm.core.gateway import wecom
from scrm.core.outbox.sending import AlreadyUsed, Sender
from scrm.wecom.errors import WeComPermanent, WeComRetryable

# The chat has begun or the code was used (doc 92137): after a lost answer it means that ours arrived.
USED = 41051


def send_welcome(payload: dict[str, Any]) -> dict[str, Any]:
    """Send; raises AlreadyUsed for a code used by others and the gateway's errors for the rest.

    A code that became useless because the customer was welcomed with another one of ours is no failure.
    """
    try:
        wecom(lane="welcome").welcome.send(
            payload["welcome_code"], payload["text"], payload["attachments"]
        )
    except WeComPermanent as failure:
        if failure.errcode == USED:
            return _welcomed_by(payload["welcome_code"], failure)
        raise
    return {}


def _welcomed_by(welcome_code: str, failure: WeComPermanent) -> dict[str, Any]:
    other = other_welcome(code_hash(welcome_code))
    if other is None:
        raise AlreadyUsed from None
    if other.sent_at is None:
        # It is on its way; a moment later we know.
        raise WeComRetryable(failure.errcode, failure.errmsg, failure.endpoint, retry_after=1.0)
    return {"welcomed_before": True}


def settle_welcome(payload: dict[str, Any], result: dict[str, Any]) -> None:
    """Note the delivery; one that came too late for another of ours was not sent."""
    if result.get("welcomed_before"):
        return
    welcome_sent(payload["welcome_code"])


WELCOME_SENDER = Sender(
    kind=KIND,
    send=send_welcome,
    settle=settle_welcome,
    repeatable=False,
    single_use=True,
    label=_("Send the welcome"),
)
