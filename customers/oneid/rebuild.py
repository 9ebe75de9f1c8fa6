"""All persons from all edges at once: streamed by COPY, joined by union-find, in memory a few times the edges.

Only what can break a rule is looked at by the exact function (partition.py); everything else is plain
connectedness. Rows are those of binary COPY: nothing is written as text and read again. A row is the number of
its fields (2 bytes), then each field behind its length (4 bytes).
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from customers.oneid.partition import ID_CARD, LENT_KINDS, PHONE, STRONG_KINDS, UNIONID, Key, Limits

SLICE = 400_000
KIND_OF = {ord(kind[0]): kind for kind in STRONG_KINDS}
EDGES = """
COPY (SELECT record_id, kind, value FROM customers_recordkey
       WHERE id > {start} AND id <= {end} AND kind <> 'weak_phone') TO STDOUT (FORMAT binary)
"""
ACTIVE = (
    "COPY (SELECT id FROM customers_crmmember WHERE state = 'active') TO STDOUT (FORMAT binary)"
)
# Where the fields stand: every row begins with a record's id; the key behind it is kept as sent, kind and value.
RECORD = slice(6, 22)
KEY = slice(26, None)
KIND_LETTER = 26
# What a binary COPY begins with, in the message of its first row; its last message holds no row.
SIGNATURE = 19


def stream(statement: str) -> list[bytes]:
    """Return the rows of a COPY … TO STDOUT (FORMAT binary), a message each.

    Source: PostgreSQL's manual, COPY, "Binary Format".
    """
    sink = _Rows()
    with transaction.atomic(), connection.cursor() as cursor:
        # Reading millions takes longer than a page may.
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.copy_expert(statement, sink)
    rows = sink.rows
    rows[0] = rows[0][SIGNATURE:]
    rows.pop()
    return rows


class _Rows:
    """A file whose write is a list's append: nothing of ours runs for a row."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.write = self.rows.append

    def read(self, size: int = 0) -> bytes:
        """Nothing is read from here; psycopg2 wants to see a file."""
        return b""


def slices(table: str, statement: str) -> Iterator[list[bytes]]:
    """Return a table's rows in slices of its serial key, so that memory does not hold the text of all."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608 -- our own table
        (end,) = cursor.fetchone()
    for start in range(0, end, SLICE):
        yield stream(statement.format(start=start, end=start + SLICE))


@dataclass
class Whole:
    """Every record by number, and the block each belongs to; `doubtful` blocks may break a rule.

    `ids` are the record ids (16 bytes) by number, `parent` a union-find in which parent[n] <= n. `crowded` are
    the keys that tie nobody, `degrees` the number of records of every key too many share.
    """

    ids: list[bytes] = field(default_factory=list)
    number: dict[bytes, int] = field(default_factory=dict)
    parent: list[int] = field(default_factory=list)
    doubtful: set[int] = field(default_factory=set)
    degrees: dict[Key, int] = field(default_factory=dict)
    crowded: set[Key] = field(default_factory=set)
    edges: int = 0

    def flatten(self) -> list[int]:
        """Make every record point at its block's first record; a parent never comes after its child."""
        parent = self.parent
        for each, above in enumerate(parent):
            parent[each] = parent[above]
        return parent


def whole_load(
    limits: Limits,
    ignored: Collection[Key],
    allowed: Collection[Key],
    decided: Iterable[tuple[UUID, UUID]],
    pulse: Callable[[], None] = lambda: None,
) -> Whole:
    """Join everything that shares a key; `decided` are pairs of record ids humans spoke of."""
    whole = Whole()
    holders: dict[int, dict[bytes, Any]] = {letter: {} for letter in KIND_OF}
    for rows in slices("customers_recordkey", EDGES):
        _join(whole, rows, holders)
        pulse()
    for kind in LENT_KINDS:
        _join_lent(whole, kind, holders.pop(ord(kind[0])), limits.degree, ignored, allowed)
    spoken = _spoken(whole, decided)
    parent = whole.flatten()
    _doubt(whole, holders[ord(UNIONID[0])].values(), limits)
    whole.doubtful |= {parent[each] for each in spoken}
    return whole


