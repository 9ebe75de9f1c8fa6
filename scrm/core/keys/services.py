"""Changes keys while people work: batch by batch, resumable, until nothing needs the former key."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from scrm.core.audit import services as audit_services
from scrm.core.crypto import field_key_ids, writing_key_id
from scrm.core.exceptions import Conflict
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.core.keys.keyed import Keyed, indexes_moved, keyed_tables
from scrm.core.keys.sealed import reseal_batch, sealed_tables
from scrm.core.keys.selectors import FIELDS, INDEXES, KIND, field_uses, index_key_count

TASK = "core.keys_rotate"
BATCH = 500
# Rows passed over because somebody wrote them are met again; a process that still writes the old way is found out.
MOST_PASSES = 10
TITLES = {
    FIELDS: gettext_noop("Put encrypted data under the new key"),
    INDEXES: gettext_noop("Put search indexes under the new key"),
}


@transaction.atomic
def rotate(what: str, *, actor: Any | None) -> JobRun:
    """Start putting every row under the key that writes; `what` is "fields" or "indexes".

    Raises Conflict where there is only one key, or a change is under way.
    """
    several = len(field_key_ids()) > 1 if what == FIELDS else index_key_count() > 1
    if not several:
        raise Conflict(
            _(
                "Only one key is configured. Put the new key before the old one first, on every server."
            ),
            code="one_key",
        )
    job = jobs.start(kind=KIND, key=what, task=TASK, actor=actor, title=TITLES[what])
    audit_services.record(
        actor=actor, action="keys.rotate", target=f"job:{job.pk}", after={"kind": what}
    )
    return job


def run(job_id: UUID | str) -> None:
    """Do a change of key; a second attempt goes on where the first was killed."""
    with jobs.running(job_id) as job:
        if job.job.key == FIELDS:
            _fields(job)
        else:
            _indexes(job)


# --- encrypted columns -----------------------------------------------------------------------------------------


def _fields(job: jobs.Run) -> None:
    writing = writing_key_id()
    state = dict(job.cursor or {"pass": 1, "table": 0, "after": "", "unreadable": 0})
    if job.cursor is None:
        job.advance(total=sum(use.former_count for use in field_uses()), cursor=state)
    tables = sealed_tables()
    while True:
        while state["table"] < len(tables):
            job.check_cancelled()
            with transaction.atomic():
                batch = reseal_batch(tables[state["table"]], state["after"], writing, BATCH)
                state = _next(state) if batch is None else {**state, "after": batch.last}
                done = batch.rewritten if batch else 0
                failed = batch.unreadable if batch else 0
                state["unreadable"] += failed
                first = failed if state["pass"] == 1 else 0
                job.advance(processed=done, succeeded=done - failed, failed=first, cursor=state)
        left = sum(use.former_count for use in field_uses())
        job.result(left=left)
        if not left:
            return
        if state["unreadable"]:
            raise Conflict(
                _(
                    "%(count)d values do not open with their own key: they were damaged. Restore them from a backup; all others are under the new key."
                )
                % {"count": state["unreadable"]}
            )
        state = _again(job, state, left)


def _next(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "table": state["table"] + 1, "after": ""}


def _again(job: jobs.Run, state: dict[str, Any], left: int) -> dict[str, Any]:
    """Begin the next pass; raises Conflict when passes do not help."""
    if state["pass"] >= MOST_PASSES:
        raise Conflict(
            _(
                "%(count)d rows keep coming back under the former key: some process still runs with the old order of keys. Restart it, then start this again."
            )
            % {"count": left}
        )
    state = {**state, "pass": state["pass"] + 1, "table": 0, "after": ""}
    job.advance(cursor=state)
    return state


# --- keyed hashes ----------------------------------------------------------------------------------------------


def _indexes(job: jobs.Run) -> None:
    tables = keyed_tables()
    state = dict(job.cursor or {"pass": 1, "table": 0, "after": "", "changed": 0})
    if job.cursor is None:
        total = sum(table.model._default_manager.count() for table in tables)
        job.advance(total=total, cursor=state)
    while True:
        while state["table"] < len(tables):
            job.check_cancelled()
            with transaction.atomic():
                looked, changed, last = rekey_batch(tables[state["table"]], state["after"], BATCH)
                state = {**state, "after": last} if last else _next(state)
                state["changed"] += changed
                first = state["pass"] == 1
                job.advance(
                    processed=looked if first else 0,
                    succeeded=changed if first else 0,
                    cursor=state,
                )
        if not state["changed"]:
            job.result(left=0)
            return
        # Each pass ends with nothing to change, or another one follows: the last one is the proof.
        state = {**_again(job, state, state["changed"]), "changed": 0}
        job.advance(cursor=state)


def rekey_batch(table: Keyed, after: str, size: int) -> tuple[int, int, str]:
    """Put the next rows of a table under the writing key, in the caller's transaction.

    Returns rows looked at, rows changed or still to be changed, and the last key ("" at the end). A row that
    somebody else writes just now counts as changed, so that another pass meets it.
    """
    rows = table.model._default_manager.order_by("pk")
    if after:
        rows = rows.filter(pk__gt=after)
    looked = list(rows if table.at_once else rows[:size])
    stale = [row.pk for row in looked if table.stale(row)]
    locked = table.model._default_manager.select_for_update(
        skip_locked=not table.at_once, no_key=True, of=("self",)
    )
    moved: dict[bytes, bytes] = {}
    for row in locked.filter(pk__in=stale).order_by("pk"):
        _rekey(table, row, moved)
    indexes_moved(moved)
    return len(looked), len(stale), "" if table.at_once or not looked else str(looked[-1].pk)


def _rekey(table: Keyed, row: Any, moved: dict[bytes, bytes]) -> None:
    values = table.stale(row)
    if values:
        moved |= table.moves(row)
        table.model._default_manager.filter(pk=row.pk).update(**values)
