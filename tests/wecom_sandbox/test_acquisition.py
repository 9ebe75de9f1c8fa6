from typing import Any

import pytest

from tests.wecom_sandbox.client import Api, Receiver, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, ControlError, Running

ROOT = "externalcontact/customer_acquisition"
DAY = 86400


def link(app: Api, users: list[str], **fields: Any) -> dict[str, Any]:
    """A new acquisition link."""
    body = {"link_name": "门店引流", "range": {"user_list": users}, **fields}
    answer = app.post(f"{ROOT}/create_link", body)
    assert answer["errcode"] == 0, answer
    found: dict[str, Any] = answer["link"]
    return found


def told(control: Control) -> list[str]:
    """ChangeTypes of the acquisition events so far."""
    return [
        one["change_type"] for one in control.get("ledger/callbacks", event="customer_acquisition")
    ]


def test_a_link_is_made_read_changed_and_deleted(app: Api, control: Control) -> None:
    users = shop(control)
    made = link(
        app, users[:2], priority_option={"priority_type": 2, "priority_userid_list": users[:1]}
    )
    key = {"link_id": made["link_id"]}

    assert made["url"] == f"{app.base_url}/ca/{made['link_id']}"
    assert app.post(f"{ROOT}/get", key) == {
        "errcode": 0, "errmsg": "ok", "link": made,
        "range": {"user_list": users[:2], "department_list": []},
        "priority_option": {"priority_type": 2, "priority_userid_list": users[:1]},
    }  # fmt: skip
    change = key | {"link_name": "新名", "range": {"user_list": users[2:]}, "skip_verify": False}
    assert app.code(f"{ROOT}/update_link", change) == 0
    read = app.post(f"{ROOT}/get", key)
    assert read["range"] == {"user_list": users[2:], "department_list": []}
    assert (read["link"]["link_name"], read["link"]["skip_verify"]) == ("新名", False)
    assert app.post(f"{ROOT}/list_link", {})["link_id_list"] == [made["link_id"]]
    assert app.code(f"{ROOT}/delete_link", key) == 0
    assert app.code(f"{ROOT}/get", key) == 40058
    assert app.post(f"{ROOT}/list_link", {})["link_id_list"] == []
    assert told(control) == []


@pytest.mark.parametrize(
    ("fields", "errcode"),
    [
        ({"link_name": ""}, 40058),
        ({"link_name": "字" * 31}, 40058),
        ({"range": {}}, 40058),
        ({"range": {"user_list": ["nobody"]}}, 60111),
        ({"range": {"department_list": [404]}}, 60123),
        ({"priority_option": {"priority_type": 3}}, 40058),
        ({"priority_option": {"priority_type": 2}}, 40058),
        ({"priority_option": {"priority_type": 2, "priority_userid_list": ["nobody"]}}, 60111),
    ],
)
def test_fields_are_checked(
    app: Api, control: Control, fields: dict[str, Any], errcode: int
) -> None:
    body = {"link_name": "一", "range": {"user_list": shop(control)}} | fields

    assert app.code(f"{ROOT}/create_link", body) == errcode
    assert control.get("ledger/acquisition_links") == []


def test_five_hundred_people_and_no_more(app: Api, control: Control) -> None:
    users = shop(control, 501, departments=1)

    body = {"link_name": "一", "range": {"department_list": [1]}}
    assert app.code(f"{ROOT}/create_link", body) == 40058
    body["range"] = {"user_list": users[:500]}
    assert app.code(f"{ROOT}/create_link", body) == 0


def test_links_belong_to_their_app(app: Api, control: Control, running: Running) -> None:
    made = link(app, shop(control))
    second = Api(running, defaults.SECOND_SECRET)

    assert second.post(f"{ROOT}/list_link", {})["link_id_list"] == []
    for name in ("get", "update_link", "delete_link", "customer"):
        assert second.code(f"{ROOT}/{name}", {"link_id": made["link_id"]}) == 301002
    assert Api(running, defaults.CONTACT_SECRET).code(f"{ROOT}/list_link", {}) == 48002


