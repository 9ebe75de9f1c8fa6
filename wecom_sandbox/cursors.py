"""Opaque cursors that expire (README.md §3)."""

import base64
import hashlib
import hmac
import secrets
import sqlite3

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.errors import WeComError

LIFE_SECONDS = 1800
_KEY = secrets.token_bytes(16)
_MARK_LENGTH = 8


def make(position: int, at: float) -> str:
    """A cursor that stands for a position for half an hour."""
    plain = f"{position}.{int(at) + LIFE_SECONDS}".encode()
    mark = hmac.new(_KEY, plain, hashlib.sha256).digest()[:_MARK_LENGTH]
    return base64.urlsafe_b64encode(mark + plain).decode().rstrip("=")


def read(cursor: str, at: float) -> int:
    """The position of a cursor; 40058 when it is not one, or has expired."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        mark, plain = raw[:_MARK_LENGTH], raw[_MARK_LENGTH:]
        expected = hmac.new(_KEY, plain, hashlib.sha256).digest()[:_MARK_LENGTH]
        position, expires = plain.decode().split(".")
    except ValueError:
        raise WeComError(BAD_PARAMETER, "invalid cursor") from None
    if not hmac.compare_digest(mark, expected) or int(expires) < at:
        raise WeComError(BAD_PARAMETER, "invalid cursor")
    return int(position)


def page(
    call: Call, sql: str, *before: str | int, default: int, most: int
) -> tuple[list[sqlite3.Row], str]:
    """One page of a query, by the ``cursor`` and ``limit`` of a request's body.

    Args:
        call: the request.
        sql: selects a ``position`` column that grows; its last two values are position and count.
        before: values for the earlier question marks.
        default: rows when ``limit`` is missing.
        most: highest limit (40058 above).

    Returns: rows and next_cursor, empty at the end. With the switch ``short_pages`` the first page is
    empty and the others hold half.
    """
    limit = call.number("limit", default, least=0, most=most) or default
    now, cursor = call.sandbox.clock.now(), call.text("cursor")
    position = read(cursor, now) if cursor else 0
    if call.sandbox.behaviour.short_pages:
        if not cursor:
            return [], make(0, now)
        limit = max(1, limit // 2)
    rows = call.sandbox.store.rows(sql, *before, position, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    return rows, make(rows[-1]["position"], now) if more else ""
