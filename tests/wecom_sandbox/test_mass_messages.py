from typing import Any

import pytest

from tests.wecom_sandbox.client import TINY_PNG, Api, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, ControlError, Running

ADD = "externalcontact/add_msg_template"
LIST = "externalcontact/get_groupmsg_list_v2"
TASK = "externalcontact/get_groupmsg_task"
RESULT = "externalcontact/get_groupmsg_send_result"
TEXT = {"text": {"content": "周末活动"}}


@pytest.fixture
def world(control: Control) -> dict[str, str]:
    """Two guides; three customers of the first, one of them of the second too: person to external_userid."""
    shop(control, 2)
    found = {}
    for number in (1, 2, 3):
        added = control.post("add", {"userid": "guide0001", "person_id": f"p{number:06d}"})
        found[f"p{number:06d}"] = added["external_userid"]
    control.post("clock", {"advance": 5})
    control.post("add", {"userid": "guide0002", "person_id": "p000003"})
    return found


def results(app: Api, msgid: str, userid: str) -> dict[str, int]:
    """Status by receiver of a member."""
    answer = app.post(RESULT, {"msgid": msgid, "userid": userid})
    return {one["external_userid"]: one["status"] for one in answer["send_list"]}


def test_nothing_is_sent_before_the_member_confirms(
    app: Api, control: Control, world: dict[str, str]
) -> None:
    # given a message with a picture for three customers and somebody unknown
    media_id = app.upload("media/upload", TINY_PNG, type="image")["media_id"]
    picture = {"msgtype": "image", "image": {"media_id": media_id}}
    body = TEXT | {"external_userid": [*world.values(), "wm-unknown"], "attachments": [picture]}
    made = app.post(ADD, body)

    # then the unknown one failed, and the third customer goes to the member who came last
    assert (made["errcode"], made["fail_list"]) == (0, ["wm-unknown"])
    key = {"msgid": made["msgid"]}
    tasks = app.post(TASK, key)["task_list"]
    assert tasks == [{"userid": "guide0001", "status": 0}, {"userid": "guide0002", "status": 0}]
    assert results(app, made["msgid"], "guide0001") == {world["p000001"]: 0, world["p000002"]: 0}
    assert control.get("ledger/chats") == []

    # when one of the customers leaves and the first member confirms
    control.post("delete", {"userid": "guide0001", "person_id": "p000002", "by": "customer"})
    control.post("mass_confirm", {"msgid": made["msgid"], "userid": "guide0001"})

    # then the other one has the text and the picture in the chat
    assert results(app, made["msgid"], "guide0001") == {world["p000001"]: 1, world["p000002"]: 2}
    assert results(app, made["msgid"], "guide0002") == {world["p000003"]: 0}
    said = [(one["person_id"], one["content"]["msgtype"]) for one in control.get("ledger/chats")]
    assert said == [("p000001", "text"), ("p000001", "image")]
    tasks = app.post(TASK, key)["task_list"]
    assert [(one["status"], "send_time" in one) for one in tasks] == [(2, True), (0, False)]
    with pytest.raises(ControlError, match="nothing waits"):
        control.post("mass_confirm", {"msgid": made["msgid"], "userid": "guide0001"})


def test_the_member_who_talked_last_gets_the_task(
    app: Api, control: Control, world: dict[str, str]
) -> None:
    control.post("chat", {"userid": "guide0001", "person_id": "p000003", "sender": "customer",
        "message": {"msgtype": "text", "text": {"content": "在吗"}}})  # fmt: skip

    made = app.post(ADD, TEXT | {"external_userid": [world["p000003"]]})

    assert [one["userid"] for one in app.post(TASK, {"msgid": made["msgid"]})["task_list"]] == [
        "guide0001"
    ]


def test_customers_are_chosen_by_tags(app: Api, control: Control, world: dict[str, str]) -> None:
    tags = control.post(
        "console_tag", {"action": "create", "group_name": "甲", "names": ["一", "二"]}
    )["tag_ids"]
    for person, chosen in (("p000001", tags), ("p000002", tags[:1])):
        control.post("edit_remark", {"userid": "guide0001", "person_id": person, "tags": chosen})

    def reached(groups: list[list[str]], **fields: Any) -> list[str]:
        found = {"group_list": [{"tag_list": group} for group in groups]}
        made = app.post(ADD, TEXT | {"tag_filter": found} | fields)
        return list(results(app, made["msgid"], "guide0001"))

    assert reached([tags]) == [world["p000001"], world["p000002"]]
    assert reached([tags[:1], tags[1:]]) == [world["p000001"]]
    assert reached([], sender="guide0001") == list(world.values())
    assert reached([tags], external_userid=[world["p000003"]], sender="guide0001") == [
        world["p000003"]
    ]
    wrong = {"group_list": [{"tag_list": ["et-none"]}]}
    assert app.code(ADD, TEXT | {"tag_filter": wrong}) == 40068
    wrong = {"group_list": [{"tag_list": tags * 51}]}
    assert app.code(ADD, TEXT | {"tag_filter": wrong}) == 40058
    nobody = {"group_list": [{"tag_list": tags}]}
    assert app.code(ADD, TEXT | {"tag_filter": nobody, "sender": "guide0002"}) == 41048


