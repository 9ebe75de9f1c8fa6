from typing import Any

import pytest

from tests.wecom_sandbox.client import TINY_PNG, Api
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, Running

ROOT = "externalcontact/group_welcome_template"
LINK = {"title": "门店", "url": "https://example.com"}


def test_a_template_is_made_read_changed_and_deleted(app: Api, running: Running) -> None:
    # given a template with two attachments, of which the picture goes first
    media_id = app.upload("media/upload", TINY_PNG, type="image")["media_id"]
    body: dict[str, Any] = {
        "text": {"content": "欢迎%NICKNAME%"},
        "link": LINK,
        "image": {"media_id": media_id},
    }
    made = app.post(f"{ROOT}/add", body)
    key = {"template_id": made["template_id"]}

    # then it is read back with the picture's address and without the link
    assert app.post(f"{ROOT}/get", key) == {
        "errcode": 0, "errmsg": "ok", "text": {"content": "欢迎%NICKNAME%"},
        "image": {"pic_url": f"{app.base_url}/wwpic/{media_id}/0"},
    }  # fmt: skip
    assert app.code(f"{ROOT}/edit", key | {"link": LINK}) == 0
    assert app.post(f"{ROOT}/get", key) == {"errcode": 0, "errmsg": "ok", "link": LINK}

    # and only its app may change it
    second = Api(running, defaults.SECOND_SECRET)
    assert second.code(f"{ROOT}/get", key) == 0
    assert second.code(f"{ROOT}/edit", key | {"link": LINK}) == 301002
    assert second.code(f"{ROOT}/del", key) == 301002
    assert app.code(f"{ROOT}/del", key) == 0
    assert app.code(f"{ROOT}/get", key) == 40037


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({}, 40058),
        ({"text": {"content": "字" * 1334}}, 45002),
        ({"link": {"title": "a"}}, 40058),
        ({"file": {"media_id": "3none"}}, 40007),
        ({"text": {"content": "a"}, "notify": 2}, 40058),
    ],
)
def test_content_is_checked(app: Api, control: Control, body: dict[str, Any], errcode: int) -> None:
    assert app.code(f"{ROOT}/add", body) == errcode
    assert control.get("ledger/group_welcomes") == []


def test_a_hundred_and_no_more(app: Api, running: Running) -> None:
    body = {"text": {"content": "您好"}}

    assert {app.code(f"{ROOT}/add", body) for _ in range(100)} == {0}
    assert app.code(f"{ROOT}/add", body) == 41055
    assert Api(running, defaults.CONTACT_SECRET).code(f"{ROOT}/add", body) == 48002
