"""The board page: own stores only, totals equal to the ledger, drill-down, file."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from attribution.boards import views
from attribution.boards.selectors import Day, Span
from attribution.boards.services import boards_roll_up
from attribution.boards.spans import bars, preset_span
from contacts.roles.models import RoleGrant
from contacts.roles.services import revoke
from scrm.core.audit.models import AuditEntry
from tests.attribution.boards.selling import post, sold
from tests.cast import person
from tests.factories.attribution import AddEpisodeFactory
from tests.factories.contacts import MemberFactory

pytestmark = pytest.mark.django_db
URL = "/console/boards/"


@pytest.fixture
def seeded(guide_li, guide_wang, company) -> date:
    """Li sold 100 and took 20 back, Wang 30, nobody 5 in store A; another branch 999. Added up."""
    today = timezone.localdate()
    post(sold(guide_li, company.store_a, "100.00", today), "refund", "-20.00", today)
    sold(guide_wang, company.store_b, "30.00", today - timedelta(days=1))
    sold(None, company.store_a, "5.00", today)
    sold(None, company.store_south, "999.00", today)
    AddEpisodeFactory(userid="guide_li")
    boards_roll_up()
    return today


def logged_in(user) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def lines(page) -> dict[str, str]:
    return {row.line.name: str(row.line.sums.net) for row in page.context["rows"]}


def test_headquarters_sees_all_guides_what_nobody_earned_and_the_ledgers_total(hq_ops, seeded):
    page = logged_in(hq_ops).get(URL)

    board = page.context["board"]
    assert lines(page) == {"李娜": "80.00", "王芳": "30.00"}
    assert board.rest.sums.net == Decimal("1004.00")
    assert board.total.net == board.ledger_net == Decimal("1114.00")
    assert (board.total.adds, board.total.orders, board.difference) == (1, 4, 0)
    assert "Net sales equal the ledger to the cent." in page.content.decode()


def test_a_branch_sees_its_own_stores_and_another_none_of_them(branch_ops, outsider, seeded):
    own, other = logged_in(branch_ops).get(URL), logged_in(outsider).get(URL)

    assert lines(own) == {"李娜": "80.00", "王芳": "30.00"}
    assert own.context["board"].rest.sums.net == Decimal("5.00")
    assert own.context["board"].ledger_net == own.context["board"].total.net == Decimal("115.00")
    assert lines(other) == {}
    assert other.context["board"].total.net == Decimal("999.00")


def test_who_has_no_board_gets_none_of_it(it_admin, guide_li, seeded):
    assert logged_in(it_admin).get(URL).status_code == 403
    assert logged_in(guide_li.user).get(URL).status_code == 403
    assert logged_in(guide_li.user).post(URL + "export/").status_code == 403


def test_somebody_whose_role_was_taken_back_sees_no_board(branch_ops, hq_ops, seeded):
    client = logged_in(branch_ops)
    assert client.get(URL).status_code == 200

    revoke(RoleGrant.objects.get(user=branch_ops), actor=hq_ops)

    assert client.get(URL).url.startswith("/accounts/login/")
    branch_ops.refresh_from_db()
    assert logged_in(branch_ops).get(URL).status_code == 403


def test_by_store_and_by_branch_add_up_to_the_same(hq_ops, seeded):
    client = logged_in(hq_ops)

    stores, branches = client.get(URL, {"by": "store"}), client.get(URL, {"by": "branch"})

    assert lines(stores) == {"天河店": "999.00", "人民路店": "85.00", "滨江店": "30.00"}
    assert lines(branches) == {"华南分公司": "999.00", "华东分公司": "115.00"}
    assert stores.context["board"].total == branches.context["board"].total


def test_a_branch_leads_to_its_stores_and_a_store_to_its_guides(hq_ops, seeded):
    client = logged_in(hq_ops)
    branch = client.get(URL, {"by": "branch"}).context["rows"][1]

    stores = client.get(branch.url)
    guides = client.get(stores.context["rows"][0].url)

    assert lines(stores) == {"人民路店": "85.00", "滨江店": "30.00"}
    assert lines(guides) == {"李娜": "80.00"}
    assert guides.context["board"].rest.sums.net == Decimal("5.00")


def test_a_row_leads_to_the_orders_behind_it(hq_ops, seeded):
    client = logged_in(hq_ops)
    days = {"range": "custom", "first": seeded, "last": seeded}

    guide = client.get(URL, {**days, "by": "guide", "place": "S1"}).context
    store = client.get(URL, {**days, "by": "store"}).context["rows"][1]

    assert [
        len(client.get(url).context["list"].rows)
        for url in (guide["rows"][0].orders_url, guide["rest"].orders_url, store.orders_url)
    ] == [1, 1, 2]
    assert client.get(URL, {"by": "branch"}).context["rows"][0].orders_url == ""


def test_a_place_outside_the_scope_shows_nothing(outsider, seeded):
    page = logged_in(outsider).get(URL, {"place": "S1"})

    assert lines(page) == {}
    assert page.context["board"].total.net == 0
    assert "人民路店" not in page.content.decode()


@pytest.mark.parametrize(
    ("asked", "net"),
    [
        ({"range": "today"}, "1084.00"),
        ({"range": "yesterday"}, "30.00"),
        ({"range": "30"}, "1114.00"),
    ],
)
def test_days_narrow_the_figures(hq_ops, seeded, asked, net):
    assert str(logged_in(hq_ops).get(URL, asked).context["board"].total.net) == net


def test_chosen_days_are_both_included(hq_ops, seeded):
    yesterday = seeded - timedelta(days=1)

    page = logged_in(hq_ops).get(URL, {"range": "custom", "first": yesterday, "last": yesterday})

    assert page.context["board"].total.net == Decimal("30.00")


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-11-02", "2026-11-01", "The last day lies before the first one."),
        ("2025-01-01", "2026-11-01", "At most a year at once."),
        ("2026-11-02", "", "Choose both days."),
    ],
)
def test_impossible_days_are_named_and_the_last_seven_are_shown(hq_ops, seeded, first, last, words):
    page = logged_in(hq_ops).get(URL, {"range": "custom", "first": first, "last": last})

    assert words in page.content.decode()
    assert page.context["choice"].span == preset_span("7", timezone.localdate())


@pytest.mark.parametrize(
    "query",
    [
        {"by": "x"},
        {"sort": "pk"},
        {"page": "-1"},
        {"page": "9999"},
        {"range": "'"},
    ],
)
def test_odd_addresses_fall_back(hq_ops, seeded, query):
    assert logged_in(hq_ops).get(URL, query).status_code == 200


def test_another_column_puts_others_first(hq_ops, guide_li, guide_wang, seeded):
    for _number in range(3):
        AddEpisodeFactory(userid="guide_wang")
    boards_roll_up()

    assert list(lines(logged_in(hq_ops).get(URL, {"sort": "adds"}))) == ["王芳", "李娜"]


def test_what_the_ledger_has_beyond_the_figures_is_said(hq_ops, guide_li, company, seeded):
    sold(guide_li, company.store_a, "7.00", seeded)

    page = logged_in(hq_ops).get(URL)

    assert page.context["board"].difference == Decimal("7.00")
    assert "The ledger has changed by 7.00" in page.content.decode()


def test_before_anything_happened_the_page_says_what_will_be_here(hq_ops):
    assert "No figures for these days" in logged_in(hq_ops).get(URL).content.decode()


def test_the_file_has_the_rows_the_rest_and_the_total_and_is_audited(
    hq_ops, guide_li, seeded, tmp_path
):
    guide_li.name = "=1+1"
    guide_li.save()

    answer = logged_in(hq_ops).post(URL + "export/", {"range": "7", "by": "guide"})

    path = tmp_path / "board.xlsx"
    path.write_bytes(answer.content)
    cells = [[cell.value for cell in row] for row in load_workbook(path).active.iter_rows()]
    assert cells[0][:4] == ["Guide", "Store", "Net sales", "Sales"]
    assert [row[:3] for row in cells[1:]] == [
        ["'=1+1", "人民路店", 80], ["王芳", "滨江店", 30], ["Not attributed to a guide", None, 1004],
        ["Total", f"{seeded - timedelta(days=6)} – {seeded}", 1114],
    ]  # fmt: skip
    entry = AuditEntry.objects.get(action="boards.export")
    assert (entry.actor, entry.after["rows"], entry.after["by"]) == (hq_ops, 2, "guide")


def test_a_file_that_is_too_large_says_how_to_make_it_smaller(hq_ops, seeded, monkeypatch):
    monkeypatch.setattr(views, "MOST_ROWS", 1)

    answer = logged_in(hq_ops).post(URL + "export/", {"range": "7"})

    assert answer.status_code == 400
    assert "at most 1 rows" in answer.content.decode()
    assert not AuditEntry.objects.filter(action="boards.export").exists()


def test_who_may_only_look_gets_no_file(company, seeded):
    client = logged_in(person("dealer", "dealer", company.east))

    assert lines(client.get(URL)) == {"李娜": "80.00", "王芳": "30.00"}
    assert b"Export" not in client.get(URL).content
    assert client.post(URL + "export/", {"range": "7"}).status_code == 403
    assert not AuditEntry.objects.filter(action="boards.export").exists()


def test_the_number_of_queries_does_not_depend_on_the_rows(
    hq_ops, company, seeded, django_assert_max_num_queries
):
    client = logged_in(hq_ops)
    for number in range(60):
        sold(MemberFactory(userid=f"m{number}"), company.store_a, "1.00", seeded)
    boards_roll_up()

    with django_assert_max_num_queries(16):
        first = client.get(URL)
    assert len(first.context["rows"]) == 50
    assert len(client.get(first.context["next_url"]).context["rows"]) == 12


def test_bars_have_a_line_in_the_middle_only_when_a_day_is_negative():
    days = [Day(date(2026, 11, 1), Decimal(100), 0), Day(date(2026, 11, 2), Decimal(0), 0)]
    up = bars(days)
    both = bars([*days, Day(date(2026, 11, 3), Decimal(-50), 0)])

    assert [(bar.y, bar.height) for bar in up] == [(0, 120.0), (119.0, 1.0)]
    assert [(bar.y, bar.height, bar.is_below) for bar in both] == [
        (0, 60.0, False), (59.0, 1.0, False), (60.0, 30.0, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("today", date(2026, 3, 1), date(2026, 3, 1)),
        ("7", date(2026, 2, 23), date(2026, 3, 1)),
        ("month", date(2026, 3, 1), date(2026, 3, 1)),
        ("last_month", date(2026, 2, 1), date(2026, 2, 28)),
        ("nonsense", date(2026, 2, 23), date(2026, 3, 1)),
    ],
)
def test_named_spans(code, first, last):
    assert preset_span(code, date(2026, 3, 1)) == Span(first, last)


def test_days_in_the_wrong_order_or_to_come_are_said_at_their_field(hq_ops, seeded):
    page = logged_in(hq_ops)

    # given days without a named range: they are taken; with a wrong one: the default, and a sentence
    taken = page.get(URL, {"first": "2026-01-01", "last": "2026-01-02"})
    assert (taken.context["choice"].range, str(taken.context["choice"].span.last)) == ("custom", "2026-01-02")  # fmt: skip
    for query, field in [
        ({"first": "2030-01-01", "last": "2020-01-01"}, "last"),
        ({"first": "2090-01-01", "last": "2090-01-02"}, "first"),
        ({"first": "0001-01-01", "last": "0001-01-02"}, "first"),
        ({"range": "custom", "first": "2026-01-01"}, "first"),
    ]:
        answer = page.get(URL, query)
        assert (answer.context["choice"].range, list(answer.context["form"].errors)) == ("7", [field])  # fmt: skip
        assert 'role="alert"' in answer.content.decode()
