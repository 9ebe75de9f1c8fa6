"""Bulk work on groups: the full read, the ones to be read again, WeCom's figures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.groups import services
from customers.groups.models import GroupDay
from scrm.core import gateway
from scrm.core.excel import error_workbook
from scrm.core.exceptions import Conflict
from scrm.core.gateway import wecom
from scrm.core.jobs.services import Run, running
from scrm.wecom.api.group_chat import UNKNOWN_OWNER_CODES
from scrm.wecom.errors import WeComPermanent, WeComPermission
from scrm.wecom.group_types import GroupListed

# WeCom still corrects the figures of the days before yesterday.
DAYS_CORRECTED = 3
DAYS_AT_FIRST = 30
MOST_ERRORS = 20_000


@dataclass
class Walk:
    """Where the full read stands: the owners behind `after` are still to come."""

    after: str = ""
    groups: int = 0
    gone: int = 0
    errors: list[list[str]] = field(default_factory=list)

    def cursor(self) -> dict[str, Any]:
        """Return it as the job keeps it."""
        return {
            "after": self.after,
            "groups": self.groups,
            "gone": self.gone,
            "errors": self.errors,
        }


@shared_task(name="customers.groups_sync")
def groups_sync(job_id: str) -> None:
    """Read the groups of all owners, chain by chain; goes on behind the last chain that was done."""
    with running(job_id) as run:
        walk = Walk(**(run.cursor or {}))
        run.advance(total=services.owners_count())
        while owners := services.owners_after(walk.after):
            run.check_cancelled()
            _chain(walk, owners)
            walk.after = owners[-1]
            failed = len(walk.errors)
            run.advance(
                processed=len(owners),
                succeeded=len(owners),
                cursor=walk.cursor(),
                message=_("%(groups)d groups read, %(failed)d not")
                % {"groups": walk.groups, "failed": failed},
            )
        run.result(groups=walk.groups, gone=walk.gone, failed=len(walk.errors))
        if walk.errors:
            _attach(run, walk)


def _chain(walk: Walk, owners: list[str]) -> None:
    """Read the groups of a chain of owners; one WeCom does not know is found by halving and told in words."""
    started, listed = timezone.now(), set[str]()
    try:
        for page in wecom(lane="sync").group_chat.pages(owners):
            for row in page.groups:
                listed.add(row.chat_id)
                _one(walk, row)
    except WeComPermanent as error:
        if error.errcode not in UNKNOWN_OWNER_CODES:
            raise
        if len(owners) == 1:
            walk.errors.append([owners[0], "", gateway.words(error)])
            return
        half = len(owners) // 2
        _chain(walk, owners[:half])
        _chain(walk, owners[half:])
        return
    walk.gone += services.unlisted_refresh(owners, listed, started)


def _one(walk: Walk, row: GroupListed) -> None:
    try:
        services.group_refresh(row.chat_id, status=row.status)
    except (WeComPermanent, WeComPermission) as error:
        walk.errors.append(["", row.chat_id, services.group_failed(row.chat_id, error)])
        return
    walk.groups += 1


def _attach(run: Run, walk: Walk) -> None:
    headers = [_("Owner"), _("Customer group")]
    run.attach_errors(
        error_workbook(headers, _failed_rows(headers, walk)), filename="group-errors.xlsx"
    )


def _failed_rows(headers: list[str], walk: Walk) -> Iterator[tuple[Mapping[str, object], str]]:
    for owner, chat_id, words in walk.errors[:MOST_ERRORS]:
        yield dict(zip(headers, (owner, chat_id), strict=True)), words


@shared_task(name="customers.groups_sync_nightly")
def groups_sync_nightly() -> None:
    """Start the nightly full read, unless one runs."""
    try:
        services.sync_start(actor=None)
    except Conflict:
        return


@shared_task(name="customers.groups_reread")
def groups_reread() -> int:
    """Read again the groups an event or an error asks for."""
    return services.rereads_due()


@shared_task(name="customers.group_figures")
def group_figures() -> int:
    """Read WeCom's figures of yesterday and the days it still corrects; of a month when there are none yet."""
    days = DAYS_CORRECTED if GroupDay.objects.exists() else DAYS_AT_FIRST
    today, rows, after = timezone.localdate(), 0, ""
    while owners := services.owners_after(after):
        for back in range(1, days + 1):
            rows += services.figures_read(today - timedelta(days=back), owners)
        after = owners[-1]
    return rows
