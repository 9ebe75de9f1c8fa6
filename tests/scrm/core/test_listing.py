"""The list frame: sizes, cursors and filters live in the URL, totals say how exact they are."""

import django_filters
import django_tables2 as tables
import pytest
from django.test import RequestFactory

from scrm.accounts.models import User
from scrm.core import listing
from scrm.core.listing import build_list
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


class UserTable(tables.Table):
    username = tables.Column()


class UserFilter(django_filters.FilterSet):
    class Meta:
        model = User
        fields = ("username",)


@pytest.fixture
def people() -> None:
    for number in range(45):
        UserFactory(username=f"p{number:02d}")


def page(query: str = "", **options: object) -> listing.ListPage:
    request = RequestFactory().get(f"/list/{query}")
    return build_list(
        request,
        queryset=User.objects.all(),
        table_class=UserTable,
        filterset_class=UserFilter,
        order=("username",),
        **options,
    )


def names(shown: listing.ListPage) -> list[str]:
    return [user.username for user in shown.rows]


def test_pages_follow_each_other_without_a_gap(people):
    first = page()
    second = page(first.next_url)
    third = page(second.next_url)

    assert names(first) + names(second) + names(third) == [f"p{number:02d}" for number in range(45)]
    assert (first.first_url, third.next_url) == ("", "")
    assert (first.total, first.total_is_exact, first.size) == (45, True, 20)


def test_a_page_costs_two_queries(people, django_assert_num_queries):
    with django_assert_num_queries(2):
        page("?size=50")


def test_the_size_is_one_of_three(people):
    assert len(page("?size=50").rows) == 45
    assert page("?size=1000000").size == 20


def test_a_filter_stays_in_the_address_of_the_next_page(people):
    shown = page("?username=p07&size=50&after=")

    assert names(shown) == ["p07"]
    assert shown.is_filtered is True
    assert [choice.url for choice in shown.size_choices] == [
        "?username=p07&size=20",
        "?username=p07&size=50",
        "?username=p07&size=100",
    ]


def test_a_long_list_says_more_than(people, monkeypatch):
    monkeypatch.setattr(listing, "COUNT_LIMIT", 30)
    shown = page()

    assert (shown.total, shown.total_is_exact) == (30, False)


def test_a_list_without_a_total_does_not_count(people, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert page(total=False).total is None
