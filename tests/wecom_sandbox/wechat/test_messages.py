"""Template, subscription and customer-service messages."""

from typing import Any

import pytest

from tests.wecom_sandbox.wechat_client import Listener, WeChat
from wecom_sandbox.testing import Control, ControlError
from wecom_sandbox.wechat.accounts import MINI
from wecom_sandbox.wechat.templates import fits

ORDER = {
    "character_string1": {"value": "SO20261121001"}, "thing2": {"value": "羊绒大衣 一件"},
    "amount3": {"value": "¥1299.00"}, "time4": {"value": "2026年11月21日 15:01"},
}  # fmt: skip
PICKUP = {
    "thing1": {"value": "到店取货提醒"}, "phrase2": {"value": "待取货"}, "time3": {"value": "2026年11月22日 10:00"},
}  # fmt: skip
SEND, SUBSCRIBE = "/cgi-bin/message/template/send", "/cgi-bin/message/subscribe/send"


def notice(openid: str, **more: Any) -> dict[str, Any]:
    """A template message."""
    return {"touser": openid, "template_id": "SIMTMPL_order_0001", "data": ORDER} | more


def test_a_notice_reaches_a_follower_and_its_result_comes_later(
    service: WeChat, control: Control, listener: Listener
) -> None:
    openid = control.post("wechat/follow", {"person_id": "p000001"})["openid"]
    program = {"appid": MINI.appid, "pagepath": "pages/order/detail?id=1"}
    sent = service.post(SEND, notice(openid, url="https://m.example.com", miniprogram=program))
    control.post("wait_idle")

    assert sent["errcode"] == 0
    assert isinstance(sent["msgid"], int)
    finish = listener.events[-1]
    assert (finish["Event"], finish["MsgID"], finish["Status"]) == (
        "TEMPLATESENDJOBFINISH", str(sent["msgid"]), "success",
    )  # fmt: skip
    message = control.get("ledger/wechat_messages")[0]["content"]
    assert message["words"]["商品名称"] == "羊绒大衣 一件"
    # The mini program wins over the address.
    assert (message["page"], "url" in message) == ("pages/order/detail?id=1", False)


def test_the_same_client_msg_id_is_one_message_for_ten_minutes(
    service: WeChat, control: Control
) -> None:
    openid = control.post("wechat/follow", {"person_id": "p000001"})["openid"]
    first, second = (service.post(SEND, notice(openid, client_msg_id="o1")) for _ in range(2))

    assert first["msgid"] == second["msgid"]
    assert len(control.get("ledger/wechat_messages")) == 1
    control.post("clock", {"advance": 601})
    assert service.post(SEND, notice(openid, client_msg_id="o1"))["msgid"] != first["msgid"]


def test_a_notice_is_refused_with_its_code(service: WeChat, control: Control) -> None:
    openid = control.post("wechat/follow", {"person_id": "p000001"})["openid"]
    stranger = control.get("wechat/identity", person_id="p000002")["service"]

    assert service.code(SEND, notice("x")) == 40003
    assert service.code(SEND, notice(stranger)) == 43004
    assert service.code(SEND, notice(openid, template_id="x")) == 40037
    assert service.code(SEND, notice(openid, miniprogram={"appid": "wx0"})) == 40013
    control.post("wechat/settings", {"account": "mini", "linked": False})
    assert service.code(SEND, notice(openid, miniprogram={"appid": MINI.appid})) == 40013
    empty = service.post(SEND, notice(openid, data={**ORDER, "thing2": {"value": ""}}))
    assert empty["errcode"] == 47003
    assert empty["errmsg"].startswith("argument invalid! data.thing2.value is empty rid: ")
    long = service.post(SEND, notice(openid, data={**ORDER, "thing2": {"value": "长" * 21}}))
    assert long["errmsg"].startswith("argument invalid! data.thing2.value invalid rid: ")
    assert control.get("ledger/wechat_messages") == []


def test_who_refuses_notices_and_a_failing_system_show_in_the_result(
    service: WeChat, control: Control, listener: Listener
) -> None:
    openid = control.post("wechat/follow", {"person_id": "p000001"})["openid"]
    control.post("wechat/mute", {"person_id": "p000001"})
    assert service.code(SEND, notice(openid)) == 0
    control.post("wait_idle")
    control.post("wechat/mute", {"person_id": "p000001", "mute": False})
    control.post("wechat/settings", {"account": "service", "system_failure": True})
    assert service.code(SEND, notice(openid)) == 0
    control.post("wait_idle")

    statuses = [one["Status"] for one in listener.events if one["Event"] == "TEMPLATESENDJOBFINISH"]
    assert statuses == ["failed:user block", "failed: system failed"]


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("thing1", "二十字以内 any 1", "x" * 21),
        ("number2", "12.5", "12a"),
        ("letter1", "AB", "A1"),
        ("character_string1", "SO-1/2", "订单1"),
        ("time1", "15:01", "soon"),
        ("date1", "2026年11月21日", "15:01"),
        ("amount1", "¥99.00", "99元9角"),
        ("phone_number1", "+86-138 0000 0000", "x"),
        ("name1", "欧阳小明", "1号"),
        ("phrase1", "待取货", "待取货通知单"),
        ("car_number1", "沪A12345", "沪A12345678"),
    ],
)
def test_values_keep_the_rule_of_their_kind(key: str, good: str, bad: str) -> None:
    assert fits(key, good)
    assert not fits(key, bad)
    assert not fits(key, f"{good}\n")


