"""The list page: filters, what stands in its address, saved views."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from contacts.directory.models import Member
from customers.fields.models import FieldValue
from customers.fields.services import FieldWish, field_create
from customers.lists.models import CustomerExport, SavedView
from customers.oneid.services import reconcile_pending
from customers.profile.models import DoNotContact
from customers.relations.models import ExternalContact
from customers.relations.opened_models import OpenedChat
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.crypto import blind_index
from scrm.core.jobs.models import JobRun
from tests.cast import PASSWORD, Company
from tests.factories.customers import (
    ContactFactory,
    CrmMemberFactory,
    MemberFactory,
    OrderFactory,
    RelationFactory,
    TagFactory,
    at,
)

pytestmark = pytest.mark.django_db
LIST = "/console/customers/"
PHONE = "+8613800138000"
Write = Callable[[], None]


def login(client: Client, username: str) -> None:
    """Log in as one of the cast, in English."""
    client.cookies["django_language"] = "en"
    assert client.login(username=username, password=PASSWORD)


def shown(page: Any) -> list[str]:
    """Return the customers a page shows, in order."""
    return re.findall(r'/console/customers/[0-9a-f-]{36}/">([^<]+)</a>', page.content.decode())


def test_a_search_never_stands_in_the_address(
    client: Client, hq_ops: User, guide_li: Member, indexed: Write
) -> None:
    # given
    index = blind_index("phone", PHONE)
    contact = ContactFactory(name="张三", phone=PHONE, phone_index=index)
    RelationFactory(member=guide_li, contact=contact)
    RelationFactory(member=guide_li, contact=ContactFactory(name="李四"))
    indexed()
    login(client, "hq")

    for path, text in ((LIST, "13800138000"), (LIST, "8000"), (LIST, "张三")):
        # when it is sent
        answer = client.post(path, {"q": text, "status": "active", "tag": ""})

        # then the page goes on with the filters, and the search sealed
        assert answer.status_code == 302
        assert text not in answer["Location"]
        assert "8000" not in answer["Location"].split("s=")[0]
        assert answer["Location"].startswith(f"{LIST}?status=active&s=")
        page = client.get(answer["Location"])
        assert shown(page) == ["张三"]
        assert f'value="{text}"' in page.content.decode()

    # and one typed into the address is taken out of it
    answer = client.get(LIST, {"q": "138 0013 8000"})
    assert answer.status_code == 302
    assert "138" not in answer["Location"].split("s=")[0]


def test_numbers_are_counted_and_written_down(
    client: Client, hq_ops: User, guide_li: Member, indexed: Write, monkeypatch: Any
) -> None:
    monkeypatch.setattr("scrm.core.phone_lookups.MOST", 2)
    RelationFactory(member=guide_li, contact=ContactFactory(name="张三", phone=PHONE))
    indexed()
    login(client, "hq")

    pages = [
        client.post(LIST, {"q": text}, follow=True) for text in ("8000", "13800138000", "8001")
    ]

    assert [page.status_code for page in pages] == [200, 200, 429]
    entries = AuditEntry.objects.filter(action="search.phone").order_by("pk")
    assert [entry.after["phone"] for entry in entries] == ["****8000", "138****8000"]
    assert entries[0].after["found"] == {"customers": 1}
    assert client.post(LIST, {"q": "张三"}, follow=True).status_code == 200


def test_another_persons_sealed_search_is_refused(
    client: Client, hq_ops: User, branch_ops: User, guide_li: Member, indexed: Write
) -> None:
    RelationFactory(member=guide_li, contact=ContactFactory(name="张三"))
    indexed()
    login(client, "hq")
    address = client.post(LIST, {"q": "张三"})["Location"]
    login(client, "branch")

    page = client.get(address)

    # then it is refused in words: a list without its search would act on everybody
    assert page.status_code == 400
    assert "Search again" in page.content.decode()
    sealed = address.split("?")[1]
    for act in ("tag", "export"):
        given = {"all": "1", "query": sealed, "purpose": "x", "act": "start"}
        assert client.post(f"{LIST}{act}/", given).status_code == 302
    assert (JobRun.objects.count(), CustomerExport.objects.count()) == (0, 0)
    for broken in ("?s=x", "?s=" + "A" * 4000, "?after=x"):
        assert client.get(f"{LIST}{broken}").status_code == 400
    assert client.get(f"{LIST}?s=").status_code == 200


@pytest.fixture
def crowd(company: Company, guide_li: Member, guide_wang: Member) -> None:
    """Four customers, each with something of their own."""
    for member, name, changes in (
        (guide_li, "甲", {"add_way": 3}),
        (guide_li, "乙", {"created_time": at(-86400 * 40)}),
        (guide_wang, "丙", {"status": "lost", "lost_at": at(9)}),
        (MemberFactory(), "丁", {}),
    ):
        contact = ContactFactory(name=name, unionid=f"u{name}")
        relation = RelationFactory(member=member, contact=contact, **changes)
        if name == "甲":
            OpenedChat.objects.create(relation=relation, state="opened", source="first", at=at(60))
            one = CrmMemberFactory(member_no="M1", unionid="u甲", level="gold")
            OrderFactory(member=one, paid_at=at(0))
        if name == "乙":
            # From before she was added the last time: says nothing.
            OpenedChat.objects.create(
                relation=relation, state="opened", source="first", at=at(-86400 * 50)
            )
            CrmMemberFactory(member_no="M2", unionid="u乙", level="silver")
        if name == "丙":
            DoNotContact.objects.create(contact=contact)
    while reconcile_pending():
        pass


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, "丁丙乙甲"),
        ({"way": "3"}, "甲"),
        ({"status": "lost"}, "丙"),
        ({"opened": "yes"}, "甲"),
        ({"opened": "no"}, ""),
        ({"opened": "unknown"}, "丁丙乙"),
        ({"is_member": "yes"}, "乙甲"),
        ({"is_member": "no"}, "丁丙"),
        ({"level": "gold"}, "甲"),
        ({"bought_since": "2026-11-01"}, "甲"),
        ({"quiet_since": "2026-11-01"}, "丁丙乙"),
        ({"stopped": "yes"}, "丙"),
        ({"stopped": "no"}, "丁乙甲"),
        ({"added_to": "2026-11-01"}, "乙"),
        ({"member": "guide_li"}, "乙甲"),
        ({"member": "guide_li", "is_member": "yes", "way": "3"}, "甲"),
        ({"store": "nowhere"}, ""),
        ({"branch": "999999"}, ""),
    ],
)
def test_filters(client: Client, hq_ops: User, crowd: None, query: dict[str, str], names: str) -> None:  # fmt: skip
    login(client, "hq")

    page = client.get(LIST, query)

    assert page.status_code == 200
    assert "".join(shown(page)) == names


def test_store_and_branch_narrow_by_place(
    client: Client, hq_ops: User, crowd: None, guide_li: Member, company: Company
) -> None:
    login(client, "hq")
    store = company.store_a

    assert "".join(shown(client.get(LIST, {"store": store.code}))) == "乙甲"
    assert "".join(shown(client.get(LIST, {"store": store.name}))) == "乙甲"
    assert "".join(shown(client.get(LIST, {"branch": str(store.parent_id)}))) == "丙乙甲"


def test_a_view_is_kept_without_the_search_and_opened_first(
    client: Client, hq_ops: User, guide_li: Member
) -> None:
    RelationFactory(member=guide_li, contact=ContactFactory(name="甲"))
    RelationFactory(
        member=guide_li, contact=ContactFactory(name="乙"), status="lost", lost_at=at(9)
    )
    login(client, "hq")

    answer = client.post(
        f"{LIST}views/",
        {"name": " Lost  ones ", "query": "status=lost&s=SEALED&after=x&evil=1&q=138", "is_default": "on"},
    )  # fmt: skip

    view = SavedView.objects.get()
    assert (view.name, view.query, view.role_code) == ("Lost ones", "status=lost", "")
    assert answer["Location"] == f"{LIST}?view={view.pk}&status=lost"
    assert client.get(LIST)["Location"] == f"{LIST}?view={view.pk}&status=lost"
    assert shown(client.get(LIST, follow=True)) == ["乙"]
    assert shown(client.get(f"{LIST}?view=all")) == ["乙", "甲"]


def test_a_view_is_shared_with_ones_own_role_only(
    client: Client, hq_ops: User, branch_ops: User
) -> None:
    # when it is shared with a role of one's own
    login(client, "branch")
    client.post(
        f"{LIST}views/", {"name": "Ours", "query": "status=active", "role_code": "branch_ops"}
    )
    view = SavedView.objects.get()
    assert AuditEntry.objects.filter(action="lists.view_share").count() == 1

    # then others do not see it, and nobody but its owner deletes it
    login(client, "hq")
    assert "Ours" not in client.get(f"{LIST}?view=all").content.decode()
    assert client.post(f"{LIST}views/{view.pk}/delete/").status_code == 404
    client.post(f"{LIST}views/", {"name": "Sly", "query": "", "role_code": "branch_ops"})
    assert [each.name for each in SavedView.objects.all()] == ["Ours"]
    login(client, "branch")
    assert "Ours" in client.get(f"{LIST}?view=all").content.decode()
    assert client.post(f"{LIST}views/{view.pk}/delete/").status_code == 302
    assert SavedView.objects.count() == 0


def test_two_views_of_a_name_are_refused_in_words(client: Client, hq_ops: User) -> None:
    login(client, "hq")
    client.post(f"{LIST}views/", {"name": "Same", "query": ""})

    page = client.post(f"{LIST}views/", {"name": "Same", "query": "status=lost"}, follow=True)

    assert "You have a view of that name already" in page.content.decode()
    assert SavedView.objects.count() == 1


@pytest.mark.parametrize("name", ["added_from", "added_to", "bought_since", "quiet_since"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_of_no_century_are_refused_at_the_field(
    client: Client, hq_ops: User, name: str, day: str
) -> None:
    login(client, "hq")

    page = client.get(LIST, {name: day})
    act = client.post("/console/customers/export/", {"all": "1", "query": f"{name}={day}"})

    assert page.status_code == 200
    assert "Ensure this value is" in page.content.decode()
    assert (act.status_code, CustomerExport.objects.count()) == (302, 0)


@pytest.mark.parametrize("typed", ["2101-01-01", "1899-12-31", "9999-12-31", "0001-01-01", "soon"])
def test_a_day_no_filter_can_read_lists_nobody_and_chooses_nobody(
    client: Client, hq_ops: User, guide_li: Member, typed: str
) -> None:
    # given a field of the company for days, and a customer
    wish = FieldWish("Birthday", "greet", "customer", ("hq_ops",), ("hq_ops",))
    field_create(
        actor=None, key="born", type="date", data_class="behaviour", record="contact", wish=wish
    )
    contact = RelationFactory(member=guide_li, contact=ContactFactory(name="one")).contact
    login(client, "hq")

    # when the list is asked for such a day, and everybody on it for a file
    page = client.get(LIST, {"f_born": typed})
    given = {"all": "1", "query": f"f_born={typed}", "purpose": "calls"}
    act = client.post("/console/customers/export/", given)
    saved = client.post(f"{LIST}{contact.pk}/fields/", {"field-born": typed})

    # then nobody is shown, nobody can be chosen, no file is written, and no profile takes such a day either
    words = page.content.decode()
    assert (shown(page), page.context["list"].total) == ([], 0)
    assert (
        "These filters cannot be used" in words,
        "field-error" in words,
        'name="all"' in words,
    ) == (
        True,
        True,
        False,
    )
    assert (act.status_code, CustomerExport.objects.count()) == (302, 0)
    assert (saved.status_code, FieldValue.objects.count()) == (422, 0)


@pytest.mark.parametrize("day", ["1900-01-01", "2100-12-31"])
def test_the_first_and_the_last_day_are_kept_and_found(
    client: Client, hq_ops: User, guide_li: Member, day: str
) -> None:
    wish = FieldWish("Birthday", "greet", "customer", ("hq_ops",), ("hq_ops",))
    field_create(
        actor=None, key="born", type="date", data_class="behaviour", record="contact", wish=wish
    )
    contact = RelationFactory(member=guide_li, contact=ContactFactory(name="one")).contact
    reconcile_pending()
    login(client, "hq")

    assert client.post(f"{LIST}{contact.pk}/fields/", {"field-born": day}).status_code == 302
    assert shown(client.get(LIST, {"f_born": day})) == ["one"]


def test_a_wish_not_to_be_contacted_is_the_persons(
    client: Client, hq_ops: User, guide_li: Member
) -> None:
    # given one person with two customers, who said it to one of them
    for name, union in (("one", "u1"), ("two", "u1"), ("other", "u2")):
        RelationFactory(member=guide_li, contact=ContactFactory(name=name, unionid=union))
    while reconcile_pending() is not None:
        pass
    DoNotContact.objects.create(contact=ExternalContact.objects.get(name="one"), reason="asked")
    login(client, "hq")

    assert sorted(shown(client.get(LIST, {"stopped": "yes"}))) == ["one", "two"]
    assert shown(client.get(LIST, {"stopped": "no"})) == ["other"]


def test_who_was_forgotten_is_in_no_list(client: Client, hq_ops: User, guide_li: Member) -> None:
    gone = RelationFactory(
        member=guide_li, contact=ContactFactory(name="", external_userid="erased-0a1b")
    )
    RelationFactory(member=guide_li, contact=ContactFactory(name="here"))
    login(client, "hq")

    assert shown(client.get(LIST)) == ["here"]
    assert client.get(f"{LIST}{gone.contact_id}/").status_code == 404
    client.force_login(guide_li.user, backend="django.contrib.auth.backends.ModelBackend")
    phone = client.get("/h5/customers/").content.decode()
    assert ("here" in phone, str(gone.contact_id) in phone) == (True, False)


def test_a_deleted_tag_is_worn_by_nobody(client: Client, hq_ops: User, guide_li: Member) -> None:
    TagFactory(tag_id="et1", name="春季", deleted_at=at(1))
    TagFactory(tag_id="et2", name="秋季")
    RelationFactory(member=guide_li, contact=ContactFactory(name="one"), tag_ids=["et1", "et2"])
    login(client, "hq")

    rows = client.get(LIST).content.decode().partition("<tbody")[2]

    assert ("秋季" in rows, "春季" in rows) == (True, False)


def test_what_is_no_value_of_a_field_is_said_there_and_finds_nobody(
    client: Client, hq_ops: User, guide_li: Member
) -> None:
    wish = FieldWish("Shoe size", "serve", "customer", ("hq_ops",))
    field_create(
        actor=None, key="shoes", type="number", data_class="behaviour", record="contact", wish=wish
    )
    RelationFactory(member=guide_li, contact=ContactFactory(name="one"))
    login(client, "hq")

    page = client.get(LIST, {"f_shoes": "large"})

    assert (page.status_code, shown(page)) == (200, [])
    assert "Give a number" in page.content.decode()
