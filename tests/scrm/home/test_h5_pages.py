"""The phone pages: own customers and codes only, counts, search, phone numbers, signatures."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django.utils.html import escape

from attribution.live_codes.models import LiveCode
from contacts.directory.models import Member
from contacts.feed import services as feed
from contacts.feed.models import FeedItem
from customers.relations.models import FollowRelation
from scrm.core.gateway import forget_clients
from tests.attribution.boards.selling import post, sold
from tests.cast import person
from tests.factories.attribution import (
    AddEpisodeFactory,
    EntryFactory,
    EntryStoreFactory,
    LiveCodeFactory,
)
from tests.factories.customers import ContactFactory, RelationFactory
from tests.factories.materials import MaterialFactory, SendFactory, view

pytestmark = pytest.mark.django_db
PHONE = "+8613812345678"


def customer(member: Member, name: str = "小明", **fields) -> FollowRelation:
    return RelationFactory(member=member, contact=ContactFactory(name=name), **fields)


def names(answer) -> list[str]:
    return [row.name for row in answer.context["rows"]]


# --- first page -------------------------------------------------------------------------------------------------


def test_the_first_page_counts_what_is_the_guides_own(li, guide_li, guide_wang):
    now = timezone.now()
    customer(guide_li)
    customer(guide_li, status="lost", lost_at=now)
    customer(guide_wang)
    AddEpisodeFactory(userid="guide_li", started_at=now)
    AddEpisodeFactory(userid="guide_li", started_at=now - timedelta(days=2))
    AddEpisodeFactory(userid="guide_wang", started_at=now)
    for key, member in [("a", guide_li), ("b", guide_wang)]:
        feed.put(member_id=member.pk, kind="notice", key=key, data={"text": key}, url="/h5/")

    page = li.get("/h5/")

    numbers = page.context["numbers"]
    assert (numbers.added_today, numbers.to_do, numbers.month_net) == (1, 1, 0)
    assert [store.code for store in page.context["stores"]] == ["S1"]
    assert [item.title for item in page.context["tasks"]] == ["a"]


def test_the_first_page_names_her_sales_of_this_month_less_refunds(
    li, guide_li, guide_wang, company
):
    today = timezone.localdate()
    post(sold(guide_li, company.store_a, "300.00", today), "refund", "-20.50", today)
    sold(guide_li, company.store_a, "999.00", today.replace(day=1) - timedelta(days=1))
    sold(guide_wang, company.store_b, "70.00", today)
    sold(None, company.store_a, "5.00", today)

    page = li.get("/h5/")

    assert page.context["numbers"].month_net == Decimal("279.50")
    assert "279.50" in page.content.decode()


def test_the_first_page_names_the_last_five_who_viewed_what_she_sent(li, guide_li, guide_wang):
    contact = customer(guide_li, "小明").contact
    material = MaterialFactory(title="羊绒围巾")
    send = SendFactory(member=guide_li, material=material)
    now = timezone.now()
    view(send, now, who="inferred", external_userid=contact.external_userid)
    for number in range(6):
        view(SendFactory(member=guide_li), now - timedelta(hours=number + 1))
    view(SendFactory(member=guide_wang, material__title="别人的"), now)

    page = li.get("/h5/")

    assert [viewer.name for viewer in page.context["viewers"]] == ["小明", "", "", "", ""]
    text = page.content.decode()
    assert "羊绒围巾" in text
    assert f"/h5/customers/{contact.pk}/" in text
    assert "别人的" not in text


def test_tabs_are_those_whose_pages_exist_and_one_is_active(li):
    tabs = li.get("/h5/customers/").context["h5"].tabs

    urls = [tab.url for tab in tabs]
    assert {"/h5/", "/h5/customers/", "/h5/tasks/", "/h5/me/"} <= set(urls)
    assert [tab.url for tab in tabs if tab.active] == ["/h5/customers/"]


def test_headquarters_has_no_phone_face(client, hq_ops):
    client.force_login(hq_ops)

    answer = client.get("/h5/")

    assert answer.status_code == 403
    assert "h5/403.html" in [template.name for template in answer.templates]
    # Not closed, only without this permission: still logged in.
    assert client.get("/console/").status_code == 200


# --- code -------------------------------------------------------------------------------------------------------


def test_the_own_code_comes_first_with_what_it_brought(li, company, guide_li, guide_wang):
    own = LiveCodeFactory(name="我的", members=[guide_li])
    shared = LiveCodeFactory(name="柜台", members=[guide_li, guide_wang])
    LiveCodeFactory(name="别人", members=[guide_wang])
    LiveCodeFactory(name="还没有图", members=[guide_li], link="", status=LiveCode.Status.CREATING, config_id=None)  # fmt: skip
    EntryStoreFactory(
        entry=EntryFactory(), store=company.store_a
    )  # the mall's code, not hers to show
    AddEpisodeFactory(userid="guide_li", live_code=own)
    AddEpisodeFactory(userid="guide_li", live_code=own, started_at=timezone.now() - timedelta(days=3))  # fmt: skip
    AddEpisodeFactory(userid="guide_wang", live_code=shared)

    page = li.get("/h5/code/")

    found = [
        (each.code.name, each.today, each.total, each.others) for each in page.context["codes"]
    ]
    assert found == [("我的", 1, 2, 0), ("柜台", 0, 0, 1)]
    assert page.context["chosen"].code == own
    assert li.get(f"/h5/code/?code={shared.pk}").context["chosen"].code == shared


def test_the_picture_is_a_code_of_ones_own(li, guide_li, guide_wang):
    own = LiveCodeFactory(members=[guide_li])
    other = LiveCodeFactory(members=[guide_wang])

    picture = li.get(f"/h5/code/{own.pk}.png")

    assert (picture.status_code, picture["Content-Type"]) == (200, "image/png")
    assert li.get(f"/h5/code/{other.pk}.png").status_code == 404


def test_without_a_code_the_page_says_what_is_missing(li, guide_li):
    Member.objects.filter(pk=guide_li.pk).update(can_follow=False)
    guide_li.refresh_from_db()

    assert escape(guide_li.waiting_reason) in li.get("/h5/code/").content.decode()


# --- tasks, me, diagnostics -------------------------------------------------------------------------------------


def item(member: Member, key: str) -> FeedItem:
    return feed.put(member_id=member.pk, kind="notice", key=key, data={"text": key}, url="/h5/")


def test_a_task_is_ticked_off_and_lies_with_what_is_done(li, guide_li):
    mine = item(guide_li, "盘点")

    answer = li.post(f"/h5/tasks/{mine.pk}/done/")

    assert answer.url == "/h5/tasks/"
    assert "盘点" not in li.get("/h5/tasks/").content.decode()
    assert "盘点" in li.get("/h5/tasks/?show=done").content.decode()


def test_the_task_of_another_does_not_exist(li, guide_wang):
    other = item(guide_wang, "盘点")

    assert li.post(f"/h5/tasks/{other.pk}/done/").status_code == 404
    other.refresh_from_db()
    assert other.done_at is None
    assert "盘点" not in li.get("/h5/tasks/").content.decode()


@pytest.mark.parametrize("show", ["", "done"])
def test_tasks_go_on_page_by_page(li, guide_li, show):
    for number in range(45):
        made = item(guide_li, f"task {number:02d}")
        due = timezone.now() + timedelta(days=number) if number % 2 else None
        done = timezone.now() if show else None
        FeedItem.objects.filter(pk=made.pk).update(due_at=due, done_at=done)
    seen, after = [], ""
    while after is not None:
        page = li.get("/h5/tasks/", {"show": show, **({"after": after} if after else {})})
        seen += [each.key for each in page.context["items"]]
        after = page.context["next"]

    assert len(seen) == len(set(seen)) == 45


@pytest.mark.parametrize("path", ["/h5/me/", "/h5/diag/", "/h5/tasks/", "/h5/code/", "/h5/c/"])
def test_pages_open_for_a_person_without_a_wecom_account(client, company, path):
    client.force_login(person("somebody", "guide"))

    assert client.get(path).status_code == 200


def test_logging_out_ends_the_session(li):
    answer = li.post("/h5/logout/")

    assert answer.status_code == 200
    assert "_auth_user_id" not in li.session


# --- signatures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["corp", "agent"])
def test_our_own_pages_are_signed(li, wecom_sandbox_world, kind):
    answer = li.get("/h5/api/jsapi-signature", {"kind": kind, "url": "http://testserver/h5/c/?a=1"})

    signed = answer.json()
    assert answer.status_code == 200
    assert (set(signed), len(signed["signature"])) == ({"timestamp", "nonceStr", "signature"}, 40)


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("corp", "https://elsewhere.example/h5/"),
        ("corp", "http://testserver/console/"),
        ("other", "http://testserver/h5/"),
        ("corp", ""),
    ],
)
def test_nothing_else_is_signed(li, kind, url):
    answer = li.get("/h5/api/jsapi-signature", {"kind": kind, "url": url})

    assert answer.status_code == 400
    assert "signature" not in answer.json()


def test_a_failure_of_wecom_is_said_in_words(li, wecom_sandbox_world):
    forget_clients()
    wecom_sandbox_world.control.post("faults", {"endpoint": "get_jsapi_ticket", "kind": "errcode", "value": 48002, "rate": 1})  # fmt: skip

    answer = li.get("/h5/api/jsapi-signature", {"kind": "corp", "url": "http://testserver/h5/"})

    assert answer.status_code == 502
    assert answer.json()["message"] != ""


def test_the_first_page_of_a_manager_has_the_store_and_its_figures(
    manager, guide_li, guide_wang, company
):
    today = timezone.localdate()
    sold(guide_li, company.store_a, "300.00", today)
    sold(guide_wang, company.store_b, "70.00", today)
    sold(None, company.store_a, "5.00", today)
    AddEpisodeFactory(userid="guide_li", started_at=timezone.now())
    AddEpisodeFactory(userid="guide_wang", started_at=timezone.now())

    page, behind = manager.get("/h5/"), manager.get("/h5/sales/")

    numbers = page.context["numbers"]
    assert (numbers.added_today, numbers.month_net) == (1, Decimal("300.00"))
    assert behind.context["figures"].net == numbers.month_net
    assert [store.code for store in page.context["stores"]] == ["S1"]
    assert "人民路店" in page.content.decode()
    assert "人民路店" in manager.get("/h5/me/").content.decode()


def test_the_store_s_sales_say_what_their_head_leaves_out(manager, guide_li, company):
    today = timezone.localdate()
    manager.cookies["django_language"] = "en"
    sold(guide_li, company.store_a, "300.00", today)
    whole = manager.get("/h5/sales/").content.decode()
    sold(None, company.store_a, "5.00", today)

    page = manager.get("/h5/sales/")

    assert "Left out" not in whole
    assert (page.context["figures"].orders, len(page.context["rows"])) == (1, 2)
    assert "1 order of ¥5.00 that is nobody" in page.content.decode()
