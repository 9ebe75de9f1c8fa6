"""Sends leased messages: the call outside a transaction, then bookkeeping and `sent` together."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from scrm.core.alerts.services import raise_alert
from scrm.core.exceptions import ScrmError
from scrm.core.outbox.claims import Outgoing, begin, recover
from scrm.core.outbox.failures import (
    LONGEST_WAIT,
    ConnectionLost,
    Failure,
    Verdict,
    judge,
    unforeseen,
)
from scrm.core.outbox.models import OutboxMessage
from scrm.core.outbox.sending import AlreadyUsed, Sender, kind_words, senders
from scrm.wecom.errors import WeComError

logger = structlog.get_logger(__name__)

MAX_TRIES = 5
# What was sent is recorded even when the database restarts in between: seconds between the tries.
SETTLE_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
Status = OutboxMessage.Status
# A message that others gave up on is still ours while it carries our token: we were slow, but it did arrive.
HELD = (Status.SENDING, Status.UNCERTAIN, Status.PENDING)


def deliver(message: Outgoing) -> str:
    """Send one leased message and return its next status, or "lost" when the lease was.

    Never raises for the message's own sake; ConnectionLost when the database is gone.
    """
    sender = senders().get(message.kind)
    if sender is None:
        return _close(message, Status.FAILED, _("No sender is registered for this kind."))
    try:
        payload = message.open()
    except Exception as error:
        logger.exception("outbox.unreadable", message_id=str(message.id))
        return _close(message, Status.FAILED, unforeseen(error))
    if message.delivered_at is not None:
        return _settle(message, sender, payload, message.result or {})
    if message.expires_at is not None and message.expires_at <= timezone.now():
        return _close(message, Status.EXPIRED, _too_late(message))
    return _send(message, sender, payload)


def recover_abandoned() -> int:
    """Decide about messages whose sender died; returns how many there were."""
    registered = senders().values()
    found = recover(
        [sender.kind for sender in registered if sender.repeatable or sender.single_use]
    )
    for kind in sorted({kind for kind, status in found if status == Status.UNCERTAIN}):
        _tell_uncertain(kind)
    return len(found)


def _send(message: Outgoing, sender: Sender, payload: dict[str, Any]) -> str:
    try:
        if not begin(message):
            logger.warning("outbox.lease_lost", message_id=str(message.id), kind=message.kind)
            return "lost"
        result = sender.send(payload)
    except AlreadyUsed:
        if not message.interrupted:
            return _close(
                message, Status.FAILED, _("The one-time code was already used by somebody else.")
            )
        result = {"note": "arrived with an attempt whose answer was lost"}
    except Exception as error:  # noqa: BLE001 -- outer edge: whatever a sender does becomes a status
        return _not_sent(message, sender, error)
    return _settle(message, sender, payload, result)


def _settle(
    message: Outgoing, sender: Sender, payload: dict[str, Any], result: dict[str, Any]
) -> str:
    for pause in SETTLE_PAUSES:
        try:
            return _record(message, sender, payload, result)
        except ConnectionLost:
            time.sleep(pause)
    return _record(message, sender, payload, result)


def _record(
    message: Outgoing, sender: Sender, payload: dict[str, Any], result: dict[str, Any]
) -> str:
    try:
        with transaction.atomic():
            held = _mine(message, *HELD).select_for_update().first()
            if held is None:
                logger.warning("outbox.lease_lost", message_id=str(message.id), kind=message.kind)
                return "lost"
            if sender.settle is not None:
                sender.settle(payload, result)
            now = timezone.now()
            _mine(message, *HELD).update(
                status=Status.SENT,
                result=result,
                error="",
                attempts=F("attempts") + 1,
                delivered_at=message.delivered_at or now,
                settled_at=now,
                lease_token=None,
                lease_until=None,
            )
    except Exception as error:
        _reconnect(error)
        logger.exception("outbox.settle_failed", message_id=str(message.id), kind=message.kind)
        return _not_settled(message, judge(error), result)
    return Status.SENT.value


def _not_settled(message: Outgoing, failure: Failure, result: Mapping[str, Any]) -> str:
    """It was sent; only our bookkeeping failed, and only that is repeated."""
    if message.attempts + 1 >= MAX_TRIES:
        words = _("It was sent, but the result could not be recorded: %(words)s") % {
            "words": failure.words
        }
        return _close(
            message,
            Status.FAILED,
            words,
            delivered_at=message.delivered_at or timezone.now(),
            result=result,
        )
    return _later(
        message,
        failure,
        attempts=message.attempts + 1,
        delivered_at=message.delivered_at or timezone.now(),
        result=result,
    )


def _not_sent(message: Outgoing, sender: Sender, error: Exception) -> str:
    failure = judge(error)
    logger.warning(
        "outbox.send_failed",
        message_id=str(message.id),
        kind=message.kind,
        verdict=failure.verdict.name,
        error=type(error).__name__,
        exc_info=error if failure.verdict is Verdict.TRY else None,
    )
    _reconnect(error)
    waited = (timezone.now() - message.created_at).total_seconds()
    match failure.verdict:
        case Verdict.WAIT if waited < LONGEST_WAIT:
            return _later(message, failure, attempts=message.attempts)
        case Verdict.REFUSED:
            return _close(message, Status.FAILED, failure.words)
        case Verdict.UNKNOWN:
            return _unknown(message, sender, failure)
        case Verdict.TRY if not _may_repeat(sender) and not _foreseen(error):
            return _unknown(message, sender, failure)
    if message.attempts + 1 >= MAX_TRIES:
        return _close(message, Status.FAILED, failure.words)
    return _later(message, failure, attempts=message.attempts + 1)


def _foreseen(error: Exception) -> bool:
    """A typed error says that nothing was done; a fault in the sender's code says nothing at all."""
    return isinstance(error, WeComError | ScrmError)


