"""The group, points and check-in pages: whose groups, whose names, and what a person without the right cannot do."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.checkin import services as checkin
from customers.checkin.models import CheckinCampaign
from customers.groups.models import CustomerGroup
from customers.points import services as points
from customers.points.models import PointsAccount, Redemption, Reward
from scrm.core.approvals import services as approvals
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from scrm.core.excel import read_table
from scrm.core.jobs.models import JobRun
from tests.cast import person
from tests.factories.groups import (
    CampaignFactory,
    GroupFactory,
    PlaceFactory,
    RewardFactory,
    StayFactory,
    rich,
)

pytestmark = pytest.mark.django_db


def logged_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def groups(guide_li: Any, company: Any) -> dict[str, CustomerGroup]:
    """A group of store A, and one of the southern branch; one customer is in both."""
    from tests.cast import guide

    south = guide("guide_south", "赵南", company.store_south)
    made = {
        "east": GroupFactory(owner=guide_li, name="东群", customers_count=1),
        "south": GroupFactory(owner=south, name="南群", customers_count=1),
    }
    for group in made.values():
        StayFactory(group=group, userid="wm_both", unionid="u_both", name="张三丰")
    return made


def text_of(client: Client, name: str, *args: Any, **query: Any) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200, answer.content[:300]
    return str(answer.content.decode())


def test_each_sees_the_groups_of_their_stores(
    groups: Any, branch_ops: Any, outsider: Any, hq_ops: Any
) -> None:
    for user, seen in ((branch_ops, {"东群"}), (outsider, {"南群"}), (hq_ops, {"东群", "南群"})):
        page = text_of(logged_in(user), "groups:list")
        assert {name for name in ("东群", "南群") if name in page} == seen


def test_anothers_group_is_nowhere_and_stays_as_it_is(groups: Any, outsider: Any) -> None:
    client, pk = logged_in(outsider), groups["east"].pk
    assert client.get(reverse("groups:detail", args=[pk])).status_code == 404
    for name, values in (("tags", {"tags": "x"}), ("welcome", {}), ("read", {})):
        assert client.post(reverse(f"groups:{name}", args=[pk]), values).status_code == 404
    assert not CustomerGroup.tags.through.objects.exists()


def test_who_is_in_several_groups_counts_within_the_scope(
    groups: Any, branch_ops: Any, hq_ops: Any
) -> None:
    assert "张三丰" in text_of(logged_in(hq_ops), "groups:duplicates")
    page = text_of(logged_in(branch_ops), "groups:duplicates")
    assert "Nobody is in several groups" in page
    assert "南群" not in page


def test_tags_are_ours_and_in_the_audit(groups: Any, branch_ops: Any) -> None:
    group = groups["east"]
    logged_in(branch_ops).post(
        reverse("groups:tags", args=[group.pk]), {"tags": " 会员日,新品，会员日 "}
    )

    assert sorted(group.tags.values_list("name", flat=True)) == ["会员日", "新品"]
    entry = AuditEntry.objects.get(action="groups.tag")
    assert (entry.before, entry.after) == ({"tags": []}, {"tags": ["会员日", "新品"]})
    too_long = {"tags": "x" * 31}
    logged_in(branch_ops).post(reverse("groups:tags", args=[group.pk]), too_long)
    assert group.tags.count() == 2


def test_only_headquarters_reads_all_and_keeps_templates(groups: Any, branch_ops: Any) -> None:
    client = logged_in(branch_ops)
    assert client.post(reverse("groups:sync")).status_code == 403
    assert client.get(reverse("groups:welcome_create")).status_code == 403
    assert client.get(reverse("checkin:create")).status_code == 403
    assert client.get(reverse("points:reward_create")).status_code == 403
    assert not JobRun.objects.exists()


def test_figures_say_what_they_mean(groups: Any, hq_ops: Any) -> None:
    page = text_of(logged_in(hq_ops), "groups:stats", days=7)
    assert "What the figures mean" in page
    assert "?days=30" in page


def test_a_list_costs_the_same_however_long(
    groups: Any, hq_ops: Any, guide_li: Any, django_assert_max_num_queries: Any
) -> None:
    for group in GroupFactory.create_batch(15, owner=guide_li):
        StayFactory(group=group)
    client = logged_in(hq_ops)
    with django_assert_max_num_queries(24):
        text_of(client, "groups:list")
    with django_assert_max_num_queries(24):
        text_of(client, "groups:detail", groups["east"].pk)


# --- check-in ------------------------------------------------------------------------------------------------


@pytest.fixture
def campaign(groups: Any) -> CheckinCampaign:
    """A campaign of both groups in which the customer checked in, in the east."""
    today = timezone.localdate()
    made = CampaignFactory(starts_on=today, ends_on=today)
    places = [PlaceFactory(campaign=made, group=group) for group in groups.values()]
    checkin.check_in(places[0], rich("u_both", 0, name="张三丰"))
    return made


def test_headquarters_makes_a_campaign_and_opens_it(groups: Any, hq_ops: Any) -> None:
    client, today = logged_in(hq_ops), timezone.localdate().isoformat()
    values = {"name": "打卡", "starts_on": today, "ends_on": today, "points": 5, "bonuses": "3:5，7：20",
              "groups": [group.pk for group in groups.values()]}  # fmt: skip
    bad = client.post(reverse("checkin:create"), values | {"bonuses": "1:5"})
    assert (bad.status_code, CheckinCampaign.objects.count()) == (422, 0)

    assert client.post(reverse("checkin:create"), values).status_code == 302
    made = CheckinCampaign.objects.get()
    assert list(made.bonuses.values_list("days", "points")) == [(3, 5), (7, 20)]
    assert (made.state, made.places.count()) == ("draft", 2)
    client.post(reverse("checkin:state", args=[made.pk]), {"state": "open"})
    client.post(reverse("checkin:state", args=[made.pk]), {"state": "nonsense"})
    made.refresh_from_db()
    assert made.state == "open"


def test_a_branch_sees_its_own_groups_part(campaign: Any, branch_ops: Any, outsider: Any) -> None:
    east = text_of(logged_in(branch_ops), "checkin:detail", campaign.pk)
    south = text_of(logged_in(outsider), "checkin:detail", campaign.pk)

    assert ("东群" in east, "南群" in east) == (True, False)
    assert ("东群" in south, "Nobody has checked in yet" in south) == (False, True)


def test_a_file_is_masked_and_a_large_one_needs_a_second_person(
    campaign: Any, branch_ops: Any, hq_ops: Any, auditor: Any, settings: Any
) -> None:
    url = reverse("checkin:export", args=[campaign.pk])
    answer = logged_in(hq_ops).post(url)
    from io import BytesIO

    rows = list(read_table(BytesIO(answer.content), filename="a.xlsx").rows)
    assert [list(row.values.values())[2:] for row in rows] == [["东群", "张三丰", "1", "5", "0"]]
    assert logged_in(auditor).post(url).status_code == 403
    assert AuditEntry.objects.filter(action="checkin.export").count() == 1

    settings.EXPORT_ROWS_ALONE = 0
    asked = logged_in(hq_ops).post(url)
    assert "spreadsheet" not in asked["Content-Type"]


# --- points --------------------------------------------------------------------------------------------------


def test_accounts_follow_the_groups_of_their_customer(
    campaign: Any, groups: Any, branch_ops: Any, outsider: Any
) -> None:
    groups["south"].stays.all().delete()
    account = PointsAccount.objects.get(kind="customer")

    assert "张三丰" in text_of(logged_in(branch_ops), "points:account", account.pk)
    client = logged_in(outsider)
    assert client.get(reverse("points:account", args=[account.pk])).status_code == 404
    for name in ("points:list", "points:ledger", "points:redemptions"):
        assert "张三丰" not in text_of(client, name)


def test_points_by_hand_need_a_second_person(campaign: Any, hq_ops: Any) -> None:
    # given a change asked for
    account = PointsAccount.objects.get(kind="customer")
    client, url = logged_in(hq_ops), reverse("points:account", args=[account.pk])
    assert client.post(url, {"points": 0, "reason": "x"}).status_code == 422
    assert client.post(url, {"points": 7, "reason": "broken cup"}).status_code == 302
    asked = Approval.objects.get()
    account.refresh_from_db()
    assert account.balance == 5
    assert f"张*** #{account.pk}" in text_of(client, "approvals:detail", asked.pk)

    # then only another person does it
    with pytest.raises(Exception, match=r"."):
        approvals.approve(asked, actor=hq_ops, reason="")
    account.refresh_from_db()
    assert account.balance == 5
    approvals.approve(asked, actor=person("second", "hq_ops"), reason="seen")
    account.refresh_from_db()
    assert account.balance == 12
    entry = AuditEntry.objects.get(action="points.adjust")
    assert (entry.after, entry.reason) == ({"points": 7}, "broken cup")


def test_a_branch_cancels_only_its_customers_redemptions(
    campaign: Any, groups: Any, branch_ops: Any, outsider: Any
) -> None:
    groups["south"].stays.all().delete()
    account = PointsAccount.objects.get(kind="customer")
    made = points.redeem(account, RewardFactory(cost=5).pk, key="k")
    url = reverse("points:cancel", args=[made.pk])

    assert logged_in(outsider).post(url, {"reason": "x"}).status_code == 404
    logged_in(branch_ops).post(url, {"reason": ""})
    assert Redemption.objects.get().state == "held"
    logged_in(branch_ops).post(url, {"reason": "damaged"})
    assert Redemption.objects.get().state == "cancelled"


def test_a_reward_is_made_and_changed(hq_ops: Any) -> None:
    client = logged_in(hq_ops)
    values = {
        "name": "马克杯",
        "kind": "goods",
        "cost": 10,
        "stock": 5,
        "per_customer": 1,
        "pickup_days": 14,
        "is_open": "on",
    }
    assert client.post(reverse("points:reward_create"), values | {"cost": 0}).status_code == 422
    assert client.post(reverse("points:reward_create"), values).status_code == 302
    reward = Reward.objects.get()
    assert (reward.left, reward.is_open) == (5, True)
    client.post(reverse("points:reward_edit", args=[reward.pk]), values | {"stock": 8})
    reward.refresh_from_db()
    assert (reward.stock, reward.left) == (8, 8)


# --- the guide's phone ---------------------------------------------------------------------------------------


def test_a_guide_checks_a_code_and_hands_out_once(campaign: Any, guide_li: Any) -> None:
    account = PointsAccount.objects.get(kind="customer")
    made = points.redeem(account, RewardFactory(cost=5).pk, key="k")
    client, url = logged_in(guide_li.user), reverse("h5:pickup")

    wrong = client.post(url, {"code": "ZZZZZZZZZZ"})
    assert (wrong.status_code, "There is no such code" in wrong.content.decode()) == (422, True)
    typed = f"{made.code[:5]} {made.code[5:].lower()}"
    page = client.post(url, {"code": typed}).content.decode()
    assert ("马克杯" in page, "张***" in page, "张三丰" in page) == (True, True, False)
    assert Redemption.objects.get().state == "held"

    done = client.post(reverse("h5:pickup_done"), {"code": typed}, follow=True).content.decode()
    assert "Handed out: 马克杯" in done
    again = client.post(reverse("h5:pickup_done"), {"code": typed}, follow=True).content.decode()
    assert "This code is used up" in again
    assert Redemption.objects.get().handed_by == guide_li


def test_who_tries_many_codes_is_slowed_down(guide_li: Any) -> None:
    from django.core.cache import cache

    cache.clear()
    client = logged_in(guide_li.user)
    said = [client.post(reverse("h5:pickup"), {"code": f"A{n}"}).status_code for n in range(21)]
    assert said == [422] * 20 + [429]


def test_a_guide_sends_the_links_of_own_groups_only(
    campaign: Any, groups: Any, guide_li: Any, guide_wang: Any
) -> None:
    page = text_of(logged_in(guide_li.user), "h5:checkin")
    own, other = (groups[name].places.get().token for name in ("east", "south"))
    assert (own in page, other in page) == (True, False)
    assert "Nothing is open in your groups" in text_of(logged_in(guide_wang.user), "h5:checkin")


def test_who_left_the_company_hands_nothing_out(campaign: Any, guide_li: Any) -> None:
    made = points.redeem(
        PointsAccount.objects.get(kind="customer"), RewardFactory(cost=5).pk, key="k"
    )
    client = logged_in(guide_li.user)
    guide_li.user.is_active = False
    guide_li.user.save()

    for name in ("h5:pickup", "h5:pickup_done"):
        assert client.post(reverse(name), {"code": made.code}).status_code in {302, 403}
    assert client.get(reverse("h5:checkin")).status_code in {302, 403}
    assert Redemption.objects.get().state == "held"
