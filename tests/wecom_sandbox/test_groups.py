"""Customer groups: who is in them, what a change raises, codes that lead into them, handing them over."""

from typing import Any

import pytest

from tests.wecom_sandbox.client import Api, Receiver, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, ControlError, Running

LIST = "externalcontact/groupchat/list"
GET = "externalcontact/groupchat/get"
ADD_WAY = "externalcontact/groupchat/add_join_way"


def befriend(control: Control, userid: str, *people: str) -> None:
    """Make people customers of a guide."""
    for person_id in people:
        control.post("add", {"userid": userid, "person_id": person_id})


def group(control: Control, owner: str = "guide0001", **fields: Any) -> str:
    """A group of a guide with two customers; its chat_id."""
    befriend(control, owner, "p000001", "p000002")
    body = {"owner": owner, "name": "会员群", "people": ["p000001", "p000002"], **fields}
    return str(control.post("group", body)["chat_id"])


def external(control: Control, person_id: str) -> str:
    """A person's external_userid."""
    return str(control.get("people", q=person_id)[0]["external_userid"])


def act(control: Control, chat_id: str, action: str, **fields: Any) -> Any:
    """Something done in a group."""
    return control.post("group_change", {"chat_id": chat_id, "action": action, **fields})


def changes(receiver: Receiver) -> list[tuple[str, str | None]]:
    """Kind and detail of every group event."""
    return [
        (one["ChangeType"], one.get("UpdateDetail"))
        for one in receiver.events
        if one["Event"] == "change_external_chat"
    ]


def test_a_group_is_read_with_everybody_in_it(app: Api, control: Control) -> None:
    shop(control)
    chat_id = group(control, members=["guide0002"])
    act(control, chat_id, "notice", by="guide0001", notice="周五新品")
    act(control, chat_id, "admin", by="guide0001", userid="guide0002")

    read = app.post(GET, {"chat_id": chat_id, "need_name": 1})["group_chat"]
    unnamed = app.post(GET, {"chat_id": chat_id})["group_chat"]

    assert (read["name"], read["owner"], read["notice"]) == ("会员群", "guide0001", "周五新品")
    assert read["admin_list"] == [{"userid": "guide0002"}]
    assert [one["type"] for one in read["member_list"]] == [1, 1, 2, 2]
    customer = read["member_list"][2]
    assert customer["invitor"] == {"userid": "guide0001"}
    assert customer["unionid"] == control.get("people")[0]["unionid"]
    assert {"unionid", "state"} & set(read["member_list"][0]) == set()
    assert "name" in customer
    assert "name" not in unnamed["member_list"][2]
    assert chat_id.startswith("wr")


def test_every_change_is_told_and_versions_follow_each_other(
    control: Control, receiver: Receiver
) -> None:
    shop(control)
    control.post("delivery", {"concurrency": 1})
    chat_id = group(control)
    befriend(control, "guide0001", "p000003")
    who = external(control, "p000003")

    act(control, chat_id, "invite", by="guide0001", people=["p000003"], members=["guide0002"])
    act(control, chat_id, "remove", by="guide0001", userids=[who])
    act(control, chat_id, "leave", person_id="p000001")
    act(control, chat_id, "rename", by="guide0001", name="新名")
    act(control, chat_id, "notice", by="guide0001", notice="公告")
    act(control, chat_id, "owner", by="guide0001", userid="guide0002")
    act(control, chat_id, "dismiss", by="guide0002")
    assert control.post("wait_idle", {"timeout": 20})["idle"]

    assert changes(receiver) == [
        ("create", None),
        ("update", "add_member"),
        ("update", "del_member"),
        ("update", "del_member"),
        ("update", "change_name"),
        ("update", "change_notice"),
        ("update", "change_owner"),
        ("dismiss", None),
    ]
    members = [one for one in receiver.events if one.get("MemChangeCnt")]
    assert [one["CurMemVer"] for one in members[:2]] == [one["LastMemVer"] for one in members[1:]]
    assert members[0]["MemChangeList"]["Item"] == ["guide0002", who]
    assert [(one["JoinScene"], one["QuitScene"]) for one in members] == [
        ("0", "0"),
        ("0", "1"),
        ("0", "0"),
    ]


