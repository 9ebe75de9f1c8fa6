"""Reads the cards we wrote and notes which no longer show it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from contacts.profiles.cards import Card, card_read, differs
from contacts.profiles.models import MemberProfile
from contacts.profiles.selectors import CHECK_KIND, SERVING, State
from scrm.core.gateway import wecom
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComPermanent, WeComPermission

TASK = "contacts.profiles_check"
BATCH = 100
# 60111 userid not found, 46004 no such user: the mirror hears of that elsewhere (doc 90313).
UNREADABLE = frozenset({46004, 50002, 60011, 60111, 301002})


def check_start(*, actor: Any) -> JobRun:
    """Start reading the cards we wrote; raises Conflict where that is under way."""
    return jobs.start(
        kind=CHECK_KIND, task=TASK, actor=actor, title=gettext_noop("Compare cards with WeCom")
    )


def cards_check(job_id: UUID | str) -> None:
    """Read every card we wrote and compare; the body of the job."""
    with jobs.running(job_id) as run:
        client = wecom(lane="sync")
        ours = MemberProfile.objects.filter(
            state__in=[State.WRITTEN, State.DRIFTED, State.ACCEPTED], member__status__in=SERVING
        )
        after = int((run.cursor or {}).get("after", 0))
        if run.job.total is None:
            run.advance(total=ours.count())
        while True:
            run.check_cancelled()
            rows = ours.filter(member_id__gt=after).order_by("member_id")
            batch = list(rows.select_related("member")[:BATCH])
            if not batch:
                return
            for profile in batch:
                began = datetime.now(UTC)
                _compared(profile, _read(client, profile), began, run)
            after = batch[-1].member_id


def _read(client: WeComClient, profile: MemberProfile) -> Card | None:
    try:
        return card_read(client.user.get(profile.member.userid))
    except (WeComPermanent, WeComPermission) as failure:
        if failure.errcode not in UNREADABLE:
            raise
        return None


def _judge(profile: MemberProfile, seen: Card) -> None:
    """Say how a card stands that shows `seen`; what somebody accepted may stay, and nothing else."""
    if not differs(profile.written or {}, seen):
        profile.becomes(State.WRITTEN)
    elif profile.accepted is None or profile.accepted["card"] != seen:
        profile.becomes(State.DRIFTED)


@transaction.atomic
def _compared(profile: MemberProfile, seen: Card | None, at: datetime, run: jobs.Run) -> None:
    """Note what was read, unless the card was written anew since."""
    fresh = MemberProfile.objects.select_for_update(of=("self",)).get(pk=profile.pk)
    same_writing = fresh.written_at is not None and fresh.written_at < at
    drifted = False
    if same_writing and fresh.written is not None:
        fresh.is_readable = seen is not None
        if seen is not None:
            fresh.seen, fresh.seen_at = seen, at
            _judge(fresh, seen)
            drifted = fresh.state == State.DRIFTED
        fresh.save()
    run.advance(
        processed=1,
        succeeded=int(seen is not None and not drifted),
        failed=int(drifted),
        skipped=int(seen is None),
        cursor={"after": profile.member_id},
    )