def _may_repeat(sender: Sender) -> bool:
    return sender.repeatable or sender.single_use


def _unknown(message: Outgoing, sender: Sender, failure: Failure) -> str:
    if not _may_repeat(sender):
        status = _close(message, Status.UNCERTAIN, failure.words, interrupted=True)
        _tell_uncertain(message.kind)
        return status
    if message.attempts + 1 >= MAX_TRIES and not sender.single_use:
        return _close(message, Status.FAILED, failure.words, interrupted=True)
    return _later(message, failure, attempts=message.attempts + 1, interrupted=True)


def _too_late(message: Outgoing) -> str:
    if message.interrupted:
        return _("It was too late to try again; an earlier attempt may have arrived.")
    return _("It was too late to send this.")


def _mine(message: Outgoing, *statuses: OutboxMessage.Status) -> Any:
    return OutboxMessage.objects.filter(
        pk=message.id, lease_token=message.token, status__in=statuses
    )


def _later(message: Outgoing, failure: Failure, *, attempts: int, **changes: Any) -> str:
    due = timezone.now() + timedelta(seconds=failure.delay(message.attempts))
    if message.expires_at is not None:
        due = min(due, message.expires_at)  # so that it is closed on time
    changed = _mine(message, Status.SENDING).update(
        status=Status.PENDING,
        attempts=attempts,
        not_before=due,
        error=failure.words,
        lease_token=None,
        lease_until=None,
        **changes,
    )
    return Status.PENDING.value if changed else "lost"


def _close(message: Outgoing, status: OutboxMessage.Status, words: str, **changes: Any) -> str:
    changed = _mine(message, Status.SENDING).update(
        status=status,
        error=words,
        attempts=F("attempts") + 1,
        lease_token=None,
        lease_until=None,
        **changes,
    )
    return status.value if changed else "lost"


def _reconnect(error: Exception) -> None:
    if not connection.in_atomic_block and not connection.is_usable():
        connection.close()
        raise ConnectionLost from error


def _tell_uncertain(kind: str) -> None:
    """Tell people; a fault in the alarm must not keep the message from its status."""
    try:
        raise_alert(
            kind="outbox.uncertain",
            key=kind,
            level="warning",
            title=lambda: _("Nobody knows whether a message arrived"),
            text=lambda: (
                _(
                    "Messages of the kind %(kind)s have an unknown outcome. Open Outgoing actions and decide."
                )
                % {"kind": kind_words(kind)}
            ),
        )
    except Exception:
        logger.exception("outbox.alert_failed", kind=kind)