def test_only_who_may_changes_a_group(app: Api, control: Control) -> None:
    shop(control)
    chat_id = group(control, members=["guide0002"])

    for action, fields in (
        ("dismiss", {"by": "guide0002"}),
        ("rename", {"by": "guide0002", "name": "x"}),
        ("remove", {"by": "guide0001", "userids": ["guide0001"]}),
        ("owner", {"by": "guide0002", "userid": "guide0002"}),
        ("invite", {"by": "guide0003", "people": []}),
        ("invite", {"by": "guide0002", "people": ["p000001"]}),
    ):
        with pytest.raises(ControlError) as refused:
            act(control, chat_id, action, **fields)
        assert refused.value.status == 409, action

    assert app.post(GET, {"chat_id": chat_id})["group_chat"]["name"] == "会员群"


def test_unknown_dismissed_and_foreign_groups_are_refused(app: Api, control: Control) -> None:
    shop(control)
    chat_id = group(control)
    assert app.code(GET, {"chat_id": "wrnone"}) == 40050
    assert app.code(GET, {}) == 40063

    control.post("scope", {"departments": [3]})
    assert app.code(GET, {"chat_id": chat_id}) == 60011
    assert app.post(LIST, {"limit": 10})["group_chat_list"] == []

    control.post("scope", {"departments": [1]})
    act(control, chat_id, "dismiss", by="guide0001")
    assert app.code(GET, {"chat_id": chat_id}) == 49008
    assert app.post(LIST, {"limit": 10})["group_chat_list"] == []


def test_groups_are_listed_by_owner_page_by_page(app: Api, contacts: Api, control: Control) -> None:
    shop(control)
    first, second = group(control), group(control, "guide0002")

    page = app.post(LIST, {"limit": 1})
    rest = app.post(LIST, {"limit": 1, "cursor": page["next_cursor"]})
    mine = app.post(LIST, {"limit": 5, "owner_filter": {"userid_list": ["guide0002"]}})

    assert page["group_chat_list"] == [{"chat_id": first, "status": 0}]
    assert (rest["group_chat_list"], rest["next_cursor"]) == (
        [{"chat_id": second, "status": 0}],
        "",
    )
    assert [one["chat_id"] for one in mine["group_chat_list"]] == [second]
    assert app.code(LIST, {}) == 40058
    assert app.code(LIST, {"limit": 1001}) == 40058
    assert app.code(LIST, {"limit": 1, "cursor": "x"}) == 40058
    assert app.code(LIST, {"limit": 1, "owner_filter": {"userid_list": ["nobody"]}}) == 40031
    assert app.code(LIST, {"limit": 1, "owner_filter": {"userid_list": ["a"] * 101}}) == 40032
    assert contacts.code(LIST, {"limit": 1}) == 48002


def test_an_opengid_leads_to_the_group(app: Api, control: Control) -> None:
    shop(control)
    befriend(control, "guide0001", "p000001")
    made = control.post("group", {"owner": "guide0001", "people": ["p000001"]})

    answer = app.post("externalcontact/opengid_to_chatid", {"opengid": made["opengid"]})

    assert answer["chat_id"] == made["chat_id"]
    assert app.code("externalcontact/opengid_to_chatid", {"opengid": "oNone"}) == 40058


def test_a_customer_comes_in_by_code_with_its_state(
    app: Api, control: Control, receiver: Receiver
) -> None:
    shop(control)
    chat_id = group(control)
    way = {"scene": 2, "chat_id_list": [chat_id], "state": "s-1", "remark": "收银台"}
    config_id = app.post(ADD_WAY, way)["config_id"]

    joined = control.post("join_group", {"config_id": config_id, "person_id": "p000009"})
    again = control.post("join_group", {"config_id": config_id, "person_id": "p000009"})

    assert joined["chat_id"] == again["chat_id"] == chat_id
    entry = app.post(GET, {"chat_id": chat_id})["group_chat"]["member_list"][-1]
    assert (entry["join_scene"], entry["state"]) == (3, "s-1")
    assert "invitor" not in entry
    assert control.post("wait_idle", {"timeout": 20})["idle"]
    assert receiver.events[-1]["JoinScene"] == "3"
    assert changes(receiver) == [("create", None), ("update", "add_member")]


