"""A nearly full account and a hijacked one, from WeCom's callbacks to WeCom's state, over real HTTP."""

from typing import Any

import pytest

from attribution.live_codes.models import LiveCode
from attribution.live_codes.pushing import live_code_push
from attribution.live_codes.services import LiveCodeWish, live_code_create
from contacts.directory.models import Member
from risk.anomalies.ladder import steps_undo
from risk.anomalies.models import Incident
from risk.capacity.services import limit_set
from scrm.accounts.models import User
from scrm.core.gateway import wecom
from scrm.core.scope import scope_of
from scrm.inbox.worker import drain
from tests.factories.core import AlertChannelFactory
from wecom_sandbox import defaults

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(
    wecom_sandbox_world: Any, live_server: Any, settings: Any, guide_li: Member, guide_wang: Member
) -> Any:
    """A simulator that knows two guides and our address, and a monitor group with its robot."""
    settings.RISK_CONTACT_SCOPE_TAG = defaults.NO_CONTACT_TAG
    for number, member in enumerate((guide_li, guide_wang)):
        wecom("contacts").user.create(
            userid=member.userid, name=member.name, department=[1], mobile=f"+861390000000{number}"
        )
    control = wecom_sandbox_world.control
    control.post("activate", {"all": True})
    for app in ("scrm", "contacts"):
        url = f"{live_server.url}/wecom/callback/{app}/"
        assert control.post("callback_urls", {"app": app, "url": url})["ok"]
    AlertChannelFactory(
        url=f"{settings.WECOM_API_BASE}/cgi-bin/webhook/send?key={defaults.ROBOT_KEY}",
        level="warning",
    )
    return wecom_sandbox_world


@pytest.fixture
def code(world: Any, hq_ops: User, guide_li: Member, guide_wang: Member) -> LiveCode:
    """A live code of Li with Wang as the backup."""
    wish = LiveCodeWish(name="台卡", member_ids=[guide_li.pk], backup_ids=[guide_wang.pk])
    return live_code_push(live_code_create(wish, scope=scope_of(hq_ops), actor=hq_ops).pk)


def settle(world: Any) -> None:
    """Deliver everything and work until nothing is due."""
    assert world.control.post("wait_idle", {"timeout": 30})["idle"]
    drain()


def said(world: Any) -> list[str]:
    """Return what the robot posted into the group."""
    messages = world.control.get(f"robot/{defaults.ROBOT_KEY}/messages")
    return [message["content"]["text"]["content"] for message in messages]


def behind(code: LiveCode) -> tuple[str, ...]:
    return tuple(wecom().contact_way.get(str(code.config_id)).users)


def test_crossing_70_percent_is_said_once_and_the_code_takes_the_backup(
    world: Any, code: LiveCode, hq_ops: User, guide_li: Member
) -> None:
    # given an account that may have ten customers and leaves its codes at 70 %
    limit_set(guide_li, limit=10, swap_percent=70, reason="演示", actor=hq_ops)
    people = world.control.get("people", limit=9)

    # when seven customers scan
    for person in people[:7]:
        world.control.post("scan", {"config_id": code.config_id, "person_id": person["id"]})
        settle(world)

    # then the group hears of it once, word by word, and the eighth comes to Wang
    assert said(world) == ["李娜(账号:guide_li)客户容量已达到70%,请及时处理。"]
    assert behind(code) == ("guide_wang",)
    added = world.control.post("scan", {"config_id": code.config_id, "person_id": people[7]["id"]})
    settle(world)
    assert added["userid"] == "guide_wang"
    assert len(said(world)) == 1


def test_a_hijacked_account_is_stopped_within_the_minute_and_set_free_by_one_act(
    world: Any, code: LiveCode, hq_ops: User, guide_li: Member
) -> None:
    # given a guide who is logged in
    assert guide_li.user is not None
    version = guide_li.user.session_version

    # when 60 customers are added to her account
    for person in world.control.get("people", limit=60):
        world.control.post("add", {"userid": "guide_li", "person_id": person["id"]})
    settle(world)

    # then there is one incident, one alert, and the first steps hold at WeCom
    incident = Incident.objects.get()
    assert (incident.member, incident.rules, incident.count) == (guide_li, ["adds_minute"], 60)
    assert [message for message in said(world) if "guide_li" in message] == said(world)
    assert len(said(world)) == 1
    assert behind(code) == ("guide_wang",)
    assert wecom().external_contact.get_follow_user_list() == ("guide_wang",)
    guide_li.user.refresh_from_db()
    assert guide_li.user.session_version == version + 1
    steps = incident.steps.order_by("id")
    assert [(step.kind, step.done_at is not None) for step in steps] == [
        ("codes", True),
        ("scope", True),
        ("sessions", True),
    ]

    # when a person undoes it
    steps_undo(incident, actor=hq_ops, reason="本人找回账号")
    drain()

    # then everything is as before
    assert set(wecom().external_contact.get_follow_user_list()) == {"guide_li", "guide_wang"}
    assert behind(code) == ("guide_li",)