def test_a_channel_comes_back_everywhere(app: Api, control: Control, receiver: Receiver) -> None:
    # given a link opened with a channel of 70 bytes
    made = link(app, shop(control))
    channel = "s12.g88.c" + "7" * 61
    address = f"{made['url']}?customer_channel={channel}"

    # when two customers add by it and one writes ten times
    first = control.post("acquire", {"link": address, "person_id": "p000001"})
    second = control.post("acquire", {"link": made["url"], "person_id": "p000002"})
    for number in range(10):
        control.post("chat", {"userid": first["userid"], "person_id": "p000001", "sender": "customer",
            "message": {"msgtype": "text", "text": {"content": str(number)}}})  # fmt: skip
    control.post("wait_idle")

    # then the channel was cut to 64 bytes and stands in the customer list, the relation and the events
    state = channel[:64]
    assert (first["userid"], second["userid"]) == ("guide0001", "guide0002")
    customers = app.post(f"{ROOT}/customer", {"link_id": made["link_id"]})
    assert customers["customer_list"] == [
        {"external_userid": first["external_userid"], "userid": "guide0001", "chat_status": 1, "state": state},
        {"external_userid": second["external_userid"], "userid": "guide0002", "chat_status": 0, "state": ""},
    ]  # fmt: skip
    detail = app.get("externalcontact/get", external_userid=first["external_userid"])
    assert (detail["follow_user"][0]["state"], detail["follow_user"][0]["add_way"]) == (state, 16)
    events = {one["ChangeType"]: one for one in receiver.events}
    assert sorted(one["ChangeType"] for one in receiver.events) == [
        "add_external_contact", "add_external_contact", "customer_start_chat", "friend_request",
        *["message_from_customer"] * 3,
    ]  # fmt: skip
    assert (events["friend_request"]["LinkId"], events["friend_request"]["State"]) == (
        made["link_id"],
        state,
    )
    start = events["customer_start_chat"]
    assert (start["UserID"], start["ExternalUserID"]) == ("guide0001", first["external_userid"])
    keys = [
        one["ChatKey"] for one in receiver.events if one["ChangeType"] == "message_from_customer"
    ]
    infos = [app.post(f"{ROOT}/get_chat_info", {"chat_key": key}) for key in keys]
    assert sorted(info["chat_info"]["recv_msg_cnt"] for info in infos) == [3, 5, 10]
    assert infos[0]["external_userid"] == first["external_userid"]
    assert infos[0]["chat_info"]["state"] == state
    control.post("clock", {"advance": 1801})
    assert app.code(f"{ROOT}/get_chat_info", {"chat_key": keys[0]}) == 40058


def test_a_customer_who_leaves_is_told_with_his_link(app: Api, control: Control) -> None:
    made = link(app, shop(control))
    control.post(
        "acquire", {"link_id": made["link_id"], "customer_channel": "a", "person_id": "p000001"}
    )

    control.post("delete", {"userid": "guide0001", "person_id": "p000001", "by": "customer"})

    assert told(control) == ["friend_request", "del_follow_user"]
    xml = control.get("ledger/callbacks")[-1]["xml"]
    assert f"<LinkId><![CDATA[{made['link_id']}]]></LinkId><State><![CDATA[a]]></State>" in xml


def test_an_unverified_link_uses_quota_only_once_confirmed(app: Api, control: Control) -> None:
    made = link(app, shop(control, 1), skip_verify=False)
    before = app.get(f"{ROOT}_quota")["balance"]

    added = control.post("acquire", {"link_id": made["link_id"], "person_id": "p000001"})

    assert added["half"]
    assert app.get(f"{ROOT}_quota")["balance"] == before
    assert app.post(f"{ROOT}/customer", {"link_id": made["link_id"]})["customer_list"] == []
    control.post("accept", {"userid": "guide0001", "person_id": "p000001"})
    assert app.get(f"{ROOT}_quota")["balance"] == before - 1
    assert len(app.post(f"{ROOT}/customer", {"link_id": made["link_id"]})["customer_list"]) == 1


def test_quota_runs_low_out_and_is_bought_again(app: Api, control: Control) -> None:
    made = link(app, shop(control))
    control.post("acquisition_buy", {"empty": True})
    bought = control.post("acquisition_buy", {"amount": 20, "days": 400})

    assert (bought["balance"], bought["total"]) == (20, 1020)
    for number in range(1, 21):
        control.post("acquire", {"link_id": made["link_id"], "person_id": f"p{number:06d}"})
    assert told(control) == [
        "balance_exhausted",
        "balance_increased",
        "balance_low",
        "balance_exhausted",
    ]
    with pytest.raises(ControlError, match="quota"):
        control.post("acquire", {"link_id": made["link_id"], "person_id": "p000030"})
    assert app.get(f"{ROOT}_quota") == {
        "errcode": 0, "errmsg": "ok", "total": 1020, "balance": 0, "quota_list": [],
    }  # fmt: skip


