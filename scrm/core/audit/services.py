"""Write audit rows, chain them, verify the chain."""

from datetime import UTC
from typing import Any

import orjson
from django.utils import timezone
from structlog.contextvars import get_contextvars

from scrm.core.audit.models import AuditEntry
from scrm.core.crypto import audit_mac


def canonical(entry: AuditEntry) -> bytes:
    """Return the content of a row as bytes, always the same for the same content."""
    content = {
        "id": str(entry.id),
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor_id,
        "actor_name": entry.actor_name,
        "action": entry.action,
        "target": entry.target,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "ip": entry.ip,
        "request_id": entry.request_id,
    }
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def row_mac(entry: AuditEntry) -> bytes:
    """Return the keyed hash over the content of a row."""
    return audit_mac(b"row", canonical(entry))


def record(
    *,
    actor: Any | None,
    action: str,
    target: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    ip: str = "",
) -> AuditEntry:
    """Write one act in the caller's transaction: no act without its row, no row without its act.

    action is `<noun>.<verb>`, target `<model>:<id>`; before and after hold JSON values, encrypted. Address
    and request id come from the request under way unless given.
    """
    context = get_contextvars()
    entry = AuditEntry(
        at=timezone.now(),
        actor=actor,
        actor_name=actor.get_username() if actor is not None else "",
        action=action,
        target=target,
        before=before,
        after=after,
        reason=reason,
        ip=ip or context.get("client_ip", ""),
        request_id=context.get("request_id", ""),
    )
    entry.row_mac = row_mac(entry)
    entry.save(force_insert=True)
    return entry
