"""A customer scans a live code: the whole path from WeCom's callback to the welcome, over real HTTP."""

import json
from typing import Any

import pytest

from attribution.adds.models import AddEpisode
from attribution.live_codes.models import LiveCode
from attribution.live_codes.pushing import live_code_push
from attribution.live_codes.services import LiveCodeWish, live_code_create
from attribution.welcome.models import WelcomeDelivery
from contacts.directory.models import Member
from customers.relations.models import FollowRelation, RelationEvent
from customers.tags.services import tag_create
from scrm.accounts.models import User
from scrm.core.gateway import wecom
from scrm.core.scope import scope_of
from scrm.inbox.models import InboxEvent
from scrm.inbox.worker import drain
from wecom_sandbox import defaults

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(wecom_sandbox_world: Any, live_server: Any, guide_li: Member) -> Any:
    """A simulator that knows guide Li and our callback address."""
    client = wecom("contacts")
    client.user.create(
        userid=guide_li.userid, name=guide_li.name, department=[1], mobile="+8613900000001"
    )
    control = wecom_sandbox_world.control
    control.post("activate", {"all": True})
    for app in ("scrm", "contacts"):
        url = f"{live_server.url}/wecom/callback/{app}/"
        assert control.post("callback_urls", {"app": app, "url": url})["ok"]
    return wecom_sandbox_world


@pytest.fixture
def code(world: Any, hq_ops: User, guide_li: Member) -> LiveCode:
    """A live code of guide Li with one tag, a remark suffix and a welcome."""
    tags = tag_create("渠道", ["门店"], actor=hq_ops)
    wish = LiveCodeWish(
        name="店庆", member_ids=[guide_li.pk], tag_ids=[tag.tag_id for tag in tags],
        remark_suffix="-店庆", welcome_text="您好，我是{guide}",
    )  # fmt: skip
    return live_code_push(live_code_create(wish, scope=scope_of(hq_ops), actor=hq_ops).pk)


def settle(world: Any) -> None:
    """Deliver everything and work until nothing is due."""
    assert world.control.post("wait_idle", {"timeout": 20})["idle"]
    drain()


def test_scan_becomes_relation_tag_remark_and_welcome(
    world: Any, code: LiveCode, guide_li: Member
) -> None:
    # given a working live code
    assert code.status == LiveCode.Status.ACTIVE
    person = world.control.get("people", limit=1)[0]

    # when a customer scans it
    added = world.control.post("scan", {"config_id": code.config_id, "person_id": person["id"]})
    settle(world)

    # then both sides hold the same relation, and WeCom sent the welcome once
    relation = FollowRelation.objects.get()
    ledger = world.control.get("ledger/relations")[0]
    assert (relation.member, relation.contact.external_userid) == (
        guide_li,
        added["external_userid"],
    )
    assert (relation.tag_ids, relation.remark, relation.state) == (
        ledger["tags"],
        ledger["remark"],
        code.state,
    )
    assert relation.tag_ids == code.tag_ids
    assert relation.remark.endswith("-店庆")
    welcome = world.control.get("ledger/welcomes")[0]
    assert welcome["status"] == "sent"
    assert "您好，我是李娜" in json.dumps(welcome["content"], ensure_ascii=False)
    assert WelcomeDelivery.objects.get().outcome == "sent"
    assert AddEpisode.objects.get().live_code == code


def test_everything_again_changes_nothing(world: Any, code: LiveCode) -> None:
    # given customers who have scanned
    for person in world.control.get("people", limit=5):
        world.control.post("scan", {"config_id": code.config_id, "person_id": person["id"]})
    settle(world)
    before = (
        InboxEvent.objects.count(),
        FollowRelation.objects.count(),
        AddEpisode.objects.count(),
    )
    assert before == (5, 5, 5)

    # when every callback comes three times more, shuffled
    assert world.control.post("redeliver", {"times": 3, "shuffle": True})["queued"] >= 15
    settle(world)

    # then there is no effect more
    assert (
        InboxEvent.objects.count(),
        FollowRelation.objects.count(),
        AddEpisode.objects.count(),
    ) == before
    calls = world.control.get("ledger/calls", api="externalcontact/send_welcome_msg")
    assert [call["errcode"] for call in calls] == [0] * 5


def test_a_second_app_that_hears_the_same_counts_nothing_twice(
    world: Any, code: LiveCode, guide_li: Member, live_server: Any, settings: Any
) -> None:
    # given a second app of the corp whose events come to us too
    settings.WECOM_APPS = {
        **settings.WECOM_APPS,
        "second": {
            "agent_id": defaults.SECOND_AGENT_ID,
            "secret": defaults.SECOND_SECRET,
            "token": defaults.SECOND_CALLBACK_TOKEN,
            "aes_key": defaults.SECOND_CALLBACK_AES_KEY,
        },
    }
    url = f"{live_server.url}/wecom/callback/second/"
    assert world.control.post("callback_urls", {"app": "second", "url": url})["verified"]

    # when a customer scans, leaves and comes back
    scan = {"config_id": code.config_id, "person_id": "p000001"}
    pair = {"userid": guide_li.userid, "person_id": "p000001"}
    world.control.post("scan", scan)
    settle(world)
    world.control.post("clock", {"advance": 2})
    world.control.post("delete", pair | {"by": "customer"})
    world.control.post("clock", {"advance": 2})
    world.control.post("scan", scan)
    settle(world)

    # then WeCom told each fact twice and was believed once
    told = world.control.get("ledger/callbacks")
    customer = [row for row in told if row["event"] == "change_external_contact"]
    assert sorted(row["app"] for row in customer) == ["scrm"] * 3 + ["second"] * 3
    assert {row["status"] for row in customer} == {"delivered"}
    stored = InboxEvent.objects.filter(event="change_external_contact")
    assert (stored.count(), stored.exclude(state="done").count()) == (6, 0)
    assert RelationEvent.objects.count() == 3
    assert AddEpisode.objects.count() == 2
    assert FollowRelation.objects.get().status == "active"
    assert [one.outcome for one in WelcomeDelivery.objects.all()] == ["sent"] * 2
    welcomes = world.control.get("ledger/welcomes")
    assert [one["status"] for one in welcomes] == ["sent"] * 2
    tags = [one for one in world.control.get("ledger/calls") if "mark_tag" in str(one)]
    assert len(tags) == 2
