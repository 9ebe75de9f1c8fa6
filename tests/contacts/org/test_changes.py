"""Closing, merging and moving a store: a plan over accounts, codes and entries, approved as it was looked at."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from attribution.entries.models import EntryStore
from attribution.live_codes.models import LiveCodeMember
from contacts.directory.models import Member
from contacts.org.change_models import StoreChange
from contacts.org.models import OrgUnit, StoreBinding, UnitTerm
from contacts.org.selectors import bindings_of
from contacts.org.services import (
    binding_retire,
    binding_set,
    binding_state_set,
    change_approve,
    change_cancel,
    change_plan,
    change_retry,
    changes_due,
    org_refresh,
    run_change,
)
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.scope import SYSTEM_SCOPE
from tests.cast import Company, branch_ops, company, guide_li, guide_wang, hq_ops, outsider
from tests.factories.attribution import EntryFactory, EntryStoreFactory, LiveCodeFactory
from tests.factories.contacts import MemberFactory

__all__ = ["branch_ops", "company", "guide_li", "guide_wang", "hq_ops", "outsider"]
pytestmark = pytest.mark.django_db


def planned(
    store: OrgUnit,
    kind: str,
    actor: User | None = None,
    *,
    target: OrgUnit | None = None,
    days: int = 0,
) -> StoreChange:
    """Plan a change that takes effect in some days."""
    return change_plan(
        kind=kind, store=store, target=target, reason="lease ends", actor=actor,
        effective_on=timezone.localdate() + timedelta(days=days),
    )  # fmt: skip


def applied(change: StoreChange, actor: User | None = None) -> StoreChange:
    """Approve a change and run its job."""
    job_id = change_approve(change=change, actor=actor, scope=SYSTEM_SCOPE).job_id
    assert job_id is not None
    run_change(job_id)
    return StoreChange.objects.get(pk=change.pk)


def steps(change: StoreChange) -> list[tuple[str, str, str]]:
    """Return (step, about, state) of a change."""
    return list(change.steps.order_by("position").values_list("act", "subject", "status"))


def serving(store: OrgUnit) -> list[tuple[str, str]]:
    """Return (userid, state) of a store's accounts."""
    return [(binding.member.userid, binding.state) for binding in bindings_of(store)]


def test_closing_is_shown_first_and_changes_nothing(
    company: Company, guide_li: Member, guide_wang: Member, hq_ops: User
) -> None:
    # given store A with Li, a code she answers alone, one she shares, and a shown entry
    alone = LiveCodeFactory(name="李娜的活码", members=[guide_li])
    shared = LiveCodeFactory(name="人民路活码", members=[guide_li, guide_wang])
    entry = EntryStoreFactory(
        entry=EntryFactory(name="下单入口"), store=company.store_a, live_code=None
    )

    # when its closing is planned
    change = planned(company.store_a, "close", hq_ops)

    # then each is named with what becomes of it, in the order in which it happens
    assert steps(change) == [
        ("entries.hide", "下单入口", "waiting"),
        ("org.account_end", str(guide_li), "waiting"),
        ("live_codes.leave", "人民路活码", "waiting"),
        ("live_codes.alone", "李娜的活码", "kept"),
        ("org.store_close", str(company.store_a), "waiting"),
    ]
    assert serving(company.store_a) == [("guide_li", "active")]

    # and approved it happens, the shared code going on without her
    done = applied(change, hq_ops)

    entry.refresh_from_db()
    company.store_a.refresh_from_db()
    assert (done.status, company.store_a.status, entry.is_shown) == ("applied", "closed", False)
    assert serving(company.store_a) == []
    assert list(shared.choices.values_list("member_id", flat=True)) == [guide_wang.pk]
    assert list(alone.choices.values_list("member_id", flat=True)) == [guide_li.pk]
    guide_li.refresh_from_db()
    assert guide_li.org_path == company.store_a.path  # her department is still the store's
    term = UnitTerm.objects.get(unit=company.store_a, ended_on=None)
    assert (term.status, term.began_on) == ("closed", timezone.localdate())
    with pytest.raises(ValidationFailed):
        binding_set(store=company.store_a, member=MemberFactory(), position=None, actor=None)


