from typing import Any

import pytest

from tests.wecom_sandbox.client import Api, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, ControlError, Running

ROOT = "externalcontact"
ADD = f"{ROOT}/add_intercept_rule"
RULE = {
    "rule_name": "私下交易", "word_list": ["转账"], "semantics_list": [1], "intercept_type": 1,
    "applicable_range": {"user_list": ["guide0001"]},
}  # fmt: skip


@pytest.fixture
def shop_of_two(control: Control) -> None:
    """Two guides, each with a customer."""
    shop(control, 2)
    for number in (1, 2):
        control.post("add", {"userid": f"guide000{number}", "person_id": f"p{number:06d}"})


def say(control: Control, number: int, text: str, sender: str = "member") -> None:
    """A line in the chat of a guide and his customer."""
    control.post("chat", {"userid": f"guide000{number}", "person_id": f"p{number:06d}", "sender": sender,
        "message": {"msgtype": "text", "text": {"content": text}}})  # fmt: skip


@pytest.mark.usefixtures("shop_of_two")
def test_a_rule_blocks_its_members_words(app: Api, control: Control) -> None:
    rule_id = app.post(ADD, RULE)["rule_id"]

    with pytest.raises(ControlError, match="blocked by the corp's rule on words: 转账"):
        say(control, 1, "请转账给我")
    with pytest.raises(ControlError, match="13800138000"):
        say(control, 1, "我的电话 13800138000")
    say(control, 1, "您好")
    say(control, 2, "请转账给我")
    say(control, 1, "可以转账吗", sender="customer")

    assert len(control.get("ledger/chats")) == 3
    hits = [
        (one["rule_id"], one["userid"], one["hit"], one["blocked"])
        for one in control.get("ledger/intercepts")
    ]
    assert hits == [
        (rule_id, "guide0001", "转账", True),
        (rule_id, "guide0001", "13800138000", True),
    ]


@pytest.mark.usefixtures("shop_of_two")
def test_a_rule_that_only_warns_lets_it_pass(app: Api, control: Control) -> None:
    app.post(ADD, RULE | {"intercept_type": 2, "applicable_range": {"department_list": [1]}})

    say(control, 2, "请转账给我")

    assert len(control.get("ledger/chats")) == 1
    assert [one["blocked"] for one in control.get("ledger/intercepts")] == [False]


@pytest.mark.usefixtures("shop_of_two")
def test_a_rule_is_read_changed_and_deleted(app: Api, running: Running) -> None:
    key = {"rule_id": app.post(ADD, RULE)["rule_id"]}
    read = app.post(f"{ROOT}/get_intercept_rule", key)["rule"]

    assert read == key | {
        "rule_name": "私下交易", "create_time": read["create_time"], "word_list": ["转账"],
        "extra_rule": {"semantics_list": [1]}, "intercept_type": 1,
        "applicable_range": {"user_list": ["guide0001"], "department_list": []},
    }  # fmt: skip
    listed = app.get(f"{ROOT}/get_intercept_rule_list")["rule_list"]
    assert listed == [key | {"rule_name": "私下交易", "create_time": read["create_time"]}]
    change = key | {
        "rule_name": "新", "extra_rule": {"semantics_list": [2, 3]},
        "add_applicable_range": {"user_list": ["guide0002"]},
        "remove_applicable_range": {"user_list": ["guide0001"]},
    }  # fmt: skip
    assert (
        Api(running, defaults.SECOND_SECRET).code(f"{ROOT}/update_intercept_rule", change) == 301002
    )
    assert app.code(f"{ROOT}/update_intercept_rule", change) == 0
    assert app.post(f"{ROOT}/get_intercept_rule", key)["rule"] == read | {
        "rule_name": "新", "extra_rule": {"semantics_list": [2, 3]},
        "applicable_range": {"user_list": ["guide0002"], "department_list": []},
    }  # fmt: skip
    gone = key | {"remove_applicable_range": {"user_list": ["guide0002"]}}
    assert app.code(f"{ROOT}/update_intercept_rule", gone) == 40058
    assert Api(running, defaults.SECOND_SECRET).code(f"{ROOT}/del_intercept_rule", key) == 301002
    assert app.code(f"{ROOT}/del_intercept_rule", key) == 0
    assert app.code(f"{ROOT}/get_intercept_rule", key) == 40058


@pytest.mark.usefixtures("shop_of_two")
@pytest.mark.parametrize(
    ("fields", "errcode"),
    [
        ({"rule_name": ""}, 40058),
        ({"rule_name": "字" * 21}, 40058),
        ({"word_list": []}, 40058),
        ({"word_list": ["字" * 33]}, 40058),
        ({"word_list": [str(number) for number in range(301)]}, 40058),
        ({"semantics_list": [4]}, 40058),
        ({"intercept_type": 3}, 40058),
        ({"intercept_type": None}, 40058),
        ({"applicable_range": {}}, 40058),
        ({"applicable_range": {"user_list": ["nobody"]}}, 60111),
        ({"applicable_range": {"department_list": [404]}}, 60123),
        ({"applicable_range": {"department_list": list(range(1, 1002))}}, 40058),
    ],
)
def test_fields_are_checked(app: Api, fields: dict[str, Any], errcode: int) -> None:
    body = {name: value for name, value in (RULE | fields).items() if value is not None}

    assert app.code(ADD, body) == errcode
    assert app.get(f"{ROOT}/get_intercept_rule_list")["rule_list"] == []


@pytest.mark.usefixtures("shop_of_two")
def test_a_hundred_rules_and_visible_members_only(app: Api, control: Control) -> None:
    assert {app.code(ADD, RULE) for _ in range(100)} == {0}
    assert app.code(ADD, RULE) == 40058
    control.post("scope", {"departments": [], "users": ["guide0002"]})
    assert app.code(ADD, RULE) == 60011
