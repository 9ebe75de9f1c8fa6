"""Writes many accounts by WeCom's asynchronous import; what it refuses is tried singly afterwards.

The import deletes nobody. Its number stands in the job's cursor before it is waited for: a worker that dies asks
for the same import, and one that died before sends the file again, which changes nothing.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.directory.services import AccountWritten, member_written
from contacts.oa_sync.import_files import import_file, says_all
from contacts.oa_sync.models import OaPlanItem, OaRun
from contacts.oa_sync.writers import TRIED, account_of, done_code
from scrm.core.jobs import services as jobs
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComPermanent

Kind, Status = OaPlanItem.Kind, OaPlanItem.Status
IMPORTED = (Kind.MEMBER_CREATE, Kind.MEMBER_UPDATE, Kind.MEMBER_MOVE)
# Below this single calls are as quick, and say more.
WORTH_A_FILE = 100
FILE_ROWS = 5000
SETTLED_AT_ONCE = 200
POLL_SECONDS = 2.0
Pair = tuple[OaPlanItem, AccountWritten]


def members_import(run: OaRun, client: WeComClient, job: jobs.Run, *, invite: bool) -> None:
    """Write the waiting accounts of a run file by file; raises WeComError, JobCancelled."""
    while True:
        job.check_cancelled()
        cursor = dict(job.cursor or {})
        if "import" not in cursor and not _send(run, client, job, invite=invite):
            return
        _take_over(run, client, job)


def _send(run: OaRun, client: WeComClient, job: jobs.Run, *, invite: bool) -> bool:
    """Send the next file; returns False where what is left is not worth one.

    The import writes over whoever has a userid already, so that an account which appeared since the plan is left to
    the single calls, which look whose it is.
    """
    after = int((job.cursor or {}).get("imported", 0))
    if _waiting(run, after=after).count() < WORTH_A_FILE:
        return False
    there = {row.userid.lower() for page in client.user.list_all_ids() for row in page.rows}
    pairs = _one_file(pair for pair in _importable(run, after=after) if _is_safe(pair[0], there))
    if len(pairs) < WORTH_A_FILE:
        return False
    made = [item.pk for item, _account in pairs if item.kind == Kind.MEMBER_CREATE]
    run.items.filter(pk__in=made).update(outcome=TRIED)
    content = import_file(account for _item, account in pairs)
    sent_at = datetime.now(UTC)
    media = client.media.upload("file", "members.csv", content, "text/csv")
    number = client.batch.syncuser(media.media_id, to_invite=invite)
    job.advance(
        cursor={
            **(job.cursor or {}),
            "import": number,
            "sent_at": sent_at.isoformat(),
            "items": [pairs[0][0].position, pairs[-1][0].position],
        }
    )
    return True


def _one_file(pairs: Iterable[Pair]) -> list[Pair]:
    """Return as many accounts as fit, up to the first whose leader this file makes: those led come in the next one."""
    chosen: list[Pair] = []
    keys: set[str] = set()
    for item, account in pairs:
        leader = str(item.after["leader"]).lower()
        if len(chosen) == FILE_ROWS or (leader in keys and not account.leader_userid):
            break
        chosen.append((item, account))
        keys.add(item.key.lower())
    return chosen


def _is_safe(item: OaPlanItem, there: set[str]) -> bool:
    """Return whether an import writes over nobody: the account is not made yet, or an earlier file made it."""
    return item.kind != Kind.MEMBER_CREATE or item.outcome == TRIED or item.key.lower() not in there


def _waiting(run: OaRun, *, after: int) -> QuerySet[OaPlanItem]:
    return run.items.filter(status=Status.WAITING, kind__in=IMPORTED, position__gt=after)


def _importable(run: OaRun, *, after: int) -> Iterator[Pair]:
    for item in _waiting(run, after=after).order_by("position").iterator(chunk_size=2000):
        account = account_of(item)
        if account is not None and says_all(account, item.after.get("changed", ())):
            yield item, account


def _take_over(run: OaRun, client: WeComClient, job: jobs.Run) -> None:
    """Wait for the import and note what it did; refused rows stay waiting."""
    cursor = dict(job.cursor)
    first, last = cursor["items"]
    outcomes = _outcomes(client, str(cursor["import"]), job)
    at = datetime.fromisoformat(cursor["sent_at"])
    done = [
        pair
        for pair in _importable(run, after=first - 1)
        if pair[0].position <= last and outcomes.get(pair[0].key.lower()) == 0
    ]
    for start in range(0, len(done), SETTLED_AT_ONCE):
        _settle(done[start : start + SETTLED_AT_ONCE], at, job)
    for name in ("import", "sent_at", "items"):
        cursor.pop(name)
    job.advance(cursor={**cursor, "imported": last})


def _outcomes(client: WeComClient, number: str, job: jobs.Run) -> dict[str, int]:
    """Return errcodes by lower-cased userid; none where WeCom refused the file or forgot the result."""
    while True:
        try:
            result = client.batch.getresult(number)
        except WeComPermanent:
            # The whole file was refused, or its result is cleared away (40089): the single calls find out.
            return {}
        if result.is_done:
            return {row.userid.lower(): row.errcode for row in result.rows}
        job.waits_for(
            _("WeCom imports %(total)d accounts: %(percent)d%% done.")
            % {"total": result.total, "percent": result.percentage}
        )
        job.check_cancelled()
        time.sleep(POLL_SECONDS)


@transaction.atomic
def _settle(pairs: list[Pair], at: datetime, job: jobs.Run) -> None:
    now = timezone.now()
    for item, account in pairs:
        member_written(account, at=at, created=item.kind == Kind.MEMBER_CREATE)
        item.status, item.outcome, item.applied_at = Status.DONE, done_code(item, account), now
        item.save(update_fields=["status", "outcome", "applied_at"])
    job.advance(processed=len(pairs), succeeded=len(pairs))