def test_a_batch_is_warned_of_and_lapses(control: Control, running: Running) -> None:
    control.post("acquisition_buy", {"empty": True})
    quota = control.post("acquisition_buy", {"amount": 5, "days": 15})
    batch = quota["quota_list"][0]

    for _ in range(15):
        control.post("clock", {"advance": DAY})

    assert told(control)[2:] == [*["quota_expire_soon"] * 5, "balance_exhausted"]
    xml = control.get("ledger/callbacks", change_type="quota_expire_soon")[0]["xml"]
    assert (
        f"<ExpireTime>{batch['expire_date']}</ExpireTime><ExpireQuotaNum>5</ExpireQuotaNum>" in xml
    )
    assert Api(running).get(f"{ROOT}_quota")["balance"] == 0


def test_a_link_without_members_is_unavailable(app: Api, control: Control) -> None:
    made = link(app, shop(control, 1))
    control.post("console_member", {"userid": "guide0001", "can_follow": False})

    assert told(control) == ["link_unavailable"]
    with pytest.raises(ControlError, match="no member of this link"):
        control.post("acquire", {"link_id": made["link_id"], "person_id": "p000001"})
    assert told(control) == ["link_unavailable"]
    control.post("console_link", {"link_id": made["link_id"], "delete": True})
    assert told(control) == ["link_unavailable", "delete_link"]
    with pytest.raises(ControlError, match="no such acquisition link"):
        control.post("acquire", {"link_id": made["link_id"], "person_id": "p000001"})


def test_openings_and_adds_are_counted_by_days(app: Api, control: Control) -> None:
    made = link(app, shop(control))
    control.post("behaviour", {"open_profile": True})
    for person in ("p000001", "p000001", "p000002"):
        control.post("acquire", {"link_id": made["link_id"], "person_id": person, "open_only": True,
            "customer_channel": "a"})  # fmt: skip
    control.post("acquire", {"link_id": made["link_id"], "person_id": "p000003"})
    now = int(control.get("clock")["now"])

    def statistic(start: int, end: int) -> Any:
        return app.post(
            f"{ROOT}/statistic", {"link_id": made["link_id"], "start_time": start, "end_time": end}
        )

    today = statistic(now, now)
    assert (today["click_link_customer_cnt"], today["new_customer_cnt"]) == (3, 1)
    yesterday = statistic(now - DAY, now - DAY)
    assert (yesterday["click_link_customer_cnt"], yesterday["new_customer_cnt"]) == (0, 0)
    assert statistic(now - 31 * DAY, now)["errcode"] == 40058
    assert statistic(now - 200 * DAY, now - 190 * DAY)["errcode"] == 40058
    query = {"link_id": made["link_id"], "start_time": now, "end_time": now}
    assert app.get(f"{ROOT}/statistic", **query) == today
    assert told(control)[:3] == ["open_profile"] * 3


def test_a_friend_is_preferred(app: Api, control: Control) -> None:
    users = shop(control)
    control.post("add", {"userid": users[2], "person_id": "p000001"})
    option = {"priority_type": 1}
    made = link(app, users[:1], priority_option=option)
    plain = link(app, users[:1])

    def acquire(link_id: str) -> Any:
        return control.post("acquire", {"link_id": link_id, "person_id": "p000001"})

    assert (acquire(made["link_id"])["userid"], acquire(made["link_id"])["already"]) == (
        users[2],
        True,
    )
    assert acquire(plain["link_id"])["userid"] == users[0]


def test_the_permit_is_the_visible_range(app: Api, control: Control) -> None:
    seeded = control.post("seed_org", {"members": 2, "departments": 2})

    assert app.get(f"{ROOT}_app/get_permit")["department_list"] == [1]
    control.post("scope", {"departments": seeded["departments"][:1], "users": ["guide0002"]})
    permit = app.get(f"{ROOT}_app/get_permit")
    assert (permit["department_list"], permit["user_list"], permit["tag_list"]) == (
        seeded["departments"][:1], ["guide0002"], [],
    )  # fmt: skip
