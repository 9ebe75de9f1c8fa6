"""Following, scene codes, followers, tags, and the callbacks they raise."""

import json
from typing import Any

import pytest

from tests.wecom_sandbox.wechat_client import Listener, WeChat
from wecom_sandbox.testing import Control, ControlError
from wecom_sandbox.wechat.accounts import SERVICE


def scene(service: WeChat, action: str = "QR_LIMIT_STR_SCENE", **scene: Any) -> Any:
    """A scene code."""
    return service.post(
        "/cgi-bin/qrcode/create", {"action_name": action, "action_info": {"scene": scene}}
    )


def test_a_scene_code_leads_to_subscribe_then_scan_then_unsubscribe(
    service: WeChat, control: Control, listener: Listener
) -> None:
    # given
    code = scene(service, scene_str="g_1024_c7")
    person = {"person_id": "p000001"}

    # when
    assert control.post("wechat/scan", {**person, "ticket": code["ticket"]}) == {
        "event": "subscribe"
    }
    assert control.post("wechat/scan", {**person, "link": code["url"]}) == {"event": "SCAN"}
    control.post("wechat/unfollow", person)
    control.post("wait_idle")

    # then
    openid = control.get("wechat/identity", **person)["service"]
    assert [one["Event"] for one in listener.events] == ["subscribe", "SCAN", "unsubscribe"]
    first, second, third = listener.events
    assert first == {
        "ToUserName": SERVICE.original_id, "FromUserName": openid, "CreateTime": first["CreateTime"],
        "MsgType": "event", "Event": "subscribe", "EventKey": "qrscene_g_1024_c7", "Ticket": code["ticket"],
    }  # fmt: skip
    assert (second["EventKey"], second["Ticket"]) == ("g_1024_c7", code["ticket"])
    assert third["EventKey"] is None
    assert listener.queries[0]["openid"] == openid
    assert service.get("/cgi-bin/user/info", openid=openid) == {"subscribe": 0, "openid": openid}


def test_following_without_a_code_has_an_empty_key_and_cannot_be_done_twice(
    control: Control, listener: Listener
) -> None:
    control.post("wechat/follow", {"person_id": "p000001"})
    control.post("wait_idle")

    assert (listener.events[0]["EventKey"], "Ticket" in listener.events[0]) == (None, False)
    with pytest.raises(ControlError, match="follow already"):
        control.post("wechat/follow", {"person_id": "p000001"})
    control.post("wechat/unfollow", {"person_id": "p000001"})
    with pytest.raises(ControlError, match="do not follow"):
        control.post("wechat/unfollow", {"person_id": "p000001"})


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_a_callback_travels_in_three_modes(control: Control, listener: Listener, mode: str) -> None:
    control.post("wechat/settings", {"account": "service", "mode": mode})
    control.post("wechat/follow", {"person_id": "p000001"})
    control.post("wait_idle")

    body, query = listener.bodies[0], listener.queries[0]
    assert (b"<Event>" in body, b"<Encrypt>" in body) == (mode != "safe", mode != "plain")
    assert ("msg_signature" in query, "signature" in query) == (mode != "plain", True)
    assert listener.events[0]["Event"] == "subscribe"


def test_a_callback_is_tried_three_times(control: Control, listener: Listener) -> None:
    listener.say = lambda number: (500, b"")
    control.post("delivery", {"retry_delay": 0.05})
    control.post("wechat/follow", {"person_id": "p000001"})
    control.post("wait_idle")

    assert (len(listener.bodies), len(listener.events)) == (3, 0)
    assert control.get("ledger/callbacks", app="wechat.service")[0]["status"] == "failed"


