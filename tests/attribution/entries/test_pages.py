"""The console pages of entries: who may, what they see, and the figures as they are shown."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attribution.entries.models import Entry, EntryStore, EntryVisit
from attribution.entries.services import visits_record
from attribution.entries.visiting import VisitRow
from contacts.directory.models import Member
from scrm.accounts.models import User
from scrm.core.jobs.models import JobRun
from tests.factories.attribution import AddEpisodeFactory, EntryFactory, EntryStoreFactory
from tests.factories.customers import ContactFactory

pytestmark = pytest.mark.django_db
WORDS = {
    "name": "下单入口", "code": "order-gift", "place": "order_result", "hook": "benefit", "title": "领福利",
    "text": "", "button": "去领取", "mini_program_url": "",
}  # fmt: skip


def logged_in(user: User) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def url(name: str, row: EntryStore) -> str:
    alone = name in {"list", "create", "figures"}
    return reverse(f"entries:{name}", args=[] if alone else [row.entry_id])


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("hq_ops", [200, 200, 200, 200, 200]),
        ("branch_ops", [200, 200, 200, 403, 403]),
        ("outsider", [200, 200, 200, 403, 403]),
        ("it_admin", [403, 403, 403, 403, 403]),
    ],
)
def test_each_role_opens_its_pages(
    request: pytest.FixtureRequest, shown: EntryStore, who: str, expected: list[int]
) -> None:
    client = logged_in(request.getfixturevalue(who))

    pages = ["list", "detail", "figures", "create", "edit"]
    assert [client.get(url(page, shown)).status_code for page in pages] == expected


def test_a_branch_sees_its_own_stores_and_cannot_check_any(
    shown: EntryStore, branch_ops: User, outsider: User, guide_wang: Member
) -> None:
    own = logged_in(branch_ops).get(url("detail", shown)).content.decode()
    assert "人民路店" in own
    assert "滨江店" in own
    assert "天河店" not in own
    assert 'name="stores"' not in own
    assert "人民路店" not in logged_in(outsider).get(url("detail", shown)).content.decode()

    for page, fields in (
        ("stores", {"act": "hide", "stores": [shown.store_id]}),
        ("switch", {"shown": "0"}),
    ):
        assert logged_in(branch_ops).post(url(page, shown), fields).status_code == 403

    shown.refresh_from_db()
    assert shown.is_shown
    assert Entry.objects.get().is_shown
    assert not JobRun.objects.exists()


def test_headquarters_makes_words_shows_and_checks_a_store(
    company: Any, guide_li: Member, hq_ops: User
) -> None:
    client = logged_in(hq_ops)

    page = client.post(reverse("entries:create"), WORDS, follow=True)
    entry = Entry.objects.get()
    assert page.redirect_chain[-1][0] == reverse("entries:detail", args=[entry.pk])
    assert (entry.status, entry.created_by) == ("hidden", hq_ops)
    detail = page.content.decode()
    assert "Show at the 1 store with accounts" in detail
    assert "No account is bound to this store" in detail

    client.post(reverse("entries:switch", args=[entry.pk]), {"shown": "1"})
    fields = {"act": "show", "stores": [company.store_a.pk]}
    answer = client.post(reverse("entries:stores", args=[entry.pk]), fields)
    job = JobRun.objects.get()
    assert answer["Location"] == reverse("jobs:detail", args=[job.pk])
    assert (job.kind, job.total, job.params["store_ids"]) == (
        "entries.check",
        1,
        [company.store_a.pk],
    )
    row = EntryStore.objects.get()
    assert (row.store, row.is_shown, row.checked_by) == (company.store_a, True, hq_ops)


def test_all_stores_with_accounts_are_checked_at_once(
    company: Any, guide_li: Member, guide_wang: Member, hq_ops: User
) -> None:
    entry = EntryFactory()

    logged_in(hq_ops).post(reverse("entries:stores", args=[entry.pk]), {"act": "show_ready"})

    shown = EntryStore.objects.filter(is_shown=True).values_list("store_id", flat=True)
    assert set(shown) == {company.store_a.pk, company.store_b.pk}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "with space"}, "code"),
        ({"code": "taken"}, "code"),
        ({"place": "moon"}, "place"),
        ({"button": ""}, "button"),
        ({"mini_program_url": "javascript:alert(1)"}, "mini_program_url"),
        ({"mini_program_url": "http://example.com/"}, "mini_program_url"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(
    hq_ops: User, change: dict[str, str], field: str
) -> None:
    EntryFactory(code="taken")

    answer = logged_in(hq_ops).post(reverse("entries:create"), WORDS | change)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert Entry.objects.count() == 1


def test_no_store_or_a_foreign_one_is_refused_in_words(shown: EntryStore, hq_ops: User) -> None:
    client = logged_in(hq_ops)
    for fields in ({"act": "show"}, {"act": "show", "stores": ["999999"]}, {"act": "fly"}):
        page = client.post(url("stores", shown), fields, follow=True)
        assert "Choose open stores within your range." in page.content.decode()

    assert not JobRun.objects.exists()


@pytest.fixture
def happened(shown: EntryStore) -> EntryStore:
    """Ten saw the result, four clicked and saw the lead-in page, two clicked to add, one of them and one more added."""
    now = timezone.now()
    steps = {"result_view": 10, "entry_click": 4, "leadin_view": 4, "add_click": 2}
    visits_record(
        VisitRow(f"{kind}-{number}-{again}", kind, now, token=shown.token, unionid=f"u{number}")
        for kind, count in steps.items()
        for number in range(count)
        for again in range(2)
    )
    visits_record([VisitRow("without", "result_view", now, store_code="S1", unionid="u99")])
    ContactFactory(external_userid="wm0", unionid="u0")
    for external_userid in ("wm0", "wm-other"):
        AddEpisodeFactory(
            external_userid=external_userid,
            live_code=shown.live_code,
            state=shown.token,
            started_at=now,
        )
    return shown


def test_the_figures_are_those_of_a_recount(happened: EntryStore, hq_ops: User) -> None:
    page = logged_in(hq_ops).get(url("figures", happened))

    board = page.context["board"]
    assert [step["count"] for step in page.context["steps"]] == [10, 4, 4, 2, 2]
    total = board.total
    assert (total.entry_click_rate, total.add_click_rate, total.add_rate) == (40.0, 50.0, 50.0)
    assert (total.unmatched_share, board.without_entry) == (50.0, 1)
    for lines in (board.by_hook, board.by_entry, board.by_store):
        assert [line.figures for line in lines] == [total]
    text = page.content.decode()
    assert "40.0%" in text
    assert "人民路店" in text


def test_figures_keep_to_the_range_of_days_and_of_stores(
    happened: EntryStore, branch_ops: User, outsider: User, hq_ops: User
) -> None:
    EntryVisit.objects.filter(key="result_view-9-0").update(
        occurred_at=timezone.now() - timedelta(days=40)
    )
    EntryVisit.objects.filter(key="result_view-9-1").delete()

    def viewers(user: User, **query: str) -> int:
        page = logged_in(user).get(url("figures", happened), query)
        return int(page.context["board"].total.viewers)

    today = timezone.localdate()
    assert viewers(hq_ops) == viewers(branch_ops) == 9
    assert viewers(outsider) == 0
    assert viewers(hq_ops, first=f"{today - timedelta(days=60)}") == 10
    assert viewers(hq_ops, first="nonsense", last="2999-01-01") == 9
    assert viewers(hq_ops, last=f"{today - timedelta(days=1)}") == 0
    other = EntryFactory()
    assert viewers(hq_ops, entry=str(other.pk)) == 0


@pytest.mark.parametrize(("page", "most"), [("list", 12), ("detail", 18), ("figures", 18)])
def test_pages_take_as_many_queries_for_many_rows(
    happened: EntryStore, hq_ops: User, page: str, most: int, django_assert_max_num_queries: Any
) -> None:
    for _ in range(15):
        EntryStoreFactory(entry=EntryFactory(), store=happened.store)
    client = logged_in(hq_ops)
    client.get(url(page, happened))

    with django_assert_max_num_queries(most):
        assert client.get(url(page, happened)).status_code == 200


def test_days_no_figures_can_be_read_for_are_said_at_their_field(hq_ops, client):
    client.force_login(hq_ops)

    answer = client.get(reverse("entries:figures"), {"first": "2030-01-01", "last": "2020-01-01"})

    today = timezone.localdate()
    assert (answer.context["first"], answer.context["last"]) == (today - timedelta(days=29), today)
    assert list(answer.context["form"].errors) == ["last"]
    assert 'role="alert"' in answer.content.decode()
