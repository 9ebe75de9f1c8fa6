"""Who approves a change of a store, seen over its pages; a closed store is opened again the same way."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.directory.models import Member
from contacts.org.change_models import StoreChange
from contacts.org.models import OrgUnit, StoreBinding, UnitTerm
from contacts.org.services import (
    change_approve,
    change_cancel,
    change_plan,
    change_retry,
    run_change,
)
from contacts.roles import services as roles
from contacts.roles.models import Role
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import PermissionDenied, ValidationFailed
from scrm.core.scope import SYSTEM_SCOPE
from tests.cast import Company, company, guide_li, hq_ops
from tests.factories.accounts import UserFactory
from tests.factories.attribution import EntryFactory, EntryStoreFactory
from tests.factories.contacts import MemberFactory

__all__ = ["company", "guide_li", "hq_ops"]
pytestmark = pytest.mark.django_db


def editor(username: str, *units: OrgUnit) -> User:
    """Return somebody whose role, made by the role editor, may change the stores of these units."""
    user = UserFactory(username=username)
    role, _made = Role.objects.get_or_create(
        code="area", name="区域", reach="org", permissions=["home.view", "org.view", "org.edit", "org.bind"]
    )  # fmt: skip
    for unit in units:
        roles.grant(user=user, role=role, org_unit=unit, actor=None)
    return user


def browser(user: User) -> Client:
    """Return somebody's browser, which wants English."""
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def planned(store: OrgUnit, actor: User, kind: str = "close", target: OrgUnit | None = None) -> StoreChange:  # fmt: skip
    """Plan a change for today."""
    return change_plan(
        kind=kind, store=store, target=target, effective_on=timezone.localdate(), reason="lease", actor=actor
    )  # fmt: skip


def press(user: User, change: StoreChange, act: str = "approve") -> str:
    """Press a button of a change's page; return its state afterwards."""
    browser(user).post(reverse(f"org:change_{act}", args=[change.pk]))
    return StoreChange.objects.get(pk=change.pk).status


