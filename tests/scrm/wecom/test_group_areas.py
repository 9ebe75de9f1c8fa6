"""Groups as the gateway reads and changes them, over HTTP against the simulator."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComPermanent
from scrm.wecom.local import LocalBucket, LocalLock, LocalTokens
from wecom_sandbox import defaults


@pytest.fixture
def control(sandbox: Any) -> Any:
    """The control API of a freshly reset simulator with two guides."""
    sandbox.control.post("reset", {"seed": 1, "people": 20})
    return sandbox.control


def client_of(base_url: str, secret: str) -> WeComClient:
    return WeComClient(
        defaults.CORP_ID, secret, agent_id=defaults.AGENT_ID, api_base=base_url,
        tokens=LocalTokens(), lock=LocalLock(), bucket=LocalBucket(),
    )  # fmt: skip


@pytest.fixture
def app(sandbox: Any, control: Any) -> WeComClient:
    """The app, in a corp where Li and Wang serve customers."""
    book = client_of(sandbox.base_url, defaults.CONTACT_SECRET)
    for number, (userid, name) in enumerate((("li", "李娜"), ("wang", "王芳"))):
        book.user.create(userid, name, [1], mobile=f"1390000000{number}")
    control.post("activate", {"all": True})
    return client_of(sandbox.base_url, defaults.APP_SECRET)


def group_of(control: Any, app: WeComClient, owner: str, name: str, people: list[Any]) -> str:
    way = app.contact_way.add([owner], scene=2, type=2)
    for one in people:
        control.post("scan", {"config_id": way.config_id, "person_id": one["id"]})
    ids = [one["id"] for one in people]
    return str(control.post("group", {"owner": owner, "name": name, "people": ids})["chat_id"])


def test_a_group_is_listed_and_read(control: Any, app: WeComClient) -> None:
    # given a group of Li with a customer and one of Wang
    people = control.get("people", limit=2)
    chat_id = group_of(control, app, "li", "会员群", people[:1])
    group_of(control, app, "wang", "", people[1:])

    # when Li's groups are walked and the first one read
    listed = [row for page in app.group_chat.pages(["li"]) for row in page.groups]
    detail = app.group_chat.get(chat_id)

    # then it is the only one, with everybody in it
    assert [(row.chat_id, row.status) for row in listed] == [(chat_id, 0)]
    assert (detail.name, detail.owner) == ("会员群", "li")
    assert [(row.type, row.invitor_userid) for row in detail.members] == [(1, "li"), (2, "li")]
    assert detail.members[1].unionid == people[0]["unionid"]
    assert detail.members[1].name == people[0]["name"]
    assert detail.members[1].join_time is not None


def test_a_dismissed_group_is_refused_by_its_code(control: Any, app: WeComClient) -> None:
    chat_id = group_of(control, app, "li", "会员群", [])
    control.post("group_change", {"chat_id": chat_id, "action": "dismiss", "by": "li"})

    with pytest.raises(WeComPermanent) as refused:
        app.group_chat.get(chat_id)

    assert refused.value.errcode == 49008


def test_figures_come_by_owner_and_by_day(control: Any, app: WeComClient) -> None:
    # given a group made today, looked at tomorrow
    people = control.get("people", limit=1)
    group_of(control, app, "li", "会员群", people)
    group_of(control, app, "wang", "", [])
    control.post("clock", {"advance": 86400})
    today = datetime.now(UTC).replace(tzinfo=UTC)

    by_owner = {row.owner: row for row in app.group_chat.statistic(["li", "wang"], today)}
    by_day = app.group_chat.statistic_group_by_day(["li", "wang"], today, today)

    assert (by_owner["li"].chat_total, by_owner["li"].member_total) == (1, 2)
    assert (by_owner["wang"].new_chat_cnt, by_owner["wang"].new_member_cnt) == (1, 0)
    assert [(row.chat_total, row.new_member_cnt) for row in by_day] == [(2, 1)]
    with pytest.raises(WeComPermanent):
        app.group_chat.statistic(["li"], today + timedelta(days=2))


def test_a_group_gets_another_owner_only_by_the_right_way(control: Any, app: WeComClient) -> None:
    # given a group whose owner is in service
    chat_id = group_of(control, app, "li", "会员群", [])

    # then the way for leavers refuses it, and the other one does it
    assert [row.errcode for row in app.group_chat.transfer([chat_id], "wang")] == [90500]
    assert app.group_chat.onjob_transfer([chat_id], "wang") == ()
    assert app.group_chat.get(chat_id).owner == "wang"


def test_a_welcome_template_is_made_changed_and_deleted(app: WeComClient) -> None:
    link = {"link": {"title": "会员中心", "url": "https://example.com/a"}}
    template_id = app.group_welcome.add("欢迎", link)
    assert app.group_welcome.get(template_id).url == "https://example.com/a"

    app.group_welcome.edit(template_id, "你好")
    assert (app.group_welcome.get(template_id).text, app.group_welcome.get(template_id).kind) == (
        "你好",
        "",
    )

    app.group_welcome.delete(template_id)
    with pytest.raises(WeComPermanent) as refused:
        app.group_welcome.get(template_id)
    assert refused.value.errcode == 40037


def test_an_opengid_leads_to_its_group(control: Any, app: WeComClient) -> None:
    made = control.post("group", {"owner": "li", "name": "会员群"})

    assert app.group_chat.opengid_to_chatid(made["opengid"]) == made["chat_id"]
    with pytest.raises(ValueError, match="1 to 100"):
        app.group_chat.list([])