def _join(whole: Whole, rows: list[bytes], holders: dict[int, dict[bytes, Any]]) -> None:
    """Take one slice of edges; phones and ID cards are only gathered: how many share one is known in the end."""
    number, ids, parent = whole.number, whole.ids, whole.parent
    lent = {ord(PHONE[0]), ord(ID_CARD[0])}
    last, me = b"", 0
    for row in rows:
        record = row[RECORD]
        if record != last:
            last = record
            me = number.setdefault(record, len(ids))
            if me == len(ids):
                ids.append(record)
                parent.append(me)
        letter = row[KIND_LETTER]
        held, key = holders[letter], row[KEY]
        first = held.setdefault(key, me)
        if letter in lent:
            if first is not me:
                held[key] = (*first, me) if isinstance(first, tuple) else (first, me)
        elif first != me:
            _union(parent, first, me)
    whole.edges += len(rows)


def _union(parent: list[int], left: int, right: int) -> None:
    while parent[left] != left:
        parent[left] = left = parent[parent[left]]
    while parent[right] != right:
        parent[right] = right = parent[parent[right]]
    if left < right:
        parent[right] = left
    elif right < left:
        parent[left] = right


def _join_lent(
    whole: Whole,
    kind: str,
    holders: dict[bytes, Any],
    most: int,
    ignored: Collection[Key],
    allowed: Collection[Key],
) -> None:
    # A key is the kind, the length of the value, the value.
    value = slice(len(kind) + 4, None)
    for sent, held in holders.items():
        if not isinstance(held, tuple):
            continue
        key = (kind, sent[value].decode())
        if len(held) > most:
            whole.degrees[key] = len(held)
        if key in ignored or (len(held) > most and key not in allowed):
            whole.crowded.add(key)
            continue
        for other in held[1:]:
            _union(whole.parent, held[0], other)
    whole.crowded |= {key for key in ignored if key[0] == kind}


def _spoken(whole: Whole, decided: Iterable[tuple[UUID, UUID]]) -> list[int]:
    """Bring both sides of every decision under one look; return one of each."""
    found: list[int] = []
    for left, right in decided:
        one, two = whole.number.get(left.bytes), whole.number.get(right.bytes)
        if one is not None and two is not None:
            _union(whole.parent, one, two)
            found.append(one)
    return found


def _doubt(whole: Whole, unionid_holders: Iterable[int], limits: Limits) -> None:
    """Note the blocks with two unionids, two active members or more records than one human has."""
    parent, doubtful = whole.parent, whole.doubtful
    _twice((parent[each] for each in unionid_holders), doubtful)
    number = whole.number
    active = (number[row[RECORD]] for row in stream(ACTIVE) if row[RECORD] in number)
    _twice((parent[each] for each in active), doubtful)
    sizes = [0] * len(parent)
    for root in parent:
        sizes[root] += 1
    most = limits.records
    doubtful.update(root for root, size in enumerate(sizes) if size > most)


def _twice(roots: Iterable[int], found: set[int]) -> None:
    seen: set[int] = set()
    for root in roots:
        if root in seen:
            found.add(root)
        else:
            seen.add(root)


def members_of(whole: Whole, roots: Collection[int]) -> dict[int, list[int]]:
    """Return by root the numbers of its records."""
    found: dict[int, list[int]] = {root: [] for root in roots}
    if found:
        for each, root in enumerate(whole.parent):
            if root in found:
                found[root].append(each)
    return found


def record_ids(whole: Whole, numbers: Iterable[int]) -> list[UUID]:
    """Return the ids of these records."""
    return [UUID(bytes=whole.ids[each]) for each in numbers]
