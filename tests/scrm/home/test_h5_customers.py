"""Customers on the phone: only one's own, search, profile, notes, phone numbers."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contacts.directory.models import Member
from contacts.feed.models import FeedItem
from customers.oneid.services import reconcile_pending
from customers.profile.models import FollowUpNote
from customers.profile.services import contact_stop
from customers.relations.models import FollowRelation
from customers.relations.opened_models import OpenedChat
from scrm.core.audit.models import AuditEntry
from scrm.core.crypto import blind_index
from scrm.core.scope import SYSTEM_SCOPE
from tests.factories.customers import (
    ContactFactory,
    CrmMemberFactory,
    RelationFactory,
    TagFactory,
    searchable,
)

pytestmark = pytest.mark.django_db
PHONE = "+8613812345678"


def customer(member: Member, name: str = "小明", **fields) -> FollowRelation:
    return RelationFactory(member=member, contact=ContactFactory(name=name), **fields)


def names(answer) -> list[str]:
    return [row.name for row in answer.context["rows"]]


# --- customers --------------------------------------------------------------------------------------------------


def test_a_guide_sees_her_own_living_customers_the_newest_first(li, guide_li, guide_wang):
    noon = datetime(2026, 11, 20, 4, tzinfo=UTC)
    customer(guide_li, "早", created_time=noon)
    customer(guide_li, "晚", created_time=noon + timedelta(hours=1))
    customer(guide_li, "走", status="lost", lost_at=noon)
    customer(guide_wang, "别人的")

    assert names(li.get("/h5/customers/")) == ["晚", "早"]


def test_a_manager_sees_the_customers_of_the_store(manager, guide_li, guide_wang):
    customer(guide_li, "甲")
    customer(guide_wang, "乙")

    page = manager.get("/h5/customers/")

    assert names(page) == ["甲"]
    assert "李娜" in page.content.decode()


def test_the_list_goes_on_without_gap_or_repeat(li, guide_li):
    for number in range(45):
        customer(guide_li, f"客{number}")
    seen, after = [], ""
    while after is not None:
        page = li.get("/h5/customers/", {"after": after} if after else {})
        seen += names(page)
        after = page.context["next"]

    assert len(seen) == len(set(seen)) == 45


def test_the_number_of_queries_does_not_depend_on_the_rows(
    li,
    guide_li,
    django_assert_max_num_queries,
):
    tags = [tag.tag_id for tag in TagFactory.create_batch(3)]
    for number in range(25):
        customer(guide_li, f"客{number}", tag_ids=tags, remark="备注")

    with django_assert_max_num_queries(12):
        li.get("/h5/customers/")
    with django_assert_max_num_queries(20):
        li.get("/h5/")


@pytest.mark.parametrize(
    "text", ["小", "小明", "xm", "138 1234 5678", "+86 13812345678", "5678", "M-77"]
)
def test_customers_are_found_by_nickname_phone_in_the_remark_and_member_number(li, guide_li, text):
    index = blind_index("phone", PHONE)
    found = customer(guide_li, "小明", remark_phones=[PHONE], remark_phone_indexes=[index])
    customer(guide_li, "大红")
    CrmMemberFactory(member_no="M-77", external_userid=found.contact.external_userid)
    reconcile_pending()
    searchable()

    page = li.post("/h5/customers/", {"q": text})

    assert names(page) == ["小明"]


def test_a_phone_in_the_remark_of_a_colleague_finds_nobody(li, guide_li, guide_wang):
    contact = customer(guide_li).contact
    index = blind_index("phone", PHONE)
    RelationFactory(
        member=guide_wang, contact=contact, remark_phones=[PHONE], remark_phone_indexes=[index]
    )
    searchable()

    assert names(li.post("/h5/customers/", {"q": "13812345678"})) == []
    assert names(li.post("/h5/customers/", {"q": "5678"})) == []
    numbers = [
        each.after["phone"]
        for each in AuditEntry.objects.filter(action="search.phone").order_by("pk")
    ]
    assert numbers == ["138****5678", "****5678"]


def test_only_those_added_today(li, guide_li):
    customer(guide_li, "今", created_time=timezone.now())
    customer(guide_li, "昨", created_time=timezone.now() - timedelta(days=1))

    assert names(li.get("/h5/customers/", {"chip": "today"})) == ["今"]


def test_the_search_box_and_the_scroll_get_rows_only(li, guide_li):
    customer(guide_li)
    searchable()

    part = li.post("/h5/customers/", {"q": "小"}, headers={"HX-Target": "customers"})

    assert b"<html" not in part.content
    assert "小明" in part.content.decode()


def test_a_profile_shows_the_customer_with_masked_phone_and_member_number(li, guide_li):
    tag = TagFactory(name="羊绒")
    relation = customer(guide_li, remark="张姐", remark_phones=[PHONE], tag_ids=[tag.tag_id])
    contact = relation.contact
    CrmMemberFactory(member_no="M-77", external_userid=contact.external_userid, level="金卡")
    reconcile_pending()

    text = li.get(f"/h5/customers/{contact.pk}/").content.decode()

    for words in ["张姐", "小明", "羊绒", "M-77", "金卡"]:
        assert words in text
    assert "12345678" not in text


@pytest.mark.parametrize("tab", ["timeline", "orders", "assets", "notes", "details", "nonsense"])
def test_every_tab_of_a_profile_opens_and_one_is_current(li, guide_li, tab):
    contact = customer(guide_li).contact

    page = li.get(f"/h5/customers/{contact.pk}/", {"tab": tab})

    assert page.status_code == 200
    assert page.context["tab"] == (tab if tab != "nonsense" else "timeline")
    assert page.content.decode().count('aria-current="page"') == 2


def test_a_profile_takes_the_same_queries_however_much_there_is(
    li, guide_li, guide_wang, django_assert_max_num_queries
):
    contact = customer(guide_li, remark_phones=[PHONE]).contact
    for number in range(20):
        CrmMemberFactory(member_no=f"M{number}", external_userid=contact.external_userid)
    reconcile_pending()

    with django_assert_max_num_queries(20):
        li.get(f"/h5/customers/{contact.pk}/")


def test_a_guide_marks_that_her_customer_has_written(li, guide_li, guide_wang):
    # given a customer she shares, and one of a colleague
    shared = customer(guide_li).contact
    RelationFactory(member=guide_wang, contact=shared)
    page, button = f"/h5/customers/{shared.pk}/", f"/h5/customers/{shared.pk}/opened/"
    assert li.get(page, {"tab": "details"}).content.decode().count(button) == 2  # action, hx-post

    # when she marks hers, twice, and the colleague's
    assert li.post(button).url == f"{page}?tab=details"
    assert li.post(button).status_code == 409
    assert li.post(f"/h5/customers/{customer(guide_wang).contact.pk}/opened/").status_code == 404

    # then hers alone is marked, once, and the button is gone
    known = OpenedChat.objects.get()
    assert (known.relation.member, known.state, known.marked_by) == (
        guide_li,
        "opened",
        guide_li.user,
    )
    assert AuditEntry.objects.filter(action="relations.opened").count() == 1
    shown = li.get(page, {"tab": "details"})
    assert [row.chat.state for row in shown.context["profile"].relations] == ["opened"]
    assert button not in shown.content.decode()


def test_a_note_is_kept_and_comes_back_as_a_task(li, guide_li):
    contact = customer(guide_li).contact
    day = timezone.localdate() + timedelta(days=3)

    answer = li.post(f"/h5/customers/{contact.pk}/notes/", {"text": "周末来试大衣", "next_on": day})

    assert answer.url == f"/h5/customers/{contact.pk}/?tab=notes"
    assert "周末来试大衣" in li.get(answer.url).content.decode()
    note, task = FollowUpNote.objects.get(), FeedItem.objects.get()
    assert (task.member_id, task.url) == (guide_li.pk, answer.url)

    li.post(f"/h5/customers/{contact.pk}/notes/{note.pk}/done/")

    task.refresh_from_db()
    assert task.done_at is not None


@pytest.mark.parametrize("fields", [{"text": ""}, {"text": "x", "next_on": "2020-01-01"}])
def test_a_note_that_cannot_be_kept_says_why_and_keeps_what_was_typed(li, guide_li, fields):
    contact = customer(guide_li).contact

    answer = li.post(f"/h5/customers/{contact.pk}/notes/", fields, headers={"HX-Request": "true"})

    assert answer.status_code == 400
    assert "data-words" in answer.content.decode()
    assert answer.context["text"] == fields["text"]
    assert FollowUpNote.objects.count() == 0


def test_nobody_writes_a_note_on_anothers_customer(li, guide_wang):
    contact = customer(guide_wang).contact

    assert li.post(f"/h5/customers/{contact.pk}/notes/", {"text": "x"}).status_code == 404
    assert FollowUpNote.objects.count() == 0


def test_who_does_not_want_to_be_contacted_has_no_message_button(li, guide_li, hq_ops):
    contact = customer(guide_li).contact
    assert b'data-do="chat"' in li.get(f"/h5/customers/{contact.pk}/").content
    contact_stop(SYSTEM_SCOPE, contact, actor=hq_ops, reason="she asked")

    page = li.get(f"/h5/customers/{contact.pk}/")

    assert b'data-do="chat"' not in page.content
    assert b"hint-stop" in page.content


@pytest.mark.parametrize("path", ["/h5/customers/{0.pk}/", "/h5/c/{0.external_userid}/"])
def test_the_customer_of_another_does_not_exist(li, guide_wang, path):
    contact = customer(guide_wang).contact

    answer = li.get(path.format(contact))

    assert answer.status_code == 404
    assert "h5/404.html" in [template.name for template in answer.templates]


def test_a_customer_who_left_does_not_exist_any_more(li, guide_li):
    contact = customer(guide_li, status="lost", lost_at=timezone.now()).contact

    assert li.get(f"/h5/c/{contact.external_userid}/").status_code == 404


def test_the_side_bar_gets_a_part_and_a_browser_a_page(li, guide_li):
    contact = customer(guide_li).contact
    path = f"/h5/c/{contact.external_userid}/"

    part, page = li.get(path, headers={"HX-Request": "true"}), li.get(path)

    assert b"<html" not in part.content
    assert b"<html" in page.content
    assert b"h5-tabs" not in page.content


# --- phone numbers ----------------------------------------------------------------------------------------------


def reveal(client: Client, relation: FollowRelation, reason: str = "call"):
    return client.post(
        f"/h5/customers/{relation.contact_id}/reveal/",
        {"reason": reason},
        headers={"HX-Request": "true"},
    )


def test_a_phone_is_shown_once_with_the_reason_written_down(li, guide_li):
    relation = customer(guide_li, remark_phones=[PHONE])

    answer = reveal(li, relation)

    assert PHONE in answer.content.decode()
    entry = AuditEntry.objects.get(action="relations.reveal")
    assert (entry.actor, entry.target) == (guide_li.user, f"contact:{relation.contact_id}")
    assert entry.reason != ""


def test_without_a_reason_nothing_is_shown(li, guide_li):
    answer = reveal(li, customer(guide_li, remark_phones=[PHONE]), "because")

    assert answer.status_code == 400
    assert PHONE not in answer.content.decode()
    assert AuditEntry.objects.filter(action="relations.reveal").count() == 0


def test_a_day_has_a_quota_that_is_said_in_words(li, guide_li, settings):
    settings.H5_REVEALS_PER_DAY = 2
    relation = customer(guide_li, remark_phones=[PHONE])

    statuses = [reveal(li, relation).status_code for _time in range(3)]

    assert statuses == [200, 200, 429]
    last = reveal(li, relation).content.decode()
    assert "data-words" in last
    assert PHONE not in last
    assert AuditEntry.objects.filter(action="relations.reveal").count() == 2


def test_nobody_reveals_the_phone_of_anothers_customer(li, guide_wang):
    answer = reveal(li, customer(guide_wang, remark_phones=[PHONE]))

    assert answer.status_code == 404
    assert AuditEntry.objects.filter(action="relations.reveal").count() == 0


def test_the_phone_the_crm_verified_is_masked_and_revealed_too(li, guide_li, guide_wang):
    relation = customer(guide_li, remark_phones=["+8613900001111"])
    CrmMemberFactory(phone=PHONE, external_userid=relation.contact.external_userid)
    CrmMemberFactory(phone="+8613700002222", external_userid="wm-somebody-else")
    reconcile_pending()

    masked = li.get(f"/h5/customers/{relation.contact_id}/").context["masked"]
    page = reveal(li, relation)

    assert masked == ["138****5678", "139****1111"]
    assert page.context["phones"] == [PHONE, "+8613900001111"]
    assert AuditEntry.objects.filter(action="relations.reveal").count() == 1


def test_the_phone_of_the_crm_counts_towards_the_same_quota(li, guide_li, settings):
    settings.H5_REVEALS_PER_DAY = 1
    relation = customer(guide_li)
    CrmMemberFactory(phone=PHONE, external_userid=relation.contact.external_userid)
    reconcile_pending()

    answers = [reveal(li, relation) for _time in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert PHONE not in answers[1].content.decode()
