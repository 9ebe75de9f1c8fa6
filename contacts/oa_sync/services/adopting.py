"""Accounts that existed before: what WeCom says of phones, what a person decides."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.oa_sync.adoption import Adopter, Doubt, Known, phones_to_ask
from contacts.oa_sync.department_plan import plan_departments
from contacts.oa_sync.member_plan import staying_rows
from contacts.oa_sync.mirror import MirrorState
from contacts.oa_sync.models import OaAdoption
from contacts.oa_sync.plan_items import PlanRules
from contacts.oa_sync.rows import Snapshot
from contacts.oa_sync.services.rules import plans_expire
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict
from scrm.core.gateway import wecom
from scrm.core.jobs import services as jobs
from scrm.wecom.errors import WeComError

Status = OaAdoption.Status
# WeCom blocks the look-up for the day after too many wrong numbers (doc 91693).
MISSES_ALLOWED = 50
ASKED_AT_MOST = 2000
NOBODY = 46004
logger = structlog.get_logger(__name__)


def phones_found(
    snapshot: Snapshot, mirror: MirrorState, rules: PlanRules, today: date, job: jobs.Run
) -> dict[str, str]:
    """Ask WeCom whose account knows the phones of employees without one; job number → lower-cased userid.

    A refusal ends the asking, not the plan: WeCom takes a phone only once, so nobody gets a second account by it.
    """
    _items, department_ids = plan_departments(snapshot, mirror)
    adopter = Adopter(mirror, what_is_known({}), department_ids, snapshot.seen_userids)
    client = wecom(lane="sync")
    found: dict[str, str] = {}
    misses = 0
    rows = phones_to_ask(staying_rows(snapshot, rules, today).values(), adopter)
    for row in rows[:ASKED_AT_MOST]:
        job.check_cancelled()
        try:
            found[row.job_number] = client.user.getuserid(row.phone.removeprefix("+86")).lower()
        except WeComError as failure:
            if failure.errcode != NOBODY:
                logger.warning("oa_sync.phones_not_asked", errcode=failure.errcode)
                return found
            misses += 1
        if misses >= MISSES_ALLOWED:
            return found
    return found


def what_is_known(phones: dict[str, str]) -> Known:
    """Return the decisions people made, beside what WeCom said of phones."""
    decided = [
        (job_number, userid.lower(), status)
        for job_number, userid, status in OaAdoption.objects.exclude(
            status=Status.WAITING
        ).values_list("job_number", "member__userid", "status")
    ]
    return Known(
        same={number: userid for number, userid, status in decided if status == Status.SAME},
        other=frozenset((n, userid) for n, userid, status in decided if status == Status.OTHER),
        phones=phones,
    )


def doubts_kept(doubts: Iterable[Doubt]) -> None:
    """Keep what this plan could not decide; doubts that are gone and were never decided go."""
    wanted = {(doubt.row.job_number, doubt.member.pk): doubt for doubt in doubts}
    held = {
        (number, member): pk
        for pk, number, member in OaAdoption.objects.values_list("pk", "job_number", "member_id")
    }
    gone = [pk for pair, pk in held.items() if pair not in wanted]
    OaAdoption.objects.filter(pk__in=gone, status=Status.WAITING).delete()
    OaAdoption.objects.bulk_create(
        [
            OaAdoption(
                job_number=number,
                member_id=member,
                how=doubt.how,
                detail={
                    "name": doubt.row.name,
                    "department": doubt.row.department_code,
                    "post": doubt.row.post,
                },
            )
            for (number, member), doubt in wanted.items()
            if (number, member) not in held
        ],
        batch_size=1000,
    )


def adoption_decide(*, adoptions: Sequence[OaAdoption], same: bool, actor: Any) -> int:
    """Say of pairs whether they are one person; audited each. The plans that wait expire.

    Returns how many were decided; a decision may be changed until its account is tied. Raises Conflict where
    one is tied already, or one account would get two employees; then none is decided.
    """
    try:
        with transaction.atomic():
            return _decide(adoptions, Status.SAME if same else Status.OTHER, actor)
    except IntegrityError:
        raise Conflict(
            _(
                "One account would belong to two employees, or one employee to two accounts. Decide these one by one."
            ),
            code="claimed_twice",
        ) from None


def _decide(adoptions: Sequence[OaAdoption], status: str, actor: Any) -> int:
    chosen = {adoption.pk for adoption in adoptions}
    rows = list(
        OaAdoption.objects.select_for_update(of=("self",))
        .select_related("member")
        .filter(_undecided_by_ties(status), pk__in=chosen)
        .order_by("pk")
    )
    if len(rows) < len(chosen):
        raise Conflict(
            _("One of these accounts belongs to an employee already. Look again."), code="tied"
        )
    for row in rows:
        before = {"status": row.status}
        row.status, row.decided_by, row.decided_at = status, actor, timezone.now()
        row.save(update_fields=["status", "decided_by", "decided_at"])
        record(
            actor=actor,
            action="oa_sync.adoption_decide",
            target=f"oa_adoption:{row.pk}",
            before=before,
            after={"job_number": row.job_number, "userid": row.member.userid, "status": status},
        )
    plans_expire()
    return len(rows)


def _undecided_by_ties(status: str) -> Q:
    """Return which pairs may be decided so: an account tied to another employee can only be somebody else's."""
    free = Q(member__employee=None)
    return (
        free if status == Status.SAME else free | ~Q(member__employee__job_number=F("job_number"))
    )
