"""Callbacks of WeChat: three modes, XML and JSON, and everything that is no callback."""

import json
from pathlib import Path
from typing import Any

import pytest

from scrm.wechat.callbacks import WeChatCallbacks, event_items, event_key, scene_of
from scrm.wecom.callbacks import BadCallback, BadSignature, OtherCorp
from tests.wecom_sandbox.wechat_client import Listener
from wecom_sandbox.testing import Control
from wecom_sandbox.wechat.accounts import MINI, SERVICE
from wecom_sandbox.wechat.pushes import signature

# A published set of keys, query and body, worked out from the rules alone.
TOKEN, AES_KEY, APPID = (
    "simtoken",
    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "wx1a2b3c4d5e6f7081",
)
QUERY = {
    "signature": "57c876e6814e5d8004a0fb9bcb9b3df228db9b82", "timestamp": "1795000000", "nonce": "nonce123",
    "openid": "oS1mStoreFan000000000000001A", "encrypt_type": "aes",
    "msg_signature": "2dc090dc42f0f7c48d26cc26534fd6fdd7e47911",
}  # fmt: skip
BODY = Path(__file__).with_name("safe_mode.xml").read_bytes()


def ours(**more: Any) -> WeChatCallbacks:
    """The opener of the service account."""
    return WeChatCallbacks(SERVICE.token, SERVICE.aes_key, SERVICE.appid, **more)


def test_the_worked_out_vector_opens() -> None:
    fields = WeChatCallbacks(TOKEN, AES_KEY, APPID).read(QUERY, BODY)

    assert (fields["Event"], fields["EventKey"]) == ("subscribe", "qrscene_g_1024_c7")
    assert scene_of(fields) == "g_1024_c7"
    assert event_key(fields) == (
        "event:oS1mStoreFan000000000000001A:1795000000:subscribe:qrscene_g_1024_c7:"
    )


def test_another_account_or_a_changed_part_does_not() -> None:
    with pytest.raises(OtherCorp):
        WeChatCallbacks(TOKEN, AES_KEY, "wx0000000000000000").read(QUERY, BODY)
    with pytest.raises(BadSignature):
        WeChatCallbacks("other", AES_KEY, APPID).read(QUERY, BODY)
    for name in ("msg_signature", "timestamp", "nonce"):
        with pytest.raises(BadSignature):
            WeChatCallbacks(TOKEN, AES_KEY, APPID).read(QUERY | {name: "1"}, BODY)
    for body in (
        b"",
        b"<xml></xml>",
        BODY[:-40],
        b"{}",
        b'{"Encrypt": 7}',
        b"{" * 2000,
        b"x" * 70_000,
    ):
        with pytest.raises(BadCallback):
            WeChatCallbacks(TOKEN, AES_KEY, APPID).read(QUERY, body)


def test_the_address_check_gives_the_echo_back() -> None:
    query = {"timestamp": "1700000000", "nonce": "n1", "echostr": "12345"}
    query["signature"] = signature(SERVICE.token, "1700000000", "n1")

    assert ours().verify_url(query) == "12345"
    with pytest.raises(BadSignature):
        ours().verify_url(query | {"nonce": "n2"})
    with pytest.raises(BadSignature):
        ours().verify_url({})


@pytest.mark.parametrize("mode", ["compatible", "safe"])
def test_everything_the_sandbox_encrypts_is_read(
    control: Control, listener: Listener, mode: str
) -> None:
    control.post("wechat/settings", {"account": "service", "mode": mode})
    control.post("wechat/follow", {"person_id": "p000001"})
    control.post("wechat/say", {"person_id": "p000001", "text": "有货吗"})
    control.post("wechat/consent", {"person_id": "p000001", "accept": ["SIMTMPL_subscribe_0001"]})
    control.post("wait_idle")

    read = [
        ours().read(query, body)
        for query, body in zip(listener.queries, listener.bodies, strict=True)
    ]
    assert {one.get("Event", one["MsgType"]) for one in read} == {
        "subscribe",
        "text",
        "subscribe_msg_popup_event",
    }
    assert len({event_key(one) for one in read}) == 3
    popup = next(one for one in read if one.get("Event") == "subscribe_msg_popup_event")
    assert event_items(popup, "SubscribeMsgPopupEvent")[0]["SubscribeStatusString"] == "accept"


def test_an_open_callback_is_read_only_where_that_was_allowed(
    control: Control, listener: Listener
) -> None:
    control.post("wechat/settings", {"account": "service", "mode": "plain"})
    control.post("wechat/follow", {"person_id": "p000001"})
    control.post("wait_idle")
    query, body = listener.queries[0], listener.bodies[0]

    with pytest.raises(BadCallback, match="safe mode"):
        ours().read(query, body)
    assert ours(plain=True).read(query, body)["Event"] == "subscribe"
    with pytest.raises(BadSignature):
        ours(plain=True).read(query | {"signature": "0" * 40}, body)


def test_json_of_the_mini_program_reads_the_same(control: Control) -> None:
    listener = Listener(MINI)
    try:
        control.post("wechat/callback_urls", {"account": "mini", "url": listener.url})
        control.post("wechat/settings", {"account": "mini", "format": "json"})
        wish = {"account": "mini", "person_id": "p000001", "accept": ["SIMTMPL_sub_0001"]}
        control.post("wechat/consent", wish)
        control.post("wait_idle")
    finally:
        control.post("wechat/callback_urls", {"account": "mini", "url": None})
        listener.close()

    callbacks = WeChatCallbacks(MINI.token, MINI.aes_key, MINI.appid)
    fields = callbacks.read(listener.queries[0], listener.bodies[0])
    assert "List" in fields
    assert event_items(fields, "SubscribeMsgPopupEvent")[0]["TemplateId"] == "SIMTMPL_sub_0001"
    assert set(json.loads(listener.bodies[0])) == {"ToUserName", "Encrypt"}
    assert event_items({"List": []}, "SubscribeMsgPopupEvent") == ()
    assert event_key({"MsgId": "23"}) == "msg:23"
