"""The pages of capacity: who may, whose accounts, and what they see."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Member
from risk.anomalies.ladder import steps_take_by_rule, steps_undo
from risk.anomalies.selectors import restrictions_of
from risk.capacity.models import Capacity, MemberLimit
from scrm.accounts.models import User
from scrm.core.scope import scope_of
from tests.factories.contacts import MemberFactory
from tests.factories.risk import CapacityFactory, IncidentFactory

pytestmark = pytest.mark.django_db


def logged_in(user: User, language: str = "en") -> Client:
    client = Client()
    client.cookies["django_language"] = language
    client.force_login(user)
    return client


@pytest.fixture
def account(guide_li: Member) -> Capacity:
    """The guide of store A at 70 %."""
    return CapacityFactory(member=guide_li, used=70, level=70, recent_adds=14, days_left=30)


def urls(account: Capacity) -> list[str]:
    return [
        reverse("capacity:list"),
        reverse("capacity:detail", args=[account.member_id]),
        reverse("capacity:limit", args=[account.member_id]),
    ]


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("hq_ops", [200, 200, 302]),
        ("branch_ops", [200, 200, 403]),
        ("outsider", [200, 404, 403]),
        ("auditor", [200, 200, 403]),
        ("it_admin", [403, 403, 403]),
    ],
)
def test_each_role_sees_its_own_accounts_only(
    request: pytest.FixtureRequest, account: Capacity, who: str, expected: list[int]
) -> None:
    client = logged_in(request.getfixturevalue(who))

    assert [client.get(url).status_code for url in urls(account)] == expected


def test_a_guide_and_a_stranger_see_nothing(account: Capacity, guide_li: Member) -> None:
    assert guide_li.user is not None
    client = logged_in(guide_li.user)
    assert [client.get(url).status_code for url in urls(account)] == [403, 403, 403]
    assert [Client().get(url).status_code for url in urls(account)] == [302, 302, 302]


def test_the_list_shows_the_fullest_first_of_ones_own_part(
    account: Capacity, company: Any, branch_ops: User, outsider: User
) -> None:
    wang = MemberFactory(name="王芳", org_path=company.store_b.path)
    CapacityFactory(member=wang, used=99, is_full=True, level=95)

    page = logged_in(branch_ops).get(reverse("capacity:list")).content.decode()

    assert page.index("王芳") < page.index("李娜")
    assert "人民路店" in page
    assert "70.0%" in page
    assert "30 days" in page
    foreign = logged_in(outsider).get(reverse("capacity:list")).content.decode()
    assert "李娜" not in foreign
    assert "王芳" not in foreign


@pytest.mark.parametrize(
    ("query", "found"),
    [("usage=70", "李娜"), ("usage=85", ""), ("usage=soon", "李娜"), ("usage=full", ""), ("member=GUIDE_li", "李娜"), ("member=guide_wang", "")],
)  # fmt: skip
def test_filters_are_in_the_url(account: Capacity, hq_ops: User, query: str, found: str) -> None:
    page = logged_in(hq_ops).get(f"{reverse('capacity:list')}?{query}").content.decode()

    assert ("guide_li" in page) is bool(found)


def test_the_list_takes_the_same_queries_for_one_and_for_many(
    account: Capacity,
    hq_ops: User,
    django_assert_num_queries: Any,
    django_assert_max_num_queries: Any,
) -> None:
    client = logged_in(hq_ops)
    url = reverse("capacity:list")
    with django_assert_max_num_queries(12) as one:
        client.get(url)
    for number in range(9):
        CapacityFactory(used=number)

    with django_assert_num_queries(len(one.captured_queries)):
        client.get(url)


def test_hq_sets_a_limit_and_it_counts_at_once(account: Capacity, hq_ops: User) -> None:
    client = logged_in(hq_ops)
    url = urls(account)[2]

    answer = client.post(url, {"limit": "20000", "reason": "expanded"}, follow=True)

    assert "Saved; the account was counted again." in answer.content.decode()
    own = MemberLimit.objects.get()
    assert (own.limit, own.swap_percent, own.reason, own.updated_by) == (
        20000,
        None,
        "expanded",
        hq_ops,
    )
    account.refresh_from_db()
    assert (account.used, account.limit) == (0, 20000)


def test_a_limit_without_a_reason_is_asked_for_again(account: Capacity, hq_ops: User) -> None:
    answer = logged_in(hq_ops).post(urls(account)[2], {"limit": "0", "reason": "x"})

    assert answer.status_code == 422
    assert "The limit is a number from 1 to" in answer.content.decode()
    assert MemberLimit.objects.count() == 0


@pytest.mark.parametrize("who", ["branch_ops", "auditor", "outsider", "it_admin"])
def test_who_may_only_look_sets_nothing(
    request: pytest.FixtureRequest, account: Capacity, who: str
) -> None:
    client = logged_in(request.getfixturevalue(who))

    answer = client.post(urls(account)[2], {"limit": "9", "reason": "x"})

    assert answer.status_code == 403
    assert MemberLimit.objects.count() == 0


@pytest.mark.parametrize(
    ("who", "kinds", "held", "linked"),
    [
        ("hq_ops", ["codes"], True, True),
        ("branch_ops", ["scope"], True, True),
        ("hq_ops", ["sessions"], False, False),
        ("hq_ops", [], False, False),
    ],
)
def test_an_account_we_restricted_is_not_shown_as_fine(
    request: pytest.FixtureRequest,
    account: Capacity,
    settings: Any,
    who: str,
    kinds: list[str],
    held: bool,
    linked: bool,
) -> None:
    settings.RISK_CONTACT_SCOPE_TAG = 7
    incident = IncidentFactory(member=account.member)
    steps_take_by_rule(incident, kinds)
    client = logged_in(request.getfixturevalue(who))

    pages = [client.get(url).content.decode() for url in urls(account)[:2]]

    for page in pages:
        assert ("Restricted by us" in page) is held
        assert (reverse("anomalies:detail", args=[incident.pk]) in page) is linked
        assert ("Still on, alerted" in page) is not held


def test_an_undone_restriction_and_anothers_incident_are_not_named(
    account: Capacity, outsider: User, hq_ops: User
) -> None:
    incident = IncidentFactory(member=account.member)
    steps_take_by_rule(incident, ["codes"])

    assert restrictions_of(scope_of(outsider), [account.member_id]) == {account.member_id: None}
    steps_undo(incident, actor=hq_ops, reason="a mistake")

    assert restrictions_of(scope_of(hq_ops), [account.member_id]) == {}


def test_the_list_says_where_another_share_holds(account: Capacity, hq_ops: User) -> None:
    before = logged_in(hq_ops).get(urls(account)[0]).content.decode()
    MemberLimit.objects.create(member=account.member, swap_percent=70, reason="new")

    after = logged_in(hq_ops).get(urls(account)[0]).content.decode()

    assert "From 95% on, unless set otherwise for the account" in before
    assert "set for this account" not in before
    assert "off at 70%, set for this account" in after
