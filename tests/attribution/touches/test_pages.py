"""The pages of touches: own, other store, nobody's; the audit of surfaces."""

import pytest
from django.test import Client

from tests.factories.sales import token, touch

pytestmark = pytest.mark.django_db
LIST, SURFACES = "/console/touches/", "/console/touches/surfaces/"


def get(user, url, **query):
    client = Client()
    client.force_login(user)
    return client.get(url, query, headers={"Accept-Language": "en"})


@pytest.fixture
def touched(guide_li, guide_wang):
    """One touch of each guide, one tampered, one without parameter, on two surfaces."""
    touch("of-li", parameter=token(guide_li), surface="mall.product")
    touch("of-wang", parameter=token(guide_wang), surface="mall.product")
    touch("bad", parameter="x" * 27, surface="mall.product")
    touch("none", surface="poster")


def rows(answer):
    assert answer.status_code == 200
    return {row.event_id for row in answer.context["list"].rows}


def test_each_sees_the_touches_of_their_guides_and_only_headquarters_nobodys(
    touched, hq_ops, branch_ops, outsider, it_admin
):
    assert rows(get(hq_ops, LIST)) == {"of-li", "of-wang", "bad", "none"}
    assert rows(get(branch_ops, LIST)) == {"of-li", "of-wang"}
    assert rows(get(outsider, LIST)) == set()
    assert get(it_admin, LIST).status_code == 403


def test_the_list_is_narrowed_by_guide_surface_and_parameter(touched, hq_ops):
    assert rows(get(hq_ops, LIST, guide="GUIDE_LI")) == {"of-li"}
    assert rows(get(hq_ops, LIST, surface="poster")) == {"none"}
    assert rows(get(hq_ops, LIST, parameter="good")) == {"of-li", "of-wang"}
    assert rows(get(hq_ops, LIST, parameter="tampered")) == {"bad"}


def test_surfaces_are_listed_by_what_they_lack(touched, hq_ops, branch_ops, it_admin):
    answer = get(hq_ops, SURFACES)
    shares = [
        (s.surface, s.touches, s.missing, s.tampered, s.percent) for s in answer.context["shares"]
    ]
    assert shares == [("mall.product", 3, 0, 1, 33.3), ("poster", 1, 1, 0, 100.0)]
    assert answer.context["percent"] == 50.0

    # and the branch's are those of its guides
    assert [s.surface for s in get(branch_ops, SURFACES).context["shares"]] == ["mall.product"]
    assert get(it_admin, SURFACES).status_code == 403


def test_a_list_costs_the_same_queries_whatever_its_length(
    touched, guide_li, hq_ops, django_assert_max_num_queries
):
    # given one page of four, then one of twenty
    with django_assert_max_num_queries(30) as few:
        get(hq_ops, LIST)
    for number in range(20):
        touch(f"more-{number}", parameter=token(guide_li), external_userid=f"wm{number}")
    with django_assert_max_num_queries(30) as many:
        get(hq_ops, LIST)

    # then it costs no more
    assert len(many) <= len(few)


def test_what_names_its_guide_by_itself_is_no_surface_without_a_parameter(
    touched, guide_li, hq_ops
):
    # given a view of a sent material and an add, both without a parameter
    touch("seen", kind="material_view", surface="material", member_id=guide_li.pk)
    touch("added", kind="add", surface="add", member_id=guide_li.pk)

    answer = get(hq_ops, SURFACES)

    assert [s.surface for s in answer.context["shares"]] == ["mall.product", "poster"]
    assert answer.context["shares"][0].kinds == ["product_view"]
    client = Client()
    client.force_login(hq_ops)
    client.cookies["django_language"] = "en"
    listed = client.get(LIST).content.decode()
    assert ("uide known by the send" in listed, "uide known by the add" in listed) == (True, True)