def test_templates_are_chosen_from_the_library_and_given_back(service: WeChat) -> None:
    add = "/cgi-bin/template/api_add_template"
    wish = {"template_id_short": "46032", "keyword_name_list": ["服务单号", "服务进度"]}
    added = service.post(add, wish)["template_id"]

    listed = service.get("/cgi-bin/template/get_all_private_template")["template_list"]
    assert [one["template_id"] for one in listed] == ["SIMTMPL_order_0001", added]
    assert (
        listed[1]["content"] == "服务单号:{{character_string1.DATA}}\n服务进度:{{phrase2.DATA}}\n"
    )
    assert service.code(add, {"template_id_short": "0"}) == 40037
    assert service.code(add, wish | {"keyword_name_list": ["无此词"]}) == 40035
    codes = [service.code(add, wish) for _ in range(24)]
    assert codes == [0] * 23 + [45056]
    remove = "/cgi-bin/template/del_private_template"
    assert service.code(remove, {"template_id": added}) == 0
    assert service.code(remove, {"template_id": added}) == 40037


def test_the_trade_can_be_set_once_a_month(service: WeChat, control: Control) -> None:
    path = "/cgi-bin/template/api_set_industry"
    assert service.code(path, {"industry_id1": "1", "industry_id2": "999"}) == 40102
    assert service.code(path, {"industry_id1": "31", "industry_id2": "39"}) == 0
    assert service.get("/cgi-bin/template/get_industry") == {
        "primary_industry": {"first_class": "消费品", "second_class": "消费品"},
        "secondary_industry": {"first_class": "商业服务", "second_class": "会展"},
    }
    assert service.code(path, {"industry_id1": "1", "industry_id2": "31"}) == 43100


def test_subscription_templates_of_the_mini_program(mini: WeChat) -> None:
    assert mini.get("/wxaapi/newtmpl/getcategory")["data"][0]["id"] == 1
    titles = mini.get("/wxaapi/newtmpl/getpubtemplatetitles", ids="1", start=0, limit=30)
    tid = titles["data"][0]["tid"]
    words = mini.get("/wxaapi/newtmpl/getpubtemplatekeywords", tid=tid)["data"]
    wish = {"tid": str(tid), "kidList": [words[0]["kid"], words[1]["kid"]], "sceneDesc": "到店提醒"}
    added = mini.post("/wxaapi/newtmpl/addtemplate", wish)["priTmplId"]

    listed = mini.get("/wxaapi/newtmpl/gettemplate")["data"]
    assert [one["priTmplId"] for one in listed] == ["SIMTMPL_sub_0001", added]
    for change, code in (
        ({"tid": "0"}, 40037), ({"kidList": [1]}, 40097), ({"kidList": [1, 99]}, 40097),
        ({"sceneDesc": "x" * 16}, 40097),
    ):  # fmt: skip
        assert mini.code("/wxaapi/newtmpl/addtemplate", wish | change) == code
    assert mini.code("/wxaapi/newtmpl/deltemplate", {"priTmplId": added}) == 0
    assert mini.code("/wxaapi/newtmpl/deltemplate", {"priTmplId": added}) == 40037


