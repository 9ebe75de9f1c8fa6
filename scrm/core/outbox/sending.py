"""What a feature gives to the outbox: one sender for each kind of external effect."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string


class AlreadyUsed(Exception):  # noqa: N818 -- a finding, not a fault of ours
    """Raised by a sender when the receiver says the one-time code was used before.

    After an attempt whose outcome we never learnt it means that attempt arrived: the message then
    counts as sent, with a note. Without such an attempt somebody else used the code: it failed.
    """


@dataclass(frozen=True, slots=True)
class Sender:
    """How one kind of message leaves the house.

    `send(payload)` runs outside any transaction, calls the outside once and returns a small JSON
    result without personal data. `settle(payload, result)` runs in the transaction that marks the
    message sent; it gets an empty result when a person decided that the message had arrived.
    `repeatable`: doing it twice has the effect of doing it once, so an unknown outcome is tried
    again. `single_use`: the receiver consumes a one-time code, so an unknown outcome is tried again
    until `expires_at`. Neither: an unknown outcome waits for a person. `label` names the kind to people.
    """

    kind: str
    send: Callable[[dict[str, Any]], dict[str, Any]]
    settle: Callable[[dict[str, Any], dict[str, Any]], None] | None
    repeatable: bool
    single_use: bool = False
    label: str | Promise = ""


def senders() -> Mapping[str, Sender]:
    """Return the registered senders by kind; the setting is a dotted path so that no import points up."""
    return cast("Mapping[str, Sender]", import_string(settings.OUTBOX_SENDERS))


def kind_words(kind: str) -> str:
    """Return what people call a kind of message; the kind itself once nobody sends it any more."""
    sender = senders().get(kind)
    return str(sender.label) if sender is not None and sender.label else kind
