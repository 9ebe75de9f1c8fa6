"""Chains committed rows: each seal covers the one before, so that nobody removes or reorders rows unseen."""

from datetime import date
from pathlib import Path

import orjson
import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from scrm.core.audit.models import AuditEntry, AuditHead
from scrm.core.crypto import audit_mac

logger = structlog.get_logger(__name__)

BATCH = 2000
ANCHOR_FILE = "audit-anchors.jsonl"

# Rows are found by being unsealed, not by a high-water mark: whatever order transactions commit in, a row
# that becomes visible later is sealed later, none is stepped over, and a long transaction holds nobody up.
COMMITTED = "SELECT id, row_mac FROM core_auditentry WHERE seal IS NULL ORDER BY id LIMIT %s"
WRITE = """
UPDATE core_auditentry AS entry SET seq = given.seq, seal = given.seal
FROM unnest(%s::uuid[], %s::bigint[], %s::bytea[]) AS given (id, seq, seal) WHERE entry.id = given.id
"""


def seal_of(previous: bytes, seq: int, row_mac: bytes) -> bytes:
    """Return the seal of a row from the seal before it."""
    return audit_mac(b"seal", previous, seq.to_bytes(8, "big"), row_mac)


def head_mac(seq: int, seal: bytes) -> bytes:
    """Return the keyed hash that protects the end of the chain."""
    return audit_mac(b"head", seq.to_bytes(8, "big"), seal)


def anchor_mac(day: date, seq: int, seal: bytes) -> bytes:
    """Return the keyed hash of one line of the anchor file."""
    return audit_mac(b"anchor", day.isoformat().encode(), seq.to_bytes(8, "big"), seal)


def anchor_path() -> Path:
    """Return the file of the daily anchors; IT copies it to another machine."""
    return Path(settings.VAR_DIR) / ANCHOR_FILE


def seal_all() -> int:
    """Seal every committed row, in batches; return how many."""
    sealed = 0
    while True:
        count = _seal_batch()
        sealed += count
        if count < BATCH:
            break
    _anchor_daily()
    return sealed


def _seal_batch() -> int:
    with transaction.atomic():
        AuditHead.objects.bulk_create([AuditHead(id=1)], ignore_conflicts=True)
        head = AuditHead.objects.select_for_update().get(id=1)
        with connection.cursor() as cursor:
            cursor.execute(COMMITTED, [BATCH])
            rows = cursor.fetchall()
            if not rows:
                return 0
            seq, seal = head.seq, bytes(head.seal)
            ids, numbers, seals = [], [], []
            for entry_id, row_mac in rows:
                seq += 1
                seal = seal_of(seal, seq, bytes(row_mac))
                ids.append(entry_id)
                numbers.append(seq)
                seals.append(memoryview(seal))
            cursor.execute(WRITE, [ids, numbers, seals])
        AuditHead.objects.filter(id=1).update(seq=seq, seal=seal, mac=head_mac(seq, seal))
    return len(rows)


def _anchor_daily() -> None:
    today = timezone.localdate()
    with transaction.atomic():
        head = AuditHead.objects.select_for_update().filter(id=1, seq__gt=0).first()
        if head is None or head.anchored_on == today:
            return
        seal = bytes(head.seal)
        line = {
            "day": today.isoformat(),
            "seq": head.seq,
            "seal": seal.hex(),
            "mac": anchor_mac(today, head.seq, seal).hex(),
        }
        path = anchor_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(orjson.dumps(line) + b"\n")
        AuditHead.objects.filter(id=1).update(anchored_on=today)
    # Also to the log, which usually leaves this machine.
    logger.info("audit.anchored", day=line["day"], seq=head.seq, seal=line["seal"])


def anchors() -> list[tuple[date, int, bytes, bytes]]:
    """Return the anchors of the file: day, number, seal, keyed hash."""
    path = anchor_path()
    if not path.is_file():
        return []
    found = []
    for raw in path.read_bytes().splitlines():
        line = orjson.loads(raw)
        found.append(
            (
                date.fromisoformat(line["day"]),
                int(line["seq"]),
                bytes.fromhex(line["seal"]),
                bytes.fromhex(line["mac"]),
            )
        )
    return found


def waiting_count() -> int:
    """Return how many rows wait to be sealed."""
    return AuditEntry.objects.filter(seal__isnull=True).count()
