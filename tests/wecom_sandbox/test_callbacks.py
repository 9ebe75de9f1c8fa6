import time
from collections import Counter
from typing import Any

import pytest

from tests.wecom_sandbox.client import Api, Receiver, code, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control


def idle(control: Control) -> None:
    """Wait until every callback is sent or given up."""
    assert control.post("wait_idle", {"timeout": 20}) == {"idle": True, "waiting": 0}


def test_an_add_arrives_encrypted_with_its_fields(
    app: Api, control: Control, receiver: Receiver
) -> None:
    added = control.post("scan", {"config_id": code(app, shop(control)), "person_id": "p000001"})
    idle(control)

    relation = control.get("ledger/relations")[0]
    assert receiver.events == [
        {
            "ToUserName": defaults.CORP_ID, "FromUserName": "sys", "CreateTime": str(relation["createtime"]),
            "MsgType": "event", "Event": "change_external_contact", "ChangeType": "add_external_contact",
            "UserID": "guide0001", "ExternalUserID": added["external_userid"], "State": "s1",
            "WelcomeCode": added["welcome_code"],
        }
    ]  # fmt: skip
    assert receiver.bodies[0].startswith(
        f"<xml><ToUserName><![CDATA[{defaults.CORP_ID}]]></ToUserName><Encrypt>".encode()
    )
    sent = control.get("ledger/callbacks")
    assert [(one["status"], len(one["attempts"])) for one in sent] == [("delivered", 1)]
    attempt = sent[0]["attempts"][0]
    assert (attempt["http_status"], attempt["answer"], attempt["outcome"], attempt["kind"]) == (
        200, "success", "ok", "first",
    )  # fmt: skip


def test_every_kind_of_event_follows_its_deed(
    app: Api, control: Control, receiver: Receiver
) -> None:
    users = shop(control, 1)
    pair = {"userid": users[0], "person_id": "p000001"}
    config_id = code(app, users, skip_verify=False)
    deeds: list[tuple[str, dict[str, Any]]] = [
        ("scan", {"config_id": config_id, "person_id": "p000001"}),
        ("accept", pair),
        ("edit_remark", pair | {"remark": "尹姐"}),
        ("edit_remark", pair | {"remark_mobiles": ["13800000001"]}),
        ("delete", pair | {"by": "customer"}),
        ("scan", {"config_id": config_id, "person_id": "p000001"}),
        ("delete", pair | {"by": "member"}),
    ]
    for path, body in deeds:
        control.post(path, body)
        idle(control)

    assert receiver.changes() == [
        "add_half_external_contact", "add_external_contact", "edit_external_contact", "del_follow_user",
        "add_half_external_contact", "del_external_contact",
    ]  # fmt: skip


def test_a_second_scan_of_a_contact_does_nothing(
    app: Api, control: Control, receiver: Receiver
) -> None:
    config_id = code(app, shop(control))
    first = control.post("scan", {"config_id": config_id, "person_id": "p000001"})
    second = control.post("scan", {"config_id": config_id, "person_id": "p000001"})
    idle(control)

    assert (second["already"], second["relation_id"]) == (True, first["relation_id"])
    assert receiver.changes() == ["add_external_contact"]


def test_an_unconfirmed_customer_is_not_readable_until_accepted(app: Api, control: Control) -> None:
    users = shop(control, 1)
    added = control.post(
        "scan", {"config_id": code(app, users, skip_verify=False), "person_id": "p000001"}
    )

    external = added["external_userid"]
    assert app.code("externalcontact/get", external_userid=external) == 84061
    assert app.code("externalcontact/list", userid=users[0]) == 84061
    control.post("behaviour", {"half_visible": True})
    assert app.code("externalcontact/get", external_userid=external) == 0
    control.post("behaviour", {"half_visible": False})
    control.post("accept", {"userid": users[0], "person_id": "p000001"})
    assert app.code("externalcontact/get", external_userid=external) == 0


def test_a_request_may_stay_silent_until_accepted(app: Api, control: Control) -> None:
    control.post("behaviour", {"unverified": "request"})
    config_id = code(app, shop(control, 1), skip_verify=False)

    added = control.post("scan", {"config_id": config_id, "person_id": "p000001"})

    assert (added["half"], added["welcome_code"]) == (True, None)
    assert control.get("ledger/callbacks") == []
    accepted = control.post("accept", {"userid": "guide0001", "person_id": "p000001"})
    assert accepted["welcome_code"] is not None


def test_changes_by_api_raise_nothing(
    app: Api, contacts: Api, control: Control, receiver: Receiver
) -> None:
    control.post("callback_urls", {"app": "contacts", "url": receiver.url + "/contacts"})
    contacts.post("department/create", {"name": "门店", "parentid": 1})
    body = {"userid": "u1", "name": "甲", "mobile": "13800000001", "department": [2]}
    contacts.post("user/create", body)
    contacts.post("user/update", {"userid": "u1", "name": "乙"})
    app.post("externalcontact/add_corp_tag", {"group_name": "甲", "tag": [{"name": "一"}]})
    contacts.get("user/delete", userid="u1")
    contacts.get("department/delete", id=2)
    idle(control)

    assert (control.get("ledger/callbacks"), receiver.events) == ([], [])


def test_members_changed_by_hand_are_told_to_the_contacts_address(
    contacts: Api, control: Control, receiver: Receiver
) -> None:
    control.post("callback_urls", {"app": "contacts", "url": receiver.url + "/contacts"})
    shop(control, 1, activate=False)

    control.post("activate", {"all": True})
    idle(control)
    control.post("console_member", {"userid": "guide0001", "delete": True})
    idle(control)

    events = [(one["ChangeType"], one["UserID"], one.get("Department")) for one in receiver.events]
    assert events == [("update_user", "guide0001", "2"), ("delete_user", "guide0001", None)]


