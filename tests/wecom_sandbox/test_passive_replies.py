"""What an app answers a callback with: messages and cards, enciphered like the callback."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from wechatpy.work.crypto import WeChatCrypto

from tests.wecom_sandbox.client import Api, Receiver, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control

AGENT = defaults.AGENT_ID
CARD: dict[str, Any] = {
    "card_type": "button_interaction",
    "main_title": {"title": "换班申请"},
    "button_list": [{"text": "同意", "style": 1, "key": "yes"}],
    "task_id": "task-1",
}


class Answering(Receiver):
    """A receiver that answers every event with the same reply, enciphered by wechatpy."""

    def __init__(self) -> None:
        super().__init__()
        self.reply = ""
        self.token = defaults.CALLBACK_TOKEN

    def body(self) -> bytes:
        """What goes out with the 200."""
        crypto = WeChatCrypto(self.token, defaults.CALLBACK_AES_KEY, defaults.CORP_ID)
        sealed: str = crypto.encrypt_message(self.reply, "42", str(int(time.time())))
        return sealed.encode()


@pytest.fixture
def answering(control: Control) -> Iterator[Answering]:
    """The app's address, with members who can write to it."""
    shop(control)
    receiver = Answering()
    told = {"app": "scrm", "url": receiver.url}
    assert control.post("callback_urls", told)["verified"]
    yield receiver
    receiver.close()


def write(control: Control, text: str = "在吗") -> list[dict[str, Any]]:
    """A member writes to the app; what became of its answers."""
    body = {"userid": "guide0001", "app": "scrm", "action": "text", "content": text}
    control.post("app_input", body)
    assert control.post("wait_idle", {"timeout": 20})["idle"]
    replies: list[dict[str, Any]] = control.get("ledger/replies")
    return replies


def test_a_text_is_answered_on_the_members_phone(control: Control, answering: Answering) -> None:
    answering.reply = "<xml><MsgType><![CDATA[text]]></MsgType><Content>在的</Content></xml>"

    assert [one["outcome"] for one in write(control)] == ["taken"]
    message = control.get("ledger/messages")[0]
    assert (message["agentid"], message["content"]) == (AGENT, {"content": "在的"})
    assert [one["userid"] for one in message["receivers"]] == ["guide0001"]


def test_news_are_answered(control: Control, answering: Answering) -> None:
    item = "<item><Title>新品</Title><Description>春</Description><Url>https://x.cn/</Url></item>"
    answering.reply = f"<xml><MsgType>news</MsgType><Articles>{item}</Articles></xml>"

    assert [one["outcome"] for one in write(control)] == ["taken"]
    article = control.get("ledger/messages")[0]["content"]["articles"][0]
    assert (article["title"], article["url"]) == ("新品", "https://x.cn/")


def test_a_repeated_callback_is_answered_once(control: Control, answering: Answering) -> None:
    answering.reply = "<xml><MsgType>text</MsgType><Content>在的</Content></xml>"
    write(control)
    control.post("redeliver", {"times": 2})
    control.post("wait_idle", {"timeout": 20})

    assert len(control.get("ledger/messages")) == 1


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("<xml><MsgType>text</MsgType></xml>", "empty text content"),
        (
            "<xml><MsgType>image</MsgType><Image><MediaId>x</MediaId></Image></xml>",
            "invalid media_id",
        ),
        ("<xml><MsgType>poem</MsgType></xml>", "MsgType must be"),
        ("<xml><MsgType>update_button</MsgType></xml>", "Button/ReplaceName"),
        ("no xml at all", "no XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>', "no XML that WeCom takes"),
    ],
)
def test_what_wecom_does_not_take_is_written_down(
    control: Control, answering: Answering, reply: str, outcome: str
) -> None:
    answering.reply = reply

    (row,) = write(control)
    assert row["outcome"].startswith(outcome)
    assert control.get("ledger/messages") == []


def test_a_wrong_signature_is_not_taken(control: Control, answering: Answering) -> None:
    answering.reply = "<xml><MsgType>text</MsgType><Content>在的</Content></xml>"
    answering.token = "anotherToken"

    assert [one["outcome"] for one in write(control)] == ["wrong MsgSignature"]


@pytest.mark.parametrize(
    ("reply", "seen"),
    [
        (
            "<MsgType>update_button</MsgType><Button><ReplaceName>已同意</ReplaceName></Button>",
            "已同意",
        ),
        (
            "<MsgType>update_template_card</MsgType><TemplateCard><CardType>button_interaction</CardType>"
            "<MainTitle><Title>已办</Title></MainTitle><ReplaceText>已完成</ReplaceText><TaskId>task-1</TaskId>"
            "<ButtonList><Text>再看</Text><Style>1</Style><Key>again</Key></ButtonList></TemplateCard>",
            "已完成",
        ),
    ],
)
def test_a_pressed_card_is_changed_by_the_answer(
    app: Api, control: Control, answering: Answering, reply: str, seen: str
) -> None:
    answering.reply = f"<xml>{reply}</xml>"
    body = {"touser": "guide0001", "msgtype": "template_card", "agentid": AGENT}
    msgid = app.post("message/send", body | {"template_card": CARD})["msgid"]
    control.post("card_press", {"userid": "guide0001", "msgid": msgid, "key": "yes"})
    control.post("wait_idle", {"timeout": 20})

    assert [one["outcome"] for one in control.get("ledger/replies")] == ["taken"]
    receiver = control.get("ledger/messages")[0]["receivers"][0]
    assert receiver["replaced"] == seen
