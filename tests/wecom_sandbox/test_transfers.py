"""Customers handed over: asked one by one, refused, full successors, automatic after 24 hours."""

from typing import Any

import pytest

from tests.wecom_sandbox.client import Api, Receiver, code, shop
from tests.wecom_sandbox.phone import Phone
from wecom_sandbox.testing import Control

DAY = 24 * 3600


@pytest.fixture
def customers(app: Api, control: Control) -> list[str]:
    """Three customers of the first of three guides; their external_userids."""
    users = shop(control)
    config_id = code(app, users[:1])
    return [
        control.post("scan", {"config_id": config_id, "person_id": f"p00000{number}"})[
            "external_userid"
        ]
        for number in (1, 2, 3)
    ]


def ask(app: Api, external: list[str], takeover: str = "guide0002", **fields: Any) -> list[int]:
    """Ask for a transfer; the errcodes of the items."""
    body = {
        "handover_userid": "guide0001",
        "takeover_userid": takeover,
        "external_userid": external,
    }
    answer = app.post("externalcontact/transfer_customer", {**body, **fields})
    assert answer["errcode"] == 0, answer
    return [one["errcode"] for one in answer["customer"]]


def later(app: Api, control: Control, seconds: int) -> None:
    """Let time pass; tokens die with it."""
    control.post("clock", {"advance": seconds})
    app._token = ""


def statuses(app: Api, takeover: str = "guide0002") -> list[int]:
    """The states WeCom reports for the pair."""
    body = {"handover_userid": "guide0001", "takeover_userid": takeover}
    rows = app.post("externalcontact/transfer_result", body)["customer"]
    return [one["status"] for one in rows]


def test_one_accepts_one_refuses_one_waits_a_day(
    app: Api, control: Control, customers: list[str]
) -> None:
    receiver = Receiver()
    control.post("callback_urls", {"app": "scrm", "url": receiver.url})
    assert ask(app, [*customers, "wmNobody"]) == [0, 0, 0, 40096]
    assert ask(app, customers[:1]) == [40100]

    control.post("transfer_answer", {"person_id": "p000001", "answer": "accept"})
    control.post("transfer_answer", {"person_id": "p000002", "answer": "refuse"})
    assert statuses(app) == [1, 3, 2]
    later(app, control, DAY)

    assert statuses(app) == [1, 3, 1]
    assert app.get("externalcontact/list", userid="guide0002")["external_userid"] == [
        customers[0],
        customers[2],
    ]
    assert app.get("externalcontact/list", userid="guide0001")["external_userid"] == [customers[1]]
    control.post("wait_idle", {"timeout": 10})
    seen = sorted((e["ChangeType"], e["UserID"], e.get("Source") or "") for e in receiver.events)
    assert seen == [
        ("add_external_contact", "guide0002", ""),
        ("add_external_contact", "guide0002", ""),
        ("del_external_contact", "guide0001", "DELETE_BY_TRANSFER"),
        ("del_external_contact", "guide0001", "DELETE_BY_TRANSFER"),
        ("transfer_fail", "guide0002", ""),
    ]
    assert [e.get("FailReason") for e in receiver.events if e["ChangeType"] == "transfer_fail"] == [
        "customer_refused"
    ]
    assert "WelcomeCode" not in str(receiver.events)
    receiver.close()


def test_a_customer_is_handed_over_twice_within_90_days_at_most(
    app: Api, control: Control, customers: list[str]
) -> None:
    def hand(old: str, new: str) -> int:
        body = {"handover_userid": old, "takeover_userid": new, "external_userid": customers[:1]}
        answer = app.post("externalcontact/transfer_customer", body)["customer"][0]["errcode"]
        if answer == 0:
            control.post("transfer_answer", {"person_id": "p000001", "answer": "accept"})
        return int(answer)

    first, second = hand("guide0001", "guide0002"), hand("guide0002", "guide0003")
    third = hand("guide0003", "guide0002")
    later(app, control, 91 * DAY)
    fourth = hand("guide0003", "guide0002")

    assert (first, second, third, fourth) == (0, 0, 40128, 0)


def test_who_gets_back_whom_he_gave_away_hears_of_no_new_customer(
    app: Api, control: Control, customers: list[str], receiver: Receiver
) -> None:
    for old, new in (("guide0001", "guide0002"), ("guide0002", "guide0001")):
        body = {"handover_userid": old, "takeover_userid": new, "external_userid": customers[:1]}
        assert app.post("externalcontact/transfer_customer", body)["customer"][0]["errcode"] == 0
        control.post("transfer_answer", {"person_id": "p000001", "answer": "accept"})
    control.post("wait_idle", {"timeout": 10})

    seen = [(e["ChangeType"], e["UserID"]) for e in receiver.events]
    assert sorted(seen) == [
        ("add_external_contact", "guide0002"),
        ("del_external_contact", "guide0001"),
        ("del_external_contact", "guide0002"),
    ]
    assert customers[0] in app.get("externalcontact/list", userid="guide0001")["external_userid"]