def test_a_refusal_is_retried_three_times_with_the_same_event(
    app: Api, control: Control, receiver: Receiver
) -> None:
    control.post("delivery", {"retry_delay": 0.01})
    receiver.answers = lambda number: 500
    control.post("scan", {"config_id": code(app, shop(control)), "person_id": "p000001"})
    idle(control)

    sent = control.get("ledger/callbacks")[0]
    assert sent["status"] == "failed"
    assert [(one["number"], one["outcome"], one["http_status"]) for one in sent["attempts"]] == [
        (1, "refused", 500), (2, "refused", 500), (3, "refused", 500), (4, "refused", 500),
    ]  # fmt: skip
    assert (len(set(receiver.bodies)), len(set(receiver.stamps))) == (4, 4)


def test_a_retry_may_carry_the_old_stamp(app: Api, control: Control, receiver: Receiver) -> None:
    control.post("delivery", {"retry_delay": 0.01, "restamp": False})
    receiver.answers = lambda number: 500 if number < 2 else 200
    control.post("scan", {"config_id": code(app, shop(control)), "person_id": "p000001"})
    idle(control)

    assert (len(receiver.bodies), len(set(receiver.bodies)), len(set(receiver.stamps))) == (3, 1, 1)
    assert control.get("ledger/callbacks")[0]["status"] == "delivered"
    assert receiver.changes() == ["add_external_contact"]


def test_a_late_answer_counts_as_none(app: Api, control: Control, receiver: Receiver) -> None:
    control.post("delivery", {"deadline": 0.2, "retries": 1, "retry_delay": 0.01})
    receiver.delay = 3.0
    control.post("scan", {"config_id": code(app, shop(control)), "person_id": "p000001"})
    started = time.monotonic()
    idle(control)

    assert time.monotonic() - started < 2.5
    sent = control.get("ledger/callbacks")[0]
    assert [one["outcome"] for one in sent["attempts"]] == ["timeout", "timeout"]
    assert sent["status"] == "failed"


def test_nobody_listening_is_written_down(app: Api, control: Control, receiver: Receiver) -> None:
    control.post("callback_urls", {"app": "scrm", "url": "http://127.0.0.1:9/", "verify": False})
    control.post("delivery", {"retries": 0})
    control.post("scan", {"config_id": code(app, shop(control)), "person_id": "p000001"})
    idle(control)

    sent = control.get("ledger/callbacks")[0]
    assert (sent["status"], sent["attempts"][0]["outcome"]) == ("failed", "no_connection")


def test_everything_can_be_repeated_and_shuffled(
    app: Api, control: Control, receiver: Receiver
) -> None:
    config_id = code(app, shop(control))
    for number in range(1, 21):
        control.post("scan", {"config_id": config_id, "person_id": f"p{number:06d}"})
    idle(control)
    first = [event["ExternalUserID"] for event in receiver.events]

    assert control.post("redeliver", {"times": 2, "shuffle": True, "seed": 7})["queued"] == 40
    idle(control)

    again = [event["ExternalUserID"] for event in receiver.events[20:]]
    assert Counter(again) == Counter(first * 2)
    assert again not in (first * 2, sorted(first * 2))
    relations = control.get("ledger/relations")
    assert sorted(first) == sorted(one["external_userid"] for one in relations)


def test_duplicates_drops_and_pauses(app: Api, control: Control, receiver: Receiver) -> None:
    config_id = code(app, shop(control))
    control.post("delivery", {"duplicate": 2, "paused": True})
    control.post("scan", {"config_id": config_id, "person_id": "p000001"})

    assert control.post("wait_idle", {"timeout": 0.1}) == {"idle": False, "waiting": 3}
    assert receiver.events == []
    control.post("delivery", {"paused": False, "duplicate": 0, "drop_rate": 1.0})
    idle(control)
    assert receiver.changes() == ["add_external_contact"] * 3
    control.post("scan", {"config_id": config_id, "person_id": "p000002"})
    idle(control)
    assert len(receiver.events) == 3
    assert [one["status"] for one in control.get("ledger/callbacks")] == ["delivered", "dropped"]


def test_a_burst_arrives_whole(app: Api, control: Control, receiver: Receiver) -> None:
    config_id = code(app, shop(control))
    control.post("delivery", {"shuffle": True})
    for number in range(1, 101):
        control.post("scan", {"config_id": config_id, "person_id": f"p{number:06d}"})
    idle(control)

    codes = Counter(event["WelcomeCode"] for event in receiver.events)
    assert codes == Counter(one["welcome_code"] for one in control.get("ledger/welcomes"))
    assert len(codes) == 100


@pytest.mark.parametrize("echo", [True, False])
def test_an_address_is_verified_before_it_is_kept(control: Control, *, echo: bool) -> None:
    receiver = Receiver()
    receiver.echo = echo

    answer = control.post("callback_urls", {"app": "scrm", "url": receiver.url})

    assert answer["verified"] is echo
    kept = control.get("status")["callback_urls"]
    assert kept == ({"scrm": receiver.url} if echo else {})
    receiver.close()


def test_a_dead_address_is_not_kept(control: Control) -> None:
    answer = control.post("callback_urls", {"app": "scrm", "url": "http://127.0.0.1:9/cb"})

    assert (answer["ok"], answer["message"].startswith("no HTTP answer: ")) == (False, True)
    assert control.get("status")["callback_urls"] == {}