def test_a_full_group_opens_another_one(app: Api, control: Control) -> None:
    shop(control)
    chat_id = group(control)
    way = {"scene": 2, "chat_id_list": [chat_id], "room_base_name": "福利", "room_base_id": 7}
    open_id = app.post(ADD_WAY, way)["config_id"]
    shut_id = app.post(ADD_WAY, way | {"auto_create_room": 0})["config_id"]
    for number in range(10, 208):
        control.post("join_group", {"config_id": open_id, "person_id": f"p{number:06d}"})

    later = control.post("join_group", {"config_id": open_id, "person_id": "p000250"})["chat_id"]

    assert later != chat_id
    assert app.post(GET, {"chat_id": later})["group_chat"]["name"] == "福利7"
    read = app.post("externalcontact/groupchat/get_join_way", {"config_id": open_id})["join_way"]
    assert read["chat_id_list"] == [chat_id, later]
    with pytest.raises(ControlError, match="full"):
        control.post("join_group", {"config_id": shut_id, "person_id": "p000251"})
    befriend(control, "guide0001", "p000260")
    assert act(control, chat_id, "invite", by="guide0001", people=["p000260"])["came"] == []
    asked = control.get("ledger/group_invitations")[0]
    act(control, chat_id, "accept", invitation_id=asked["id"], person_id="p000260")
    entry = app.post(GET, {"chat_id": chat_id})["group_chat"]["member_list"][-1]
    assert (entry["join_scene"], entry["invitor"]) == (2, {"userid": "guide0001"})


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"scene": None}, 40058),
        ({"scene": 3}, 40058),
        ({"chat_id_list": []}, 40058),
        ({"chat_id_list": ["wrnone"]}, 40050),
        ({"chat_id_list": [f"wr{n}" for n in range(6)]}, 40058),
        ({"remark": "长" * 31}, 40058),
        ({"state": "s" * 31}, 40058),
        ({"auto_create_room": 2}, 40058),
    ],
)
def test_codes_are_checked(app: Api, control: Control, fields: dict[str, Any], code: int) -> None:
    shop(control)
    way = {"scene": 2, "chat_id_list": [group(control)]}

    assert app.code(ADD_WAY, way | fields) == code
    assert control.get("ledger/join_ways") == []


def test_a_code_belongs_to_its_app_and_is_overwritten_as_a_whole(
    app: Api, control: Control, running: Running
) -> None:
    shop(control)
    chat_id = group(control)
    config_id = app.post(ADD_WAY, {"scene": 2, "chat_id_list": [chat_id], "state": "a"})[
        "config_id"
    ]
    other = Api(running, defaults.SECOND_SECRET)

    get, base = "externalcontact/groupchat/get_join_way", "externalcontact/groupchat/"
    assert other.code(get, {"config_id": config_id}) == 40058
    assert app.code(f"{base}update_join_way", {"config_id": config_id, "scene": 2}) == 40058
    changed = {"config_id": config_id, "scene": 1, "chat_id_list": [chat_id], "remark": "r"}
    assert app.code(f"{base}update_join_way", changed) == 0
    read = app.post(get, {"config_id": config_id})["join_way"]
    assert (read["scene"], read["remark"], read["state"]) == (1, "r", "")
    assert "qr_code" not in read
    assert app.code(f"{base}del_join_way", {"config_id": config_id}) == 0
    assert app.code(get, {"config_id": config_id}) == 40058


