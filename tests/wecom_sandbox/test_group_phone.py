"""Groups, customer service and apps on the phones, as people use them."""

import re
import urllib.parse
import urllib.request
from typing import Any

import pytest

from tests.wecom_sandbox.client import TINY_PNG, Api, Receiver, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, Running

AGENT = defaults.AGENT_ID


class Phone:
    """Opens pages and sends forms."""

    def __init__(self, running: Running) -> None:
        self.base_url = running.base_url

    def open(self, path: str, lang: str = "en", **fields: Any) -> str:
        """A page, or with fields what comes after sending a form; its text."""
        data = urllib.parse.urlencode(fields, doseq=True).encode() if fields else None
        return self.read(urllib.request.Request(self.base_url + path, data=data), lang)

    def send_picture(self, path: str, **fields: str) -> str:
        """A form with a picture."""
        parts = [
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        head = '--b\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'
        body = "".join(parts).encode() + head.encode() + TINY_PNG + b"\r\n--b--\r\n"
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        return self.read(urllib.request.Request(self.base_url + path, data=body, headers=kind), "en")  # fmt: skip

    def read(self, request: urllib.request.Request, lang: str) -> str:
        """The text of the page at the end of all redirects."""
        request.add_header("Cookie", f"lang={lang}")
        with urllib.request.urlopen(request, timeout=20) as reply:
            return str(reply.read().decode())


@pytest.fixture
def phone(running: Running) -> Phone:
    """Somebody's phone."""
    return Phone(running)


def test_a_guide_opens_a_group_and_both_sides_talk(phone: Phone, control: Control) -> None:
    shop(control)
    control.post("add", {"userid": "guide0001", "person_id": "p000001"})
    page = phone.open("/phone/m/guide0001/groups", name="会员群", person=["p000001"], member=["guide0002"])  # fmt: skip
    assert "会员群 (3)" in page
    chat_id = control.get("ledger/groups")[0]["chat_id"]

    phone.open(f"/phone/m/guide0001/g/{chat_id}", text="大家好")
    seen = phone.send_picture(f"/phone/p/p000001/g/{chat_id}", text="")

    assert "大家好" in seen
    picture = re.search(r'src="(/wwmedia/[^"]+)"', seen)
    assert picture is not None
    with urllib.request.urlopen(phone.base_url + picture[1], timeout=10) as reply:
        assert reply.read() == TINY_PNG
    said = control.get("ledger/group_messages")
    assert [(one["type"], one["content"]["msgtype"]) for one in said] == [(1, "text"), (2, "image")]
    assert "[图片]" in phone.open("/phone/m/guide0002/groups", "zh")


def test_a_guide_manages_a_group(phone: Phone, control: Control) -> None:
    shop(control)
    for person in ("p000001", "p000002"):
        control.post("add", {"userid": "guide0001", "person_id": person})
    chat_id = control.post("group", {"owner": "guide0001", "people": ["p000001"]})["chat_id"]
    manage = f"/phone/m/guide0001/g/{chat_id}/manage"

    phone.open(manage, do="rename", name="新品群")
    phone.open(manage, do="invite", person=["p000002"], member=["guide0002"], link="1")
    asked = control.get("ledger/group_invitations")[0]
    page = phone.open("/phone/p/p000002/groups", invitation=str(asked["id"]))
    assert "新品群 (4)" not in page or "Leave the group" in page
    assert "only the owner" in phone.open(f"/phone/m/guide0002/g/{chat_id}/manage", do="dismiss")
    phone.open(manage, do="owner", who="guide0002")
    phone.open(f"/phone/p/p000001/g/{chat_id}", do="leave")

    group = control.get("ledger/groups")[0]
    assert (group["name"], group["owner"]) == ("新品群", "guide0002")
    assert [one["join_scene"] for one in group["members"]] == [1, 1, 2]


def test_a_customer_joins_by_a_pasted_code(phone: Phone, app: Api, control: Control) -> None:
    shop(control)
    chat_id = control.post("group", {"owner": "guide0001", "name": "福利群"})["chat_id"]
    way = {"scene": 2, "chat_id_list": [chat_id], "state": "s", "remark": "门口"}
    config_id = app.post("externalcontact/groupchat/add_join_way", way)["config_id"]
    read = app.post("externalcontact/groupchat/get_join_way", {"config_id": config_id})["join_way"]

    page = phone.open("/phone/p/p000003/scan", link=read["qr_code"])
    assert "福利群" in page
    short = read["qr_code"].split("/")[-2]
    assert "福利群" in phone.open(f"/phone/p/p000003/code/{short}", join="1")

    assert [one["state"] for one in control.get("ledger/groups")[0]["members"]] == ["", "s"]
    assert "门口" in phone.open("/phone/p/p000004/groups")
    assert "p000001" in phone.open(f"/g/{short}?choose=1")
    with urllib.request.urlopen(read["qr_code"], timeout=10) as reply:
        assert reply.read().startswith(b"\x89PNG")


def test_pictures_go_into_chats_of_two(phone: Phone, control: Control) -> None:
    shop(control)
    control.post("add", {"userid": "guide0001", "person_id": "p000001"})

    page = phone.send_picture("/phone/p/p000001/chat/guide0001")
    phone.open("/phone/m/guide0001/c/p000001/chat", text="收到")

    assert "/wwmedia/" in page
    kinds = [one["content"]["msgtype"] for one in control.get("ledger/chats")]
    assert kinds == ["image", "text"]


def test_customer_service_from_both_phones(phone: Phone, app: Api, control: Control) -> None:
    shop(control)
    picture = app.upload("media/upload", TINY_PNG, type="image")["media_id"]
    kf = app.post("kf/account/add", {"name": "售后", "media_id": picture})["open_kfid"]
    app.post("kf/servicer/add", {"open_kfid": kf, "userid_list": ["guide0001", "guide0002"]})
    url = app.post("kf/add_contact_way", {"open_kfid": kf, "scene": "door"})["url"]
    link = url.removeprefix(phone.base_url)
    assert "p000001" in phone.open(f"{link}&choose=1&scene_param=a")
    phone.open(f"{link}&scene_param=a&as=p000001")
    here, desk = f"/phone/p/p000001/kf/{kf}", f"/phone/m/guide0001/kf/{kf}/p000001"
    phone.open(here, text="请问有货吗")
    menu = {"list": [{"type": "click", "click": {"id": "7", "content": "转人工"}}]}
    to = {"open_kfid": kf, "touser": control.get("people")[0]["external_userid"]}
    assert app.code("kf/send_msg", to | {"msgtype": "msgmenu", "msgmenu": menu}) == 0
    assert "转人工" in phone.open(here)
    phone.open(here, text="转人工", menu_id="7")

    assert "请问有货吗" in phone.open(desk, do="take")
    phone.open(desk, text="有的")
    assert "有的" in phone.open(here)
    phone.open(desk, do="hand_on", to="guide0002")
    assert "Serve this customer" in phone.open(desk)
    assert "售后" in phone.open("/phone/m/guide0002/kf", kf=kf, resting="1")

    said = [one for one in control.get("ledger/kf_messages") if one["msgtype"] != "event"]
    assert [one["origin"] for one in said] == [3, 0, 3, 5]
    assert said[2]["content"] == {"content": "转人工", "menu_id": "7"}
    entered = control.get("ledger/kf_messages")[0]["content"]
    assert (entered["scene"], entered["scene_param"]) == ("door", "a")


def test_an_app_on_the_workbench(
    phone: Phone, app: Api, control: Control, receiver: Receiver
) -> None:
    shop(control)
    control.post("delivery", {"concurrency": 1})
    settings = {"agentid": AGENT, "isreportenter": 1, "report_location_flag": 1}
    assert app.code("agent/set", settings) == 0
    menu = [{"name": "查单", "type": "click", "key": "K1"}, {"name": "扫", "sub_button": [{"type": "scancode_push", "name": "扫码", "key": "K2"}]}]  # fmt: skip
    assert app.code("menu/create", {"button": menu}, agentid=AGENT) == 0
    items = {"type": "keydata", "keydata": {"items": [{"key": "今日新增", "data": "12"}]}}
    assert app.code("agent/set_workbench_template", items | {"agentid": AGENT}) == 0
    own = {"items": [{"key": "今日新增", "data": "3"}]}
    body = {"agentid": AGENT, "userid": "guide0001", "type": "keydata", "keydata": own}
    assert app.code("agent/set_workbench_data", body) == 0
    card = {"card_type": "button_interaction", "main_title": {"title": "换班"}, "task_id": "t", "button_list": [{"text": "同意", "key": "yes"}]}  # fmt: skip
    sent = {"touser": "guide0001", "msgtype": "template_card", "agentid": AGENT}
    assert app.code("message/send", sent | {"template_card": card}) == 0
    here = f"/phone/m/guide0001/app/{AGENT}"

    assert '"big">3<' in phone.open("/phone/m/guide0001/apps")
    assert '"big">12<' in phone.open("/phone/m/guide0002/apps")
    phone.open(f"{here}/enter", location="give")
    phone.open(f"{here}/enter", location="refuse")
    page = phone.open(here, do="menu", place="0")
    phone.open(here, do="menu", place="1.0", text="code-9")
    phone.open(here, text="在吗")
    phone.send_picture(here, text="")
    phone.open(here, do="place", label="门店")
    answered = phone.open(here, do="press", message="1", key="yes")
    assert control.post("wait_idle", {"timeout": 20})["idle"]

    assert "换班" in page
    assert "Answered" in answered
    told = [one.get("Event") or one["MsgType"] for one in receiver.events]
    assert told == [
        "enter_agent", "LOCATION", "enter_agent", "click", "scancode_push", "text", "image", "location",
        "template_card_event",
    ]  # fmt: skip
    assert receiver.events[4]["ScanCodeInfo"] == {"ScanType": "qrcode", "ScanResult": "code-9"}
    assert {one["FromUserName"] for one in receiver.events} == {"guide0001"}


def test_internal_groups_show_after_the_first_message(
    phone: Phone, app: Api, control: Control
) -> None:
    shop(control)
    body = {"name": "店长群", "userlist": ["guide0001", "guide0002"], "chatid": "C1"}
    assert app.code("appchat/create", body) == 0
    assert "店长群" not in phone.open("/phone/m/guide0001/teams")
    news = {"articles": [{"title": "周报", "url": "https://x.cn", "description": "看这里"}]}
    assert app.code("appchat/send", {"chatid": "C1", "msgtype": "news", "news": news}) == 0

    assert "店长群" in phone.open("/phone/m/guide0001/teams")
    assert "周报" in phone.open("/phone/m/guide0002/team/C1")
    assert "店长群" not in phone.open("/phone/m/guide0003/teams")
