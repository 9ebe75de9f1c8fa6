"""Sends a welcome: one code, once."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from attribution.welcome.services import KIND, welcome_sent
from scrm.core.gateway import wecom
from scrm.core.outbox.sending import AlreadyUsed, Sender
from scrm.wecom.errors import WeComPermanent

# The chat has begun or the code was used (doc 92137): after a lost answer it means that ours arrived.
USED = 41051


def send_welcome(payload: dict[str, Any]) -> dict[str, Any]:
    """Send; raises AlreadyUsed for a used code and the gateway's errors for the rest."""
    try:
        wecom(lane="welcome").welcome.send(
            payload["welcome_code"], payload["text"], payload["attachments"]
        )
    except WeComPermanent as failure:
        if failure.errcode == USED:
            raise AlreadyUsed from None
        raise
    return {}


def settle_welcome(payload: dict[str, Any], _result: dict[str, Any]) -> None:
    """Note the delivery."""
    welcome_sent(payload["welcome_code"])


WELCOME_SENDER = Sender(
    kind=KIND,
    send=send_welcome,
    settle=settle_welcome,
    repeatable=False,
    single_use=True,
    label=_("Send the welcome"),
)
