"""Opaque cursors that expire (README.md §3)."""

import base64
import hashlib
import sqlite3
import struct
from collections.abc import Callable
from typing import Any, TypeVar

from Crypto.Cipher import AES

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.errors import WeComError

LIFE_SECONDS = 1800
# One key for ever, so that a cursor outlives a restart as it does at WeCom; it hides, it does not protect.
_KEY = hashlib.sha256(b"cursors of the WeCom sandbox").digest()[:16]
_BLOCK = struct.Struct(">QI4s")
R = TypeVar("R", sqlite3.Row, dict[str, Any])


def make(position: int, at: float, owner: str = "") -> str:
    """A cursor that stands for a position for half an hour.

    Args:
        position: where to go on.
        at: sandbox time, Unix seconds.
        owner: the API and the app it is for; it is no cursor for others.
    """
    plain = _BLOCK.pack(position, int(at) + LIFE_SECONDS, _mark(owner))
    return base64.urlsafe_b64encode(_cipher().encrypt(plain)).decode().rstrip("=")


def read(cursor: str, at: float, owner: str = "") -> int:
    """The position of a cursor; 40058 when it is not one, is somebody else's, or has expired."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        position, expires, mark = _BLOCK.unpack(_cipher().decrypt(raw))
    except (ValueError, struct.error):
        raise WeComError(BAD_PARAMETER, "invalid cursor") from None
    if mark != _mark(owner) or expires < at:
        raise WeComError(BAD_PARAMETER, "invalid cursor")
    return int(position)


def owner_of(call: Call) -> str:
    """Whose a cursor of this request is."""
    return f"{call.api} {call.caller.name}"


def _cipher() -> Any:
    # One block, unlike any other: no mode that needs a nonce.
    return AES.new(_KEY, AES.MODE_ECB)


def _mark(owner: str) -> bytes:
    return hashlib.sha256(owner.encode()).digest()[:4]


def page(
    call: Call, sql: str, *before: str | int | float, default: int, most: int
) -> tuple[list[sqlite3.Row], str]:
    """One page of a query, by the ``cursor`` and ``limit`` of a request's body.

    Args:
        call: the request.
        sql: selects a ``position`` column that grows; its last two values are position and count.
        before: values for the earlier question marks.
        default: rows when ``limit`` is missing.
        most: highest limit (40058 above).

    Returns: rows and next_cursor, as page_of.
    """

    def fetch(after: int, count: int) -> list[sqlite3.Row]:
        return call.sandbox.store.rows(sql, *before, after, count)

    return page_of(call, fetch, default=default, most=most, position="position")


def page_of(
    call: Call,
    fetch: Callable[[int, int], list[R]],
    *,
    default: int,
    most: int,
    position: str = "id",
) -> tuple[list[R], str]:
    """One page of whatever has growing numbers, by the ``cursor`` and ``limit`` of a request's body.

    Args:
        call: the request.
        fetch: rows after a number, at most so many.
        default: rows when ``limit`` is missing.
        most: highest limit (40058 above).
        position: the column with the number.

    Returns: rows and next_cursor, empty at the end. With the switch ``short_pages`` the first page is
    empty and the others hold half.
    """
    limit = call.number("limit", default, least=0, most=most) or default
    now, cursor = call.sandbox.clock.now(), call.text("cursor")
    after = read(cursor, now, owner_of(call)) if cursor else 0
    if call.sandbox.behaviour.short_pages:
        if not cursor:
            return [], make(0, now, owner_of(call))
        limit = max(1, limit // 2)
    rows = fetch(after, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    return rows, make(rows[-1][position], now, owner_of(call)) if more else ""
