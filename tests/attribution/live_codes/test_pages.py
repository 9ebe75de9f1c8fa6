"""The pages of live codes: who may, whose codes, and what they see."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from attribution.live_codes.models import LiveCode
from attribution.live_codes.pictures import link_in
from contacts.directory.models import Member
from risk.anomalies.ladder import steps_take_by_rule
from scrm.accounts.models import User
from tests.factories.attribution import AddEpisodeFactory, LiveCodeFactory
from tests.factories.contacts import MemberFactory
from tests.factories.customers import TagFactory
from tests.factories.risk import IncidentFactory

pytestmark = pytest.mark.django_db


def logged_in(user: User) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


@pytest.fixture
def code(guide_li: Member) -> LiveCode:
    """A code of store A's guide."""
    return LiveCodeFactory(name="人民路店台卡", members=[guide_li])


PAGES = [
    "live_codes:list",
    "live_codes:detail",
    "live_codes:picture",
    "live_codes:edit",
    "live_codes:create",
]


def url(page: str, code: LiveCode) -> str:
    match page:
        case "live_codes:list" | "live_codes:create" | "live_codes:members":
            return reverse(page)
        case "live_codes:picture":
            return reverse(page, args=[code.pk, 300])
    return reverse(page, args=[code.pk])


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("hq_ops", [200, 200, 200, 200, 200]),
        ("branch_ops", [200, 200, 200, 200, 200]),
        ("outsider", [200, 404, 404, 404, 200]),
        ("auditor", [200, 200, 200, 403, 403]),
        ("it_admin", [403, 403, 403, 403, 403]),
    ],
)
def test_each_role_sees_its_own_codes_only(
    request: pytest.FixtureRequest, code: LiveCode, who: str, expected: list[int]
) -> None:
    client = logged_in(request.getfixturevalue(who))

    assert [client.get(url(page, code)).status_code for page in PAGES] == expected


def test_nobody_sees_anything_without_login(code: LiveCode) -> None:
    assert [Client().get(url(page, code)).status_code for page in PAGES] == [302] * len(PAGES)


def test_the_list_hides_other_branches_codes(
    code: LiveCode, outsider: User, branch_ops: User
) -> None:
    assert "人民路店台卡" in logged_in(branch_ops).get(reverse("live_codes:list")).content.decode()
    assert (
        "人民路店台卡" not in logged_in(outsider).get(reverse("live_codes:list")).content.decode()
    )


def test_a_code_shared_with_another_branch_is_seen_but_not_changed_by_one(
    code: LiveCode, company: Any, branch_ops: User
) -> None:
    south = MemberFactory(name="南方导购", org_path=company.store_south.path)
    code.choices.create(member=south, position=2)
    client = logged_in(branch_ops)

    page = client.get(url("live_codes:detail", code)).content.decode()
    assert "李娜" in page
    assert "南方导购" not in page
    assert "1 member outside of your range" in page
    for action in ("live_codes:edit", "live_codes:retry"):
        assert (
            client.post(url(action, code), {"name": "stolen", "members": [south.pk]}).status_code
            == 404
        )
    code.refresh_from_db()
    assert code.name == "人民路店台卡"


def test_a_branch_cannot_choose_another_branchs_member(company: Any, branch_ops: User) -> None:
    south = MemberFactory(name="南方导购", org_path=company.store_south.path)
    client = logged_in(branch_ops)

    answer = client.post(reverse("live_codes:create"), {"name": "x", "members": [south.pk]})

    assert answer.status_code == 422
    assert "not within your range" in answer.content.decode()
    assert "南方导购" not in answer.content.decode()
    assert LiveCode.objects.count() == 0
    assert (
        "南方导购" not in client.get(reverse("live_codes:members"), {"q": "南方"}).content.decode()
    )


@pytest.mark.parametrize("who", ["auditor", "it_admin"])
def test_who_may_only_look_makes_nothing(
    request: pytest.FixtureRequest, guide_li: Member, who: str
) -> None:
    client = logged_in(request.getfixturevalue(who))

    assert (
        client.post(
            reverse("live_codes:create"), {"name": "x", "members": [guide_li.pk]}
        ).status_code
        == 403
    )
    assert LiveCode.objects.count() == 0


