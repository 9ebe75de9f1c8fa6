"""The journal of erasures: outside the database, appended and synced to disk, encrypted.

Whoever restores an older copy of the database brings forgotten people back with it; the journal forgets them
again. It holds random record keys and keyed hashes, no names.
"""

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from django.conf import settings
from django.utils.translation import gettext as _

from scrm.core.crypto import lasting_cipher
from scrm.core.exceptions import Conflict

PURPOSE = "erasure-journal"
NONCE_BYTES = 12
END = b"."


@dataclass(frozen=True)
class Entry:
    """One erasure: its id and moment, the keys of its records, its names as (kind, keyed hash)."""

    id: UUID
    cause: str
    erased_at: datetime
    record_ids: tuple[UUID, ...]
    digests: tuple[tuple[str, bytes], ...]


def path() -> Path:
    """Return where the journal lies."""
    return Path(settings.ERASURE_JOURNAL)


def append(entry: Entry) -> None:
    """Write an erasure down and wait until it is on the disk; raises Conflict where that cannot be done."""
    content: dict[str, Any] = {
        "id": str(entry.id),
        "cause": entry.cause,
        "at": entry.erased_at.isoformat(),
        "records": [str(each) for each in entry.record_ids],
        "names": [[kind, digest.hex()] for kind, digest in entry.digests],
    }
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + lasting_cipher(PURPOSE).encrypt(nonce, orjson.dumps(content), PURPOSE.encode())
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # A line cut short by a crash has no end mark, and must not take the next one with it.
            os.write(file, b"\n" + base64.b64encode(sealed) + END + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise Conflict(
            _("Nobody was erased: the journal %(path)s cannot be written (%(reason)s).")
            % {"path": str(path()), "reason": error.strerror}
        ) from None


def entries() -> Iterator[Entry]:
    """Yield the erasures in their order, each once; lines that were cut short are passed over.

    Raises Conflict for a whole line that our key does not open.
    """
    if not path().exists():
        return
    seen: set[UUID] = set()
    with path().open("rb") as file:
        for number, line in enumerate(file, start=1):
            entry = _read(line.strip(), number)
            if entry is not None and entry.id not in seen:
                seen.add(entry.id)
                yield entry


def _read(line: bytes, number: int) -> Entry | None:
    if not line.endswith(END):
        return None
    try:
        raw = base64.b64decode(line.removesuffix(END), validate=True)
        opened = lasting_cipher(PURPOSE).decrypt(
            raw[:NONCE_BYTES], raw[NONCE_BYTES:], PURPOSE.encode()
        )
    except (ValueError, InvalidTag):
        raise Conflict(
            _(
                "Line %(number)d of the journal does not open: it was changed, or SCRM_AUDIT_KEY is another one."
            )
            % {"number": number}
        ) from None
    content = orjson.loads(opened)
    return Entry(
        id=UUID(content["id"]),
        cause=content["cause"],
        erased_at=datetime.fromisoformat(content["at"]),
        record_ids=tuple(UUID(each) for each in content["records"]),
        digests=tuple((kind, bytes.fromhex(digest)) for kind, digest in content["names"]),
    )