def test_a_waiting_transfer_tells_when_it_will_be_done(
    app: Api, control: Control, customers: list[str]
) -> None:
    ask(app, customers[:2])
    control.post("transfer_answer", {"person_id": "p000002", "answer": "refuse"})
    now = control.get("clock")["now"]
    pair = {"handover_userid": "guide0001", "takeover_userid": "guide0002"}

    waiting, refused = app.post("externalcontact/transfer_result", pair)["customer"]

    assert (waiting["status"], refused["status"], refused["takeover_time"]) == (2, 3, 0)
    assert abs(waiting["takeover_time"] - now - DAY) < 60


def test_a_full_successor_refuses_more_at_once(
    app: Api, control: Control, customers: list[str]
) -> None:
    control.post("add", {"userid": "guide0002", "person_id": "p000009"})
    control.post("behaviour", {"customer_limit": 1})

    assert ask(app, customers) == [40099, 40099, 40099]
    assert control.get("ledger/transfers") == []


def test_a_member_gone_for_over_a_year_has_nobody_to_hand_over(
    app: Api, control: Control, customers: list[str]
) -> None:
    control.post("console_member", {"userid": "guide0001", "delete": True})
    later(app, control, 366 * DAY)
    body = {
        "handover_userid": "guide0001",
        "takeover_userid": "guide0002",
        "external_userid": customers,
    }

    answers = app.post("externalcontact/resigned/transfer_customer", body)["customer"]

    assert [one["errcode"] for one in answers] == [84061, 84061, 84061]


def test_a_full_successor_is_reported(app: Api, control: Control, customers: list[str]) -> None:
    control.post("behaviour", {"customer_limit": 1})
    ask(app, customers)
    later(app, control, DAY)

    assert statuses(app) == [1, 4, 4]


def test_who_may_take_over(app: Api, control: Control, customers: list[str]) -> None:
    body = {
        "handover_userid": "guide0001",
        "takeover_userid": "guide0002",
        "external_userid": customers,
    }
    api = "externalcontact/transfer_customer"

    assert app.code(api, {**body, "handover_userid": "nobody"}) == 60111
    assert app.code(api, {**body, "takeover_userid": "nobody"}) == 60111
    assert app.code(api, {**body, "takeover_userid": "guide0001"}) == 40058
    assert app.code(api, {**body, "external_userid": []}) == 40058
    assert app.code(api, {**body, "external_userid": ["x"] * 101}) == 40058
    assert app.code(api, {**body, "transfer_success_msg": "x" * 201}) == 40058
    control.post("console_member", {"userid": "guide0002", "can_follow": False})
    assert app.code(api, body) == 84074
    assert control.get("ledger/transfers") == []


def test_a_deleted_members_customers_are_unassigned_until_taken(
    app: Api, control: Control, customers: list[str]
) -> None:
    api = "externalcontact/resigned/transfer_customer"
    body = {
        "handover_userid": "guide0001",
        "takeover_userid": "guide0002",
        "external_userid": customers,
    }
    assert app.code(api, body) == 40097
    control.post("console_member", {"userid": "guide0001", "delete": True})

    listed = app.post("externalcontact/get_unassigned_list", {"page_size": 2})
    rest = app.post(
        "externalcontact/get_unassigned_list", {"page_size": 2, "cursor": listed["next_cursor"]}
    )
    assert [one["external_userid"] for one in listed["info"] + rest["info"]] == customers
    assert (listed["is_last"], rest["is_last"]) == (False, True)
    assert [one["errcode"] for one in app.post(api, body)["customer"]] == [0, 0, 0]
    later(app, control, DAY)

    pair = {"handover_userid": "guide0001", "takeover_userid": "guide0002"}
    results = app.post("externalcontact/resigned/transfer_result", pair)["customer"]
    assert [one["status"] for one in results] == [1, 1, 1]
    assert app.post("externalcontact/get_unassigned_list", {})["info"] == []


def test_the_customer_answers_on_the_phone(
    app: Api, control: Control, customers: list[str]
) -> None:
    phone = Phone(app.base_url)
    ask(app, customers[:2], transfer_success_msg="王芳将继续为您服务")

    page = phone.open("/phone/p/p000001/chat/guide0001")
    assert "王芳将继续为您服务" in page
    assert "暂不添加" in page
    phone.open("/phone/p/p000001/chat/guide0001/transfer", {"answer": "refuse"})
    after = phone.open("/phone/p/p000002/chat/guide0001/transfer", {"answer": "accept"})

    assert "已将你转接给同事" in after
    assert statuses(app) == [3, 1]
