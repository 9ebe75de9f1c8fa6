"""When campaigns end: what exactly comes back, where two overlap, for who moved, after a clock that stood still."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from contacts.profiles.models import MemberProfile, ProfileTemplate
from contacts.profiles.services.pushing import REST
from scrm.core.gateway import wecom
from scrm.core.jobs.models import JobRun, JobState
from tests.contacts.profiles.cards_desk import CardsDesk, desk, text_line, web_line

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]
State = MemberProfile.State


def campaign(desk: CardsDesk, name: str, days: tuple[float, float], **more: Any) -> ProfileTemplate:
    """Return a published campaign, from so many days hence to so many."""
    now = timezone.now()
    window = {
        "starts_at": now + timedelta(days=days[0]),
        "ends_at": now + timedelta(days=days[1]),
    }
    return desk.template(name, text_line(name, "到店有礼"), **window, **more)


def sweep_at(desk: CardsDesk, days: float, begun: datetime) -> JobRun | None:
    """Let the clock look on another day."""
    with time_machine.travel(begun + timedelta(days=days), tick=True):
        return desk.sweep()


def test_where_campaigns_overlap_the_nearest_goes_first_and_each_end_reveals_the_next(
    desk: CardsDesk,
) -> None:
    # given a lasting card, a campaign of the company for 4 days and one of the east inside of it
    begun = timezone.now()
    desk.template("公司", text_line("门店", "{store}"))
    campaign(desk, "全国", (0, 4))
    campaign(desk, "华东", (1, 2), unit=desk.company.east)

    # when the days go by, then each account shows the nearest campaign of the day, then its lasting card
    seen = []
    for day in (0.5, 1.5, 2.5, 4.5):
        sweep_at(desk, day, begun)
        seen.append((list(desk.shown("li"))[1:], list(desk.shown("zhao"))[1:]))
    assert seen == [
        (["全国"], ["全国"]), (["华东"], ["全国"]), (["全国"], ["全国"]), (["门店"], ["门店"]),
    ]  # fmt: skip


def test_what_a_campaign_set_and_the_lasting_card_leaves_blank_comes_back(
    desk: CardsDesk,
) -> None:
    # given an account that shows a position, a company name and a video account of its own
    own = {"external_corp_name": "小店", "wechat_channels": {"nickname": "小店视频"}}
    wecom("contacts").user.update(
        "guide_li", external_position="首席导购", external_profile={**own, "external_attr": []}
    )
    begun = timezone.now()
    desk.template("公司", text_line("门店", "{store}"))
    campaign(
        desk,
        "周年庆",
        (1, 2),
        position_text="周年庆导购",
        corp_name="大店",
        channels_name="大店视频",
    )

    # when the campaign runs and ends
    def single() -> tuple[str, str, str]:
        row = wecom().user.get("guide_li")
        profile = row.external_profile
        channels = (profile.get("wechat_channels") or {}).get("nickname", "")
        return (row.external_position or "", profile["external_corp_name"], channels)

    seen = []
    for day in (0.0, 1.5, 2.5):
        sweep_at(desk, day, begun)
        seen.append(single())

    # then all three are hers again
    hers = ("首席导购", "小店", "小店视频")
    assert seen == [hers, ("周年庆导购", "大店", "大店视频"), hers]


def test_what_a_campaign_leaves_blank_is_that_of_the_card_below_it(desk: CardsDesk) -> None:
    # given a lasting card with a position, and a campaign that says nothing of it
    begun = timezone.now()
    desk.template("公司", text_line("门店", "{store}"), position_text="{store}导购")
    campaign(desk, "周年庆", (0, 1))

    # when it runs, then the position is that of the lasting card
    sweep_at(desk, 0.5, begun)
    assert desk.shown("li") == {"position": "人民路店导购", "周年庆": "到店有礼"}


def test_a_clock_that_stood_still_at_the_end_reverts_when_it_goes_again(desk: CardsDesk) -> None:
    # given a campaign without a lasting card below it, and one that comes and goes while the clock stands
    begun = timezone.now()
    campaign(desk, "周年庆", (0, 1))
    campaign(desk, "店庆", (1, 2), unit=desk.company.east)
    sweep_at(desk, 0.5, begun)
    assert desk.shown("li") == {"position": "", "周年庆": "到店有礼"}

    # when the clock goes again days later
    updates = desk.calls("user/update")
    job = sweep_at(desk, 9, begun)

    # then everybody has her own empty card back, written once, and nothing of the one nobody saw
    assert job is not None
    assert (job.succeeded, desk.calls("user/update") - updates) == (3, 3)
    assert desk.shown("li") == {"position": ""}
    assert set(MemberProfile.objects.values_list("state", flat=True)) == {State.NONE}


def test_who_moves_out_of_a_campaign_loses_it_at_once_and_its_end_does_not_touch_her(
    desk: CardsDesk,
) -> None:
    # given a campaign of the east, running
    begun = timezone.now()
    desk.template("公司", text_line("门店", "{store}"), web_line("商城", "我的商城"))
    campaign(desk, "华东", (0, 4), unit=desk.company.east)
    sweep_at(desk, 1, begun)
    assert list(desk.shown("li"))[1:] == ["华东"]

    # when a guide moves south
    desk.move("li", desk.company.store_south)
    sweep_at(desk, 2, begun)

    # then she shows the lasting card with her new store, her colleague the campaign
    assert desk.shown("li") == {"position": "", "门店": "天河店", "商城": "我的商城"}
    assert list(desk.shown("wang"))[1:] == ["华东"]

    # and the end writes her colleague's card only
    updates = desk.calls("user/update")
    sweep_at(desk, 5, begun)
    assert desk.calls("user/update") == updates + 1
    assert desk.shown("wang")["门店"] == "滨江店"


def test_an_account_disabled_at_the_end_reverts_when_it_comes_back(desk: CardsDesk) -> None:
    # given a running campaign and an account that is disabled meanwhile
    begun = timezone.now()
    campaign(desk, "周年庆", (0, 1))
    sweep_at(desk, 0.5, begun)
    member = desk.guides["li"]
    type(member).objects.filter(pk=member.pk).update(status=2)
    sweep_at(desk, 2, begun)
    assert list(desk.shown("li"))[1:] == ["周年庆"]

    # when it is enabled again, then the next look gives its own card back
    type(member).objects.filter(pk=member.pk).update(status=1)
    sweep_at(desk, 3, begun)
    assert desk.shown("li") == {"position": ""}


def test_a_template_that_writes_what_was_there_lets_go_without_writing(desk: CardsDesk) -> None:
    # given an account that shows already what the template says
    line = {"type": 0, "name": "门店", "text": {"value": "人民路店"}}
    wecom("contacts").user.update("guide_li", external_profile={"external_attr": [line]})
    campaign_line = text_line("门店", "{store}")
    now = timezone.now()
    desk.template("周年庆", campaign_line, starts_at=now, ends_at=now + timedelta(days=1))
    updates = desk.calls("user/update")
    desk.sweep()

    # when the campaign ends
    assert desk.calls("user/update") == updates + 2
    sweep_at(desk, 2, now)

    # then she was never written to, and is not ours any more
    assert desk.calls("user/update") == updates + 4
    assert desk.profile("li").state == State.NONE
    assert desk.shown("li")["门店"] == "人民路店"


def test_a_run_that_failed_as_a_whole_is_not_repeated_every_minute(desk: CardsDesk) -> None:
    # given an app whose rights WeCom took away
    desk.template("公司", text_line("门店", "{store}"))
    desk.world.control.post(
        "faults", {"endpoint": "user/update", "kind": "errcode", "value": 48002, "count": 1}
    )
    job = desk.sweep()
    assert job is not None
    assert job.state == JobState.FAILED

    # when the clock looks again at once, then it rests; after a while it tries again
    desk.world.control.delete("faults")
    assert desk.sweep() is None
    again = sweep_at(desk, REST / timedelta(days=1), timezone.now())
    assert again is not None
    assert (again.state, again.succeeded) == (JobState.DONE, 3)