def test_merging_takes_accounts_and_entries_along(
    company: Company, guide_li: Member, guide_wang: Member, hq_ops: User
) -> None:
    # given store A with Li, one who only serves old customers and one who was disabled since
    old, gone = MemberFactory(userid="old"), MemberFactory(userid="gone")
    for member in (old, gone):
        binding_set(store=company.store_a, member=member, position=None, actor=None)
    binding_state_set(binding=StoreBinding.objects.get(member=old), state="serve_only", actor=None)
    Member.objects.filter(pk=gone.pk).update(status=Member.Status.DISABLED)
    both, only_a = EntryFactory(name="两店"), EntryFactory(name="仅人民路")
    for entry in (both, only_a):
        EntryStoreFactory(entry=entry, store=company.store_a, live_code=None)
    EntryStoreFactory(entry=both, store=company.store_b, live_code=None)

    # when A is merged into B
    done = applied(planned(company.store_a, "merge", hq_ops, target=company.store_b), hq_ops)

    # then who can serves at B behind those who did, and what A showed B shows
    assert done.status == "applied"
    assert serving(company.store_b) == [
        ("guide_wang", "active"), ("guide_li", "active"), ("old", "serve_only"),
    ]  # fmt: skip
    assert serving(company.store_a) == []
    shown = EntryStore.objects.filter(is_shown=True).values_list("entry__name", "store__code")
    assert sorted(shown) == [("两店", "S2"), ("仅人民路", "S2")]
    company.store_a.refresh_from_db()
    assert (company.store_a.status, company.store_a.merged_into) == ("closed", company.store_b)
    guide_li.refresh_from_db()
    assert guide_li.org_path == company.store_b.path


def test_moving_changes_who_sees_the_store_and_its_people(
    company: Company, guide_li: Member, branch_ops: User, outsider: User, hq_ops: User
) -> None:
    # when store A moves to the southern branch
    done = applied(planned(company.store_a, "move", hq_ops, target=company.south), hq_ops)

    # then the account stays, and the south sees both, also after the OA was read again
    org_refresh()
    store = OrgUnit.objects.get(pk=company.store_a.pk)
    guide_li.refresh_from_db()
    assert done.status == "applied"
    assert (store.parent, store.path.startswith(company.south.path)) == (company.south, True)
    assert serving(store) == [("guide_li", "active")]
    assert guide_li.org_path == store.path
    assert guide_li.org_path.startswith(scope_for(outsider).org_paths)
    assert not guide_li.org_path.startswith(scope_for(branch_ops).org_paths)
    assert [name for name, _about, state in steps(done) if state == "kept"] == ["org.account_along"]


def test_a_plan_that_the_world_overtook_is_looked_at_again(
    company: Company, guide_li: Member, hq_ops: User
) -> None:
    change = planned(company.store_a, "close", hq_ops)
    binding_set(store=company.store_a, member=MemberFactory(name="新人"), position=None, actor=None)

    # when it is approved as it was
    with pytest.raises(Conflict) as refused:
        change_approve(change=change, actor=hq_ops, scope=SYSTEM_SCOPE)

    # then nothing happens, and the plan names the newcomer
    assert refused.value.code == "plan_moved_on"
    change.refresh_from_db()
    assert (change.status, len(serving(company.store_a))) == ("planned", 2)
    assert [about for act, about, _state in steps(change) if act == "org.account_end"][
        1
    ].startswith("新人")
    assert applied(change, hq_ops).status == "applied"


def test_a_change_waits_for_its_day_and_takes_who_serves_then(
    company: Company, guide_li: Member, hq_ops: User
) -> None:
    # given a closing approved for the day after tomorrow, and an account that comes meanwhile
    change = change_approve(
        change=planned(company.store_a, "close", hq_ops, days=2), actor=hq_ops, scope=SYSTEM_SCOPE
    )
    assert (change.status, changes_due()) == ("due", 0)
    binding_set(store=company.store_a, member=MemberFactory(), position=None, actor=None)

    # when the day comes
    StoreChange.objects.update(effective_on=timezone.localdate())
    assert (changes_due(), changes_due()) == (1, 0)
    change.refresh_from_db()
    assert change.job_id is not None
    run_change(change.job_id)

    # then both are out
    change.refresh_from_db()
    assert (change.status, serving(company.store_a)) == ("applied", [])


