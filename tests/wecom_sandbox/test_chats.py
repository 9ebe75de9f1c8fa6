from urllib.parse import quote

import pytest

from tests.wecom_sandbox.client import Api, shop
from tests.wecom_sandbox.test_phone import Phone
from wecom_sandbox.testing import Control, ControlError

NEWS = {
    "msgtype": "news",
    "news": {
        "link": "https://scrm.test/m/abc/",
        "title": "<b>保养</b>",
        "desc": "两分钟",
        "imgUrl": "",
    },
}
CHAT = "/phone/p/p000001/chat/guide0001"
GUIDES_CHAT = "/phone/m/guide0001/c/p000001/chat"


@pytest.fixture
def phone(app: Api, control: Control) -> Phone:
    """The phone of a customer who has added a guide."""
    shop(control, 1)
    control.post("add", {"userid": "guide0001", "person_id": "p000001"})
    return Phone(app.base_url)


def external_userid(control: Control) -> str:
    return str(control.get("ledger/relations")[0]["external_userid"])


def test_a_card_of_the_client_stands_in_both_chats(control: Control, phone: Phone) -> None:
    sent = control.post(
        "chat",
        {"userid": "GUIDE0001", "external_userid": external_userid(control), "message": NEWS},
    )

    chat = phone.open(CHAT)
    assert 'class="linkcard" href="https://scrm.test/m/abc/"' in chat
    assert "&lt;b&gt;保养&lt;/b&gt;" in chat
    assert "<b>保养</b>" not in chat
    assert "https://scrm.test/m/abc/" in phone.open(GUIDES_CHAT)
    assert "&lt;b&gt;保养&lt;/b&gt;" in phone.open("/phone/p/p000001")
    row = control.get("ledger/chats")[0]
    assert (row["userid"], row["person_id"], row["sender"]) == ("guide0001", "p000001", "member")
    assert row["content"] == NEWS == sent["content"]


def test_both_write_to_each_other(control: Control, phone: Phone) -> None:
    phone.open(CHAT, {"text": " 周末有货吗 "})
    assert phone.address == f"{CHAT}#end"
    phone.open(GUIDES_CHAT, {"text": "有的"})
    phone.open(GUIDES_CHAT, {"text": "   "})

    written = [
        (row["sender"], row["content"]["text"]["content"]) for row in control.get("ledger/chats")
    ]
    assert written == [("customer", "周末有货吗"), ("member", "有的")]
    assert phone.open(CHAT).index("周末有货吗") < phone.open(CHAT).index("有的")


def test_a_chat_shows_what_was_written_since_each_add(control: Control, phone: Phone) -> None:
    pair = {"userid": "guide0001", "person_id": "p000001"}
    phone.open(CHAT, {"text": "第一次"})
    control.post("delete", {**pair, "by": "customer"})
    control.post("clock", {"advance": 60})
    control.post("add", pair)
    phone.open(CHAT, {"text": "第二次"})

    chat = phone.open(CHAT)
    places = [chat.index(words) for words in ("第一次", "你已删除", "第二次")]
    assert places == sorted(places)
    assert (chat.count("第一次"), chat.count("第二次")) == (1, 1)


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ({"msgtype": "news", "news": {"title": "没有链接"}}, 400),
        ({"msgtype": "news", "news": {"link": "javascript:alert(1)", "title": "坏"}}, 400),
        ({"msgtype": "text", "text": {"content": " "}}, 400),
        ({"msgtype": "voice", "voice": {}}, 400),
        ("文字", 400),
    ],
)
def test_what_is_no_message_is_refused(
    control: Control, phone: Phone, message: object, status: int
) -> None:
    with pytest.raises(ControlError) as refused:
        control.post("chat", {"userid": "guide0001", "person_id": "p000001", "message": message})

    assert refused.value.status == status
    assert control.get("ledger/chats") == []


def test_nothing_is_sent_to_who_is_no_contact_any_more(control: Control, phone: Phone) -> None:
    control.post("delete", {"userid": "guide0001", "person_id": "p000001", "by": "customer"})

    with pytest.raises(ControlError) as refused:
        control.post("chat", {"userid": "guide0001", "person_id": "p000001", "message": NEWS})
    phone.open(CHAT, {"text": "还在吗"})

    assert refused.value.status == 409
    assert control.get("ledger/chats") == []
    assert 'class="writer"' not in phone.open(CHAT)


def test_the_apps_pages_stand_on_the_guides_phone(control: Control, phone: Phone) -> None:
    assert "打开应用" not in phone.open("/phone/m/guide0001")
    tool = {"name": "素材库", "url": "https://scrm.test/h5/m/?ext={external_userid}"}
    control.post("app_pages", {"home": "https://scrm.test/h5/", "chat_tools": [tool]})

    assert 'href="https://scrm.test/h5/"' in phone.open("/phone/m/guide0001")
    customer = quote(external_userid(control))
    assert f'href="https://scrm.test/h5/m/?ext={customer}"' in phone.open(GUIDES_CHAT)
    with pytest.raises(ControlError):
        control.post("app_pages", {"home": "javascript:alert(1)"})


def test_who_held_the_phone_last_stands_first_at_the_log_in(app: Api, control: Control) -> None:
    shop(control, 3)
    phone = Phone(app.base_url)
    phone.open("/phone/m/guide0003")

    page = phone.open(
        "/connect/oauth2/authorize?appid=ww0sandbox0corp001&redirect_uri=https%3A%2F%2Fscrm.test%2F"
        "&response_type=code&scope=snsapi_base&state=abc"
    )

    assert page.index("guide0003") < page.index("guide0001")