def test_one_consent_is_one_message(
    mini: WeChat, control: Control, mini_listener: Listener
) -> None:
    person = {"account": "mini", "person_id": "p000001"}
    openid = control.get("wechat/identity", person_id="p000001")["mini"]
    message = {
        "touser": openid,
        "template_id": "SIMTMPL_sub_0001",
        "page": "pages/order/detail?id=1",
        "data": PICKUP,
    }
    assert mini.code(SUBSCRIBE, message) == 43101
    granted = control.post("wechat/consent", {**person, "accept": ["SIMTMPL_sub_0001"]})
    assert granted == {"SIMTMPL_sub_0001": 1}

    assert mini.code(SUBSCRIBE, message | {"data": {}}) == 47003
    assert mini.code(SUBSCRIBE, message | {"touser": "x"}) == 40003
    assert mini.code(SUBSCRIBE, message | {"template_id": "SIMTMPL_order_0001"}) == 40037
    control.post("wechat/settings", {"account": "mini", "pages": ["pages/cart"]})
    assert mini.code(SUBSCRIBE, message) == 41030
    control.post("wechat/settings", {"account": "mini", "pages": None})
    assert mini.code(SUBSCRIBE, message) == 0
    assert mini.code(SUBSCRIBE, message) == 43101
    control.post("wait_idle")
    popup, sent = mini_listener.events
    assert popup["SubscribeMsgPopupEvent"]["List"] == {
        "TemplateId": "SIMTMPL_sub_0001", "SubscribeStatusString": "accept", "PopupScene": "1",
    }  # fmt: skip
    assert sent["SubscribeMsgSentEvent"]["List"]["ErrorStatus"] == "success"

    control.post("wechat/consent", {**person, "accept": ["SIMTMPL_sub_0001"]})
    control.post("wechat/refuse", {**person, "template_id": "SIMTMPL_sub_0001"})
    assert mini.code(SUBSCRIBE, message) == 43101
    rejected = control.post("wechat/consent", {**person, "reject": ["SIMTMPL_sub_0001"]})
    assert rejected == {"SIMTMPL_sub_0001": 0}
    with pytest.raises(ControlError, match="invalid template_id"):
        control.post("wechat/consent", {**person, "accept": ["x"]})


def test_a_subscription_message_of_the_service_account(service: WeChat, control: Control) -> None:
    openid = control.get("wechat/identity", person_id="p000001")["service"]
    data = {"thing1": {"value": "徐汇店"}, "time2": {"value": "10:00"}}
    message = {
        "touser": openid,
        "template_id": "SIMTMPL_subscribe_0001",
        "page": "https://m.example.com",
        "data": data,
    }
    path = "/cgi-bin/message/subscribe/bizsend"
    assert service.code(path, message) == 43101
    control.post("wechat/consent", {"person_id": "p000001", "accept": ["SIMTMPL_subscribe_0001"]})

    assert service.code(path, message) == 0
    content = control.get("ledger/wechat_messages")[0]["content"]
    assert (content["title"], content["url"]) == ("预约到店提醒", "https://m.example.com")


def test_customer_service_answers_within_48_hours_and_not_too_often(
    service: WeChat, control: Control
) -> None:
    path, person = "/cgi-bin/message/custom/send", {"person_id": "p000001"}
    openid = control.post("wechat/follow", person)["openid"]
    text = {"touser": openid, "msgtype": "text", "text": {"content": "您好"}}

    assert [service.code(path, text) for _ in range(21)] == [0] * 20 + [45047]
    control.post("wechat/say", {**person, "text": "在吗"})
    assert service.code(path, text) == 0
    for change, code in (
        ({"msgtype": "fax"}, 40008),
        ({"text": {"content": ""}}, 44004),
        ({"text": {"content": "字" * 683}}, 45002),
        ({"msgtype": "image", "image": {"media_id": "x"}}, 40007),
        ({"touser": "x"}, 40003),
    ):
        assert service.code(path, text | change) == code
    control.post("clock", {"advance": 48 * 3600 + 1})
    service._token = ""
    assert service.code(path, text) == 45015
    control.post("wechat/unfollow", person)
    assert service.code(path, text) == 43004


def test_the_mini_programs_customer_service_needs_a_session(mini: WeChat, control: Control) -> None:
    openid = control.get("wechat/identity", person_id="p000001")["mini"]
    text = {"touser": openid, "msgtype": "text", "text": {"content": "您好"}}

    assert mini.code("/cgi-bin/message/custom/send", text) == 45015
    control.post("wechat/enter", {"person_id": "p000001"})
    assert mini.code("/cgi-bin/message/custom/send", text) == 0


def test_a_file_lives_three_days_and_belongs_to_its_account(
    service: WeChat, mini: WeChat, control: Control
) -> None:
    boundary = b'--b\r\nContent-Disposition: form-data; name="media"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'

    def upload(account: WeChat, content: bytes, kind: str = "image") -> Any:
        import json
        import urllib.request

        url = f"{account.base_url}/cgi-bin/media/upload?access_token={account.token}&type={kind}"
        request = urllib.request.Request(
            url, data=boundary + content + b"\r\n--b--\r\n",
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.loads(reply.read())

    media_id = upload(service, b"\x89PNG123")["media_id"]
    kind, content = service.fetch(
        "/cgi-bin/media/get", access_token=service.token, media_id=media_id
    )
    assert (kind, content) == ("image/png", b"\x89PNG123")
    assert mini.code("/cgi-bin/media/get", media_id=media_id) == 40007
    assert upload(service, b"x", "film")["errcode"] == 40004
    assert upload(service, b"")["errcode"] == 41005
    assert upload(service, b"x" * 65_537, "thumb")["errcode"] == 45002
    control.post("clock", {"advance": 3 * 86_400 + 1})
    service._token = ""
    assert service.code("/cgi-bin/media/get", media_id=media_id) == 40007
