"""Figures: exact counts, the roll-up, partitions, and who may see them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Member
from materials.library.models import Material
from materials.tracking.models import View, ViewDay, Who
from materials.tracking.rollup import partitions_keep, views_roll_up
from materials.tracking.selectors import reach_of
from scrm.accounts.models import User
from scrm.core.scope import SYSTEM_SCOPE
from tests.cast import Company, person
from tests.factories.customers import ContactFactory, RelationFactory
from tests.factories.materials import MaterialFactory, SendFactory, view

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def logged_in(user: User) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


@pytest.fixture
def busy(guide_li: Member, guide_wang: Member) -> Material:
    """Li sent twice (once to her customer), Wang once, one send failed; ten openings, six views."""
    material = MaterialFactory(title="秋冬新品")
    contact = RelationFactory(member=guide_li, contact__name="张三丰").contact
    single = SendFactory(
        material=material, member=guide_li, external_userid=contact.external_userid
    )
    group = SendFactory(material=material, member=guide_li)
    wang = SendFactory(material=material, member=guide_wang)
    SendFactory(material=material, member=guide_wang, status="failed")
    who: dict[str, Any] = {"who": Who.INFERRED, "external_userid": contact.external_userid}
    view(single, NOW - timedelta(days=9), visitor="a", seconds=30, **who)
    view(single, NOW - timedelta(days=1), visitor="a", seconds=20, **who)
    view(single, NOW, visitor="b", seconds=5)
    view(group, NOW - timedelta(days=9), visitor="c", seconds=10)
    view(group, NOW - timedelta(hours=1), visitor="c", seconds=10)
    view(wang, NOW, visitor="d", seconds=40)
    for reason, days in (("robot", 9), ("silent", 0), ("repeat", 1), ("flood", 9)):
        view(group, NOW - timedelta(days=days), counted=False, reason=reason, seconds=0)
    return material


def figures(material: Material) -> tuple[int, ...]:
    reach = reach_of(SYSTEM_SCOPE, [material.pk])[material.pk]
    shown = reach.figures
    return (
        reach.senders, reach.sends, reach.identified, reach.inferred, reach.anonymous,
        shown.openings, shown.views, shown.seconds,
    )  # fmt: skip


EXACT = (2, 3, 0, 1, 3, 10, 6, 115)


def test_reach_is_exact_before_and_after_the_roll_up(busy: Material) -> None:
    # given the figures from the raw rows
    assert figures(busy) == EXACT

    # when finished days are added up, twice, and again later
    assert views_roll_up(date(2026, 11, 21)) == 8
    first = figures(busy)
    rolled = ViewDay.objects.count()
    views_roll_up(date(2026, 11, 21))
    assert ViewDay.objects.count() == rolled == 1
    views_roll_up(date(2026, 11, 23))
    assert ViewDay.objects.count() == 4
    again = figures(busy)

    # then they stay the same, and the raw rows of rolled days are not read any more
    assert (first, again) == (EXACT, EXACT)
    View.objects.filter(opened_at__lt=NOW - timedelta(days=5)).delete()
    assert figures(busy)[5:] == EXACT[5:]


def test_a_day_is_local(guide_li: Member) -> None:
    send = SendFactory(member=guide_li)
    view(send, datetime(2026, 11, 9, 15, 59, tzinfo=UTC))
    view(send, datetime(2026, 11, 9, 16, 1, tzinfo=UTC))

    views_roll_up(date(2026, 11, 21))

    assert list(ViewDay.objects.order_by("day").values_list("day", "views")) == [
        (date(2026, 11, 9), 1),
        (date(2026, 11, 10), 1),
    ]


@pytest.mark.parametrize(
    ("who", "status", "seen"),
    [
        ("hq_ops", 200, (2, 3, 6)),
        ("branch_ops", 200, (2, 3, 6)),
        ("outsider", 200, (0, 0, 0)),
        ("auditor", 200, (2, 3, 6)),
        ("it_admin", 403, None),
    ],
)
def test_each_role_sees_the_reach_of_its_members(
    request: pytest.FixtureRequest, busy: Material, who: str, status: int, seen: Any
) -> None:
    client = logged_in(request.getfixturevalue(who))

    answers = [
        client.get(reverse("material_reach:list")),
        client.get(reverse("material_reach:detail", args=[busy.pk])),
    ]

    assert [answer.status_code for answer in answers] == [status, status]
    if seen is not None:
        reach = answers[1].context["reach"]
        assert (reach.senders, reach.sends, reach.figures.views) == seen
        listed = answers[0].context["list"].rows[0].reach
        assert (listed.senders, listed.sends, listed.figures.views) == seen
        assert ("李娜" in answers[1].content.decode()) == bool(seen[0])


def test_a_store_manager_of_one_store_sees_only_it(busy: Material, company: Company) -> None:
    dealer = person("dealer", "dealer", company.store_b)

    page = logged_in(dealer).get(reverse("material_reach:detail", args=[busy.pk]))

    reach = page.context["reach"]
    assert (reach.senders, reach.sends, reach.figures.views, reach.figures.openings) == (1, 1, 1, 1)
    assert ("王芳" in page.content.decode(), "李娜" in page.content.decode()) == (True, False)


def test_viewers_are_split_and_masked(busy: Material, hq_ops: User, company: Company) -> None:
    url = reverse("material_reach:detail", args=[busy.pk])
    full = logged_in(hq_ops).get(url)
    masked = logged_in(person("agency", "agency", company.east)).get(url).content.decode()

    rows = {
        (row.who, row.member.name): (row.views, row.devices, row.seconds)
        for row in full.context["viewers"]
    }
    assert rows == {
        ("inferred", "李娜"): (2, 1, 50),
        ("anonymous", "李娜"): (3, 2, 25),
        ("anonymous", "王芳"): (1, 1, 40),
    }
    assert "张三丰" in full.content.decode()
    assert ("张三丰" in masked, "张***" in masked) == (False, True)


def test_the_guide_sees_who_viewed_what_she_sent(busy: Material, guide_li: Member) -> None:
    assert guide_li.user is not None
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        page = logged_in(guide_li.user).get(reverse("h5:material_viewers"))

    rows = [(row.who, row.name, row.views, row.seconds) for row in page.context["rows"]]
    assert rows == [("anonymous", "", 3, 25), ("inferred", "张三丰", 2, 50)]
    assert "王芳" not in page.content.decode()


def test_a_customer_she_lost_is_not_named(guide_li: Member) -> None:
    contact = ContactFactory(name="路人甲")
    send = SendFactory(member=guide_li, external_userid=contact.external_userid)
    view(send, who=Who.INFERRED, external_userid=contact.external_userid)
    assert guide_li.user is not None

    page = logged_in(guide_li.user).get(reverse("h5:material_viewers"))

    assert len(page.context["rows"]) == 1
    assert "路人甲" not in page.content.decode()


def test_the_reach_page_costs_the_same_however_long(
    hq_ops: User, django_assert_max_num_queries: Any
) -> None:
    for _number in range(15):
        view(SendFactory())

    with django_assert_max_num_queries(30):
        logged_in(hq_ops).get(reverse("material_reach:list"))


# --- partitions ----------------------------------------------------------------------------------------------


def parts() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'materials_view'::regclass"
        )
        return sorted(name for (name,) in cursor.fetchall())


def test_views_lie_in_the_partition_of_their_month_and_none_is_lost() -> None:
    # given views of a month that has no partition yet
    send = SendFactory()
    for moment in (datetime(2030, 1, 31, 23, 59, tzinfo=UTC), datetime(2030, 2, 1, tzinfo=UTC)):
        view(send, moment)

    # when partitions are made, twice
    made, _dropped = partitions_keep(date(2030, 1, 15))
    assert partitions_keep(date(2030, 1, 15))[0] == 0

    # then each row moved to its own
    assert made == 4
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM materials_view ORDER BY opened_at")
        assert [name for (name,) in cursor.fetchall()] == [
            "materials_view_203001",
            "materials_view_203002",
        ]


def test_months_are_dropped_after_25() -> None:
    partitions_keep(date(2020, 1, 15))
    view(SendFactory(), datetime(2020, 1, 20, tzinfo=UTC))

    _made, dropped = partitions_keep(date(2022, 3, 1))

    assert dropped == 1
    assert "materials_view_202001" not in parts()
    assert "materials_view_202002" in parts()
    assert View.objects.count() == 0
