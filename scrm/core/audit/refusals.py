"""Refused log-ins and refused pages in the audit: the first of a minute, then every tenfold, with how many there were."""

from typing import Any

from structlog.contextvars import get_contextvars

from scrm.core.audit.services import record
from scrm.core.limits import counted

WINDOW_S = 60


def record_refusal(
    *, actor: Any | None, action: str, target: str, after: dict[str, Any], reason: str = ""
) -> None:
    """Note a refusal; a thousand of one kind, object and address in a minute leave four rows, not a thousand.

    The row of the tenth (hundredth, ...) says `count`: what somebody tries in a loop is seen as a loop.
    """
    address = get_contextvars().get("client_ip", "")
    who = actor.pk if actor is not None else address
    count = counted("audit.refusals", f"{action}:{target}:{who}", WINDOW_S)
    if str(count).rstrip("0") == "1":
        record(
            actor=actor,
            action=action,
            target=target,
            after={**after, "count": count},
            reason=reason,
        )
