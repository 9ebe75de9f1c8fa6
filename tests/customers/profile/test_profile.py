"""The profile: what it gathers, who sees what, notes and the wish not to be contacted."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from contacts.directory.models import Member
from contacts.feed.models import FeedItem
from customers.crm import services as crm
from customers.crm.orders import RefundRow
from customers.oneid.services import reconcile_pending
from customers.profile import services
from customers.profile.models import DoNotContact, FollowUpNote
from customers.profile.selectors import do_not_contact_ids, profile_for
from customers.relations.models import ExternalContact
from customers.sync.models import MemberRead
from customers.timeline.models import TimelineEntry
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import SYSTEM_SCOPE, scope_of
from tests.cast import PASSWORD
from tests.factories.customers import (
    NOON,
    AssetFactory,
    ContactFactory,
    CrmMemberFactory,
    GoodsFactory,
    OrderFactory,
    OrderLineFactory,
    RelationFactory,
)

pytestmark = pytest.mark.django_db
PAGE = "/console/customers/{}/"
TABS = ("timeline", "orders", "services", "assets", "relations", "identity", "audit")


def login(client: Client, username: str) -> None:
    assert client.login(username=username, password=PASSWORD)


@pytest.fixture
def customer(guide_li: Member) -> ExternalContact:
    """A customer of Li: member of store A, two orders, one partly refunded, points and a coupon."""
    contact = ContactFactory(name="林小姐", unionid="ou1")
    RelationFactory(member=guide_li, contact=contact, remark="VIP")
    member = CrmMemberFactory(unionid="ou1", member_no="M1", store_code="S1", name="林霞")
    GoodsFactory(sku="C1", name="羊毛大衣", colour="驼色", size="M")
    coat = OrderFactory(order_no="O1", member=member, amount=Decimal("500.00"), paid_at=NOON)
    OrderLineFactory(order=coat, sku="C1", name="", amount=Decimal("500.00"))
    socks = OrderFactory(
        order_no="O2", member=member, amount=Decimal("20.00"), paid_at=NOON + timedelta(days=1)
    )
    OrderLineFactory(order=socks, name="袜子", amount=Decimal("20.00"))
    crm.refunds_upsert([RefundRow("R1", "O1", NOON + timedelta(days=2), Decimal("100.00"))])
    AssetFactory(member=member, amount=Decimal("120"))
    AssetFactory(member=member, kind="coupon", code="K1", title="满减券", amount=Decimal("10"))
    AssetFactory(member=member, kind="coupon", code="K2", state="used")
    while reconcile_pending() is not None:
        pass
    return contact


def test_it_gathers_everything_of_the_person(customer: ExternalContact) -> None:
    profile = profile_for(SYSTEM_SCOPE, customer)

    assert [member.member_no for member in profile.members] == ["M1"]
    tiles = profile.tiles
    assert (tiles.spent, tiles.orders, tiles.points, tiles.coupons) == (
        Decimal("420.00"),
        2,
        Decimal("120.00"),
        1,
    )
    assert tiles.last_purchase_at == NOON + timedelta(days=1)
    assert [(piece.name, piece.colour, piece.size) for piece in profile.wardrobe] == [
        ("袜子", "", ""),
        ("羊毛大衣", "驼色", "M"),
    ]
    assert [asset.code for asset in profile.assets] == ["K1", "K2", ""]


def test_a_fully_refunded_order_is_no_purchase(customer: ExternalContact) -> None:
    crm.refunds_upsert([RefundRow("R2", "O2", NOON + timedelta(days=3), Decimal("20.00"))])

    tiles = profile_for(SYSTEM_SCOPE, customer).tiles

    assert (tiles.spent, tiles.last_purchase_at) == (Decimal("400.00"), NOON)


def test_who_sees_what_customers_buy(
    customer: ExternalContact, guide_li: Member, branch_ops: User
) -> None:
    # given a scope with customers but without members, as a dealer's
    branch = scope_of(branch_ops)
    dealer = type(branch)(
        **{**branch.__dict__, "permissions": branch.permissions - {"crm.view", "h5.use"}}
    )
    CrmMemberFactory(unionid="ou1", member_no="SOUTH", store_code="S3", state="closed")
    while reconcile_pending() is not None:
        pass

    def numbers(scope) -> list[str]:
        return sorted(member.member_no for member in profile_for(scope, customer).members)

    assert numbers(SYSTEM_SCOPE) == ["M1", "SOUTH"]
    assert numbers(scope_of(guide_li.user)) == ["M1", "SOUTH"]
    assert numbers(branch) == ["M1"]
    hidden = profile_for(dealer, customer)
    assert (hidden.sees_sales, hidden.members, hidden.wardrobe, hidden.assets) == (
        False,
        (),
        (),
        (),
    )
    assert hidden.tiles.spent == Decimal("0.00")


def test_every_tab_opens_in_both_languages(
    client: Client, hq_ops: User, auditor: User, customer: ExternalContact
) -> None:
    for username in ("hq", "auditor"):
        login(client, username)
        for tab in TABS:
            for language in ("en", "zh-hans"):
                page = client.get(
                    PAGE.format(customer.pk), {"tab": tab}, headers={"accept-language": language}
                )
                assert page.status_code == 200, tab
    login(client, "hq")
    page = client.get(PAGE.format(customer.pk), {"tab": "orders"}).content.decode()
    assert ("羊毛大衣" in page, "420.00" in page) == (True, True)


def test_only_in_scope(
    client: Client, outsider: User, it_admin: User, customer: ExternalContact
) -> None:
    for username, status in (("outsider", 404), ("it", 403), ("wecom:guide_li", 403)):
        login(client, username)
        assert client.get(PAGE.format(customer.pk)).status_code == status
        posted = client.post(PAGE.format(customer.pk) + "notes/", {"text": "hello"})
        assert posted.status_code in (403, 404)
    assert FollowUpNote.objects.count() == 0


def test_a_note_is_kept_audited_and_finished(
    client: Client, hq_ops: User, customer: ExternalContact
) -> None:
    login(client, "hq")
    page = PAGE.format(customer.pk)
    tomorrow = timezone.localdate() + timedelta(days=1)

    client.post(page + "notes/", {"text": "喜欢驼色", "next_on": str(tomorrow)})

    note = FollowUpNote.objects.get()
    assert (note.text, note.next_on, note.author) == ("喜欢驼色", tomorrow, hq_ops)
    assert "喜欢驼色" in client.get(page).content.decode()
    entry = AuditEntry.objects.get(action="profile.note")
    assert "驼色" not in str(entry.after)
    assert TimelineEntry.objects.filter(kind="note.added").count() == 1
    client.post(f"{page}notes/{note.pk}/done/")
    client.post(f"{page}notes/{note.pk}/done/")
    note.refresh_from_db()
    assert note.done_at is not None
    assert AuditEntry.objects.filter(action="profile.note_done").count() == 1


@pytest.mark.parametrize(
    "form", [{"text": "  "}, {"text": "x" * 1001}, {"text": "x", "next_on": "2020-01-01"}]
)
def test_a_note_that_says_nothing_is_refused(
    client: Client, hq_ops: User, customer: ExternalContact, form: dict[str, str]
) -> None:
    login(client, "hq")

    assert client.post(PAGE.format(customer.pk) + "notes/", form).status_code == 422
    assert FollowUpNote.objects.count() == 0


def test_a_guide_is_reminded_in_the_feed(customer: ExternalContact, guide_li: Member) -> None:
    assert guide_li.user is not None
    day = timezone.localdate() + timedelta(days=3)

    note = services.note_add(
        scope_of(guide_li.user),
        customer,
        actor=guide_li.user,
        text="周六到店",
        next_on=day,
        url="/h5/",
    )

    item = FeedItem.objects.get()
    assert (item.member_id, item.key, item.url) == (guide_li.pk, f"follow_up:{note.pk}", "/h5/")
    assert timezone.localtime(item.due_at).date() == day
    services.note_done(note, actor=guide_li.user)
    item.refresh_from_db()
    assert item.done_at is not None


def test_notes_of_guides_elsewhere_stay_there(
    customer: ExternalContact, guide_li: Member, guide_wang: Member, branch_ops: User
) -> None:
    RelationFactory(member=guide_wang, contact=customer)
    for guide in (guide_li, guide_wang):
        services.note_add(scope_of(guide.user), customer, actor=guide.user, text=guide.userid)

    def seen(user: User | None) -> list[str]:
        return sorted(row.text for row in profile_for(scope_of(user), customer).notes)

    assert seen(guide_li.user) == ["guide_li"]
    assert seen(branch_ops) == ["guide_li", "guide_wang"]


def test_an_auditor_reads_no_notes(auditor: User, hq_ops: User, customer: ExternalContact) -> None:
    services.note_add(scope_of(hq_ops), customer, actor=hq_ops, text="private")

    (row,) = profile_for(scope_of(auditor), customer).notes

    assert row.text == "***"


def test_do_not_contact_is_marked_once_and_taken_back_with_reasons(
    client: Client, hq_ops: User, customer: ExternalContact
) -> None:
    login(client, "hq")
    page = PAGE.format(customer.pk)

    assert client.post(page + "do-not-contact/", {"reason": ""}).status_code == 422
    client.post(page + "do-not-contact/", {"reason": "来电要求"})
    client.post(page + "do-not-contact/", {"reason": "again"})
    assert DoNotContact.objects.get().reason == "来电要求"
    assert do_not_contact_ids([customer.pk]) == {customer.pk}
    assert len(profile_for(SYSTEM_SCOPE, customer).serve_line) == 1

    client.post(page + "contact-again/", {"reason": "本人同意"})
    assert do_not_contact_ids([customer.pk]) == set()
    acts = AuditEntry.objects.filter(target=f"contact:{customer.pk}").order_by("pk")
    assert [(act.action, act.reason) for act in acts] == [
        ("profile.do_not_contact", "来电要求"),
        ("profile.contact_again", "本人同意"),
    ]
    kinds = TimelineEntry.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["contact.stopped", "contact.allowed"]


def test_a_stop_needs_a_reason(customer: ExternalContact, hq_ops: User) -> None:
    with pytest.raises(ValidationFailed):
        services.contact_stop(scope_of(hq_ops), customer, actor=hq_ops, reason=" ")

    assert DoNotContact.objects.count() == 0


def test_a_coupon_that_ends_soon_is_mentioned(customer: ExternalContact) -> None:
    soon = timezone.localdate() + timedelta(days=2)
    asset = profile_for(SYSTEM_SCOPE, customer).assets[0]
    asset.expires_on = soon
    asset.save()
    assert isinstance(soon, date)

    hints = profile_for(SYSTEM_SCOPE, customer).serve_line

    assert any("满减券" in hint.text for hint in hints)


def test_a_full_sync_that_found_nothing_new_is_a_reading_too(
    client: Client, hq_ops: User, guide_li: Member, guide_wang: Member, customer: ExternalContact
) -> None:
    def read_at() -> str:
        page = client.get(PAGE.format(customer.pk), {"tab": "identity"}).content.decode()
        return page.split("<dt>Last read</dt><dd>")[1].split("</dd>")[0]

    client.cookies["django_language"] = "en"
    login(client, "hq")
    assert read_at() == "2026-11-21 12:00:00"

    # when Li was completely read later; of Wang, who lost the customer, and of earlier it says nothing
    RelationFactory(member=guide_wang, contact=customer, status="lost", lost_at=NOON)
    walk = MemberRead.objects.create(member=guide_li, complete_at=NOON - timedelta(hours=1))
    MemberRead.objects.create(member=guide_wang, complete_at=NOON + timedelta(hours=9))
    assert read_at() == "2026-11-21 12:00:00"
    MemberRead.objects.filter(pk=walk.pk).update(complete_at=NOON + timedelta(hours=2))

    assert read_at() == "2026-11-21 14:00:00"