def test_an_answer_in_time_is_a_message_to_the_person(control: Control, listener: Listener) -> None:
    openid = control.get("wechat/identity", person_id="p000001")["service"]
    words = "欢迎您来门店"
    reply = (
        f"<xml><ToUserName><![CDATA[{openid}]]></ToUserName><FromUserName>x</FromUserName><CreateTime>1</CreateTime>"
        f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{words}]]></Content></xml>"
    )
    listener.say = lambda number: (200, reply.encode())
    control.post("wechat/follow", {"person_id": "p000001"})
    control.post("wait_idle")

    said = control.get("ledger/wechat_messages")
    assert [(one["kind"], one["content"]) for one in said] == [
        ("reply", {"msgtype": "text", "text": {"content": words}})
    ]
    # For somebody else it is nothing.
    control.post("wechat/follow", {"person_id": "p000002"})
    control.post("wait_idle")
    assert len(control.get("ledger/wechat_messages")) == 1


def test_an_encrypted_answer_is_opened_and_one_with_a_wrong_signature_is_not(
    control: Control, listener: Listener
) -> None:
    from wechatpy.crypto import WeChatCrypto

    openid = control.get("wechat/identity", person_id="p000001")["service"]
    plain = (
        f"<xml><ToUserName>{openid}</ToUserName><FromUserName>x</FromUserName><CreateTime>1</CreateTime>"
        "<MsgType>text</MsgType><Content>好</Content></xml>"
    )
    crypto = WeChatCrypto(SERVICE.token, SERVICE.aes_key, SERVICE.appid)
    sealed = crypto.encrypt_message(plain, "nonce1", "1700000000")
    answers = [sealed.encode(), sealed.replace("nonce1", "nonce2").encode()]
    listener.say = lambda number: (200, answers[number])
    control.post("wechat/follow", {"person_id": "p000001"})
    control.post("wait_idle")
    control.post("wechat/say", {"person_id": "p000001", "text": "在吗"})
    control.post("wait_idle")

    assert [one["kind"] for one in control.get("ledger/wechat_messages")] == ["reply", "said"]


def test_scene_codes_have_limits_and_permanent_ones_come_again(
    service: WeChat, control: Control
) -> None:
    first = scene(service, scene_str="store1")
    assert set(first) == {"ticket", "url"}
    assert scene(service, scene_str="store1") == first
    temporary = service.post(
        "/cgi-bin/qrcode/create",
        {
            "expire_seconds": 604800,
            "action_name": "QR_SCENE",
            "action_info": {"scene": {"scene_id": 7}},
        },
    )
    assert temporary["expire_seconds"] == 604800
    assert scene(service, "QR_SCENE", scene_id=9)["expire_seconds"] == 60

    for action, wish, code in (
        ("QR_SCENE", {"scene_id": 0}, 40097),
        ("QR_SCENE", {"scene_id": 2**32}, 40097),
        ("QR_LIMIT_SCENE", {"scene_id": 100_001}, 40097),
        ("QR_STR_SCENE", {"scene_str": ""}, 40097),
        ("QR_STR_SCENE", {"scene_str": "x" * 65}, 40097),
        ("QR_CARD", {"scene_id": 1}, 40097),
    ):
        assert scene(service, action, **wish)["errcode"] == code
    too_long = {
        "expire_seconds": 2_592_001,
        "action_name": "QR_SCENE",
        "action_info": {"scene": {"scene_id": 1}},
    }
    assert service.code("/cgi-bin/qrcode/create", too_long) == 40035
    control.post("wechat/settings", {"account": "service", "permanent_codes": 1})
    assert scene(service, scene_str="store2")["errcode"] == 45029
    control.post("clock", {"advance": 700_000})
    with pytest.raises(ControlError, match="expired"):
        control.post("wechat/scan", {"person_id": "p000001", "ticket": temporary["ticket"]})


def test_the_picture_of_a_scene_code_needs_no_token(service: WeChat) -> None:
    ticket = scene(service, scene_str="store1")["ticket"]

    kind, content = service.fetch("/cgi-bin/showqrcode", ticket=ticket)
    assert (kind, content[:4]) == ("image/png", b"\x89PNG")
    other = service.fetch("/cgi-bin/showqrcode", host="mp.weixin.qq.com", ticket=ticket)
    assert other[1][:4] == content[:4]
    with pytest.raises(OSError, match="404"):
        service.fetch("/cgi-bin/showqrcode", ticket="none")


