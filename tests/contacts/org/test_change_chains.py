"""Stores that go into one another: each order ends with everybody at the last store, or is refused in words."""

import itertools
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.directory.models import Member
from contacts.org.change_models import StoreChange
from contacts.org.models import OrgUnit
from contacts.org.selectors import bindings_of
from contacts.org.services import (
    change_approve,
    change_cancel,
    change_retry,
    changes_due,
    run_change,
)
from contacts.org.services.changes import change_plan
from scrm.accounts.models import User
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.scope import SYSTEM_SCOPE
from tests.cast import Company, company, hq_ops
from tests.contacts.org.test_bindings import bind
from tests.contacts.org.test_changes import planned

__all__ = ["company", "hq_ops"]
pytestmark = pytest.mark.django_db


def serving(store: OrgUnit) -> list[str]:
    """Return the userids of a store's accounts, in order."""
    return [binding.member.userid for binding in bindings_of(store)]


def states() -> list[str]:
    """Return the states of all changes, oldest first."""
    return list(StoreChange.objects.order_by("pk").values_list("status", flat=True))


def the_day_comes() -> None:
    """Let the day of every approved change come, and run what is started until nothing is."""
    StoreChange.objects.filter(status="due").update(effective_on=timezone.localdate())
    changes_due()
    run_all()


def run_all() -> None:
    """Run the jobs of all changes being carried out, newest first, until none is left."""
    for _turn in range(10):
        job = StoreChange.objects.filter(status="applying").order_by("-pk").values_list("job_id", flat=True).first()  # fmt: skip
        if job is None:
            return
        run_change(job)
    pytest.fail("the changes never end")


@pytest.mark.parametrize("first", ["A", "B"])
@pytest.mark.parametrize("days", [0, 1])
def test_merges_in_a_chain_on_one_day_end_at_the_last_store(
    company: Company, hq_ops: User, first: str, days: int
) -> None:
    # given A into B and B into C on one day, approved in either order
    a, b, c = company.store_a, company.store_b, company.store_south
    for store, userid in ((a, "one"), (b, "two"), (c, "three")):
        bind(store, userid)
    pairs = [(a, b), (b, c)] if first == "A" else [(b, c), (a, b)]
    plans = [planned(store, "merge", hq_ops, target=taker, days=days) for store, taker in pairs]
    for plan in plans:
        change_approve(change=plan, actor=hq_ops, scope=SYSTEM_SCOPE)

    # when the day comes
    the_day_comes()

    # then everybody serves at C, and both stores are closed
    assert states() == ["applied", "applied"]
    assert (serving(a), serving(b), sorted(serving(c))) == ([], [], ["one", "three", "two"])
    for store in (a, b):
        store.refresh_from_db()
        assert store.status == "closed"
    assert b.merged_into_id == c.pk


def test_whoever_the_taker_went_into_takes_over(company: Company, hq_ops: User) -> None:
    # given A into B in three days, and B into C tomorrow
    a, b, c = company.store_a, company.store_b, company.store_south
    bind(a, "one")
    change_approve(
        change=planned(a, "merge", hq_ops, target=b, days=3), actor=hq_ops, scope=SYSTEM_SCOPE
    )
    change_approve(
        change=planned(b, "merge", hq_ops, target=c, days=1), actor=hq_ops, scope=SYSTEM_SCOPE
    )
    StoreChange.objects.filter(store=b).update(effective_on=timezone.localdate())
    changes_due()
    run_all()

    # when A's day comes
    the_day_comes()

    # then it goes into C, and the plan says so
    assert (states(), serving(c)) == (["applied", "applied"], ["one"])
    a.refresh_from_db()
    last = StoreChange.objects.get(store=a).steps.order_by("-position").values_list("subject", flat=True)[0]  # fmt: skip
    assert (a.merged_into_id, last) == (c.pk, f"{a} → {c}")


def test_stores_that_would_go_into_each_other_are_refused(company: Company, hq_ops: User) -> None:
    a, b, c = company.store_a, company.store_b, company.store_south
    for store, taker in ((a, b), (b, c)):
        change_approve(
            change=planned(store, "merge", hq_ops, target=taker, days=1),
            actor=hq_ops,
            scope=SYSTEM_SCOPE,
        )

    for days, taker in itertools.product((0, 1, 2), (a, b)):
        with pytest.raises(ValidationFailed) as refused:
            planned(c, "merge", hq_ops, target=taker, days=days)
        assert refused.value.code == "taker_circle"
    assert states() == ["due", "due"]


@pytest.mark.parametrize(("closes", "allowed"), [(1, False), (2, False), (3, True)])
def test_a_taker_that_closes_first_is_refused(
    company: Company, hq_ops: User, closes: int, allowed: bool
) -> None:
    # given B, which closes in some days
    close = change_approve(change=planned(company.store_b, "close", hq_ops, days=closes), actor=hq_ops, scope=SYSTEM_SCOPE)  # fmt: skip
    assert close.status == "due"

    # when A shall go into it the day after tomorrow
    if allowed:
        assert planned(company.store_a, "merge", hq_ops, target=company.store_b, days=2)
        return
    with pytest.raises(ValidationFailed) as refused:
        planned(company.store_a, "merge", hq_ops, target=company.store_b, days=2)

    # then it is refused, with the day
    assert refused.value.code == "taker_closes"
    assert str(timezone.localdate() + timedelta(days=closes)) in refused.value.message