def test_hq_makes_a_code_on_one_page(hq_ops: User, staff: Any) -> None:
    li = staff("li", name="李娜")
    tag = TagFactory(name="夏季")
    client = logged_in(hq_ops)
    form = {
        "name": "夏季活动", "members": [li.pk], "tags": [tag.tag_id], "remark_suffix": "夏季", "skip_verify": "on",
        "welcome_text": "你好 {nickname}",
    }  # fmt: skip

    answer = client.post(reverse("live_codes:create"), form, follow=True)

    code = LiveCode.objects.get()
    assert answer.redirect_chain == [(reverse("live_codes:detail", args=[code.pk]), 302)]
    assert (code.status, code.tag_ids, code.remark_suffix) == ("active", [tag.tag_id], "夏季")
    assert (code.welcome_text, code.skip_verify, code.created_by) == (
        "你好 {nickname}",
        True,
        hq_ops,
    )
    page = answer.content.decode()
    assert code.link in page
    picture = client.get(reverse("live_codes:picture", args=[code.pk, 1280]) + "?download")
    assert link_in(picture.content) == code.link
    assert "attachment" in picture["Content-Disposition"]
    assert client.get(reverse("live_codes:picture", args=[code.pk, 301])).status_code == 404


def test_the_form_keeps_what_was_entered_and_says_what_is_wrong(
    hq_ops: User, guide_li: Member
) -> None:
    client = logged_in(hq_ops)

    answer = client.post(
        reverse("live_codes:create"), {"name": "", "members": [guide_li.pk], "welcome_text": "{x}"}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'value="{guide_li.pk}" checked' in page

    answer = client.post(
        reverse("live_codes:create"), {"name": "x", "members": [guide_li.pk], "welcome_text": "{x}"}
    )
    assert "There is no variable {x}." in answer.content.decode()
    assert LiveCode.objects.count() == 0


def test_the_picker_says_who_cannot_serve_and_keeps_the_ticks(
    hq_ops: User, guide_li: Member
) -> None:
    MemberFactory(userid="zhao", name="赵雷", status=Member.Status.NOT_ACTIVATED)
    client = logged_in(hq_ops)

    page = client.get(
        reverse("live_codes:members"), {"q": "zhao", "members": [guide_li.pk]}
    ).content.decode()

    assert page.index("李娜") < page.index("赵雷")
    assert "Not activated" in page
    assert page.count(" checked") == 1


def test_the_list_counts_adds_of_today_and_all(
    code: LiveCode, hq_ops: User, django_assert_max_num_queries: Any
) -> None:
    AddEpisodeFactory(live_code=code)
    AddEpisodeFactory(live_code=code, started_at="2026-01-01T00:00:00Z")
    for _number in range(5):
        LiveCodeFactory(members=[MemberFactory()])
    client = logged_in(hq_ops)
    with django_assert_max_num_queries(30):
        answer = client.get(reverse("live_codes:list"))

    row = next(row for row in answer.context["list"].rows if row.pk == code.pk)
    assert row.adds == (1, 2)
    assert row.able == 1


def test_the_list_is_filtered_by_name_member_and_status(code: LiveCode, hq_ops: User) -> None:
    LiveCodeFactory(name="别的", members=[MemberFactory()], status="empty")
    client = logged_in(hq_ops)

    for query in (
        {"name": "台卡"},
        {"member": "GUIDE_LI"},
        {"member": "李娜"},
        {"status": "active"},
    ):
        answer = client.get(reverse("live_codes:list"), query)
        assert [row.pk for row in answer.context["list"].rows] == [code.pk], query


def test_a_member_we_restricted_is_named_so_and_nobody_is_told_to_undo_it_in_wecom(
    client: Client, hq_ops: User, guide_li: Member
) -> None:
    # given
    incident = IncidentFactory(member=guide_li)
    steps_take_by_rule(incident, ["codes"])
    Member.objects.filter(pk=guide_li.pk).update(can_follow=False)
    code = LiveCodeFactory(members=[guide_li])
    client.force_login(hq_ops)
    client.cookies["django_language"] = "en"

    # when
    page = client.get(f"/console/live-codes/{code.pk}/").content.decode()
    picker = client.get("/console/live-codes/members/", {"members": guide_li.pk}).content.decode()

    # then
    for text in (page, picker):
        assert "Restricted by us" in text
        assert "Customer contact is off" not in text
    assert reverse("anomalies:detail", args=[incident.pk]) in page
