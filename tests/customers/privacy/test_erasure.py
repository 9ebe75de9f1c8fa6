"""Forgetting a person: empty everywhere, figures exact, and no door brings them back."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, models, transaction
from django.db.models import Sum
from django.utils import timezone, translation

from attribution.adds.models import AddEpisode
from attribution.touches.models import Touch
from customers.crm.models import CrmMember, Order
from customers.crm.orders import OrderRow
from customers.crm.rows import MemberRow
from customers.crm.services import members_upsert, orders_upsert
from customers.oneid.services import reconcile_pending
from customers.privacy import journal, services
from customers.privacy.emptying import IDENTIFIERS, _plain
from customers.privacy.models import Erasure, Tombstone
from customers.privacy.tracing import holdings_of_nothing, traced_tables, untraced
from customers.profile.models import FollowUpNote
from customers.relations.bulk import page_store
from customers.relations.models import ExternalContact, FollowRelation, RelationEvent
from customers.relations.services import RelationFact, contact_observed, relation_event_record
from customers.timeline.models import TimelineEntry
from scrm.core.exceptions import Conflict
from scrm.core.fields import EncryptedField
from scrm.wecom import types as wecom
from tests.factories.customers import (
    ContactFactory,
    RelationFactory,
    detail,
    follow,
    read_contact,
)
from tests.factories.sales import touch

pytestmark = pytest.mark.django_db
PHONE, UNION, EXTERNAL, NUMBER = (
    "+8613812345678",
    "oUnion_of_wang_01",
    "wmExternal_of_wang_01",
    "VIP-880001",
)
TRACES = (PHONE, "13812345678", UNION, EXTERNAL, NUMBER, "王小明")


@pytest.fixture(autouse=True)
def journal_file(settings: Any, tmp_path: Path) -> Path:
    """A journal of its own."""
    settings.ERASURE_JOURNAL = str(tmp_path / "erasures.journal")
    return tmp_path / "erasures.journal"


def member(number: str = NUMBER, **values: Any) -> MemberRow:
    """Return a row as the member system sends it."""
    return MemberRow(number, {"member_no": number, **values})


ROW = member(phone=PHONE, phone_verified=True, unionid=UNION, name="王小明")


def page_of(
    external: str,
    userid: str,
    *,
    unionid: str = "",
    phones: tuple[str, ...] = (),
    created_at: Any = None,
) -> wecom.ExternalContactPage:
    """Return a page of one relation, read now."""
    info = follow(userid, remark_mobiles=phones, created_at=created_at or timezone.now())
    row = wecom.ExternalContactRow(read_contact(external, "王小明", unionid or None), info)
    return wecom.ExternalContactPage((row,), "", timezone.now())


def an_order(number: str = "O1", amount: str = "99.90", paid_at: Any = None) -> OrderRow:
    """Return an order of the person."""
    return OrderRow(order_no=number, paid_at=paid_at or timezone.now() - timedelta(days=1), amount=Decimal(amount), member_no=NUMBER, unionid=UNION, external_userid=EXTERNAL)  # fmt: skip


@pytest.fixture
def wang() -> ExternalContact:
    """A customer who is a member, with traces in many tables, and somebody else."""
    contact: ExternalContact = ContactFactory(
        external_userid=EXTERNAL, unionid=UNION, name="王小明"
    )
    relation = RelationFactory(contact=contact)
    relation.remark, relation.remark_phones = "王小明 vip", ["138 1234 5678"]
    relation.save()
    members_upsert([ROW, member("VIP-2", phone="+8613900009999")], source="api")
    orders_upsert([an_order(), an_order("O2", "10.05")])
    relation_event_record(RelationFact(relation.member.userid, EXTERNAL, "add", timezone.now() - timedelta(days=2)))  # fmt: skip
    AddEpisode.objects.create(
        userid=relation.member.userid, external_userid=EXTERNAL, started_at=timezone.now()
    )
    FollowUpNote.objects.create(contact=contact, text="王小明 likes blue")
    TimelineEntry.objects.create(
        record_kind="contact", record_id=contact.pk, kind="x", occurred_at=timezone.now(),
        title_code="x", key=f"x:{EXTERNAL}",
    )  # fmt: skip
    touch("e1", unionid=UNION)
    while reconcile_pending() is not None:
        pass
    return contact


def everything() -> str:
    """Return every row of every table as text, and what the encrypted columns of people hold."""
    found = []
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{name}" t')
            found += [row[0] for row in cursor.fetchall()]
    opened = [str([r.remark, r.remark_phones, r.description]) for r in FollowRelation.objects.all()]
    opened += [str([m.name, m.phone]) for m in CrmMember.objects.all()]
    opened += [str(row.phone) for row in ExternalContact.objects.all()]
    return "\n".join(found + opened)


def erase(contact: ExternalContact) -> Erasure:
    """Forget the person of a customer."""
    return services.erase([contact.pk], cause=Erasure.Cause.REQUEST)


def test_nothing_is_left_of_them_and_every_figure_stays(wang: ExternalContact) -> None:
    # Given figures with them
    def figures() -> tuple[object, ...]:
        return (
            Order.objects.count(),
            Order.objects.aggregate(sum=Sum("amount"))["sum"],
            Order.objects.values("member").distinct().count(),
            AddEpisode.objects.count(),
            RelationEvent.objects.count(),
            Touch.objects.count(),
            FollowRelation.objects.count(),
        )

    before = figures()
    assert all(trace in everything() for trace in (UNION, EXTERNAL, NUMBER, "王小明"))
    # When they are forgotten
    erasure = erase(wang)
    # Then no table says who they were, and the figures are the same to the cent
    left = everything()
    assert [trace for trace in TRACES if trace in left] == []
    assert figures() == before
    assert before[1] == Decimal("109.95")
    assert erasure.done_at is not None
    assert erasure.counts["customers.Order"] == 2
    # And the other member is as they were
    assert CrmMember.objects.get(member_no="VIP-2").phone == "+8613900009999"
    assert Tombstone.objects.count() == 4


def test_no_door_brings_them_back(wang: ExternalContact) -> None:
    # Given somebody who was forgotten
    guide = FollowRelation.objects.get().member
    erase(wang)
    # When WeCom lists them as before, twice, tells old events, and the CRM sends its rows again
    long_ago = timezone.now() - timedelta(days=30)
    for _again in range(2):
        page_store(page_of(EXTERNAL, guide.userid, unionid=UNION, created_at=long_ago))
    assert contact_observed(detail(EXTERNAL, [follow(guide.userid, created_at=long_ago)], unionid=UNION)) is None  # fmt: skip
    assert not relation_event_record(RelationFact(guide.userid, EXTERNAL, "add", long_ago))
    assert not relation_event_record(RelationFact(guide.userid, EXTERNAL, "del_by_member", timezone.now()))  # fmt: skip
    result = members_upsert([ROW, member("VIP-3", phone=PHONE)], source="api")
    orders_upsert(
        [an_order("O1", "99.90", Order.objects.get(order_no="O1").paid_at), an_order("O9")]
    )
    # Then nobody came back, the resent order is no news, and the one we did not know is nobody's
    assert (result.created, result.unchanged) == (0, 2)
    left = everything()
    assert [trace for trace in TRACES if trace in left] == []
    assert Order.objects.get(order_no="O9").member is None
    assert Order.objects.get(order_no="O1").member is not None
    assert Order.objects.aggregate(sum=Sum("amount"))["sum"] == Decimal("209.85")


def test_a_phone_is_taken_out_of_a_remark_about_somebody_else(wang: ExternalContact) -> None:
    # Given somebody who was forgotten
    guide = FollowRelation.objects.get().member
    erase(wang)
    # When a guide noted their phone beside another customer
    page_store(page_of("wmOther", guide.userid, phones=("13812345678", "13900009999")))
    # Then only the other phone is kept
    assert FollowRelation.objects.get(contact__external_userid="wmOther").remark_phones == [
        "13900009999"
    ]


def test_who_adds_a_guide_again_is_a_new_customer(wang: ExternalContact) -> None:
    # Given somebody who was forgotten
    guide = FollowRelation.objects.get().member
    erase(wang)
    # When they add the guide again themselves, and become a member the day after
    later = timezone.now() + timedelta(minutes=1)
    assert relation_event_record(RelationFact(guide.userid, EXTERNAL, "add", later))
    page_store(page_of(EXTERNAL, guide.userid, unionid=UNION, created_at=later))
    tomorrow = timezone.localdate() + timedelta(days=1)
    members_upsert([member(phone=PHONE, unionid=UNION, joined_on=tomorrow)], source="api")
    # Then they are there, without anything from before
    contact = ExternalContact.objects.get(external_userid=EXTERNAL)
    assert contact.pk != wang.pk
    assert FollowRelation.objects.filter(contact=contact).count() == 1
    assert not Order.objects.filter(external_userid=EXTERNAL).exists()
    assert CrmMember.objects.filter(member_no=NUMBER).exists()


def test_the_journal_forgets_them_again_after_a_restore(
    wang: ExternalContact, journal_file: Path
) -> None:
    # Given an erasure of which the database lost everything, as a restored copy would
    with transaction.atomic():
        erasure = erase(wang)
        done = (erasure.pk, erasure.erased_at)
        transaction.set_rollback(True)
    assert ExternalContact.objects.get(pk=wang.pk).name == "王小明"
    assert services.missing_count() == 1
    # And a line that a crash cut short
    with journal_file.open("ab") as file:
        file.write(b"\nQUJD")
    # When the journal is replayed, twice
    assert services.replay() == (1, 1)
    assert services.replay() == (0, 1)
    # Then they are forgotten again, at the moment of the first time
    left = everything()
    assert [trace for trace in TRACES if trace in left] == []
    assert Erasure.objects.values_list("pk", "erased_at").get() == done
    assert Tombstone.objects.count() == 4
    # And the journal names nobody
    assert not any(trace.encode() in journal_file.read_bytes() for trace in TRACES)


def test_a_journal_that_was_changed_is_refused(wang: ExternalContact, journal_file: Path) -> None:
    # Given a journal with one byte changed
    erase(wang)
    raw = bytearray(journal_file.read_bytes())
    raw[20] = raw[20] ^ 1 if chr(raw[20] ^ 1).isalnum() else raw[20] ^ 3
    journal_file.write_bytes(bytes(raw))
    # Then reading it is refused in words
    with translation.override("en"), pytest.raises(Conflict, match="journal"):
        list(journal.entries())


def test_nobody_is_forgotten_without_a_journal(wang: ExternalContact, settings: Any) -> None:
    # Given a journal that cannot be written
    settings.ERASURE_JOURNAL = "/proc/nowhere/journal"
    # When somebody is to be forgotten
    with pytest.raises(Conflict):
        erase(wang)
    # Then nothing changed
    assert not Erasure.objects.exists()
    assert ExternalContact.objects.get(pk=wang.pk).name == "王小明"


def test_every_table_with_personal_data_is_traced() -> None:
    # Given the data map
    # Then each table with a customer's data is found, or its room says why not
    assert untraced() == []
    assert holdings_of_nothing() == []


def test_every_personal_field_can_be_emptied() -> None:
    # Given every personal field of every traced table
    for table in traced_tables():
        for name in table.personal:
            field = table.model._meta.get_field(name)
            if field.is_relation or name in IDENTIFIERS:
                continue
            if isinstance(field, EncryptedField | models.BinaryField):
                continue
            # Then there is something empty to put there
            _plain(field)
