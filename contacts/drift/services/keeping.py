"""Keeps differences: new ones open, changed ones open again, gone ones close."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from contacts.drift.comparing import (
    Account,
    Difference,
    Wanted,
    account_differences,
    undecided,
    unit_differences,
)
from contacts.drift.facts import Facts
from contacts.drift.models import DriftFinding

Status = DriftFinding.Status
BATCH = 1000
# Kind with the row of the account, or with minus the row of the department.
Key = tuple[str, int]


@dataclass
class Kept:
    """What a comparison changed: the kinds of new differences, and how many are gone."""

    opened: list[str] = field(default_factory=list)
    closed: int = 0


def judged(account: Account, wanted: Wanted | None, *, has_source: bool) -> list[Difference]:
    """Return the differences of an account; without OA and roster nobody is unexplained."""
    if wanted is None and not has_source:
        return []
    return account_differences(account, wanted)


def findings_keep(facts: Facts, *, at: datetime) -> Kept:
    """Bring the findings up to date with one comparison; call it in a transaction. Constant in queries."""
    found = dict(_found(facts))
    silent = _silent(facts)
    live = DriftFinding.objects.select_for_update(of=("self",)).filter(status__in=DriftFinding.LIVE)
    held = {_key_of(finding): finding for finding in live}
    kept = Kept()
    fresh = [_made(key, found[key], at) for key in found if key not in held]
    kept.opened = [finding.kind for finding in fresh]
    changed, seen, gone = [], [], []
    for key, finding in held.items():
        if key in found:
            seen.append(finding.pk)
            if finding.mark != found[key].mark:
                changed.append(_changed(finding, found[key]))
        elif key not in silent and finding.seen_at <= at:
            gone.append(finding.pk)
    DriftFinding.objects.bulk_create(fresh, batch_size=BATCH)
    DriftFinding.objects.bulk_update(changed, CHANGED_FIELDS, batch_size=BATCH)
    DriftFinding.objects.filter(pk__in=seen).update(seen_at=at)
    closed = DriftFinding.objects.filter(pk__in=gone)
    kept.closed = closed.update(status=Status.CLOSED, closed_at=at, problem="", errcode=None)
    return kept


CHANGED_FIELDS = ("ours", "theirs", "mark", "status", "has_changed", "problem", "errcode")


def _found(facts: Facts) -> Iterator[tuple[Key, Difference]]:
    for account, wanted in facts.accounts:
        hidden = undecided(account, wanted)
        for each in judged(account, wanted, has_source=facts.has_source):
            if each.kind not in hidden:
                yield (each.kind, account.pk), each
    for unit in facts.units if facts.has_source else ():
        for each in unit_differences(unit):
            yield (each.kind, -unit.pk), each


class _Everything:
    """Contains every key of some subjects."""

    def __init__(self, skipped: set[int], kinds: set[Key]) -> None:
        self._skipped, self._kinds = skipped, kinds

    def __contains__(self, key: Key) -> bool:
        return key[1] in self._skipped or key in self._kinds


def _silent(facts: Facts) -> _Everything:
    """Return the keys this comparison says nothing of; their findings stay as they are."""
    kinds = {
        (kind, account.pk)
        for account, wanted in facts.accounts
        for kind in undecided(account, wanted)
    }
    if not facts.has_source:
        return _Everything({account.pk for account, _wanted in facts.accounts}
                           | {-unit.pk for unit in facts.units}, kinds)  # fmt: skip
    return _Everything(facts.skipped, kinds)


def _key_of(finding: DriftFinding) -> Key:
    return (finding.kind, finding.member_id or -(finding.department_id or 0))


def _made(key: Key, difference: Difference, at: datetime) -> DriftFinding:
    kind, subject = key
    return DriftFinding(
        kind=kind,
        member_id=subject if subject > 0 else None,
        department_id=-subject if subject < 0 else None,
        ours=dict(difference.ours),
        theirs=dict(difference.theirs),
        mark=difference.mark,
        found_at=at,
        seen_at=at,
    )


def _changed(finding: DriftFinding, difference: Difference) -> DriftFinding:
    """Open a difference again that was accepted as it was before."""
    finding.has_changed = finding.has_changed or finding.status == Status.ACCEPTED
    finding.status, finding.mark = Status.OPEN, difference.mark
    finding.ours, finding.theirs = dict(difference.ours), dict(difference.theirs)
    finding.problem, finding.errcode = "", None
    return finding
