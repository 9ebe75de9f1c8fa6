"""Global search: each room only for those who may open it, only rows in scope, phones audited and limited."""

import pytest
from django.test import Client
from django.utils import timezone

from contacts.directory.grams import name_grams
from contacts.directory.models import Member
from contacts.roles.models import RoleGrant
from contacts.roles.services import revoke
from customers.lists.finding import wanted as asked
from scrm.core import phone_lookups
from scrm.core.audit.models import AuditEntry
from scrm.core.crypto import blind_index
from tests.cast import person
from tests.factories.attribution import LiveCodeFactory
from tests.factories.customers import (
    ContactFactory,
    CrmMemberFactory,
    OrderFactory,
    RelationFactory,
    searchable,
)
from tests.factories.materials import MaterialFactory

pytestmark = pytest.mark.django_db
PHONE = "+8613812345678"
URL = "/console/search/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def seeded(guide_li, guide_wang) -> Member:
    """A customer, a CRM member, an order, a code and a material of store A; the same words nowhere else."""
    Member.objects.filter(pk=guide_li.pk).update(name_grams=name_grams("李娜"))
    contact = ContactFactory(name="李小明", external_userid="wmLIXIAOMING")
    RelationFactory(
        member=guide_li, contact=contact, remark_phone_indexes=[blind_index("phone", PHONE)]
    )
    member = CrmMemberFactory(member_no="M-77001", phone=PHONE, name="李四", store_code="S1")
    OrderFactory(order_no="SO-20261121-1", member=member, member_no="M-77001", store_code="S1")
    LiveCodeFactory(name="李娜的活码", members=[guide_li])
    MaterialFactory(title="李宁联名新品", units=[])
    searchable()
    return guide_li


def found(client: Client, text: str) -> dict[str, list[str]]:
    answer = client.post(URL, {"q": text}, headers=HTMX)
    assert answer.status_code == 200
    return {group.key: [hit.title for hit in group.hits] for group in answer.context["groups"]}


def logged_in(user) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


# --- what is found ----------------------------------------------------------------------------------------------


def test_one_word_finds_what_every_room_has(hq_ops, seeded):
    assert found(logged_in(hq_ops), "李") == {}
    assert found(logged_in(hq_ops), "李小") == {"customers": ["李小明"]}
    assert found(logged_in(hq_ops), "李娜") == {"members": ["李娜"], "live_codes": ["李娜的活码"]}
    assert found(logged_in(hq_ops), "李宁") == {"materials": ["李宁联名新品"]}


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("wmLIXIAOMING", {"customers": ["李小明"]}),
        ("M-77001", {"crm_members": ["M-77001"], "orders": ["SO-20261121-1"]}),
        ("SO-20261121-1", {"orders": ["SO-20261121-1"]}),
        ("SO-2026", {"orders": ["SO-20261121-1"]}),
        ("SO-20", {}),
        ("GUIDE_LI", {"members": ["李娜"]}),
        ("滨江", {"stores": ["滨江店"]}),
        ("s2", {"stores": ["滨江店"]}),
        ("138 1234 5678", {"customers": ["李小明"], "crm_members": ["M-77001"]}),
        ("+86１３８12345678", {"customers": ["李小明"], "crm_members": ["M-77001"]}),
        ("13812345679", {}),
        ("1381234", {}),
        ("live co", {"pages": ["Live codes"]}),
        ("活码", {"pages": ["Live codes"], "live_codes": ["李娜的活码"]}),
    ],
)
def test_numbers_ids_and_page_names_are_found(hq_ops, seeded, text, hits):
    assert found(logged_in(hq_ops), text) == hits


def test_hits_lead_to_their_pages_and_never_name_a_phone(hq_ops, seeded):
    client = logged_in(hq_ops)

    answer = client.post(URL, {"q": "13812345678"}, headers=HTMX)

    hits = [hit for group in answer.context["groups"] for hit in group.hits]
    assert [client.get(hit.url).status_code for hit in hits] == [200, 200]
    assert "13812345678" not in answer.content.decode()
    assert "138****5678" in answer.content.decode()


def test_more_than_five_lead_to_the_list_with_the_same_search(hq_ops, guide_li):
    for number in range(7):
        RelationFactory(member=guide_li, contact=ContactFactory(name=f"王小花{number}"))
    searchable()
    client = logged_in(hq_ops)

    answer = client.post(URL, {"q": "小花"}, headers=HTMX)

    (group,) = answer.context["groups"]
    assert [hit.title for hit in group.hits] == [f"王小花{n}" for n in (6, 5, 4, 3, 2)]
    assert group.more_url.startswith("/console/customers/?s=")
    assert "%E5%B0%8F" not in group.more_url
    assert client.get(group.more_url).content.decode().count("王小花") >= 7


def test_without_a_script_there_is_a_page(hq_ops, seeded):
    client = logged_in(hq_ops)

    assert client.get(URL).status_code == 200
    page = client.post(URL, {"q": "李小"}).content.decode()

    assert "<html" in page
    assert "李小明" in page


def test_nothing_found_says_what_to_look_at(hq_ops):
    answer = logged_in(hq_ops).post(URL, {"q": "没有这个人"}, headers=HTMX).content.decode()

    assert "Nothing found for “没有这个人”" in answer


@pytest.mark.parametrize("text", ["", " ", "\x00", "%", "\\", "'" * 64, "字" * 500])
def test_odd_input_finds_nothing_and_breaks_nothing(hq_ops, seeded, text):
    assert found(logged_in(hq_ops), text) == {}


def test_what_is_typed_is_made_plain():
    assert asked(" １３８１２３４５６７８ ").phone == PHONE
    assert asked("138-1234-5678").phone == PHONE
    assert asked("SO-20261121-1").phone == ""
    assert len(asked("x" * 500).text) == 64


