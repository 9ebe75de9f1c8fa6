"""Cards in app messages: their limits, what members press, what an app puts in their place."""

from typing import Any

import pytest

from tests.wecom_sandbox.client import Api, Receiver, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, ControlError

AGENT = defaults.AGENT_ID
BUTTONS: dict[str, Any] = {
    "card_type": "button_interaction",
    "main_title": {"title": "换班申请"},
    "button_list": [{"text": "同意", "style": 1, "key": "yes"}, {"text": "拒绝", "key": "no"}],
    "task_id": "task-1",
}
VOTE: dict[str, Any] = {
    "card_type": "vote_interaction",
    "main_title": {"title": "团建去哪"},
    "task_id": "task-2",
    "checkbox": {
        "question_key": "q1", "mode": 1,
        "option_list": [{"id": "a", "text": "爬山", "is_checked": False}, {"id": "b", "text": "海边", "is_checked": False}],
    },
    "submit_button": {"text": "提交", "key": "send"},
}  # fmt: skip


def send(app: Api, card: dict[str, Any], touser: str = "guide0001|guide0002") -> Any:
    """A card sent to members."""
    body = {"touser": touser, "msgtype": "template_card", "agentid": AGENT, "template_card": card}
    return app.post("message/send", body)


def press(control: Control, message: Any, key: str, userid: str = "guide0001", **more: Any) -> Any:
    """A member presses something on a card."""
    return control.post("card_press", {"userid": userid, "msgid": message["msgid"], "key": key, **more})  # fmt: skip


def seen(control: Control, number: int = 0) -> list[dict[str, Any]]:
    """How each receiver sees a message."""
    receivers: list[dict[str, Any]] = control.get("ledger/messages")[number]["receivers"]
    return receivers


def test_a_pressed_button_is_told_and_the_card_updated_once(
    app: Api, control: Control, receiver: Receiver
) -> None:
    shop(control)
    message = send(app, BUTTONS)
    press(control, message, "yes")
    assert control.post("wait_idle", {"timeout": 20})["idle"]

    told = receiver.events[-1]
    assert (told["Event"], told["FromUserName"], told["EventKey"], told["TaskId"]) == (
        "template_card_event", "guide0001", "yes", "task-1",
    )  # fmt: skip
    assert (told["CardType"], told["AgentID"]) == ("button_interaction", str(AGENT))
    body = {"userids": ["guide0001", "guide0003", "nobody"], "agentid": AGENT, "button": {"replace_name": "已同意"}}  # fmt: skip
    update = "message/update_template_card"
    done = app.post(update, body | {"response_code": told["ResponseCode"]})
    assert done["invaliduser"] == ["nobody", "guide0003"]
    assert app.code(update, body | {"response_code": told["ResponseCode"]}) == 40058
    assert [one["replaced"] for one in seen(control)] == ["已同意", ""]
    with pytest.raises(ControlError):
        press(control, message, "no")
    press(control, message, "no", "guide0002")
    new = {"card_type": "text_notice", "main_title": {"title": "已处理"}, "card_action": {"type": 1, "url": "https://x.cn"}}  # fmt: skip
    rest = {"atall": 1, "agentid": AGENT, "response_code": message["response_code"]}
    assert app.post(update, rest | {"template_card": new})["invaliduser"] == ["guide0003"]
    assert seen(control)[1]["card"]["main_title"]["title"] == "已处理"


def test_a_response_code_lives_three_days(app: Api, control: Control) -> None:
    shop(control)
    code = send(app, BUTTONS)["response_code"]
    control.post("clock", {"advance": 72 * 3600 + 1})
    app.forget_token()

    body = {"atall": 1, "agentid": AGENT, "response_code": code, "button": {"replace_name": "x"}}
    assert app.code("message/update_template_card", body) == 40058


def test_a_vote_names_what_was_chosen(app: Api, control: Control, receiver: Receiver) -> None:
    shop(control)
    message = send(app, VOTE)
    with pytest.raises(ControlError):
        press(control, message, "send")
    with pytest.raises(ControlError):
        press(control, message, "send", selected={"q1": ["c"]})
    press(control, message, "send", selected={"q1": ["a", "b"]})
    assert control.post("wait_idle", {"timeout": 20})["idle"]

    item = receiver.events[-1]["SelectedItems"]["SelectedItem"]
    assert item == {"QuestionKey": "q1", "OptionIds": {"OptionId": ["a", "b"]}}
    assert len(receiver.events) == 1


def test_menu_and_task_card(app: Api, control: Control, receiver: Receiver) -> None:
    shop(control)
    menu = {"desc": "设置", "action_list": [{"text": "不再推送", "key": "stop"}]}
    notice = {"card_type": "text_notice", "main_title": {"title": "日报"}, "task_id": "t3", "card_action": {"type": 1, "url": "https://x.cn"}}  # fmt: skip
    assert send(app, notice)["response_code"] == ""
    asked = send(app, notice | {"action_menu": menu})
    assert asked["response_code"]
    press(control, asked, "stop")
    card = {
        "title": "礼物",
        "description": "茶具",
        "task_id": "t4",
        "btn": [{"key": "ok", "name": "批准"}],
    }
    body = {"touser": "guide0001", "msgtype": "interactive_taskcard", "agentid": AGENT}
    task = app.post("message/send", body | {"interactive_taskcard": card})
    press(control, task, "ok")
    assert control.post("wait_idle", {"timeout": 20})["idle"]

    assert sorted(one["Event"] for one in receiver.events) == [
        "taskcard_click", "template_card_menu_event",
    ]  # fmt: skip
    change = {"userids": ["guide0001", "guide0002"], "agentid": AGENT, "task_id": "t4", "replace_name": "已收到"}  # fmt: skip
    assert app.post("message/update_taskcard", change)["invaliduser"] == ["guide0002"]
    assert app.code("message/update_taskcard", change | {"task_id": "t9"}) == 40058
    assert app.code("message/update_taskcard", change | {"agentid": 1}) == 40056


@pytest.mark.parametrize(
    "change",
    [
        {"card_type": "poem"},
        {"task_id": ""},
        {"task_id": "空 格"},
        {"button_list": []},
        {"button_list": [{"text": "x", "key": "k"}] * 7},
        {"vertical_content_list": [{"title": "x"}] * 5},
        {"horizontal_content_list": [{"keyname": "x"}] * 7},
        {"jump_list": [{"title": "x"}] * 4},
        {"card_image": {"url": "u", "aspect_ratio": 3}},
        {"action_menu": {"desc": "x", "action_list": []}},
        {"checkbox": {"question_key": "q", "option_list": []}},
        {"select_list": [{"question_key": "q", "option_list": [{"id": "1", "text": "a"}] * 11}]},
    ],
)
def test_cards_are_checked(app: Api, control: Control, change: dict[str, Any]) -> None:
    shop(control)

    assert send(app, BUTTONS | change)["errcode"] == 40058
    assert control.get("ledger/messages") == []
