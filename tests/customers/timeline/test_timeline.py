"""The timeline: each fact once, in any order, read as far as the scope sees."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from contacts.directory.models import Member
from customers.crm import services as crm
from customers.crm.models import CrmMember, HistoryChange
from customers.crm.orders import OrderRow, RefundRow
from customers.crm.rows import MemberRow
from customers.oneid.services import reconcile_pending
from customers.relations.models import ExternalContact, RelationEvent
from customers.relations.services import RelationFact, relation_event_record
from customers.timeline.models import TimelineEntry
from customers.timeline.selectors import shown_entries, timeline_of
from customers.timeline.services import append, collect, contact_collect
from scrm.accounts.models import User
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import EMPTY_SCOPE, SYSTEM_SCOPE, scope_of
from tests.factories.attribution import LiveCodeFactory
from tests.factories.customers import (
    NOON,
    ContactFactory,
    CrmMemberFactory,
    MemberFactory,
    OrderFactory,
    RelationFactory,
    at,
)

pytestmark = pytest.mark.django_db


def kinds(contact: ExternalContact, scope=SYSTEM_SCOPE) -> list[str]:
    """Return what the timeline tells, newest first."""
    return [entry.kind for entry in timeline_of(scope, contact.pk).rows]


def told(contact: ExternalContact, key: str = "k1") -> bool:
    """Tell one fact."""
    return append(
        record_kind="contact",
        record_id=contact.pk,
        kind="material.viewed",
        occurred_at=NOON,
        data={"title": "Autumn"},
        key=key,
    )


def test_a_fact_told_twice_is_there_once() -> None:
    contact = ContactFactory()

    assert [told(contact), told(contact), told(contact, "k2")] == [True, False, True]
    assert TimelineEntry.objects.count() == 2


MEMBER = MemberRow("M1", {"member_no": "M1", "unionid": "ou1", "joined_on": date(2026, 11, 1)})
ACTS = {
    "member": lambda: crm.members_upsert([MEMBER], source="api"),
    "order": lambda: crm.orders_upsert([OrderRow("O1", at(100), Decimal("99"), member_no="M1")]),
    "refund": lambda: crm.refunds_upsert([RefundRow("R1", "O1", at(200), Decimal("9"))]),
    "drain": lambda: collect(),
    "event": lambda: (
        relation_event_record(RelationFact("li", "wm1", "add", at(50))),
        contact_collect("wm1"),
    ),
}


@pytest.mark.parametrize("names", list(permutations(ACTS))[::5], ids="-".join)
def test_whatever_comes_first_the_same_timeline_results(names: tuple[str, ...]) -> None:
    # given a customer whose unionid the member has too
    contact = ContactFactory(external_userid="wm1", unionid="ou1")

    # when the facts come in any order, with a drain in between
    for name in names:
        ACTS[name]()
    while collect() is not None:
        pass
    while reconcile_pending() is not None:
        pass

    # then
    assert kinds(contact) == ["order.refunded", "order.paid", "relation.add", "member.joined"]
    assert HistoryChange.objects.count() == 0
    assert TimelineEntry.objects.count() == 4


def test_an_order_of_a_customer_without_member_waits_for_the_customer() -> None:
    crm.orders_upsert([OrderRow("O1", at(100), Decimal("99"), external_userid="wm1")])
    assert collect() == 0
    contact = ContactFactory(external_userid="wm1")

    assert contact_collect("wm1") == 1
    assert contact_collect("wm1") == 0
    assert kinds(contact) == ["order.paid"]


def test_the_words_carry_todays_amounts_and_names() -> None:
    contact = ContactFactory()
    MemberFactory(userid="li", name="李娜")
    OrderFactory(order_no="O1", amount=Decimal("88.00"))
    RelationEvent.objects.create(
        userid="LI", external_userid=contact.external_userid, kind="add", occurred_at=NOON
    )
    contact_collect(contact.external_userid)
    append(
        record_kind="contact",
        record_id=contact.pk,
        kind="order.paid",
        occurred_at=at(9),
        data={"order_no": "O1"},
        key="x",
    )
    append(
        record_kind="contact",
        record_id=contact.pk,
        kind="robot.waved",
        occurred_at=at(10),
        data={},
        key="y",
    )

    page = timeline_of(SYSTEM_SCOPE, contact.pk)
    words = [row.text for row in shown_entries(page.rows)]

    assert words[0] == "robot.waved"
    assert "88.00" in words[1]
    assert "O1" in words[1]
    assert "李娜" in words[2]


def test_pages_follow_each_other_and_refuse_foreign_tokens() -> None:
    contact = ContactFactory()
    for number in range(7):
        append(
            record_kind="contact",
            record_id=contact.pk,
            kind="material.viewed",
            occurred_at=NOON + timedelta(hours=number // 2),
            data={"title": str(number)},
            key=str(number),
        )

    first = timeline_of(SYSTEM_SCOPE, contact.pk, size=4)
    second = timeline_of(SYSTEM_SCOPE, contact.pk, first.next, size=4)

    shown = [entry.data["title"] for entry in first.rows + second.rows]
    assert sorted(shown) == [str(number) for number in range(7)]
    assert (len(first.rows), second.next) == (4, None)
    with pytest.raises(ValidationFailed):
        timeline_of(SYSTEM_SCOPE, contact.pk, "nonsense")


def test_a_scope_sees_its_own_guides_and_members(
    branch_ops: User, outsider: User, guide_li: Member, hq_ops: User
) -> None:
    # given a customer of Li and of a guide elsewhere, member of store A and of a store in the south
    contact = ContactFactory(unionid="ou1")
    RelationFactory(member=guide_li, contact=contact)
    elsewhere = RelationFactory(member=MemberFactory(userid="elsewhere"), contact=contact)
    for guide in ("guide_li", "elsewhere"):
        RelationEvent.objects.create(
            userid=guide, external_userid=contact.external_userid, kind="add", occurred_at=NOON
        )
    ours = CrmMemberFactory(unionid="ou1", store_code="S1")
    theirs = CrmMemberFactory(unionid="ou1", store_code="S3", state="closed")
    crm.orders_upsert(
        [
            OrderRow("OURS", at(1), Decimal("1"), member_no=ours.member_no),
            OrderRow("THEIRS", at(2), Decimal("2"), member_no=theirs.member_no),
        ]
    )
    contact_collect(contact.external_userid)
    collect()
    while reconcile_pending() is not None:
        pass

    def seen(user: User | None) -> set[str]:
        page = timeline_of(scope_of(user), contact.pk)
        return {entry.actor_userid or entry.data["order_no"] for entry in page.rows}

    assert seen(hq_ops) == {"guide_li", "elsewhere", "OURS", "THEIRS"}
    assert seen(branch_ops) == {"guide_li", "OURS"}
    assert seen(outsider) == set()
    assert seen(guide_li.user) == {"guide_li", "OURS", "THEIRS"}
    assert timeline_of(EMPTY_SCOPE, elsewhere.contact_id).rows == []


def test_collect_works_in_batches_and_says_when_nothing_waits() -> None:
    assert collect() is None
    rows = [
        MemberRow(f"M{n}", {"member_no": f"M{n}", "joined_on": date(2026, 1, 1)}) for n in range(3)
    ]
    crm.members_upsert(rows, source="api")

    assert (collect(), collect()) == (3, None)
    assert CrmMember.objects.count() == 3


def test_an_add_names_the_live_code_behind_its_state() -> None:
    LiveCodeFactory(name="人民路店台卡", state="Us1IETBARu9m")
    contact = ContactFactory()
    for key, state in [("a", "Us1IETBARu9m"), ("b", "somebody-elses")]:
        append(
            record_kind="contact",
            record_id=contact.pk,
            kind="relation.add",
            occurred_at=NOON,
            data={"state": state},
            key=key,
        )

    shown = shown_entries(timeline_of(SYSTEM_SCOPE, contact.pk).rows)

    assert [row.source for row in shown] == ["", "人民路店台卡"]


def test_an_order_of_nobody_is_hung_on_nobody() -> None:
    # given a customer without a unionid who bought, and somebody unknown at the same till
    contact = ContactFactory(external_userid="wm1", unionid="")
    RelationFactory(contact=contact)
    crm.orders_upsert(
        [
            OrderRow("HERS", at(1), Decimal("1"), external_userid="wm1"),
            OrderRow("CASH", at(2), Decimal("2")),
        ]
    )

    # when both are worked on together
    collect()

    # then only hers is in her history
    assert [entry.data["order_no"] for entry in timeline_of(SYSTEM_SCOPE, contact.pk).rows] == [
        "HERS"
    ]
    assert TimelineEntry.objects.count() == 1


def test_an_order_that_names_an_unknown_customer_goes_by_the_unionid() -> None:
    contact = ContactFactory(external_userid="wm1", unionid="ou1")
    RelationFactory(contact=contact)
    crm.orders_upsert(
        [OrderRow("O1", at(1), Decimal("1"), external_userid="wm-elsewhere", unionid="ou1")]
    )

    collect()

    assert kinds(contact) == ["order.paid"]
