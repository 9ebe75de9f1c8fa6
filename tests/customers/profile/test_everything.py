"""A customer with everything: each line of the profile, on both faces, in a number of queries that does not grow."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.directory.models import Member
from contacts.feed.models import FeedItem
from customers.crm import services as crm
from customers.crm.fact_models import MemberTags, ServiceReceived
from customers.crm.models import HistoryChange, Order
from customers.crm.orders import RefundRow
from customers.fields import services as fields
from customers.fields.models import FieldValue
from customers.fields.services import FieldWish
from customers.oneid.services import reconcile_pending
from customers.profile import services
from customers.profile.mark_models import ServeRule
from customers.profile.models import DoNotContact
from customers.profile.purchases import WARDROBE
from customers.profile.selectors import profile_for
from customers.relations.models import ExternalContact
from customers.relations.services import RelationFact, relation_event_record
from customers.tags.models import LocalTag
from customers.timeline.services import collect, contact_collect
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
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
    TagFactory,
)

pytestmark = pytest.mark.django_db
CONSOLE = "/console/customers/{}/"
PHONE = "/h5/customers/{}/"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def orders(member, count: int, *, first: int = 0) -> None:
    """Let a member buy a coat in every order, in the store and in the mall by turns."""
    for number in range(first, first + count):
        bought = OrderFactory(
            order_no=f"N{number}",
            member=member,
            paid_at=NOON - timedelta(days=number),
            channel="门店" if number % 2 else "商城",
        )
        OrderLineFactory(order=bought, sku="C1", name="", size="", colour="")


@pytest.fixture
def customer(guide_li: Member, guide_wang: Member) -> ExternalContact:
    """Somebody whom two guides follow, with a membership, orders, services, tags of both, assets and fields."""
    tag = TagFactory(name="春季新品")
    contact = ContactFactory(external_userid="wm-all", name="林小姐", unionid="ou1")
    RelationFactory(member=guide_li, contact=contact, tag_ids=[tag.tag_id], state="s1")
    RelationFactory(member=guide_wang, contact=contact, created_time=NOON - timedelta(days=9))
    member = CrmMemberFactory(unionid="ou1", member_no="M1", store_code="S1", level="金卡")
    GoodsFactory(
        sku="C1", name="羊毛大衣", colour="驼色", size="M", category="外套",
        picture_url="https://img.example/coat.jpg",
    )  # fmt: skip
    orders(member, 3)
    MemberTags.objects.create(
        member_no="M1", member=member, tags=["爱羊毛"], observed_at=timezone.now()
    )
    for number, kind in enumerate(("fitting", "delivery")):
        ServiceReceived.objects.create(
            service_no=f"V{number}", member_no="M1", member=member, kind=kind, title="量体改衣",
            store_code="S1", userid="GUIDE_LI", rating=5, served_at=NOON, observed_at=NOON,
        )  # fmt: skip
    AssetFactory(member=member, amount=Decimal("120"))
    wish = FieldWish("Shoe size", "serve", "customer", ("hq_ops", "guide"), ("hq_ops", "guide"))
    fields.field_create(
        actor=None, key="shoes", type="number", data_class="behaviour", record="contact", wish=wish
    )
    while reconcile_pending() is not None:
        pass
    history(contact)
    return contact


def test_the_profile_gathers_what_every_system_knows(customer: ExternalContact) -> None:
    profile = profile_for(SYSTEM_SCOPE, customer)

    assert [tag.name for tag in profile.tags] == ["春季新品"]
    assert profile.crm_tags == ["爱羊毛"]
    assert [
        (row.relation.member.name, row.store and row.store.name) for row in profile.relations
    ] == [
        ("王芳", "滨江店"),
        ("李娜", "人民路店"),
    ]
    assert [(one.name, one.orders, one.net) for one in profile.bought.channels] == [
        ("商城", 2, Decimal("200.00")),
        ("门店", 1, Decimal("100.00")),
    ]
    piece = profile.wardrobe[0]
    assert (piece.name, piece.size, piece.colour, piece.picture) == (
        "羊毛大衣",
        "M",
        "驼色",
        "https://img.example/coat.jpg",
    )
    assert profile.liked.sizes == (("M", 3),)
    assert profile.liked.categories == (("外套", 3),)
    assert [(row.service.kind, row.guide, row.store) for row in profile.services] == [
        ("delivery", "李娜", "人民路店"),
        ("fitting", "李娜", "人民路店"),
    ]
    assert [member.store for member in profile.members] == ["人民路店"]
    assert [row.field.key for row in profile_for(SYSTEM_SCOPE, customer).fields] == ["shoes"]


MOST_QUERIES = 20
# Tab of the phone, tab of the console, queries of the profile itself, of the page on the phone and on the console.
COSTS = [
    ("timeline", "timeline", 13, 18, 19),
    ("orders", "orders", 14, 19, 20),
    ("services", "services", 13, 18, 19),
    ("assets", "assets", 13, 18, 19),
    ("notes", "relations", 13, 17, 20),
    ("details", "identity", 14, 20, 20),
]


@pytest.mark.parametrize(("phone_tab", "tab", "own", "phone", "console"), COSTS)
def test_a_page_of_three_orders_costs_what_one_of_many_does(
    client: Client, customer: ExternalContact, guide_li: Member, hq_ops: User, phone_tab: str,
    tab: str, own: int, phone: int, console: int,
) -> None:  # fmt: skip
    part = {"identity": "fields", "assets": "points", "relations": "groups"}.get(tab, tab)

    def counts() -> tuple[int, int, int]:
        stored = ExternalContact.objects.select_related("do_not_contact").get(pk=customer.pk)
        with CaptureQueriesContext(connection) as few:
            profile_for(SYSTEM_SCOPE, stored, None, (part,))
        found = [len(few)]
        for user, url, name in ((guide_li.user, PHONE, phone_tab), (hq_ops, CONSOLE, tab)):
            found.append(page_cost(client, user, url.format(customer.pk), name))
        return found[0], found[1], found[2]

    LocalTag.objects.create(name="常客")
    # given a customer with three orders, then with more of two memberships than any page shows
    acts(customer)
    first = counts()
    orders(CrmMemberFactory(unionid="ou1", member_no="M2", state="closed"), 60, first=100)
    history(customer)

    assert counts() == first == (own, phone, console)
    assert max(first) <= MOST_QUERIES


@pytest.mark.parametrize("tab", [tab for _phone, tab, *_costs in COSTS])
def test_a_second_customer_of_the_person_and_a_place_cost_no_query_more(
    client: Client, customer: ExternalContact, guide_li: Member, branch_ops: User, tab: str
) -> None:
    # given a person whom WeCom knows twice, looked at by a branch
    LocalTag.objects.create(name="常客")
    second = ContactFactory(external_userid="wm-second", name="林小姐", unionid="ou1")
    RelationFactory(member=guide_li, contact=second)
    acts(customer)
    records = profile_for(scope_of(branch_ops), customer).records
    assert (len(records.contacts), len(records.member_ids)) == (2, 1)

    assert page_cost(client, branch_ops, CONSOLE.format(customer.pk), tab) <= MOST_QUERIES
    phone_tab = next(phone for phone, name, *_costs in COSTS if name == tab)
    assert page_cost(client, guide_li.user, PHONE.format(customer.pk), phone_tab) <= MOST_QUERIES


def test_an_auditor_reads_who_changed_a_customer_in_as_few_queries(
    client: Client, customer: ExternalContact, auditor: User
) -> None:
    acts(customer)

    assert page_cost(client, auditor, CONSOLE.format(customer.pk), "audit") == 18


def page_cost(client: Client, user: User | None, page: str, tab: str) -> int:
    """Return the queries of one tab for somebody who has been here before, session and rights among them."""
    client.force_login(user, backend=BACKEND)
    client.get(page)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(page, {"tab": tab}).status_code == 200
    return len(queries)


def acts(contact: ExternalContact) -> None:
    """Let a guide add the customer by a code of ours, and money go back."""
    relation_event_record(
        RelationFact("guide_li", contact.external_userid, "add", NOON, state="s1")
    )
    contact_collect(contact.external_userid)
    crm.refunds_upsert([RefundRow("R0", "N0", NOON, Decimal("1"))])
    history(contact)


def history(customer: ExternalContact) -> None:
    """Let OneID and the timeline look at everything."""
    while reconcile_pending() is not None:
        pass
    changes = [
        HistoryChange(kind="order", row_id=pk) for pk in Order.objects.values_list("pk", flat=True)
    ]
    HistoryChange.objects.bulk_create(changes)
    while collect() is not None:
        pass


def test_the_wardrobe_goes_on_page_by_page(
    customer: ExternalContact, client: Client, guide_li: Member
) -> None:
    member = CrmMemberFactory(unionid="ou1", member_no="M2", state="closed")
    orders(member, WARDROBE, first=100)
    while reconcile_pending() is not None:
        pass

    first = profile_for(SYSTEM_SCOPE, customer, None, ("orders",))
    rest = profile_for(SYSTEM_SCOPE, customer, first.wardrobe_next, ("orders",))

    hung = [piece.order.order_no for piece in (*first.wardrobe, *rest.wardrobe)]
    assert len(hung) == len(set(hung)) == WARDROBE + 3
    assert (len(first.wardrobe), rest.wardrobe_next) == (WARDROBE, None)
    client.force_login(guide_li.user, backend=BACKEND)
    page = client.get(PHONE.format(customer.pk), {"tab": "orders", "after": first.wardrobe_next})
    assert page.content.decode().count("<figure") == 3
    assert client.get(PHONE.format(customer.pk), {"tab": "orders", "after": "x"}).status_code == 400


def test_a_note_of_headquarters_becomes_a_task_of_the_customers_guide(
    customer: ExternalContact, hq_ops: User, guide_li: Member
) -> None:
    day = timezone.localdate() + timedelta(days=2)

    note = services.note_add(
        scope_of(hq_ops), customer, actor=hq_ops, text="Call about the coat", next_on=day
    )

    item = FeedItem.objects.get(key=f"follow_up:{note.pk}")
    assert (item.member_id, item.url) == (guide_li.pk, f"/h5/customers/{customer.pk}/?tab=notes")
    assert timezone.localtime(item.due_at).date() == day


def test_the_phone_writes_fields_and_the_wish_not_to_be_contacted(
    client: Client, customer: ExternalContact, guide_li: Member, guide_wang: Member
) -> None:
    client.force_login(guide_li.user, backend=BACKEND)
    client.cookies["django_language"] = "en"
    fields_url, stop_url = (f"/h5/customers/{customer.pk}/{name}/" for name in ("fields", "stop"))

    # when a size that is none is sent, then a right one, and a stop without and with a reason
    assert client.post(fields_url, {"field-shoes": "large"}).status_code == 422
    assert client.post(fields_url, {"field-shoes": "38"}).status_code == 302
    assert client.post(stop_url, {"reason": ""}).status_code == 400
    assert not DoNotContact.objects.exists()
    assert client.post(stop_url, {"reason": "asked in the store"}).status_code == 302

    # then both are there, audited, and a second press takes the mark back
    assert FieldValue.objects.get().plain == 38
    assert DoNotContact.objects.get().reason == "asked in the store"
    page = client.get(f"/h5/customers/{customer.pk}/").content.decode()
    assert ("Do not contact this customer" in page, "Send a message" in page) == (True, False)
    assert client.post(stop_url, {"reason": "changed their mind"}).status_code == 302
    assert not DoNotContact.objects.exists()
    assert AuditEntry.objects.filter(action__startswith="profile.").count() == 2
    # and a guide of nobody's customer writes nothing
    stranger = ContactFactory()
    RelationFactory(member=guide_wang, contact=stranger)
    assert (
        client.post(f"/h5/customers/{stranger.pk}/fields/", {"field-shoes": "1"}).status_code == 404
    )
    assert client.post(f"/h5/customers/{stranger.pk}/stop/", {"reason": "x"}).status_code == 404
    assert FieldValue.objects.count() == 1


def test_headquarters_changes_how_customers_are_served(
    client: Client, customer: ExternalContact, hq_ops: User, outsider: User
) -> None:
    # given somebody who bought today and has a level
    assert client.login(username="hq", password=PASSWORD)
    client.cookies["django_language"] = "en"
    base = "/console/customers/serving/"

    # when the habit rule is switched off and a rule for the level is added before all
    form = {"position": "60", "days": "2", "text": ""}
    assert client.post(base + "habit/", form).status_code == 302
    own = {
        "when": "level",
        "value": "金卡",
        "text": "Offer tea.",
        "position": "1",
        "is_active": "on",
    }
    assert client.post(base + "new/", own).status_code == 302
    assert client.post(base + "nothing/", form).status_code == 404

    # then the line says so
    said = [hint.text for hint in profile_for(SYSTEM_SCOPE, customer).serve_line]
    assert said[0] == "Offer tea."
    assert not [text for text in said if "Show what there is" in text]
    page = client.get(base).content.decode()
    assert ("Offer tea." in page, "Switched off" in page) == (True, True)
    rule = ServeRule.objects.get(code="habit")
    assert client.post(f"{base}{rule.pk}/delete/").status_code == 302
    assert AuditEntry.objects.filter(action__startswith="profile.serve_rule").count() == 3
    # and a branch may not
    assert client.login(username="outsider", password=PASSWORD)
    assert client.post(base + "new/", own).status_code == 403
    assert ServeRule.objects.count() == 1