def test_a_store_that_takes_over_another_does_not_close_before(
    company: Company, hq_ops: User
) -> None:
    # given a closing planned before anybody wanted to go there
    close = planned(company.store_b, "close", hq_ops, days=1)
    change_approve(change=planned(company.store_a, "merge", hq_ops, target=company.store_b, days=2), actor=hq_ops, scope=SYSTEM_SCOPE)  # fmt: skip

    # then it is not approved any more
    with pytest.raises(ValidationFailed) as refused:
        change_approve(change=close, actor=hq_ops, scope=SYSTEM_SCOPE)
    assert (refused.value.code, states()) == ("takes_over", ["planned", "due"])


def failed_merge(company: Company, actor: User) -> StoreChange:
    """Return a merge of A into B that failed, for B was closed meanwhile."""
    bind(company.store_a, "one", "two")
    change = planned(company.store_a, "merge", actor, target=company.store_b)
    change_approve(change=change, actor=actor, scope=SYSTEM_SCOPE)
    OrgUnit.objects.filter(pk=company.store_b.pk).update(status="closed")
    run_all()
    change.refresh_from_db()
    assert (change.status, serving(company.store_a)) == ("partial", ["one", "two"])
    return change


def test_a_failed_merge_goes_on_with_who_took_the_taker_over(
    company: Company, hq_ops: User
) -> None:
    # given that the taker went into a third store, and one of the accounts was disabled meanwhile
    change = failed_merge(company, hq_ops)
    OrgUnit.objects.filter(pk=company.store_b.pk).update(
        merged_into=company.store_south, merged_at=timezone.now()
    )
    Member.objects.filter(userid="two").update(status=Member.Status.DISABLED)

    # when it is tried again
    change_retry(change=change, actor=hq_ops, scope=SYSTEM_SCOPE)
    run_all()

    # then it comes to its end there
    assert (states(), serving(company.store_a), serving(company.store_south)) == (["applied"], [], ["one"])  # fmt: skip


def test_what_is_left_of_a_failed_change_is_given_up(
    company: Company, hq_ops: User, client: Client
) -> None:
    change = failed_merge(company, hq_ops)
    client.force_login(hq_ops)
    page = client.get(reverse("org:change", args=[change.pk])).content.decode()
    assert reverse("org:change_cancel", args=[change.pk]) in page

    # when somebody gives it up
    client.post(reverse("org:change_cancel", args=[change.pk]))

    # then nothing more happens, and the store is free for another change
    assert (states(), serving(company.store_a)) == (["cancelled"], ["one", "two"])
    with pytest.raises(Conflict):
        change_retry(change=change, actor=hq_ops, scope=SYSTEM_SCOPE)
    with pytest.raises(Conflict):
        change_cancel(change=change, actor=hq_ops, scope=SYSTEM_SCOPE)
    assert planned(company.store_a, "close", hq_ops).status == "planned"


def test_a_failed_change_waits_for_the_one_begun_since(company: Company, hq_ops: User) -> None:
    # given a failed merge, and a closing that was planned instead
    change = failed_merge(company, hq_ops)
    change_plan(
        kind="close", store=company.store_a, target=None, reason="lease ends", actor=hq_ops,
        effective_on=timezone.localdate() + timedelta(days=1),
    )  # fmt: skip

    # then it is not tried again beside it
    with pytest.raises(Conflict) as refused:
        change_retry(change=change, actor=hq_ops, scope=SYSTEM_SCOPE)
    assert (refused.value.code, states()) == ("change_ongoing", ["partial", "planned"])


def test_who_was_bound_while_it_closed_is_taken_along(company: Company, hq_ops: User) -> None:
    # given a merge whose first half failed, and an account that is bound to the store meanwhile
    change = failed_merge(company, hq_ops)
    OrgUnit.objects.filter(pk=company.store_b.pk).update(status="open")
    bind(company.store_a, "late")

    # when it is tried again
    change_retry(change=change, actor=hq_ops, scope=SYSTEM_SCOPE)
    run_all()

    # then nobody stays at a closed store, and the store went last
    assert (states(), serving(company.store_a)) == (["applied"], [])
    assert serving(company.store_b) == ["one", "two", "late"]
    acts = list(change.steps.order_by("position").values_list("act", "status"))
    assert acts[-2:] == [("org.account_carry", "done"), ("org.store_merge", "done")]


def test_a_store_with_an_account_bound_during_the_job_stays_open(
    company: Company, hq_ops: User
) -> None:
    # given a closing that was started, and an account bound before its job came to the store
    change = planned(company.store_a, "close", hq_ops)
    change_approve(change=change, actor=hq_ops, scope=SYSTEM_SCOPE)
    bind(company.store_a, "late")

    # when the job runs, then it is stopped in words, and tried again it goes through
    run_all()
    company.store_a.refresh_from_db()
    assert (states(), company.store_a.status) == (["partial"], "open")
    change_retry(change=change, actor=hq_ops, scope=SYSTEM_SCOPE)
    run_all()
    company.store_a.refresh_from_db()
    assert (states(), company.store_a.status, serving(company.store_a)) == (["applied"], "closed", [])  # fmt: skip
