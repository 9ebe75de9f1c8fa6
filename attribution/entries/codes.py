"""Keeps the live code of each shown entry and store: made once, its members the store's bound accounts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import connection, transaction

from attribution.entries import selectors
from attribution.entries.models import EntryStore
from attribution.live_codes.models import LiveCode
from attribution.live_codes.pushing import live_code_push
from attribution.live_codes.selectors import MOST_MEMBERS
from attribution.live_codes.services import (
    LiveCodeWish,
    live_code_create,
    live_code_update,
    wish_of,
)
from contacts.directory.models import Member
from scrm.core.jobs.services import Run
from scrm.core.scope import SYSTEM_SCOPE

LOCK = "attribution.entry_codes"
_CHUNK = 100
_NAME_MOST = 30


def codes_make(run: Run) -> None:
    """Make the codes of the stores a check named; resumes behind the store it stopped at."""
    done = int(run.cursor or 0)
    wanted = selectors.codes_to_keep().filter(
        entry_id=run.params["entry_id"], store_id__in=run.params["store_ids"], store_id__gt=done
    )
    for row in wanted.order_by("store_id"):
        run.check_cancelled()
        works = code_keep(row, actor=run.job.started_by, lane="event")
        run.advance(processed=1, succeeded=int(works), failed=int(not works), cursor=row.store_id)
    same = EntryStore.objects.filter(
        entry_id=run.params["entry_id"], store_id__in=run.params["store_ids"]
    )
    run.result(codes_waiting=same.exclude(problem=EntryStore.Problem.NONE).count())


def codes_sweep() -> int:
    """Bring every shown store's code to the accounts bound now; returns how many changed.

    One at a time: a sweep that WeCom slows down outlasts the minute until the next, which then does nothing.
    """
    with _alone() as is_alone:
        return _sweep() if is_alone else 0


@contextmanager
def _alone() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 7))", [LOCK])
        row = cursor.fetchone()
    is_alone = bool(row and row[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 7))", [LOCK])


def _sweep() -> int:
    changed = 0
    rows = selectors.codes_to_keep().order_by("pk")
    after = 0
    while chunk := list(rows.filter(pk__gt=after)[:_CHUNK]):
        after = chunk[-1].pk
        members = selectors.serving([row.store_id for row in chunk])
        chosen = _chosen([row.live_code_id for row in chunk])
        for row in chunk:
            found = [member.pk for member in members.get(row.store_id, [])][:MOST_MEMBERS]
            if _is_due(row, found, chosen):
                code_keep(row, actor=None, lane="sync")
                changed += 1
    return changed


def _is_due(row: EntryStore, member_ids: Sequence[int], chosen: dict[int, list[int]]) -> bool:
    if row.live_code_id is None:
        return bool(member_ids) or not row.problem
    if member_ids and chosen.get(row.live_code_id) != list(member_ids):
        return True
    return row.problem != _problem(row.live_code, has_members=bool(member_ids))


def _chosen(code_ids: Sequence[int | None]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    codes = LiveCode.objects.filter(pk__in=[pk for pk in code_ids if pk])
    for pk, member in codes.order_by("choices__position", "choices__pk").values_list(
        "pk", "choices__member_id"
    ):
        found.setdefault(pk, []).append(member)
    return found


def code_keep(row: EntryStore, *, actor: Any, lane: str) -> bool:
    """Make or change the code of a row so that the store's accounts stand behind it; True when it works.

    Never raises for WeCom's sake: `problem` says what is missing.
    """
    members = selectors.serving([row.store_id]).get(row.store_id, [])[:MOST_MEMBERS]
    if members:
        row.live_code = live_code_push(_code_of(row, members, actor).pk, lane=lane)
    _note(row, _problem(row.live_code, has_members=bool(members)))
    return not row.problem


@transaction.atomic
def _code_of(row: EntryStore, members: Sequence[Member], actor: Any) -> LiveCode:
    kept = EntryStore.objects.select_for_update(of=("self",)).select_related("live_code")
    code = kept.get(pk=row.pk).live_code
    wish = LiveCodeWish(
        name=f"{row.entry.name} {row.store.name}"[:_NAME_MOST],
        member_ids=[member.pk for member in members],
    )
    # Which accounts serve a store was decided by its binding; the check only puts them behind a code.
    if code is None:
        code = live_code_create(wish, scope=SYSTEM_SCOPE, actor=actor, state=row.token)
        EntryStore.objects.filter(pk=row.pk).update(live_code=code)
    elif list(wish_of(code).member_ids) != list(wish.member_ids):
        changed = replace(wish_of(code), member_ids=wish.member_ids)
        code = live_code_update(code, changed, scope=SYSTEM_SCOPE, actor=actor)
    return code


def _problem(code: LiveCode | None, *, has_members: bool) -> EntryStore.Problem:
    """Return what is missing before the entry can be offered."""
    if not has_members:
        return EntryStore.Problem.NO_ACCOUNT
    if code is None:
        return EntryStore.Problem.WAITING
    if code.status == LiveCode.Status.EMPTY:
        return EntryStore.Problem.NOBODY
    if code.status == LiveCode.Status.FAILED:
        return EntryStore.Problem.REFUSED
    works = code.status == LiveCode.Status.ACTIVE and bool(code.link)
    return EntryStore.Problem.NONE if works else EntryStore.Problem.WAITING


def _note(row: EntryStore, problem: EntryStore.Problem) -> None:
    if row.problem != problem:
        row.problem = problem
        EntryStore.objects.filter(pk=row.pk).update(problem=problem)
