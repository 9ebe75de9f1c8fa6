"""`python -m benchmarks.cdnow --url … --key …`: send the CDNOW purchases to a running stack as orders, and compare.

The file comes with PyPI's `lifetimes` (69,659 purchases of 23,570 customers of a CD shop in 1997 and 1998); of
that package only the file is read, none of its code. Each purchase is one order by the partner API, which
then has to say that everything was stored; sent again, everything must be unchanged.
"""

import argparse
import json
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

FILE = "lifetimes/datasets/CDNOW_master.txt"
A_CALL = 1000
# The years of the sale are outside of what an order may have (2000 to 2100): the same days, 28 years on,
# which have the same weekdays.
YEARS_ON = 28
Post = Callable[[list[dict[str, Any]]], dict[str, Any]]


@dataclass(frozen=True)
class Purchase:
    """One line of the file."""

    customer: str
    day: str
    pieces: int
    amount: Decimal


def purchases() -> list[Purchase]:
    """Return all purchases, in the file's order."""
    path = Path(str(distribution("lifetimes").locate_file(FILE)))
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines()[1:])
    return [Purchase(row[0], row[1], int(row[2]), Decimal(row[3])) for row in rows if row]


def orders(found: Sequence[Purchase]) -> list[dict[str, Any]]:
    """Return purchases as orders: one line each, the number of pieces in it; numbers repeat in no file."""
    return [
        {
            "order_no": f"CDNOW-{number:06d}",
            "member_no": f"CD{purchase.customer}",
            "paid_at": _moved(purchase.day).isoformat(),
            "amount": str(purchase.amount),
            "channel": "CDNOW",
            "lines": [{"name": "CD", "quantity": purchase.pieces, "amount": str(purchase.amount)}],
        }
        for number, purchase in enumerate(found)
    ]


def _moved(day: str) -> datetime:
    return datetime(int(day[:4]) + YEARS_ON, int(day[4:6]), int(day[6:]), 12)  # noqa: DTZ001 - Shanghai's noon


def send(rows: Sequence[dict[str, Any]], post: Post) -> dict[str, int]:
    """Send orders batch by batch; return the sums of what the API answered."""
    sums = dict.fromkeys(("created", "updated", "unchanged", "failed"), 0)
    for batch in _batches(rows):
        answer = post(batch)
        for name in sums:
            sums[name] += answer[name]
    return sums


def _batches(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for at in range(0, len(rows), A_CALL):
        yield list(rows[at : at + A_CALL])


def main() -> int:
    """Send the whole file twice and print what came of it; 1 when a figure is not the file's."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", required=True, help="for example http://127.0.0.1:8000")
    parser.add_argument("--key", required=True, help="a partner key with orders.write")
    chosen = parser.parse_args()

    def post(batch: list[dict[str, Any]]) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{chosen.url}/api/v1/orders/batch",
            data=json.dumps({"orders": batch}).encode(),
            headers={
                "Authorization": f"Bearer {chosen.key}",
                "Idempotency-Key": str(uuid.uuid4()),
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=120) as reply:
            answer: dict[str, Any] = json.loads(reply.read())
            return answer

    found = purchases()
    rows = orders(found)
    began = time.monotonic()
    first, again = send(rows, post), send(rows, post)
    seconds = time.monotonic() - began
    print(
        f"{len(found)} purchases, sum {sum(each.amount for each in found)}: {first}, again {again}, {seconds:.0f} s"
    )
    ok = first["created"] + first["unchanged"] == len(found) and again["unchanged"] == len(found)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