@pytest.mark.parametrize(
    ("fields", "errcode"),
    [
        ({"chat_type": "both"}, 40058),
        ({"text": {"content": "字" * 1334}}, 45002),
        ({"text": {}}, 40063),
        ({"attachments": [{"msgtype": "link", "link": {"title": "a", "url": "b"}}] * 10}, 40058),
        ({"external_userid": ["wm-unknown"]}, 40096),
        ({"external_userid": ["wm"] * 10_001}, 40058),
        ({"external_userid": []}, 40063),
        ({"sender": "nobody"}, 60111),
        ({"chat_type": "group"}, 40058),
        ({"chat_type": "group", "sender": "guide0001", "chat_id_list": ["wr-none"]}, 40050),
        ({"chat_type": "group", "sender": "guide0001"}, 41048),
    ],
)
def test_fields_are_checked(
    app: Api, control: Control, world: dict[str, str], fields: dict[str, Any], errcode: int
) -> None:
    body = TEXT | {"external_userid": [world["p000001"]]} | fields

    assert app.code(ADD, body) == errcode
    assert control.get("ledger/mass_messages") == []


def test_a_sender_must_be_able_and_visible(
    app: Api, control: Control, world: dict[str, str]
) -> None:
    control.post("console_member", {"userid": "guide0002", "can_follow": False})
    assert app.code(ADD, TEXT | {"sender": "guide0002"}) == 84074
    control.post("scope", {"departments": [], "users": ["guide0002"]})
    assert app.code(ADD, TEXT | {"sender": "guide0001"}) == 60011
    assert app.code(ADD, TEXT | {"external_userid": [world["p000001"]]}) == 41048


def test_a_customer_gets_only_so_many(app: Api, control: Control, world: dict[str, str]) -> None:
    # given a rule of one message a day, two tasks made before either is sent
    control.post("behaviour", {"mass_rule": "day"})
    body = TEXT | {"external_userid": [world["p000001"]]}
    first, second = app.post(ADD, body)["msgid"], app.post(ADD, body)["msgid"]

    # when both are confirmed
    for msgid in (first, second):
        control.post("mass_confirm", {"msgid": msgid})

    # then the second did not reach the customer, and a third task is refused before it is made
    assert results(app, first, "guide0001") == {world["p000001"]: 1}
    assert results(app, second, "guide0001") == {world["p000001"]: 3}
    assert len(control.get("ledger/chats")) == 1
    assert app.code(ADD, body) == 41048
    both = app.post(ADD, TEXT | {"external_userid": [world["p000001"], world["p000002"]]})
    assert both["fail_list"] == [world["p000001"]]


def test_a_month_allows_as_many_as_it_has_days(
    app: Api, control: Control, world: dict[str, str]
) -> None:
    sent = []
    for _ in range(32):
        answer = app.post(ADD, TEXT | {"external_userid": [world["p000001"]]})
        if answer["errcode"]:
            break
        control.post("mass_confirm", {"msgid": answer["msgid"]})
        sent.append(answer["msgid"])

    assert 28 <= len(sent) <= 31
    assert answer["errcode"] == 41048


def test_a_cancelled_message_cannot_be_sent(
    app: Api, control: Control, running: Running, world: dict[str, str]
) -> None:
    msgid = app.post(ADD, TEXT | {"external_userid": list(world.values())})["msgid"]
    key = {"msgid": msgid}
    control.post("mass_confirm", {"msgid": msgid, "userid": "guide0002"})
    second = Api(running, defaults.SECOND_SECRET)

    assert second.code("externalcontact/cancel_groupmsg_send", key) == 301002
    assert app.code("externalcontact/cancel_groupmsg_send", key) == 0
    assert app.code("externalcontact/cancel_groupmsg_send", key) == 41093
    assert app.code(TASK, key) == 41093
    assert app.code("externalcontact/remind_groupmsg_send", key) == 41093
    assert results(app, msgid, "guide0002") == {world["p000003"]: 1}
    with pytest.raises(ControlError, match="cancelled"):
        control.post("mass_confirm", {"msgid": msgid, "userid": "guide0001"})


