"""Figures of customer contact come from what happened, by days in China."""

from typing import Any

import pytest

from tests.wecom_sandbox.client import Api, shop
from tests.wecom_sandbox.phone import Phone
from wecom_sandbox.china_time import DAY, day_start
from wecom_sandbox.testing import Control, ControlError

API = "externalcontact/get_user_behavior_data"


@pytest.fixture
def users(app: Api, control: Control) -> list[str]:
    """Three guides, at noon in China."""
    now = control.get("clock")["now"]
    control.post("clock", {"advance": (day_start(now) + DAY + DAY // 2) - now})
    return shop(control)


def say(control: Control, sender: str, person_id: str, minutes: int = 0) -> None:
    """One line between the first guide and a customer, some minutes later."""
    control.post("clock", {"advance": minutes * 60})
    message = {"msgtype": "text", "text": {"content": "您好"}}
    control.post(
        "chat",
        {"userid": "guide0001", "person_id": person_id, "message": message, "sender": sender},
    )


def ask(app: Api, control: Control, days: int = 1, **who: Any) -> list[dict[str, Any]]:
    """The figures of the last days."""
    app._token = ""
    now = int(control.get("clock")["now"])
    body = {
        "start_time": now - (days - 1) * DAY,
        "end_time": now,
        **(who or {"userid": ["guide0001"]}),
    }
    answer = app.post(API, body)
    assert answer["errcode"] == 0, answer
    found: list[dict[str, Any]] = answer["behavior_data"]
    return found


def test_a_day_with_nothing_has_no_reply_figures(
    app: Api, control: Control, users: list[str]
) -> None:
    today = day_start(control.get("clock")["now"])
    assert ask(app, control, days=2) == [
        {
            "stat_time": at, "chat_cnt": 0, "message_cnt": 0, "negative_feedback_cnt": 0,
            "new_apply_cnt": 0, "new_contact_cnt": 0,
        }
        for at in (today - DAY, today)
    ]  # fmt: skip


def test_chats_replies_requests_and_losses_are_counted(
    app: Api, control: Control, users: list[str]
) -> None:
    # given three customers of the first guide; a fourth did not answer his request
    for number in (1, 2, 3):
        control.post("friend_request", {"userid": users[0], "person_id": f"p00000{number}"})
        control.post("friend_answer", {"userid": users[0], "person_id": f"p00000{number}"})
    control.post("friend_request", {"userid": users[0], "person_id": "p000004"})
    # when two begin chats, of which one is answered after six minutes and again later
    say(control, "customer", "p000001")
    say(control, "customer", "p000002")
    say(control, "member", "p000001", minutes=6)
    say(control, "member", "p000001", minutes=30)
    # and the guide begins the third, and one deletes him
    say(control, "member", "p000003")
    control.post("delete", {"userid": users[0], "person_id": "p000002", "by": "customer"})

    figures = ask(app, control)[0]

    assert {name: value for name, value in figures.items() if name != "stat_time"} == {
        "chat_cnt": 2, "message_cnt": 3, "reply_percentage": 50, "avg_reply_time": 6,
        "negative_feedback_cnt": 1, "new_apply_cnt": 4, "new_contact_cnt": 3,
    }  # fmt: skip
    # and the next day begins anew, while the first stays as it was
    control.post("clock", {"advance": DAY})
    yesterday, today = ask(app, control, days=2)
    assert yesterday == figures
    assert (today["new_contact_cnt"], today["message_cnt"]) == (0, 0)


def test_members_and_departments_are_added_up_once(
    app: Api, control: Control, users: list[str]
) -> None:
    control.post("add", {"userid": users[0], "person_id": "p000001"})
    control.post("add", {"userid": users[1], "person_id": "p000001"})

    both = ask(app, control, userid=[users[0]], partyid=[1])[0]

    assert both["new_contact_cnt"] == 2
    assert ask(app, control, userid=[users[2]])[0]["new_contact_cnt"] == 0


def test_drawn_customers_count_on_the_days_they_were_made(app: Api, control: Control) -> None:
    control.post("seed_scale", {"members": 2, "relations": 2000})
    rows = control.get("relations", userid="guide0001", limit=2000)
    made = [day_start(row["createtime"]) for row in rows]
    control.post(
        "delete", {"userid": "guide0001", "person_id": rows[0]["person_id"], "by": "member"}
    )

    figures = ask(app, control, days=30)

    assert [one["new_contact_cnt"] for one in figures] == [
        made.count(one["stat_time"]) for one in figures
    ]
    assert sum(one["new_contact_cnt"] for one in figures) > 10


@pytest.mark.parametrize(
    ("fields", "code_of"),
    [
        ({"userid": []}, 40058),
        ({"userid": ["guide0001"] * 101}, 40058),
        ({"userid": ["nobody"]}, 60111),
        ({"partyid": [99]}, 60123),
        ({"start_time": None}, 40058),
        ({"days": 31}, 40058),
        ({"days": -1}, 40058),
        ({"end": DAY}, 40058),
        ({"start": -181 * DAY, "end": -160 * DAY}, 40058),
    ],
)
def test_spans_and_members_wecom_does_not_take(
    app: Api, control: Control, users: list[str], fields: dict[str, Any], code_of: int
) -> None:
    app._token = ""
    now = int(control.get("clock")["now"])
    end = now + fields.pop("end", 0)
    start = (
        now + fields.pop("start") if "start" in fields else end - (fields.pop("days", 1) - 1) * DAY
    )
    body = {"userid": ["guide0001"], "start_time": start, "end_time": end, **fields}
    if body["start_time"] is None:
        del body["start_time"]
    assert app.code(API, body) == code_of


def test_a_member_out_of_range_is_refused(app: Api, control: Control, users: list[str]) -> None:
    control.post("scope", {"departments": [], "users": users[:1]})
    app._token = ""
    now = int(control.get("clock")["now"])
    body = {"start_time": now, "end_time": now}
    assert app.code(API, {**body, "userid": users[1:2]}) == 60011
    assert app.code(API, {**body, "partyid": [1]}) == 60011


def test_a_request_is_sent_and_answered_on_the_phones(
    app: Api, control: Control, users: list[str]
) -> None:
    phone = Phone(app.base_url)
    person = control.get("people", limit=1)[0]
    sent = phone.open("/phone/m/guide0001/ask", {"phone": person["phone"], "words": "我是王芳"})
    assert "等待验证" in sent
    assert "没有人用这个手机号" in phone.open("/phone/m/guide0001/ask", {"phone": "19900000000"})

    assert "我是王芳" in phone.open(f"/phone/p/{person['id']}/asked")
    phone.open(f"/phone/p/{person['id']}/asked", {"userid": "guide0001", "answer": "accept"})

    detail = app.get("externalcontact/get", external_userid=person["external_userid"])
    follow = detail["follow_user"][0]
    assert (follow["add_way"], follow["oper_userid"]) == (2, "guide0001")
    with pytest.raises(ControlError, match="contacts already"):
        control.post("friend_request", {"userid": "guide0001", "person_id": person["id"]})


def test_a_refused_request_makes_nobody_a_customer(
    app: Api, control: Control, users: list[str]
) -> None:
    ask_for = {"userid": users[0], "person_id": "p000001"}
    control.post("friend_request", ask_for)
    assert control.post("friend_answer", {**ask_for, "accept": False}) == {
        "ok": True,
        "added": None,
    }
    with pytest.raises(ControlError, match="no request"):
        control.post("friend_answer", ask_for)
    app._token = ""
    assert app.code("externalcontact/list", userid=users[0]) == 84061
