"""The ledger's arithmetic: what the lines of an order should add up to, and the lines still missing; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from attribution.sales.business import day_began
from attribution.sales.models import CreditLine

NOTHING = Decimal("0.00")
Cause = CreditLine.Cause


@dataclass(frozen=True)
class Piece:
    """Money that moved once: the sale itself, or one refund; `amount` is signed."""

    kind: str
    source: str
    amount: Decimal
    occurred_at: datetime
    business_day: date


@dataclass(frozen=True)
class Place:
    """Whose a line is, and on which day it counts."""

    kind: str
    source: str
    business_day: date
    member_id: int | None
    store_id: int | None


@dataclass(frozen=True)
class Line:
    """A line to be posted."""

    place: Place
    amount: Decimal
    occurred_at: datetime
    cause: str


def lines_missing(
    pieces: Iterable[Piece],
    *,
    member_id: int | None,
    store_id: int | None,
    posted: Mapping[Place, Decimal],
) -> list[Line]:
    """Return the lines that make the ledger of one order equal to its pieces, all with this member and store.

    `posted` is what stands there already, summed by place. The sums by place that result are the same
    whatever stood there before.
    """
    wanted = {
        Place(piece.kind, piece.source, piece.business_day, member_id, store_id): piece
        for piece in pieces
        if piece.amount
    }
    standing = {place: amount for place, amount in posted.items() if amount}
    lines: list[Line] = []
    for place, amount in standing.items():
        piece = wanted.get(place)
        rest = (piece.amount if piece else NOTHING) - amount
        if rest:
            at = piece.occurred_at if piece else day_began(place.business_day)
            lines.append(Line(place, rest, at, _cause(place, wanted, Cause.CHANGED)))
    for place, piece in wanted.items():
        if place not in standing:
            lines.append(
                Line(place, piece.amount, piece.occurred_at, _cause(place, standing, Cause.NEW))
            )
    return lines


def _cause(place: Place, others: Iterable[Place], alone: str) -> str:
    """Say why a line is posted, by what stands on the other side for the same money; `alone`: nothing does."""
    same = [each for each in others if (each.kind, each.source) == (place.kind, place.source)]
    if not same:
        return alone
    whose = (place.member_id, place.store_id)
    stays = any((each.member_id, each.store_id) == whose for each in same)
    return Cause.CHANGED if stays else Cause.MOVED
