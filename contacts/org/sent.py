"""Packs the rows of an upload as they were sent, and unpacks them for the file of refused rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contacts.org.models import SentRows


@dataclass(frozen=True)
class Sent:
    """Headers and (row number, values by header) of an upload."""

    headers: list[str]
    rows: Sequence[tuple[int, Mapping[str, str]]]


def sent_pack(sent: Sent) -> str:
    """Return an upload as text for `SentRows.content`."""
    rows = [[number, [raw.get(header, "") for header in sent.headers]] for number, raw in sent.rows]
    return json.dumps([sent.headers, rows], ensure_ascii=False, separators=(",", ":"))


def sent_of(kept: SentRows) -> Sent:
    """Return an upload as it was sent."""
    return sent_unpack(kept.content)


def sent_unpack(text: str) -> Sent:
    """Return an upload from `sent_pack`'s text."""
    headers, rows = json.loads(text)
    return Sent(
        headers, [(number, dict(zip(headers, cells, strict=True))) for number, cells in rows]
    )
