"""Walks the chain and names the first bad row."""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from scrm.core.audit import sealing
from scrm.core.audit.models import AuditEntry, AuditHead
from scrm.core.audit.services import row_mac
from scrm.core.crypto import DecryptionError

CHUNK = 1000


@dataclass(frozen=True)
class Verdict:
    """What a walk over the chain found: the rows checked, and the first bad place or an empty text."""

    checked: int
    waiting: int
    bad: str
    reason: str

    @property
    def holds(self) -> bool:
        """Whether nothing was changed, removed or reordered."""
        return not self.bad


def verify() -> Verdict:
    """Check every row's content, the chain, its end and the daily anchors."""
    checked = 0
    previous = b""
    wanted = {seq: (day, seal, mac) for day, seq, seal, mac in sealing.anchors()}
    for entry in _chain():
        reason = _sealed_problem(entry, checked + 1, previous)
        if not reason and entry.seq in wanted:
            day, seal, mac = wanted.pop(entry.seq)
            if not hmac.compare_digest(mac, sealing.anchor_mac(day, entry.seq, seal)):
                reason = _("the anchor of %(day)s was changed") % {"day": day.isoformat()}
            elif seal != bytes(entry.seal or b""):
                reason = _("it differs from the anchor of %(day)s") % {"day": day.isoformat()}
        if reason:
            return Verdict(checked, 0, _name(entry, checked + 1), reason)
        checked += 1
        previous = bytes(entry.seal or b"")
    bad = _end_problem(checked, previous, wanted)
    if bad:
        return Verdict(checked, 0, *bad)
    return _unsealed(checked)


def _chain() -> Iterator[AuditEntry]:
    return AuditEntry.objects.filter(seq__isnull=False).order_by("seq").iterator(chunk_size=CHUNK)


def _name(entry: AuditEntry, expected: int) -> str:
    return f"#{min(expected, entry.seq or expected)} {entry.id}"


def _content_holds(entry: AuditEntry) -> bool:
    try:
        return hmac.compare_digest(bytes(entry.row_mac), row_mac(entry))
    except DecryptionError:
        return False


def _sealed_problem(entry: AuditEntry, expected: int, previous: bytes) -> str:
    if entry.seq != expected:
        return _("row #%(number)d is missing") % {"number": expected}
    if not _content_holds(entry):
        return _("its content was changed")
    seal = sealing.seal_of(previous, expected, bytes(entry.row_mac))
    if not hmac.compare_digest(bytes(entry.seal or b""), seal):
        return _("its place in the chain was changed")
    return ""


def _end_problem(
    checked: int, last: bytes, anchors_left: Mapping[int, tuple[object, bytes, bytes]]
) -> tuple[str, str] | None:
    head = AuditHead.objects.filter(id=1).first()
    seq = head.seq if head else 0
    if (
        head
        and seq
        and not hmac.compare_digest(bytes(head.mac), sealing.head_mac(seq, bytes(head.seal)))
    ):
        return f"#{seq}", _("the end of the chain was changed")
    if seq > checked or anchors_left:
        return f"#{checked + 1}", _("row #%(number)d is missing") % {"number": checked + 1}
    if seq != checked or (head and seq and bytes(head.seal) != last):
        return f"#{seq}", _("the end of the chain was changed")
    return None


def _unsealed(checked: int) -> Verdict:
    waiting = 0
    for entry in (
        AuditEntry.objects.filter(seq__isnull=True).order_by("id").iterator(chunk_size=CHUNK)
    ):
        if not _content_holds(entry):
            return Verdict(checked, waiting, str(entry.id), _("its content was changed"))
        waiting += 1
    return Verdict(checked, waiting, "", "")
