"""Reads of the outbox for the operator."""

from django.db.models import QuerySet

from scrm.core.outbox.models import OutboxMessage

COUNT_LIMIT = 10_000


def messages_all() -> QuerySet[OutboxMessage]:
    """Return all messages without their content: keys and kinds are not personal, so no scope narrows them."""
    return OutboxMessage.objects.defer("payload")


def status_counts() -> list[tuple[str, str, int]]:
    """Return (status, label, count) of the states an operator acts on, at most COUNT_LIMIT each."""
    status = OutboxMessage.Status
    return [
        (
            each.value,
            str(each.label),
            OutboxMessage.objects.filter(status=each).values("pk")[:COUNT_LIMIT].count(),
        )
        for each in (status.UNCERTAIN, status.FAILED, status.PENDING, status.EXPIRED)
    ]