def page(user: User, change: StoreChange) -> str:
    """Return the page of a change."""
    answer = browser(user).get(reverse("org:change", args=[change.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_branch_editor_does_not_approve_what_she_planned(company: Company) -> None:
    # given an editor of the eastern branch who plans the closing of a store on its page
    maker, colleague = editor("maker", company.east), editor("colleague", company.east)
    browser(maker).post(
        reverse("org:change_plan", args=[company.store_a.pk]),
        {"kind": "close", "effective_on": timezone.localdate().isoformat(), "reason": "x"},
    )
    change = StoreChange.objects.get()

    # when she approves it, then nothing happens, and the page does not offer it but says who may
    assert press(maker, change) == "planned"
    shown = page(maker, change)
    assert reverse("org:change_approve", args=[change.pk]) not in shown
    assert "You planned this change." in shown

    # and a colleague of the same branch approves it
    assert press(colleague, change) == "applying"
    change.refresh_from_db()
    assert (change.created_by, change.approved_by) == (maker, colleague)


@pytest.mark.parametrize(("kind", "to"), [("merge", "store_south"), ("move", "south")])
def test_what_reaches_into_another_branch_is_headquarters_to_approve(
    company: Company, hq_ops: User, kind: str, to: str
) -> None:
    # given headquarters' plan to take a store out of the eastern branch
    east, both = editor("east", company.east), editor("both", company.east, company.south)
    change = planned(company.store_a, hq_ops, kind, getattr(company, to))

    # then the editor of that branch alone neither approves it nor gives it up
    assert [press(east, change, act) for act in ("approve", "cancel")] == ["planned", "planned"]
    assert "touches a unit outside your reach" in page(east, change)
    assert AuditEntry.objects.filter(action="org.change_approve").count() == 0

    # and somebody who reaches both units does
    assert press(both, change) == "applying"


def test_headquarters_carries_out_its_own_plan_by_name(company: Company, hq_ops: User) -> None:
    change = planned(company.store_a, hq_ops)
    assert "You planned this yourself." in page(hq_ops, change)

    assert press(hq_ops, change) == "applying"

    change.refresh_from_db()
    assert (change.created_by, change.approved_by) == (hq_ops, hq_ops)


def test_who_planned_gives_up_only_what_is_not_approved_yet(company: Company, hq_ops: User) -> None:
    maker = editor("maker", company.east)
    change = planned(company.store_a, maker)
    StoreChange.objects.update(status="due")
    with pytest.raises(PermissionDenied):
        change_cancel(change=change, actor=maker, scope=scope_for(maker))

    StoreChange.objects.update(status="planned")

    assert press(maker, change, "cancel") == "cancelled"


def test_failed_steps_outside_ones_reach_are_not_tried_again(company: Company, hq_ops: User) -> None:  # fmt: skip
    east = editor("east", company.east)
    change = planned(company.store_a, hq_ops, "merge", company.store_south)
    StoreChange.objects.update(status="partial")

    with pytest.raises(PermissionDenied):
        change_retry(change=change, actor=east, scope=scope_for(east))

    assert press(hq_ops, change, "retry") == "applying"


@pytest.mark.parametrize("who", ["headquarters", "branch"])
def test_the_page_shows_a_change_that_is_being_applied(
    company: Company, guide_li: Member, hq_ops: User, who: str
) -> None:
    # given a closing that is applied today
    reader = hq_ops if who == "headquarters" else editor("east", company.east)
    change = planned(company.store_a, hq_ops)
    press(hq_ops, change)

    # then its page is there, and asks again until it is over
    address = reverse("org:change", args=[change.pk])
    assert f'hx-get="{address}"' in page(reader, change)
    assert "HX-Refresh" not in browser(reader).get(address, headers={"hx-request": "true"})

    # and afterwards it is loaded anew and asks no more
    change.refresh_from_db()
    assert change.job_id is not None
    run_change(change.job_id)
    assert browser(reader).get(address, headers={"hx-request": "true"})["HX-Refresh"] == "true"
    assert "hx-trigger" not in page(reader, change).split('id="change-steps"')[1].split(">")[0]


@pytest.fixture
def closed(company: Company, guide_li: Member, hq_ops: User) -> OrgUnit:
    """Store A, closed while it was closed for a while, with an entry that was shown there."""
    today = timezone.localdate()
    OrgUnit.objects.filter(pk=company.store_a.pk).update(shut_from=today, shut_reason="works")
    EntryStoreFactory(entry=EntryFactory(name="下单入口"), store=company.store_a, live_code=None)
    applied(planned(company.store_a, hq_ops), hq_ops)
    company.store_a.refresh_from_db()
    assert company.store_a.status == "closed"
    return company.store_a


def applied(change: StoreChange, actor: Any) -> None:
    """Approve a change and run its job."""
    job_id = change_approve(change=change, actor=actor, scope=SYSTEM_SCOPE).job_id
    assert job_id is not None
    run_change(job_id)


def test_a_closed_store_takes_no_accounts_and_says_nothing_of_a_temporary_closure(
    closed: OrgUnit, hq_ops: User
) -> None:
    shown = browser(hq_ops).get(reverse("org:detail", args=[closed.pk])).content.decode()

    assert reverse("org:bind", args=[closed.pk]) not in shown
    assert "Temporarily closed" not in shown
    assert (closed.shut_from, closed.shut_until, closed.shut_reason) == (None, None, "")


def test_a_closed_store_is_opened_again_by_a_plan(closed: OrgUnit, hq_ops: User) -> None:
    # given the page of a closed store, which leads to opening it again
    hq = browser(hq_ops)
    address = reverse("org:change_plan", args=[closed.pk])
    assert address in hq.get(reverse("org:detail", args=[closed.pk])).content.decode()
    form = hq.get(address).content.decode()
    assert 'value="open"' in form
    assert 'value="close"' not in form

    # when that is planned, approved and carried out
    hq.post(address, {"kind": "open", "effective_on": timezone.localdate().isoformat(), "reason": "rebuilt"})  # fmt: skip
    change = StoreChange.objects.get(kind="open")
    steps = change.steps.order_by("position").values_list("act", "subject", "status")
    assert list(steps) == [
        ("entries.hidden", "下单入口", "kept"), ("org.store_open", str(closed), "waiting"),
    ]  # fmt: skip
    applied(change, hq_ops)

    # then it is open from that day, without its accounts, and takes them again
    closed.refresh_from_db()
    term = UnitTerm.objects.get(unit=closed, ended_on=None)
    assert (closed.status, term.status, term.began_on) == ("open", "open", timezone.localdate())
    assert not StoreBinding.objects.filter(store=closed).exclude(state="retired").exists()
    MemberFactory(userid="fresh")
    hq.post(reverse("org:bind", args=[closed.pk]), {"account": "fresh"})
    assert StoreBinding.objects.get(store=closed, state="active").member.userid == "fresh"
    entry = AuditEntry.objects.filter(action="org.change_apply").latest("at")
    assert entry.after is not None
    assert (entry.actor, entry.after["kind"]) == (hq_ops, "open")


def test_what_is_open_or_merged_is_not_opened_again(company: Company, hq_ops: User) -> None:
    applied(planned(company.store_b, hq_ops, "merge", company.store_a), hq_ops)
    company.store_b.refresh_from_db()

    for store in (company.store_a, company.store_b, company.east):
        with pytest.raises(ValidationFailed):
            planned(store, hq_ops, "open")

    shown = browser(hq_ops).get(reverse("org:detail", args=[company.store_b.pk])).content.decode()
    assert reverse("org:change_plan", args=[company.store_b.pk]) not in shown