def test_followers_come_in_pages_with_what_may_be_known(service: WeChat, control: Control) -> None:
    control.post("wechat/settings", {"account": "service", "page_size": 2})
    openids = [
        control.post("wechat/follow", {"person_id": f"p00000{number}"})["openid"]
        for number in (3, 1, 2)
    ]

    first = service.get("/cgi-bin/user/get")
    assert first == {
        "total": 3,
        "count": 2,
        "data": {"openid": openids[:2]},
        "next_openid": openids[1],
    }
    last = service.get("/cgi-bin/user/get", next_openid=first["next_openid"])
    assert last == {
        "total": 3,
        "count": 1,
        "data": {"openid": openids[2:]},
        "next_openid": openids[2],
    }
    assert service.get("/cgi-bin/user/get", next_openid=openids[2]) == {
        "total": 3, "count": 0, "next_openid": "",
    }  # fmt: skip
    assert service.code("/cgi-bin/user/get", next_openid="x") == 40003

    assert (
        service.code("/cgi-bin/user/info/updateremark", {"openid": openids[0], "remark": "x" * 30})
        == 40035
    )
    assert (
        service.code("/cgi-bin/user/info/updateremark", {"openid": openids[0], "remark": "老客户"})
        == 0
    )
    known = service.get("/cgi-bin/user/info", openid=openids[0])
    identity = control.get("wechat/identity", person_id="p000003")
    assert (known["unionid"], known["remark"], known["nickname"]) == (
        identity["unionid"],
        "老客户",
        "",
    )
    assert known["subscribe_scene"] == "ADD_SCENE_SEARCH"
    control.post("wechat/settings", {"account": "service", "bound": False})
    assert "unionid" not in service.get("/cgi-bin/user/info", openid=openids[0])
    stranger = control.get("wechat/identity", person_id="p000009")
    assert service.get("/cgi-bin/user/info", openid=stranger["service"])["subscribe"] == 0
    # The mini program's openid of a follower is nobody's here.
    assert service.code("/cgi-bin/user/info", openid=identity["mini"]) == 40003


def test_batchget_takes_a_hundred(service: WeChat, control: Control) -> None:
    openid = control.post("wechat/follow", {"person_id": "p000001"})["openid"]
    other = control.get("wechat/identity", person_id="p000002")["service"]
    wish = [{"openid": openid, "lang": "zh_CN"}, {"openid": other}]

    found = service.post("/cgi-bin/user/info/batchget", {"user_list": wish})["user_info_list"]

    assert [one["subscribe"] for one in found] == [1, 0]
    assert found[1] == {"subscribe": 0, "openid": other}
    assert service.code("/cgi-bin/user/info/batchget", {"user_list": wish[:1] * 101}) == 40032
    assert service.code("/cgi-bin/user/info/batchget", {"user_list": [{"openid": "x"}]}) == 40003


