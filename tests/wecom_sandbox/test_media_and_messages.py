import urllib.request
from typing import Any

import pytest

from tests.wecom_sandbox.client import TINY_PNG, Api, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control

MESSAGE: dict[str, Any] = {
    "touser": "guide0001", "msgtype": "text", "agentid": defaults.AGENT_ID, "text": {"content": "早会九点"},
}  # fmt: skip


def test_media_live_three_days(app: Api, control: Control) -> None:
    kept = app.upload("media/upload", TINY_PNG, "图.png", type="image")
    url = f"{app.base_url}/cgi-bin/media/get?access_token={app.token}&media_id={kept['media_id']}"

    with urllib.request.urlopen(url, timeout=10) as reply:
        assert reply.read() == TINY_PNG
        assert "attachment" in reply.headers["Content-Disposition"]
    assert (kept["type"], type(kept["created_at"])) == ("image", str)
    control.post("clock", {"advance": 3 * 86400 + 1})
    control.post("revoke_tokens")
    fresh = app.raw("gettoken", corpid=defaults.CORP_ID, corpsecret=defaults.APP_SECRET)
    gone = app.raw("media/get", access_token=fresh["access_token"], media_id=kept["media_id"])
    assert gone["errcode"] == 40007


@pytest.mark.parametrize(
    ("content", "query", "code"),
    [
        (TINY_PNG, {"type": "poem"}, 40004),
        (b"", {"type": "file"}, 44001),
        (b"12345", {"type": "file"}, 40006),
        (b"GIF89a" + bytes(50), {"type": "image"}, 40005),
        (TINY_PNG + bytes(10 * 1024 * 1024), {"type": "image"}, 40009),
    ],
)
def test_uploads_are_checked(app: Api, content: bytes, query: dict[str, str], code: int) -> None:
    assert app.upload("media/upload", content, **query)["errcode"] == code


def test_an_uploaded_picture_has_an_address_for_ever(app: Api) -> None:
    url = app.upload("media/uploadimg", TINY_PNG)["url"]

    with urllib.request.urlopen(url, timeout=10) as reply:
        assert reply.read() == TINY_PNG


def test_messages_reach_members_and_name_the_unknown(app: Api, control: Control) -> None:
    shop(control)

    sent = app.post("message/send", MESSAGE | {"touser": "GUIDE0001|Nobody|guide0002"})

    assert (sent["errcode"], sent["invaliduser"]) == (0, "nobody")
    ledger = control.get("ledger/messages")
    assert [(one["msgid"], one["msgtype"], one["content"]) for one in ledger] == [
        (sent["msgid"], "text", {"content": "早会九点"})
    ]
    assert [one["userid"] for one in ledger[0]["receivers"]] == ["guide0001", "guide0002"]
    assert app.code("message/recall", {"msgid": sent["msgid"]}) == 0
    assert control.get("ledger/messages")[0]["recalled"] == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"agentid": 1}, 40056),
        ({"agentid": None}, 41011),
        ({"msgtype": "poem"}, 40008),
        ({"text": {}}, 44004),
        ({"touser": "nobody"}, 81013),
        ({"touser": ""}, 82001),
        ({"msgtype": "image", "image": {"media_id": "3none"}}, 40007),
    ],
)
def test_messages_are_checked(
    app: Api, control: Control, fields: dict[str, Any], code: int
) -> None:
    shop(control)

    assert app.code("message/send", MESSAGE | fields) == code
    assert control.get("ledger/messages") == []


def test_everybody_and_departments(app: Api, control: Control) -> None:
    shop(control)
    everybody = app.post("message/send", MESSAGE | {"touser": "@all"})
    party = app.post("message/send", MESSAGE | {"touser": "", "toparty": "2|404"})

    assert (everybody["errcode"], party["invalidparty"]) == (0, "404")
    counts = [len(one["receivers"]) for one in control.get("ledger/messages")]
    assert counts == [3, 2]


def test_more_than_thirty_a_minute_are_dropped_silently(app: Api, control: Control) -> None:
    shop(control)
    for number in range(31):
        body = MESSAGE | {"text": {"content": str(number)}}
        assert app.code("message/send", body) == 0

    dropped = [one["receivers"][0]["dropped"] for one in control.get("ledger/messages")]
    assert dropped == [""] * 30 + ["rate"]


def test_a_duplicate_is_not_delivered_when_asked(app: Api, control: Control) -> None:
    shop(control)
    body = MESSAGE | {"enable_duplicate_check": 1}

    assert [app.code("message/send", body) for _ in range(2)] == [0, 0]

    dropped = [one["receivers"][0]["dropped"] for one in control.get("ledger/messages")]
    assert dropped == ["", "duplicate"]


def test_a_robot_posts_twenty_a_minute(app: Api, control: Control) -> None:
    body = {"msgtype": "markdown", "markdown": {"content": "**容量** 已达 90%"}}
    codes = [app.raw("webhook/send", body, key=defaults.ROBOT_KEY)["errcode"] for _ in range(21)]

    assert codes == [0] * 20 + [45009]
    posts = control.get(f"robot/{defaults.ROBOT_KEY}/messages")
    assert [one["content"] for one in posts] == [body] * 20
    assert app.raw("webhook/send", body, key="wrong")["errcode"] == 93000
    control.post("clock", {"advance": 61})
    assert app.raw("webhook/send", body, key=defaults.ROBOT_KEY)["errcode"] == 0
    long = {"msgtype": "text", "text": {"content": "字" * 700}}
    assert app.raw("webhook/send", long, key=defaults.ROBOT_KEY)["errcode"] == 45002
