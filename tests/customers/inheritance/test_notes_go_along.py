"""What a guide noted and promised goes along with a customer who went over, and with nobody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts.directory.models import Member
from contacts.feed.selectors import open_items
from customers.inheritance.asking import results_store
from customers.inheritance.handlers import HANDOVER
from customers.inheritance.models import HandoverItem, HandoverPlan
from customers.profile import services as profiles
from customers.profile.models import FollowUpNote
from customers.profile.selectors import notes_visible_to, profile_for
from customers.relations.models import ExternalContact, FollowRelation
from scrm.accounts.models import User
from scrm.core.scope import scope_of
from scrm.inbox.handling import Event
from scrm.wecom.types import TransferResult
from tests.cast import PASSWORD, Company, guide
from tests.factories.customers import RelationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(guide_li: Member) -> ExternalContact:
    """A customer of Li with a note that promises something in three days."""
    contact = RelationFactory(member=guide_li).contact
    day = timezone.localdate() + timedelta(days=3)
    profiles.note_add(scope_of(guide_li.user), contact, actor=guide_li.user, text="床垫软硬", next_on=day)  # fmt: skip
    return contact


@pytest.fixture
def zhao(company: Company) -> Member:
    """The successor."""
    return guide("guide_zhao", "赵敏", company.store_b)


def asked(
    leaver: Member, successor: Member, contact: ExternalContact, **given: Any
) -> HandoverItem:
    plan = HandoverPlan.objects.create(
        leaver=leaver, **{"mode": "in_service", "state": "running", **given}
    )
    at = timezone.now() - timedelta(days=1)
    return HandoverItem.objects.create(
        plan=plan, contact=contact, successor=successor, state="waiting", asked_at=at
    )


def by_results(item: HandoverItem, status: int = 1) -> None:
    """WeCom's results tell: 1 went over, 3 refused."""
    assert item.successor is not None
    told = TransferResult(item.contact.external_userid, status, timezone.now())
    results_store(item.plan, item.successor, [told], timezone.now())


def by_event(item: HandoverItem) -> None:
    """Only the event of the leaver's deleted relation tells."""
    fields = {
        "UserID": item.plan.leaver.userid.upper(),
        "ExternalUserID": item.contact.external_userid,
        "Source": "DELETE_BY_TRANSFER",
    }
    now = timezone.now()
    for number in (1, 2):
        HANDOVER.apply(
            Event(number, "contact", "change_external_contact", "del_external_contact", now, now, fields),
            None,
        )  # fmt: skip


def goes_over(leaver: Member, successor: Member, contact: ExternalContact) -> None:
    """WeCom ends the old relation and makes the new one."""
    FollowRelation.objects.filter(member=leaver, contact=contact).update(
        status="lost", lost_by="transfer", lost_at=timezone.now()
    )
    RelationFactory(member=successor, contact=contact)


def seen(user: User | None, contact: ExternalContact) -> list[tuple[str, str]]:
    """Return the notes somebody reads, with whose they are."""
    return [(row.text, row.author) for row in profile_for(scope_of(user), contact).notes]


@pytest.mark.parametrize("mode", ["in_service", "resigned"])
@pytest.mark.parametrize("told", [by_results, by_event])
def test_the_successor_reads_them_and_keeps_the_promise(
    client: Client, guide_li: Member, guide_wang: Member, zhao: Member, customer: ExternalContact,
    told: Callable[[HandoverItem], None], mode: str,
) -> None:  # fmt: skip
    # given Wang, who follows the customer too, and a customer of Li who stays
    RelationFactory(member=guide_wang, contact=customer)
    stays = RelationFactory(member=guide_li).contact
    profiles.note_add(scope_of(guide_li.user), stays, actor=guide_li.user, text="留下")
    RelationFactory(member=zhao, contact=stays)
    (task,) = open_items(guide_li.pk)

    told(asked(guide_li, zhao, customer, mode=mode))
    goes_over(guide_li, zhao, customer)

    # then Zhao reads whose note it is, and has the task on its day
    author = guide_li.user.name if guide_li.user else ""
    assert seen(zhao.user, customer) == [("床垫软硬", author)]
    (moved,) = open_items(zhao.pk).filter(kind="follow_up")
    assert (moved.pk, moved.due_at, list(open_items(guide_li.pk))) == (task.pk, task.due_at, [])
    # and nobody else reads more than before: Wang nothing, Zhao nothing on who stayed, Li not her former customer
    assert seen(guide_wang.user, customer) == []
    assert seen(zhao.user, stays) == []
    assert notes_visible_to(scope_of(guide_li.user)).filter(contact=customer).count() == 0
    # and Zhao may say that it is kept
    note = FollowUpNote.objects.get(contact=customer)
    assert client.login(username=zhao.user.username if zhao.user else "", password=PASSWORD)
    client.post(f"/h5/customers/{customer.pk}/notes/{note.pk}/done/")
    note.refresh_from_db()
    assert note.done_at is not None
    assert not open_items(zhao.pk).filter(kind="follow_up").exists()


def test_a_refusal_and_a_plan_under_way_give_nothing(
    guide_li: Member, zhao: Member, customer: ExternalContact
) -> None:
    RelationFactory(member=zhao, contact=customer)
    item = asked(guide_li, zhao, customer)
    assert seen(zhao.user, customer) == []

    by_results(item, status=3)

    assert seen(zhao.user, customer) == []
    assert [task.member_id for task in open_items(guide_li.pk)] == [guide_li.pk]
    assert list(open_items(zhao.pk)) == []


def test_they_go_on_to_the_next_successor(
    guide_li: Member, guide_wang: Member, zhao: Member, customer: ExternalContact
) -> None:
    by_results(asked(guide_li, zhao, customer))
    goes_over(guide_li, zhao, customer)
    profiles.note_add(scope_of(zhao.user), customer, actor=zhao.user, text="已回访")

    by_results(asked(zhao, guide_wang, customer))
    goes_over(zhao, guide_wang, customer)

    assert [text for text, _author in seen(guide_wang.user, customer)] == ["已回访", "床垫软硬"]
    assert [task.kind for task in open_items(guide_wang.pk)] == ["follow_up"]