def test_tags_have_names_limits_and_fans(service: WeChat, control: Control) -> None:
    openid = control.post("wechat/follow", {"person_id": "p000001"})["openid"]
    tag = service.post("/cgi-bin/tags/create", {"tag": {"name": "会员"}})["tag"]
    assert tag == {"id": 100, "name": "会员"}

    refused = [
        ({"name": "会员"}, 45157), ({"name": ""}, 45157), ({"name": "x" * 31}, 45158), ({"name": "星标组"}, 45157),
    ]  # fmt: skip
    for wish, code in refused:
        assert service.code("/cgi-bin/tags/create", {"tag": wish}) == code
    assert service.code("/cgi-bin/tags/update", {"tag": {"id": 2, "name": "x"}}) == 45058
    assert service.code("/cgi-bin/tags/update", {"tag": {"id": 999, "name": "x"}}) == 45159
    assert service.code("/cgi-bin/tags/update", {"tag": {"id": 100, "name": "金卡"}}) == 0
    add, take = "/cgi-bin/tags/members/batchtagging", "/cgi-bin/tags/members/batchuntagging"
    assert service.code(add, {"openid_list": [openid], "tagid": 100}) == 0
    assert service.code(add, {"openid_list": [openid] * 51, "tagid": 100}) == 40032
    assert service.code(add, {"openid_list": ["x"], "tagid": 100}) == 40003
    assert service.post("/cgi-bin/tags/getidlist", {"openid": openid})["tagid_list"] == [100]
    assert service.post("/cgi-bin/user/tag/get", {"tagid": 100}) == {
        "count": 1, "data": {"openid": [openid]}, "next_openid": openid,
    }  # fmt: skip
    assert service.get("/cgi-bin/tags/get")["tags"][1] == {"id": 100, "name": "金卡", "count": 1}
    for number in range(20):
        other = service.post("/cgi-bin/tags/create", {"tag": {"name": f"标签{number}"}})["tag"][
            "id"
        ]
        code = service.code(add, {"openid_list": [openid], "tagid": other})
        assert code == (45059 if number == 19 else 0)
    assert len(service.post("/cgi-bin/tags/getidlist", {"openid": openid})["tagid_list"]) == 20
    assert service.code(take, {"openid_list": [openid], "tagid": 100}) == 0
    assert service.code("/cgi-bin/tags/delete", {"tag": {"id": 100}}) == 0
    control.post("wechat/unfollow", {"person_id": "p000001"})
    assert service.code("/cgi-bin/tags/getidlist", {"openid": openid}) == 43004


def test_there_are_a_hundred_tags_at_most(service: WeChat) -> None:
    codes = [service.code("/cgi-bin/tags/create", {"tag": {"name": f"t{n}"}}) for n in range(101)]

    assert codes == [0] * 100 + [45056]


def test_the_blacklist_stops_messages(service: WeChat, control: Control) -> None:
    openid = control.post("wechat/follow", {"person_id": "p000001"})["openid"]
    assert service.code("/cgi-bin/tags/members/batchblacklist", {"openid_list": [openid]}) == 0

    listed = service.post("/cgi-bin/tags/members/getblacklist", {"begin_openid": ""})
    assert listed == {"total": 1, "count": 1, "data": {"openid": [openid]}, "next_openid": openid}
    text = {"touser": openid, "msgtype": "text", "text": {"content": "您好"}}
    assert service.code("/cgi-bin/message/custom/send", text) == 43019
    assert (
        service.code("/cgi-bin/tags/members/batchblacklist", {"openid_list": [openid] * 21})
        == 40032
    )
    assert service.code("/cgi-bin/tags/members/batchunblacklist", {"openid_list": [openid]}) == 0
    assert service.code("/cgi-bin/message/custom/send", text) == 0


def test_words_pictures_and_places_of_a_person_arrive(control: Control, listener: Listener) -> None:
    person = {"person_id": "p000001"}
    control.post("wechat/follow", person)
    control.post("wechat/say", {**person, "text": "有货吗"})
    control.post("wait_idle")
    control.post("wechat/say", {**person, "picture": "http://mmbiz.qpic.cn/a"})
    control.post("wait_idle")
    control.post(
        "wechat/say", {**person, "latitude": 31.2, "longitude": 121.4, "label": "人民广场"}
    )
    control.post("wait_idle")
    control.post("wechat/place", {**person, "latitude": 31.2, "longitude": 121.4})
    control.post("wait_idle")

    text, picture, place, position = listener.events[1:]
    assert (text["MsgType"], text["Content"], "Event" in text) == ("text", "有货吗", False)
    assert text["MsgId"].isdigit()
    assert (picture["MsgType"], picture["PicUrl"]) == ("image", "http://mmbiz.qpic.cn/a")
    assert (place["Location_X"], place["Location_Y"], place["Label"]) == (
        "31.2",
        "121.4",
        "人民广场",
    )
    assert (position["Event"], position["Latitude"], position["Precision"]) == (
        "LOCATION",
        "31.2",
        "30.0",
    )