# --- who finds it -----------------------------------------------------------------------------------------------


def test_the_own_branch_finds_it_and_another_branch_does_not(branch_ops, outsider, seeded):
    texts = ["李小", "13812345678", "M-77001", "李娜", "滨江", "SO-20261121-1"]

    assert all(found(logged_in(branch_ops), text) for text in texts)
    assert [found(logged_in(outsider), text) for text in texts] == [{}] * len(texts)


def test_it_finds_accounts_and_pages_but_no_customer(it_admin, seeded):
    client = logged_in(it_admin)

    assert found(client, "李小") == {}
    assert found(client, "M-77001") == {}
    assert found(client, "李娜") == {"members": ["李娜"]}


def test_a_guide_has_no_search_of_the_console(guide_li, seeded):
    answer = logged_in(guide_li.user).post(URL, {"q": "13812345678"}, headers=HTMX)

    assert answer.status_code == 403
    assert AuditEntry.objects.count() == AuditEntry.objects.exclude(action="search.phone").count()


def test_somebody_whose_role_was_taken_back_finds_nothing_more(branch_ops, hq_ops, seeded):
    client = logged_in(branch_ops)
    assert found(client, "李小")

    revoke(RoleGrant.objects.get(user=branch_ops), actor=hq_ops)

    assert client.post(URL, {"q": "李小"}, headers=HTMX).status_code == 401
    branch_ops.refresh_from_db()
    again = logged_in(branch_ops)
    assert again.post(URL, {"q": "李小"}, headers=HTMX).status_code == 403


def test_names_are_masked_where_the_role_says_so(company, seeded):
    user = person("agency", "agency", company.east)

    # The agency's role has no room with people in it.
    assert found(logged_in(user), "李小") == {}
    assert found(logged_in(user), "李宁") == {"materials": ["李宁联名新品"]}


# --- phones -----------------------------------------------------------------------------------------------------


def test_a_search_by_phone_is_audited_with_the_number_masked(hq_ops, seeded):
    client = logged_in(hq_ops)
    found(client, "李小")
    assert not AuditEntry.objects.filter(action="search.phone").exists()

    found(client, "13812345678")
    found(client, "13812345679")

    entries = AuditEntry.objects.filter(action="search.phone").order_by("id")
    assert [(entry.actor, entry.target, entry.after) for entry in entries] == [
        (hq_ops, "search:*", {"phone": "138****5678", "found": {"customers": 1, "crm_members": 1}}),
        (hq_ops, "search:*", {"phone": "138****5679", "found": {}}),
    ]


def test_trying_out_numbers_ends_after_so_many_in_an_hour(hq_ops, seeded, monkeypatch):
    monkeypatch.setattr(phone_lookups, "MOST", 2)
    client = logged_in(hq_ops)

    answers = [found(client, f"1381234567{digit}") for digit in (8, 8, 8)]

    assert [bool(answer) for answer in answers] == [True, True, False]
    assert AuditEntry.objects.filter(action="search.phone").count() == 2
    assert found(client, "李小") == {"customers": ["李小明"]}


@pytest.mark.parametrize(
    ("page", "room"),
    [("/console/members/", "crm_members"), ("/console/customers/", "customers")],
)
def test_lists_are_no_way_around_limit_and_audit(hq_ops, seeded, monkeypatch, page, room):
    monkeypatch.setattr(phone_lookups, "MOST", 3)
    client = logged_in(hq_ops)
    words = client.get(page, {"q": "M-77001"})

    # when numbers are tried out in a list, and one by the global search
    answers = [
        client.post(page, {"q": text}, follow=True).status_code
        for text in ("13812345678", "138 1234 5679")
    ]
    found(client, "13812345678")
    after_that = client.post(page, {"q": "+8613812345678"}, follow=True)

    # then all count together, each is audited with the number masked, and the list says why it ends
    assert (words.status_code, answers, after_that.status_code) == (200, [200, 200], 429)
    assert "M-77001" not in after_that.content.decode()
    entries = AuditEntry.objects.filter(action="search.phone").order_by("id")
    assert [(each.actor, each.after) for each in entries[:2]] == [
        (hq_ops, {"phone": "138****5678", "found": {room: 1}}),
        (hq_ops, {"phone": "138****5679", "found": {room: 0}}),
    ]
    assert len(entries) == 3
    # and other words go on
    assert client.get(page, {"q": "M-77001"}).status_code == 200


def test_the_number_of_queries_does_not_depend_on_the_rows(
    hq_ops, guide_li, django_assert_max_num_queries
):
    client = logged_in(hq_ops)
    now = timezone.now()
    for number in range(8):
        RelationFactory(member=guide_li, contact=ContactFactory(name=f"王小花{number}"))
        LiveCodeFactory(name=f"小花{number}", members=[guide_li])
        MaterialFactory(title=f"小花{number}")
        OrderFactory(order_no=f"小花小花小花{number}", member=CrmMemberFactory(), paid_at=now)
    searchable()

    with django_assert_max_num_queries(20):
        assert set(found(client, "小花")) == {"customers", "live_codes", "materials"}
    with django_assert_max_num_queries(20):
        client.post(URL, {"q": "13812345678"}, headers=HTMX)


def test_pages_are_found_by_the_beginning_of_a_word(hq_ops, seeded):
    assert "OA plans" not in found(logged_in(hq_ops), "boar").get("pages", [])
    assert not any("board" in page.lower() for page in found(logged_in(hq_ops), "oa")["pages"])
    assert any("board" in page.lower() for page in found(logged_in(hq_ops), "boards")["pages"])
