"""The nightly audit: rebuild all persons from all edges, and put right what is stored differently."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.oneid.graph import records_load
from customers.oneid.models import Conflict, Decision, RecordKey, SharedKey
from customers.oneid.partition import Partition, partition
from customers.oneid.quarantine import limits, shared_write
from customers.oneid.rebuild import (
    RECORD,
    Whole,
    members_of,
    record_ids,
    slices,
    stream,
    whole_load,
)
from customers.oneid.selectors import AUDIT
from customers.oneid.services import BATCH, indexes_need_rest, put_right, reconcile_pending
from customers.relations.models import RecordChange
from scrm.core.alerts.services import raise_alert

State = SharedKey.State
LINKS = """
COPY (SELECT record_id, person_id FROM customers_personlink
       WHERE id > {start} AND id <= {end}) TO STDOUT (FORMAT binary)
"""
PERSON = slice(26, 42)
# What records say, beside what was stored of it.
STALE = """
COPY (
SELECT DISTINCT record_id FROM (
    SELECT record_id, kind, value FROM (
        SELECT id AS record_id, 'external_userid' AS kind, external_userid AS value, 1 AS side
          FROM customers_externalcontact WHERE external_userid <> ''
         UNION ALL
        SELECT id, 'unionid', unionid, 1 FROM customers_externalcontact WHERE unionid <> ''
         UNION ALL
        SELECT id, 'phone', encode(phone_index, 'hex'), 1 FROM customers_externalcontact
         WHERE phone_index IS NOT NULL
         UNION ALL
        SELECT DISTINCT contact_id, 'weak_phone', encode(each, 'hex'), 1
          FROM customers_followrelation, unnest(remark_phone_indexes) each
         UNION ALL
        SELECT id, 'member_no', member_no, 1 FROM customers_crmmember
         UNION ALL
        SELECT id, 'unionid', unionid, 1 FROM customers_crmmember WHERE unionid <> ''
         UNION ALL
        SELECT id, 'external_userid', external_userid, 1 FROM customers_crmmember
         WHERE external_userid <> ''
         UNION ALL
        SELECT id, 'id_card', id_card, 1 FROM customers_crmmember WHERE id_card <> ''
         UNION ALL
        SELECT id, CASE WHEN phone_verified THEN 'phone' ELSE 'weak_phone' END,
               encode(phone_index, 'hex'), 1
          FROM customers_crmmember WHERE phone_index IS NOT NULL
         UNION ALL
        SELECT record_id, kind, value, -1 FROM customers_recordkey
    ) told GROUP BY record_id, kind, value HAVING sum(side) <> 0
) differs) TO STDOUT (FORMAT binary)
"""


@dataclass(frozen=True)
class Audited:
    """What an audit looked at, and what it had to put right."""

    records: int
    edges: int
    persons: int
    suspects: int
    stale: int
    moved: int
    conflicts: int
    seconds: float

    @property
    def differences(self) -> int:
        """Return how many records were not as their keys say, or had no conflict where there is one."""
        return self.moved + self.conflicts + self.stale


@dataclass(frozen=True)
class Found:
    """Records that are not where the rebuilt partition has them, and how many persons there should be."""

    suspects: frozenset[UUID]
    persons: int


def audit(job_id: UUID | None = None, pulse: Callable[[str], None] = lambda words: None) -> Audited:
    """Rebuild, compare and put right; writes only differences. pulse is told how far it is, in words.

    Raises IndexesMoving while the key of the phone indexes is changed: what differs then is no difference.
    """
    begun = time.monotonic()
    indexes_need_rest()
    while reconcile_pending() is not None:
        pulse(_("Working on what was noted"))
    pulse(_("Comparing keys with what records say"))
    stale = _not_pending({UUID(bytes=row[RECORD]) for row in stream(STALE)})
    _put_right(stale, job_id)
    pulse(_("Reading all keys"))
    whole = rebuild(lambda: pulse(_("Reading all keys")))
    pulse(_("Comparing with the persons stored"))
    found = compare(whole)
    _shared_compare(whole)
    suspects = _not_pending(found.suspects)
    moved, conflicts = _put_right(suspects, job_id)
    return Audited(
        records=len(whole.ids),
        edges=whole.edges,
        persons=found.persons,
        suspects=len(suspects),
        stale=len(stale),
        moved=moved,
        conflicts=conflicts,
        seconds=round(time.monotonic() - begun, 1),
    )


def rebuild(pulse: Callable[[], None] = lambda: None) -> Whole:
    """Return all records in the blocks that their keys make, from the edges stored."""
    words = SharedKey.objects.filter(state__in=[State.IGNORED, State.ALLOWED])
    said = {
        (kind, value): state for kind, value, state in words.values_list("kind", "value", "state")
    }
    pairs = Decision.objects.filter(retracted_at=None).values_list("left_id", "right_id")
    return whole_load(
        limits(),
        ignored={key for key, state in said.items() if state == State.IGNORED},
        allowed={key for key, state in said.items() if state == State.ALLOWED},
        decided=pairs,
        pulse=pulse,
    )


def doubts_settle(whole: Whole) -> Iterator[Partition]:
    """Look at every doubtful block by the exact rule."""
    blocks = iter(sorted(members_of(whole, whole.doubtful).items()))
    crowded = frozenset(whole.crowded)
    while batch := list(islice(blocks, BATCH)):
        ids = {root: record_ids(whole, numbers) for root, numbers in batch}
        loaded = records_load([each for block in ids.values() for each in block])
        for block in ids.values():
            together, apart = loaded.decided(block)
            records = [loaded.records[each] for each in block if each in loaded.records]
            yield partition(
                records, together=together, apart=apart, crowded=crowded, limits=limits()
            )


@dataclass(frozen=True)
class Settled:
    """By number the block of every record, and the records of every clash by its fingerprint."""

    block_of: list[int]
    contested: dict[str, list[UUID]]


def blocks_settled(whole: Whole) -> Settled:
    """Return the rebuilt partition: plain blocks as they are, doubtful ones by the exact rule."""
    block_of = list(whole.parent)
    contested: dict[str, list[UUID]] = {}
    fresh = len(block_of)
    for result in doubts_settle(whole):
        for group in result.groups:
            for each in group:
                block_of[whole.number[each.bytes]] = fresh
            fresh += 1
        for clash in result.clashes:
            contested[clash.fingerprint] = list(clash.record_ids)
    return Settled(block_of, contested)


def compare(whole: Whole) -> Found:
    """Return the records that are stored with other ones than the rebuilt partition has them with."""
    settled = blocks_settled(whole)
    contested = settled.contested
    waiting = Conflict.objects.filter(state=Conflict.State.OPEN)
    open_now = dict(waiting.values_list("fingerprint", "record_ids"))
    wanted: set[UUID] = set()
    for fingerprint in contested.keys() - open_now.keys():
        wanted.update(contested[fingerprint])
    for fingerprint in open_now.keys() - contested.keys():
        wanted.update(open_now[fingerprint])
    wanted |= _misplaced(whole, settled.block_of)
    return Found(frozenset(wanted), len(set(settled.block_of)))


def _misplaced(whole: Whole, block_of: list[int]) -> set[UUID]:
    """Stream who is stored as whom; blocks and persons must be the same, one to one."""
    number = whole.number
    person_of: dict[int, bytes] = {}
    block_held: dict[bytes, int] = {}
    linked = bytearray(len(block_of))
    wrong_blocks: set[int] = set()
    for rows in slices("customers_personlink", LINKS):
        for row in rows:
            me = number.get(row[RECORD])
            if me is None:
                continue
            linked[me] = 1
            block, person = block_of[me], row[PERSON]
            theirs, held = person_of.setdefault(block, person), block_held.setdefault(person, block)
            if theirs != person or held != block:
                wrong_blocks |= {block, held}
    wrong = {each for each, is_linked in enumerate(linked) if not is_linked}
    if wrong_blocks:
        wrong |= {each for each, block in enumerate(block_of) if block in wrong_blocks}
    return set(record_ids(whole, wrong))


def _shared_compare(whole: Whole) -> None:
    """Make the queue of shared identifiers equal to the degrees found."""
    rows = SharedKey.objects.values_list("kind", "value", "records", "state")
    known = {(kind, value): (records, state) for kind, value, records, state in rows}
    differing = {
        key
        for key, degree in whole.degrees.items()
        if key not in known or known[key][0] != degree or known[key][1] == State.GONE
    }
    differing |= {
        key
        for key, (_records, state) in known.items()
        if state == State.OPEN and key not in whole.degrees
    }
    with transaction.atomic():
        shared_write(differing)


def _not_pending(found: Iterable[UUID]) -> set[UUID]:
    """Leave out what is noted as changed: that is no difference, only not looked at yet."""
    pending = RecordChange.objects.values_list("record_id", flat=True).distinct()
    return set(found) - set(pending)


def _put_right(found: set[UUID], job_id: UUID | None) -> tuple[int, int]:
    moved = conflicts = 0
    waiting = iter(sorted(found))
    while batch := list(islice(waiting, BATCH)):
        done = put_right(batch, job_id=job_id)
        moved, conflicts = moved + done.moved, conflicts + done.conflicts
    return moved, conflicts


def audit_report(done: Audited, job_id: UUID) -> None:
    """Alert when persons were not as their records say: something wrote past OneID, or OneID is wrong."""
    if not done.differences:
        return
    count = done.differences
    raise_alert(
        kind=AUDIT,
        key=str(job_id),
        level="warning",
        title=lambda: _("The audit of persons found differences"),
        text=lambda: (
            ngettext(
                "%(count)d record was not with the person its keys say. It was put right; the merge centre lists it.",
                "%(count)d records were not with the persons their keys say. They were put right; the merge centre lists them.",
                count,
            )
            % {"count": count}
        ),
    )


def figures(done: Audited) -> dict[str, object]:
    """Return what the result page shows."""
    return {**asdict(done), "differences": done.differences, "keys": RecordKey.objects.count()}