def test_the_menu_is_checked_seen_and_tapped(
    service: WeChat, control: Control, listener: Listener
) -> None:
    from wecom_sandbox.wechat.accounts import MINI

    person = {"person_id": "p000001"}
    openid = control.post("wechat/follow", person)["openid"]
    assert service.code("/cgi-bin/menu/get") == 46003
    assert service.get("/cgi-bin/get_current_selfmenu_info")["is_menu_open"] == 0
    click = {"type": "click", "name": "找导购", "key": "guide"}
    page = {
        "type": "miniprogram", "name": "商城", "appid": MINI.appid, "pagepath": "pages/index/index?a=1",
        "url": "https://m.example.com",
    }  # fmt: skip
    view = {"type": "view", "name": "官网", "url": "https://www.example.com"}
    for buttons, code in (
        ([], 40016),
        ([click] * 4, 40016),
        ([click | {"name": "很长很长的名字"}], 40018),
        ([click | {"type": "fly"}], 40017),
        ([click | {"key": ""}], 40019),
        ([view | {"url": "ftp://x"}], 40020),
        ([{"name": "更多", "sub_button": [click] * 6}], 40023),
        ([{"name": "更多", "sub_button": [click | {"sub_button": [click]}]}], 40022),
        ([page | {"appid": "wx0"}], 40013),
    ):
        assert service.code("/cgi-bin/menu/create", {"button": buttons}) == code
    menu = [click, {"name": "更多", "sub_button": [view, page]}]
    rule = {"button": [view], "matchrule": {"tag_id": "100"}}
    assert service.code("/cgi-bin/menu/addconditional", rule) == 46003
    assert service.code("/cgi-bin/menu/create", {"button": menu}) == 0
    assert service.get("/cgi-bin/menu/get") == {"menu": {"button": menu}}

    for name in ("找导购", "官网", "商城"):
        control.post("wechat/tap", {**person, "name": name})
        control.post("wait_idle")
    taps = [(one["Event"], one["EventKey"]) for one in listener.events[1:]]
    assert taps == [
        ("CLICK", "guide"), ("VIEW", "https://www.example.com"), ("view_miniprogram", "pages/index/index?a=1"),
    ]  # fmt: skip
    visit = control.get("ledger/wechat_visits")[0]
    assert (visit["path"], visit["query"], visit["scene"]) == ("pages/index/index", "a=1", 1035)

    # A menu for some hides the other.
    service.post("/cgi-bin/tags/create", {"tag": {"name": "会员"}})
    assert service.post("/cgi-bin/menu/addconditional", rule)["menuid"].isdigit()
    service.post("/cgi-bin/tags/members/batchtagging", {"openid_list": [openid], "tagid": 100})
    with pytest.raises(ControlError, match="no such entry"):
        control.post("wechat/tap", {**person, "name": "找导购"})
    assert service.code("/cgi-bin/menu/delete") == 0
    assert service.code("/cgi-bin/menu/get") == 46003


def test_the_mini_program_may_take_callbacks_as_json(
    control: Control, mini_listener: Listener
) -> None:
    control.post("wechat/settings", {"account": "mini", "format": "json"})
    control.post("wechat/enter", {"person_id": "p000001", "session_from": "detail"})
    control.post("wait_idle")
    control.post("wechat/settings", {"account": "mini", "mode": "plain"})
    control.post("wechat/revoke", {"person_id": "p000001", "kind": "2"})
    control.post("wait_idle")

    assert set(json.loads(mini_listener.bodies[0])) == {"ToUserName", "Encrypt"}
    entered, revoked = mini_listener.events
    assert (entered["Event"], entered["SessionFrom"]) == ("user_enter_tempsession", "detail")
    assert (revoked["Event"], revoked["RevokeInfo"]) == ("user_authorization_revoke", "2")
    assert isinstance(revoked["CreateTime"], str)
    with pytest.raises(ControlError, match="format"):
        control.post("wechat/settings", {"account": "service", "format": "json"})
