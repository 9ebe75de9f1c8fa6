"""Tells a sponsor whose time on the roster ends."""

from django.utils.translation import gettext_lazy as _

from contacts.roster.services.keeping import REMINDER
from scrm.core.outbox.cards import send_card
from scrm.core.outbox.sending import Sender

ROSTER_SENDER = Sender(
    kind=REMINDER,
    send=send_card,
    settle=None,
    repeatable=True,
    label=_("Roster: reminder to a sponsor"),
)
