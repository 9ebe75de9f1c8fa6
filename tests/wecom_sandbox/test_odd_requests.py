"""What no client should send: WeCom's codes and JSON for it, never an error page."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.wecom_sandbox.client import Api
from wecom_sandbox.numbers import from_digits
from wecom_sandbox.testing import Control


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("-7", -7), ("007", 7), ("--7", None), ("\u00b2", None), ("\u0667", None), ("", None), ("7.0", None)],
)  # fmt: skip
def test_digits_are_ascii_with_one_minus_at_most(text: str, number: int | None) -> None:
    assert from_digits(text) == number


ODD: tuple[Any, ...] = (
    "--5",
    "\u00b2",
    [],
    {},
    [[]],
    [{}],
    True,
    -1,
    2**70,
    "x" * 5000,
    "\u0000",
    {"a": []},
)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("department/create", {"name": "x", "parentid": 1}),
        ("externalcontact/add_contact_way", {"type": 1, "scene": 2, "user": ["guide0001"]}),
        ("externalcontact/batch/get_by_user", {"userid_list": ["guide0001"], "limit": 1, "cursor": ""}),
        ("externalcontact/groupchat/list", {"limit": 10, "cursor": ""}),
        ("externalcontact/add_msg_template", {"sender": "guide0001", "text": {"content": "x"}, "attachments": []}),
        ("externalcontact/send_welcome_msg", {"welcome_code": "x", "text": {}, "attachments": []}),
        ("externalcontact/add_moment_task", {"text": {"content": "x"}, "attachments": [], "visible_range": {}}),
        ("message/send", {"touser": "guide0001", "msgtype": "text", "agentid": 1000002, "text": {"content": "x"}}),
        ("batch/invite", {"user": [], "party": [], "tag": []}),
    ],
)  # fmt: skip
def test_no_field_of_any_kind_breaks_an_endpoint(
    app: Api, control: Control, path: str, body: dict[str, Any]
) -> None:
    control.post("seed_org", {"shops": 1, "guides": 2})

    for name in body:
        for odd in (*ODD, [{"msgtype": []}], [{"msgtype": "image", "image": []}]):
            answer = app.post(path, body | {name: odd})
            assert isinstance(answer["errcode"], int), (name, odd)


@pytest.mark.parametrize("path", ["/foo", "/wechat/nonsense", "/sandbox/api/foo", "/finance/foo"])
def test_a_path_that_is_nothing_says_so_in_json(app: Api, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(app.base_url + path, timeout=30)

    assert refused.value.code == 404
    assert path in json.loads(refused.value.read())["errmsg"]


def test_a_cursor_is_opaque_and_one_apps_own(app: Api, control: Control) -> None:
    control.post("seed_scale", {"members": 2, "relations": 400})
    body = {"userid_list": ["guide0001"], "limit": 10}

    first = app.post("externalcontact/batch/get_by_user", body)["next_cursor"]
    again = app.post("externalcontact/batch/get_by_user", body | {"cursor": first})
    elsewhere = app.post("externalcontact/contact_list", {"cursor": first})

    assert len(first) == 22
    assert again["errcode"] == 0
    assert elsewhere["errcode"] == 40058
