"""Which rows use which key, table by table."""

from collections import Counter
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from scrm.core.crypto import field_key_ids, parse_index_keys, writing_key_id
from scrm.core.jobs.models import ACTIVE_STATES, JobRun, JobState
from scrm.core.keys.keyed import Keyed, keyed_tables
from scrm.core.keys.sealed import key_uses, sealed_tables

KIND = "keys.rotate"
FIELDS, INDEXES = "fields", "indexes"
SCAN = 2000


@dataclass(frozen=True)
class TableUse:
    """One table: how many ciphertexts are under the writing key, under former ones, and under none we have."""

    label: str
    current: int
    former: dict[str, int]
    lost: int

    @property
    def former_count(self) -> int:
        """Return how many wait to be rewritten."""
        return sum(self.former.values())


def field_uses() -> list[TableUse]:
    """Return the tables with encrypted columns and the keys their rows use."""
    known, writing = set(field_key_ids()), writing_key_id()
    found = []
    for table in sealed_tables():
        uses = key_uses(table)
        former = {key: count for key, count in uses.items() if key in known and key != writing}
        lost = sum(count for key, count in uses.items() if key not in known)
        found.append(TableUse(table.label, uses[writing], former, lost))
    return found


def index_uses() -> list[TableUse]:
    """Return the tables with keyed columns and how many rows are not as the writing key makes them.

    Every row is opened and its hashes are computed again: minutes at millions of rows.
    """
    return [_index_use(keyed) for keyed in keyed_tables()]


def _index_use(keyed: Keyed) -> TableUse:
    counts: Counter[bool] = Counter()
    for row in keyed.model._default_manager.order_by("pk").iterator(chunk_size=SCAN):
        counts[bool(keyed.stale(row))] += 1
    former = {"former": counts[True]} if counts[True] else {}
    return TableUse(keyed.label, counts[False], former, 0)


def index_key_count() -> int:
    """Return how many blind-index keys are configured."""
    return len(parse_index_keys(settings.BLIND_INDEX_KEY))


def indexes_moving() -> bool:
    """Tell whether a change of the blind-index key is under way, or broke off and was not begun again.

    Rows of both keys stand beside each other meanwhile: what compares stored indexes with stored indexes
    waits, so that nobody is parted from themselves for some minutes.
    """
    changes = JobRun.objects.filter(kind=KIND, key=INDEXES).order_by("-created_at")
    states = list(changes.values_list("state", flat=True))
    if any(state in ACTIVE_STATES for state in states):
        return True
    return bool(states) and states[0] != JobState.DONE and index_key_count() > 1


def active_job() -> JobRun | None:
    """Return the change of a key that is under way, if any."""
    return JobRun.objects.filter(kind=KIND, state__in=ACTIVE_STATES).first()


def last_jobs() -> list[JobRun]:
    """Return the last changes of keys, newest first."""
    return list(JobRun.objects.filter(kind=KIND).defer("error_file").order_by("-created_at")[:10])


@dataclass(frozen=True)
class Verdict:
    """Whether the former keys may be taken away, and in words why not."""

    problems: tuple[str, ...]

    @property
    def may_remove(self) -> bool:
        """Return whether nothing needs a former key."""
        return not self.problems


def fields_verdict() -> Verdict:
    """Judge whether the former field keys may be taken away."""
    problems = []
    for use in field_uses():
        if use.former:
            problems.append(
                _("%(table)s: %(count)d values still under key %(keys)s.")
                % {"table": use.label, "count": use.former_count, "keys": ", ".join(use.former)}
            )
        if use.lost:
            problems.append(
                _("%(table)s: %(count)d values under a key that is not configured.")
                % {"table": use.label, "count": use.lost}
            )
    return Verdict(tuple(problems))


def indexes_verdict() -> Verdict:
    """Judge whether the former blind-index key may be taken away."""
    return Verdict(
        tuple(
            _("%(table)s: %(count)d rows still under the former key.")
            % {"table": use.label, "count": use.former_count}
            for use in index_uses()
            if use.former
        )
    )
