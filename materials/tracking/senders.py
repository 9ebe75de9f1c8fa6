"""Sends app messages to members."""

from django.utils.translation import gettext_lazy as _

from materials.tracking.telling import KIND
from scrm.core.outbox.cards import send_card
from scrm.core.outbox.sending import Sender

APP_MESSAGE_SENDER = Sender(
    kind=KIND,
    send=send_card,
    settle=None,
    repeatable=True,
    label=_("Message to a colleague"),
)