def test_a_failed_step_holds_the_store_back_until_it_is_mended(
    company: Company, guide_li: Member, guide_wang: Member, hq_ops: User
) -> None:
    # given a merge whose taker closes between approval and the job
    change = planned(company.store_a, "merge", hq_ops, target=company.store_b)
    job_id = change_approve(change=change, actor=hq_ops, scope=SYSTEM_SCOPE).job_id
    OrgUnit.objects.filter(pk=company.store_b.pk).update(status="closed")

    # when the job runs
    assert job_id is not None
    run_change(job_id)

    # then the account stays where it is, the store stays open, and the page says why
    change.refresh_from_db()
    company.store_a.refresh_from_db()
    assert (change.status, company.store_a.status) == ("partial", "open")
    assert serving(company.store_a) == [("guide_li", "active")]
    assert all(step.outcome for step in change.steps.filter(status="failed"))

    # and mended it goes on, doing nothing twice
    OrgUnit.objects.filter(pk=company.store_b.pk).update(status="open")
    change_retry(change=change, actor=hq_ops, scope=SYSTEM_SCOPE)
    change.refresh_from_db()
    assert change.job_id is not None
    run_change(change.job_id)
    change.refresh_from_db()
    assert (change.status, serving(company.store_b)) == (
        "applied", [("guide_wang", "active"), ("guide_li", "active")],
    )  # fmt: skip


def test_a_job_killed_halfway_goes_on_where_it_stopped(
    company: Company, guide_li: Member, hq_ops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given five accounts, and a process that dies at the third step
    for number in range(4):
        binding_set(
            store=company.store_a,
            member=MemberFactory(userid=f"m{number}"),
            position=None,
            actor=None,
        )
    job_id = change_approve(
        change=planned(company.store_a, "close", hq_ops), actor=hq_ops, scope=SYSTEM_SCOPE
    ).job_id
    assert job_id is not None
    taken = 0

    def die_at_the_third(**kwargs: Any) -> None:
        nonlocal taken
        taken += 1
        if taken == 3:
            raise KeyboardInterrupt
        binding_retire(**kwargs)

    monkeypatch.setattr("contacts.org.services.own_steps.binding_retire", die_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        run_change(job_id)
    assert len(serving(company.store_a)) == 3

    # when the job is taken up again
    run_change(job_id)

    # then each account ended once
    assert serving(company.store_a) == []
    ended = AuditEntry.objects.filter(action="org.binding_retire")
    assert ended.count() == 5
    assert StoreChange.objects.get().status == "applied"


def test_one_change_at_a_time_and_a_given_up_one_makes_room(company: Company, hq_ops: User) -> None:
    change = planned(company.store_a, "close", hq_ops)
    with pytest.raises(Conflict):
        planned(company.store_a, "move", hq_ops, target=company.south)

    change_cancel(change=change, actor=hq_ops, scope=SYSTEM_SCOPE)

    with pytest.raises(Conflict):
        change_approve(change=change, actor=hq_ops, scope=SYSTEM_SCOPE)
    with pytest.raises(Conflict):
        change_retry(change=change, actor=hq_ops, scope=SYSTEM_SCOPE)
    assert planned(company.store_a, "move", hq_ops, target=company.south).status == "planned"


def test_changes_that_make_no_sense_are_refused_in_words(company: Company, hq_ops: User) -> None:
    closed = company.store_south
    OrgUnit.objects.filter(pk=closed.pk).update(status="closed")
    closed.refresh_from_db()
    wrong: list[tuple[OrgUnit, str, OrgUnit | None, int]] = [
        (closed, "close", None, 0), (company.east, "close", None, 0), (company.store_a, "close", None, -1),
        (company.store_a, "merge", None, 0), (company.store_a, "merge", company.store_a, 0),
        (company.store_a, "merge", closed, 0), (company.store_a, "merge", company.south, 0),
        (company.store_a, "move", company.store_b, 0), (company.store_a, "move", company.east, 0),
    ]  # fmt: skip

    for store, kind, target, days in wrong:
        with pytest.raises(ValidationFailed):
            planned(store, kind, hq_ops, target=target, days=days)

    assert (StoreChange.objects.count(), AuditEntry.objects.filter(action__startswith="org.change").count()) == (0, 0)  # fmt: skip
    assert LiveCodeMember.objects.count() == 0


def test_each_decision_is_audited_by_name(company: Company, hq_ops: User) -> None:
    applied(planned(company.store_a, "close", hq_ops), hq_ops)

    entries = AuditEntry.objects.filter(action__startswith="org.change").order_by("at")
    assert [(entry.action, entry.actor_id) for entry in entries] == [
        ("org.change_plan", hq_ops.pk), ("org.change_approve", hq_ops.pk), ("org.change_apply", hq_ops.pk),
    ]  # fmt: skip
