from typing import Any

import pytest

from tests.wecom_sandbox.client import TINY_PNG, Api, code, shop
from wecom_sandbox.testing import Control

SEND = "externalcontact/send_welcome_msg"


@pytest.fixture
def welcome_code(app: Api, control: Control) -> str:
    """A fresh code of an add."""
    added = control.post("scan", {"config_id": code(app, shop(control)), "person_id": "p000001"})
    return str(added["welcome_code"])


def test_a_welcome_is_sent_once(app: Api, control: Control, welcome_code: str) -> None:
    body = {"welcome_code": welcome_code, "text": {"content": "您好"}}

    assert app.post(SEND, body) == {"errcode": 0, "errmsg": "ok"}
    assert app.code(SEND, body) == 41051
    ledger = control.get("ledger/welcomes")
    assert [(one["status"], one["userid"], one["content"]) for one in ledger] == [
        ("sent", "guide0001", {"text": "您好", "attachments": []})
    ]


def test_a_code_lives_twenty_seconds(app: Api, control: Control, welcome_code: str) -> None:
    body = {"welcome_code": welcome_code, "text": {"content": "您好"}}
    control.post("clock", {"advance": 21})

    assert app.code(SEND, body) == 41050
    assert app.code(SEND, body | {"welcome_code": "made-up"}) == 41050
    assert [one["status"] for one in control.get("ledger/welcomes")] == ["expired"]


def test_just_in_time_is_in_time(app: Api, control: Control, welcome_code: str) -> None:
    control.post("clock", {"advance": 18})

    assert app.code(SEND, {"welcome_code": welcome_code, "text": {"content": "您好"}}) == 0


def test_attachments_are_checked(app: Api, control: Control, welcome_code: str) -> None:
    media_id = app.upload("media/upload", TINY_PNG, type="image")["media_id"]
    picture = {"msgtype": "image", "image": {"media_id": media_id}}
    link = {"msgtype": "link", "link": {"title": "指南", "url": "https://example.com"}}
    base: dict[str, Any] = {"welcome_code": welcome_code}

    assert app.code(SEND, base) == 40063
    assert app.code(SEND, base | {"text": {"content": "字" * 1334}}) == 45002
    assert app.code(SEND, base | {"attachments": [link] * 10}) == 40058
    assert app.code(SEND, base | {"attachments": [{"msgtype": "poem"}]}) == 40008
    no_url = {"msgtype": "link", "link": {"title": "指南"}}
    assert app.code(SEND, base | {"attachments": [no_url]}) == 40058
    unknown = {"msgtype": "image", "image": {"media_id": "3none"}}
    assert app.code(SEND, base | {"attachments": [unknown]}) == 40007
    assert [one["status"] for one in control.get("ledger/welcomes")] == ["open"]
    assert app.code(SEND, base | {"attachments": [picture, link]}) == 0
    sent = control.get("ledger/welcomes")[0]["content"]
    assert sent == {"text": "", "attachments": [picture, link]}


def test_a_used_half_code_leaves_none_for_the_add(app: Api, control: Control) -> None:
    config_id = code(app, shop(control, 1), skip_verify=False)
    half = control.post("scan", {"config_id": config_id, "person_id": "p000001"})
    unused = control.post("scan", {"config_id": config_id, "person_id": "p000002"})
    body = {"welcome_code": half["welcome_code"], "text": {"content": "您好"}}

    assert (half["half"], app.code(SEND, body)) == (True, 0)
    pair = {"userid": "guide0001", "person_id": "p000001"}
    assert control.post("accept", pair)["welcome_code"] is None
    second = control.post("accept", pair | {"person_id": "p000002"})["welcome_code"]
    assert second not in (None, unused["welcome_code"])


def test_a_member_with_a_welcome_of_the_console_gives_no_code(app: Api, control: Control) -> None:
    control.post("behaviour", {"own_welcome": ["guide0001"]})

    added = control.post("scan", {"config_id": code(app, shop(control)), "person_id": "p000001"})

    assert added["welcome_code"] is None
    assert "WelcomeCode" not in control.get("ledger/callbacks")[0]["xml"]


def test_the_nickname_placeholder_becomes_the_nickname(
    app: Api, control: Control, welcome_code: str
) -> None:
    # given who added the guide
    added = control.get("ledger/relations")[0]
    person = next(one for one in control.get("people") if one["id"] == added["person_id"])

    # when the welcome names the placeholder
    assert (
        app.code(SEND, {"welcome_code": welcome_code, "text": {"content": "您好 %NICKNAME%！"}})
        == 0
    )

    # then the customer reads their own name
    assert control.get("ledger/welcomes")[0]["content"]["text"] == f"您好 {person['name']}！"


def test_no_welcome_goes_into_a_running_chat(app: Api, control: Control, welcome_code: str) -> None:
    control.post("chat", {"userid": "guide0001", "person_id": "p000001", "sender": "customer",
        "message": {"msgtype": "text", "text": {"content": "在吗"}}})  # fmt: skip

    assert app.code(SEND, {"welcome_code": welcome_code, "text": {"content": "您好"}}) == 41051
    assert [one["status"] for one in control.get("ledger/welcomes")] == ["open"]
