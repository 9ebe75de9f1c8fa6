"""A plan is approved against the mirror as it is when the decision counts."""

import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction

from contacts.directory.models import Member
from contacts.directory.selectors import mirror_mark
from contacts.oa_sync.models import OaRun
from contacts.oa_sync.services import run_approve
from scrm.core.exceptions import Conflict
from scrm.core.jobs.models import JobRun
from tests.factories.accounts import UserFactory


@pytest.mark.django_db(transaction=True)
def test_a_mirror_that_moves_while_the_approval_waits_expires_the_plan() -> None:
    # given a plan, and somebody who holds its row
    user = UserFactory()
    run = OaRun.objects.create(status=OaRun.Status.PLANNED, mirror_mark=mirror_mark())
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