def test_reminders_are_three_a_day(
    app: Api, control: Control, running: Running, world: dict[str, str]
) -> None:
    key = {"msgid": app.post(ADD, TEXT | {"external_userid": [world["p000001"]]})["msgid"]}
    remind = "externalcontact/remind_groupmsg_send"

    assert [app.code(remind, key) for _ in range(4)] == [0, 0, 0, 45009]
    assert app.code(remind, {"msgid": "msg-none"}) == 40058
    control.post("clock", {"advance": 86401})
    assert Api(running).code(remind, key) == 0


def test_a_member_picks_only_where_the_corp_lets_him(
    app: Api, control: Control, world: dict[str, str]
) -> None:
    body = TEXT | {"external_userid": [world["p000001"], world["p000002"]], "sender": "guide0001"}
    fixed = app.post(ADD, body)["msgid"]
    free = app.post(ADD, body | {"allow_select": True})["msgid"]
    choice = {"userid": "guide0001", "chosen": [world["p000002"]]}

    with pytest.raises(ControlError, match="the corp chose"):
        control.post("mass_confirm", choice | {"msgid": fixed})
    control.post("mass_confirm", choice | {"msgid": free})
    assert results(app, free, "guide0001") == {world["p000001"]: 0, world["p000002"]: 1}


def test_messages_are_listed_by_time_kind_and_writer(
    app: Api, control: Control, world: dict[str, str]
) -> None:
    made = app.post(ADD, TEXT | {"external_userid": [world["p000001"]]})["msgid"]
    own = control.post(
        "mass_write",
        {"userid": "guide0001", "external_userids": [world["p000002"]], "text": "您好"},
    )
    now = int(control.get("clock")["now"])
    span = {"chat_type": "single", "start_time": now - 60, "end_time": now + 60}

    def listed(**fields: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = app.post(LIST, span | fields)["group_msg_list"]
        return found

    both = listed()
    assert [one["msgid"] for one in both] == [made, own["msgid"]]
    assert ("creator" in both[0], both[1]["creator"]) == (False, "guide0001")
    assert (both[0]["text"], both[0]["attachments"]) == (TEXT["text"], [])
    assert [one["msgid"] for one in listed(filter_type=0)] == [made]
    assert [one["msgid"] for one in listed(filter_type=1)] == [own["msgid"]]
    assert [one["msgid"] for one in listed(creator="guide0001")] == [own["msgid"]]
    assert listed(chat_type="group") == []
    page = app.post(LIST, span | {"limit": 1})
    rest = app.post(LIST, span | {"limit": 1, "cursor": page["next_cursor"]})
    assert [one["msgid"] for one in page["group_msg_list"] + rest["group_msg_list"]] == [
        made,
        own["msgid"],
    ]
    assert app.code(LIST, span | {"start_time": now - 32 * 86400}) == 40058
    assert app.code(LIST, span | {"limit": 101}) == 40058
    assert app.code(LIST, {"chat_type": "single"}) == 40058
    assert app.code(LIST, span | {"creator": "nobody"}) == 60111
    assert results(app, own["msgid"], "guide0001") == {world["p000002"]: 1}


def test_a_group_owner_sends_to_his_groups(
    app: Api, control: Control, world: dict[str, str]
) -> None:
    chat_id = control.post(
        "group", {"owner": "guide0001", "name": "业主群", "people": ["p000001"]}
    )["chat_id"]
    other = control.post("group", {"owner": "guide0002", "name": "二群"})["chat_id"]
    body = TEXT | {"chat_type": "group", "sender": "guide0001"}

    assert app.code(ADD, body | {"chat_id_list": [other]}) == 301002
    named = app.post(ADD, body | {"chat_id_list": [chat_id]})["msgid"]
    free = app.post(ADD, body)["msgid"]
    control.post("mass_confirm", {"msgid": named, "userid": "guide0001"})
    with pytest.raises(ControlError, match="has to choose"):
        control.post("mass_confirm", {"msgid": free, "userid": "guide0001"})
    control.post("mass_confirm", {"msgid": free, "userid": "guide0001", "chosen": [chat_id]})
    for msgid in (named, free):
        sent = app.post(RESULT, {"msgid": msgid, "userid": "guide0001"})["send_list"]
        assert [(one["chat_id"], one["status"], "external_userid" in one) for one in sent] == [
            (chat_id, 1, False)
        ]
