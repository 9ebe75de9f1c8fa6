"""The job that tags many relations: each goes to WeCom through the outbox, the answers are counted here."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.tags.models import TagWish
from scrm.core.excel import error_workbook
from scrm.core.jobs.services import Run, running
from scrm.core.outbox import services as outbox
from scrm.core.outbox.models import OutboxMessage

MARK_KIND = "tags.mark"
BATCH = 500
LOOK_AGAIN = timedelta(seconds=5)
OPEN = (OutboxMessage.Status.PENDING, OutboxMessage.Status.SENDING)
REFUSED = (
    OutboxMessage.Status.FAILED,
    OutboxMessage.Status.UNCERTAIN,
    OutboxMessage.Status.EXPIRED,
)
ERROR_ROWS = 20_000


def run_marking(job_id: UUID | str) -> None:
    """Put every relation of a job into the outbox, then wait for WeCom's answers; resumable at any point."""
    with running(job_id) as run:
        while _batch_put(run):
            run.check_cancelled()
        counts = _counts(run)
        sent = counts.get(OutboxMessage.Status.SENT, 0)
        failed = sum(counts.get(status, 0) for status in REFUSED)
        run.advance(
            processed=sent + failed - run.job.processed,
            succeeded=sent - run.job.succeeded,
            failed=failed - run.job.failed,
        )
        if waiting := sum(counts.get(status, 0) for status in OPEN):
            run.pause(
                _("WeCom takes them one by one; %(count)d wait.") % {"count": waiting},
                until=timezone.now() + LOOK_AGAIN,
            )
        run.result(tagged=sent, refused=failed)
        if failed:
            workbook = error_workbook(["external_userid", "userid"], _refused(run))
            run.attach_errors(workbook, filename="tags-refused.xlsx")
        TagWish.objects.filter(job_id=run.job.pk).delete()


def _key(run: Run, wish_id: object) -> str:
    return f"{MARK_KIND}:{run.job.pk}:{wish_id}"


@transaction.atomic
def _batch_put(run: Run) -> bool:
    after = (run.cursor or {}).get("wish", 0)
    wishes = list(TagWish.objects.filter(job_id=run.job.pk, pk__gt=after).order_by("pk")[:BATCH])
    if not wishes:
        return False
    for wish in wishes:
        mark_put(
            _key(run, wish.pk),
            wish.userid,
            wish.external_userid,
            add=run.params["add"],
            remove=run.params["remove"],
            lane="sync",
        )
    run.advance(cursor={"wish": wishes[-1].pk})
    return True


def mark_put(
    key: str,
    userid: str,
    external_userid: str,
    *,
    add: list[str],
    remove: list[str],
    lane: str = "event",
) -> None:
    """Queue one mark_tag (doc 92118) in the caller's transaction; the key is the action's name in the outbox."""
    payload = {
        "userid": userid,
        "external_userid": external_userid,
        "add": add,
        "remove": remove,
        "key": key,
    }
    outbox.put(kind=MARK_KIND, key=key, payload=payload, lane=lane)


def _counts(run: Run) -> dict[str, int]:
    mine = OutboxMessage.objects.filter(key__startswith=_key(run, ""))
    rows = mine.order_by().values("status").annotate(count=Count("pk"))
    return {row["status"]: row["count"] for row in rows}


def _refused(run: Run) -> Iterator[tuple[Mapping[str, object], str]]:
    mine = OutboxMessage.objects.filter(key__startswith=_key(run, ""), status__in=REFUSED)
    errors = dict(mine.values_list("key", "error")[:ERROR_ROWS])
    for wish in TagWish.objects.filter(job_id=run.job.pk).order_by("pk"):
        key = _key(run, wish.pk)
        if key in errors:
            row = {"external_userid": wish.external_userid, "userid": wish.userid}
            yield row, errors[key]