def test_figures_are_those_of_what_happened(app: Api, control: Control) -> None:
    shop(control)
    chat_id = group(control)
    for number in range(3):
        text = {"msgtype": "text", "text": {"content": f"你好{number}"}}
        control.post("group_chat", {"chat_id": chat_id, "person_id": "p000001", "message": text})
    group(control, "guide0002")
    begin = int(control.get("clock")["now"])
    control.post("clock", {"advance": 86400})
    api = "externalcontact/groupchat/statistic"
    owners = {"userid_list": ["guide0001", "guide0002"]}

    answer = app.post(api, {"day_begin_time": begin, "owner_filter": owners, "limit": 1})
    by_day = app.post(f"{api}_group_by_day", {"day_begin_time": begin, "owner_filter": owners})

    assert (answer["total"], answer["next_offset"]) == (2, 1)
    assert answer["items"][0] == {
        "owner": "guide0001",
        "data": {
            "new_chat_cnt": 1, "chat_total": 1, "chat_has_msg": 1, "new_member_cnt": 2,
            "member_total": 3, "member_has_msg": 1, "msg_total": 3, "migrate_trainee_chat_cnt": 0,
        },
    }  # fmt: skip
    assert [one["data"]["chat_total"] for one in by_day["items"]] == [2]
    assert by_day["items"][0]["stat_time"] % 86400 == 16 * 3600


@pytest.mark.parametrize(("begin", "end"), [(0, 0), (-190, -189), (-40, -5), (-2, -3)])
def test_figures_of_other_days_are_refused(
    app: Api, control: Control, begin: int, end: int
) -> None:
    shop(control)
    now = int(control.get("clock")["now"])
    body = {"day_begin_time": now + begin * 86400, "day_end_time": now + end * 86400}

    assert app.code("externalcontact/groupchat/statistic", body) == 40058


def test_groups_of_a_leaver_get_a_new_owner(app: Api, control: Control) -> None:
    shop(control)
    chat_id, kept = group(control), group(control, "guide0003")
    api = "externalcontact/groupchat/transfer"
    body = {"chat_id_list": [chat_id, kept, "wrnone"], "new_owner": "guide0002"}
    control.post("console_member", {"userid": "guide0001", "delete": True})
    assert app.post(LIST, {"limit": 5, "status_filter": 1})["group_chat_list"] == [
        {"chat_id": chat_id, "status": 1}
    ]

    failed = app.post(api, body)["failed_chat_list"]
    again = app.post(api, body)["failed_chat_list"]
    control.post("clock", {"advance": 10})
    done = app.post(api, body)["failed_chat_list"]

    assert [(one["chat_id"], one["errcode"]) for one in failed] == [
        (kept, 90500),
        ("wrnone", 90501),
    ]
    assert again[0]["errcode"] == 90507
    assert done[0]["errcode"] == 90508
    assert app.post(GET, {"chat_id": chat_id})["group_chat"]["owner"] == "guide0002"
    assert {"chat_id": chat_id, "status": 3} in app.post(LIST, {"limit": 5})["group_chat_list"]


def test_groups_of_a_member_who_stays_move_twice_in_ninety_days(
    app: Api, control: Control, receiver: Receiver
) -> None:
    shop(control)
    chat_id, api = group(control), "externalcontact/groupchat/onjob_transfer"

    def move(new_owner: str) -> list[int]:
        answer = app.post(api, {"chat_id_list": [chat_id], "new_owner": new_owner})
        return [one["errcode"] for one in answer["failed_chat_list"]]

    assert [move("guide0002"), move("guide0003"), move("guide0001")] == [[], [], [40128]]
    control.post("clock", {"advance": 91 * 86400})
    control.post("revoke_tokens")
    app.forget_token()
    body = {"chat_id_list": [chat_id], "new_owner": "guide0001"}
    assert app.post(api, body)["failed_chat_list"] == []
    assert app.code(api, body | {"new_owner": "nobody"}) == 60111
    control.post("console_member", {"userid": "guide0002", "can_follow": 0})
    assert app.code(api, body | {"new_owner": "guide0002"}) == 84074
    assert control.post("wait_idle", {"timeout": 20})["idle"]
    assert changes(receiver) == [("create", None)]
