"""A plan is approved against the mirror as it is when the decision counts."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from contacts.directory.models import Member
from contacts.oa_sync.models import OaPlanItem, OaRun
from contacts.oa_sync.selectors import plan_mark, removals_lately
from contacts.oa_sync.services import plans_watch, run_approve, run_cancel
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict
from scrm.core.jobs.models import JobRun
from tests.cast import Company, company
from tests.contacts.roster.people import on_roster
from tests.factories.accounts import UserFactory
from tests.factories.contacts import EmployeeFactory, MemberFactory

__all__ = ["company"]


@pytest.mark.django_db(transaction=True)
def test_a_mirror_that_moves_while_the_approval_waits_expires_the_plan() -> None:
    # given a plan, and somebody who holds its row
    user = UserFactory()
    run = OaRun.objects.create(status=OaRun.Status.PLANNED, mirror_mark=plan_mark())
    refused: list[Any] = []

    def approve() -> None:
        try:
            run_approve(run=run, actor=user)
        except Conflict as error:
            refused.append(error.code)
        finally:
            connection.close()

    other = threading.Thread(target=approve)
    with transaction.atomic():
        OaRun.objects.select_for_update().get(pk=run.pk)
        # when an approval waits behind them, and the mirror moves on meanwhile
        other.start()
        wait_until_blocked()
        Member.objects.create(userid="new_in_wecom")
    other.join(20)

    # then the plan is not applied
    run.refresh_from_db()
    assert (refused, run.status) == (["plan_expired"], OaRun.Status.EXPIRED)
    assert JobRun.objects.count() == 0


def wait_until_blocked() -> None:
    """Return once another session waits for a lock."""
    for _try in range(200):
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from pg_locks l join pg_database d on d.datname = current_database()"
                " where not l.granted and (l.database = d.oid or l.locktype = 'transactionid')"
            )
            (waiting,) = cursor.fetchone()
        if waiting:
            return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


@pytest.mark.django_db
def test_a_plan_the_mirror_left_behind_expires_by_the_clock() -> None:
    stale = OaRun.objects.create(status=OaRun.Status.PLANNED, mirror_mark="old")
    good = OaRun.objects.create(status=OaRun.Status.PLANNED, mirror_mark=plan_mark())

    assert plans_watch() == 1

    stale.refresh_from_db()
    good.refresh_from_db()
    assert (stale.status, good.status) == (OaRun.Status.EXPIRED, OaRun.Status.PLANNED)


@pytest.mark.django_db
def test_a_plan_expires_when_an_account_gets_another_owner(company: Company) -> None:
    # given a plan, and an account nobody has
    member, sponsor = MemberFactory(userid="x-s001-01"), MemberFactory()
    before = plan_mark()

    # when it is tied to an employee
    Member.objects.filter(pk=member.pk).update(employee=EmployeeFactory())

    # then the plan was made of something else
    tied = plan_mark()
    assert tied != before

    # and when the roster takes over one that is nobody's
    Member.objects.filter(pk=member.pk).update(employee=None)
    decided = {"decided_at": timezone.now(), "decided_by": UserFactory()}
    on_roster(
        company.store_a, sponsor, userid=member.userid, member=member, state="active", **decided
    )
    assert len({before, tied, plan_mark()}) == 3


@pytest.mark.django_db
def test_removals_of_the_last_days_count_unless_somebody_gave_a_reason() -> None:
    # given accounts disabled today without a stop, long ago, and with a reason; and one that could not be
    now = timezone.now()
    for number, (finished_at, hold, status) in enumerate(
        [
            (now, {}, "done"),
            (now - timedelta(days=8), {}, "done"),
            (now, {"reasons": [{"code": "removals"}]}, "done"),
            (now, {}, "failed"),
        ]
    ):
        run = OaRun.objects.create(status="applied", finished_at=finished_at, hold=hold)
        OaPlanItem.objects.create(
            run=run,
            position=1,
            kind="member_disable",
            key=f"e{number}",
            reason="left",
            status=status,
        )

    assert removals_lately() == 1


@pytest.mark.django_db
def test_a_run_whose_job_waits_is_cancelled_at_once_and_only_once() -> None:
    # given a run whose job waits for WeCom
    user = UserFactory()
    job = JobRun.objects.create(kind="oa_sync.apply", key="oa_sync", state="waiting")
    run = OaRun.objects.create(status=OaRun.Status.APPLYING, apply_job_id=job.pk)
    run.items.create(position=1, kind="member_create", key="e1", reason="hired")

    run_cancel(run=run, actor=user)

    # then what was not tried says so, on record, and there is nothing more to stop
    run.refresh_from_db()
    assert run.status == OaRun.Status.CANCELLED
    assert list(run.items.values_list("status", "outcome")) == [("skipped", "cancelled")]
    assert AuditEntry.objects.filter(action="job.cancel", actor_id=user.pk).count() == 1
    with pytest.raises(Conflict):
        run_cancel(run=run, actor=user)
