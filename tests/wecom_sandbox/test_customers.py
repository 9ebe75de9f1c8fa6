from typing import Any

import pytest

from tests.wecom_sandbox.client import TINY_PNG, Api, code, shop
from wecom_sandbox.testing import Control


@pytest.fixture
def added(app: Api, control: Control) -> dict[str, Any]:
    """The first person added the first guide through a code with state s1."""
    found: dict[str, Any] = control.post(
        "scan", {"config_id": code(app, shop(control)), "person_id": "p000001"}
    )
    return found


def test_a_customer_is_listed_and_read(app: Api, control: Control, added: dict[str, Any]) -> None:
    person = control.get("people", limit=1)[0]
    external = added["external_userid"]

    assert app.get("externalcontact/get_follow_user_list")["follow_user"] == [
        "guide0001", "guide0002", "guide0003",
    ]  # fmt: skip
    assert app.get("externalcontact/list", userid="guide0001")["external_userid"] == [external]
    seen = app.get("externalcontact/get", external_userid=external)
    assert seen["external_contact"] == {
        "external_userid": external, "name": person["name"], "type": 1, "avatar": person["avatar"],
        "gender": person["gender"], "unionid": person["unionid"],
    }  # fmt: skip
    follow = seen["follow_user"][0]
    assert (follow["userid"], follow["state"], follow["add_way"]) == ("guide0001", "s1", 1)
    assert (follow["remark"], follow["tags"], follow["oper_userid"]) == (
        person["name"],
        [],
        external,
    )
    assert external.startswith("wm")
    assert len(external) == 32


def test_nobody_is_an_error_not_an_empty_list(app: Api, control: Control, added: Any) -> None:
    stranger = control.get("people", offset=1, limit=1)[0]["external_userid"]

    assert app.code("externalcontact/list", userid="guide0002") == 84061
    assert app.code("externalcontact/list", userid="nobody") == 60111
    assert app.code("externalcontact/get", external_userid=stranger) == 84061
    assert app.code("externalcontact/get", external_userid="wmXXXX") == 40096


def test_batches_come_by_pages_one_row_per_pair(app: Api, control: Control) -> None:
    users = shop(control)
    config_id = code(app, users)
    for number in range(1, 8):
        control.post("scan", {"config_id": config_id, "person_id": f"p{number:06d}"})
    control.post("add", {"userid": users[1], "person_id": "p000001"})
    pairs, cursor, sizes = [], "", []
    while True:
        body = {"userid_list": users, "limit": 3, "cursor": cursor}
        answer = app.post("externalcontact/batch/get_by_user", body)
        for one in answer["external_contact_list"]:
            pairs.append((one["follow_info"]["userid"], one["external_contact"]["external_userid"]))
            assert one["follow_info"]["tag_id"] == []
        sizes.append(len(answer["external_contact_list"]))
        cursor = answer["next_cursor"]
        if not cursor:
            break

    ledger = [(one["userid"], one["external_userid"]) for one in control.get("ledger/relations")]
    assert pairs == ledger
    assert sizes == [3, 3, 2]
    assert app.code("externalcontact/batch/get_by_user", {"userid_list": ["x"] * 101}) == 40032
    assert app.code("externalcontact/batch/get_by_user", {"userid_list": ["nobody"]}) == 40031
    over = {"userid_list": users, "limit": 101}
    assert app.code("externalcontact/batch/get_by_user", over) == 40058


def test_remarks_are_written_within_limits(
    app: Api, control: Control, added: dict[str, Any]
) -> None:
    pair = {"userid": "guide0001", "external_userid": added["external_userid"]}
    fields = {"remark": "尹姐", "description": "二期三居", "remark_mobiles": ["13800000001", ""]}

    assert app.code("externalcontact/remark", pair | fields) == 0
    row = control.get("ledger/relations")[0]
    assert (row["remark"], row["description"], row["remark_mobiles"]) == (
        "尹姐", "二期三居", ["13800000001"],
    )  # fmt: skip
    assert app.code("externalcontact/remark", pair | {"remark_mobiles": [""]}) == 0
    assert app.code("externalcontact/remark", pair) == 40058
    assert app.code("externalcontact/remark", pair | {"remark": "字" * 21}) == 40058
    assert app.code("externalcontact/remark", pair | {"description": "字" * 151}) == 40058
    assert (
        app.code("externalcontact/remark", pair | {"userid": "guide0002", "remark": "a"}) == 84061
    )
    row = control.get("ledger/relations")[0]
    assert (row["remark"], row["remark_mobiles"]) == ("尹姐", [])


def test_tags_belong_to_a_pair(app: Api, control: Control, added: dict[str, Any]) -> None:
    tags = app.post(
        "externalcontact/add_corp_tag", {"group_name": "渠道", "tag": [{"name": "门店"}, {"name": "展会"}]}
    )["tag_group"]["tag"]  # fmt: skip
    ids = [tag["id"] for tag in tags]
    pair = {"userid": "guide0001", "external_userid": added["external_userid"]}

    assert app.code("externalcontact/mark_tag", pair | {"add_tag": ids}) == 0
    seen = app.get("externalcontact/get", external_userid=added["external_userid"])
    assert seen["follow_user"][0]["tags"] == [
        {"tag_id": ids[0], "tag_name": "门店", "group_name": "渠道", "type": 1},
        {"tag_id": ids[1], "tag_name": "展会", "group_name": "渠道", "type": 1},
    ]
    assert app.code("externalcontact/mark_tag", pair | {"remove_tag": ids[:1]}) == 0
    assert control.get("ledger/relations")[0]["tags"] == ids[1:]
    assert app.code("externalcontact/mark_tag", pair) == 40058
    assert app.code("externalcontact/mark_tag", pair | {"add_tag": ["etNone"]}) == 40068
    other = pair | {"userid": "guide0003", "add_tag": ids}
    assert app.code("externalcontact/mark_tag", other) == 84061
    assert app.code("externalcontact/del_corp_tag", {"tag_id": ids[1:]}) == 0
    assert control.get("ledger/relations")[0]["tags"] == []


def test_after_a_deletion_a_scan_makes_a_new_relation(app: Api, control: Control) -> None:
    users = shop(control, 1)
    config_id = code(app, users)
    first = control.post("scan", {"config_id": config_id, "person_id": "p000001"})
    control.post("clock", {"advance": 100})
    control.post("delete", {"userid": users[0], "person_id": "p000001", "by": "customer"})
    assert app.code("externalcontact/list", userid=users[0]) == 84061
    second = control.post("scan", {"config_id": config_id, "person_id": "p000001"})

    assert second["relation_id"] != first["relation_id"]
    assert second["external_userid"] == first["external_userid"]
    rows = control.get("ledger/relations")
    assert [row["status"] for row in rows] == ["deleted_by_customer", "active"]
    assert 100 <= rows[1]["createtime"] - rows[0]["createtime"] <= 102


def test_a_member_who_leaves_gives_up_his_customers(
    app: Api, contacts: Api, control: Control, added: dict[str, Any]
) -> None:
    contacts.get("user/delete", userid="guide0001")

    assert control.get("ledger/relations")[0]["status"] == "unassigned"
    assert app.code("externalcontact/get", external_userid=added["external_userid"]) == 84061


def test_a_unionid_leads_to_a_customer_only(
    app: Api, control: Control, added: dict[str, Any]
) -> None:
    known, unknown = (one["unionid"] for one in control.get("people", limit=2))

    found = app.post("externalcontact/unionid_to_external_userid", {"unionid": known})
    assert found["external_userid"] == added["external_userid"]
    assert app.code("externalcontact/unionid_to_external_userid", {"unionid": unknown}) == 84061


def test_people_follow_from_the_seed_and_can_be_changed(control: Control) -> None:
    people = control.get("people", limit=300)
    control.post("reset", {"seed": 2, "people": 300})
    others = control.get("people", limit=300)
    control.post("reset", {"seed": 1, "people": 300})

    assert control.get("people", limit=300) == people
    assert len({one["phone"] for one in people}) == len({one["unionid"] for one in people}) == 300
    assert {one["unionid"] for one in people}.isdisjoint(one["unionid"] for one in others)
    new = control.post("people", {"name": "新来的", "phone": "19900000000"})
    assert (new["id"], new["name"]) == ("p000301", "新来的")
    changed = control.post("people", {"id": "p000001", "unionid": None})
    assert changed == people[0] | {"unionid": None}
    assert control.get("people", q="新来的") == [new]
    control.post("reset", {"seed": 1, "people": 300})
    assert control.get("people", limit=300) == people


def test_a_customer_without_unionid_shows_none(app: Api, control: Control) -> None:
    control.post("people", {"id": "p000002", "unionid": None})
    control.post("people", {"id": "p000003", "type": 2, "corp_name": "供应商"})
    users = shop(control, 1)
    for person_id in ("p000002", "p000003"):
        added = control.post("add", {"userid": users[0], "person_id": person_id})
        seen = app.get("externalcontact/get", external_userid=added["external_userid"])
        assert "unionid" not in seen["external_contact"]


def test_a_remark_has_a_picture_five_phones_and_a_company_for_wechat_users_only(
    app: Api, control: Control, added: dict[str, Any]
) -> None:
    control.post("people", {"id": "p000002", "type": 2, "corp_name": "供应商"})
    other = control.post("add", {"userid": "guide0001", "person_id": "p000002"})["external_userid"]
    picture = app.upload("media/upload", TINY_PNG, type="image")["media_id"]
    api, wechat = "externalcontact/remark", added["external_userid"]
    pair = {"userid": "guide0001", "external_userid": wechat}

    assert app.code(api, pair | {"remark_company": "木作", "remark_pic_mediaid": picture}) == 0
    assert app.code(api, pair | {"external_userid": other, "remark_company": "木作"}) == 0
    assert app.code(api, pair | {"remark_company": "字" * 21}) == 40058
    assert app.code(api, pair | {"remark_pic_mediaid": "none"}) == 40007
    assert app.code(api, pair | {"remark_mobiles": ["1"] * 6}) == 40058
    rows = {row["external_userid"]: row for row in control.get("ledger/relations")}
    assert (rows[wechat]["remark_company"], rows[wechat]["remark_picture"]) == ("木作", picture)
    assert rows[other]["remark_company"] == ""
    follow = app.get("externalcontact/get", external_userid=wechat)["follow_user"][0]
    assert follow["remark_corp_name"] == "木作"


def test_changes_by_api_raise_events_only_where_they_do(
    app: Api, control: Control, added: dict[str, Any]
) -> None:
    tag = app.post("externalcontact/add_corp_tag", {"group_name": "甲", "tag": [{"name": "一"}]})
    pair = {"userid": "guide0001", "external_userid": added["external_userid"]}
    mark = pair | {"add_tag": [tag["tag_group"]["tag"][0]["id"]]}
    before = len(control.get("ledger/callbacks"))

    app.post("externalcontact/remark", pair | {"remark": "甲"})
    app.post("externalcontact/mark_tag", mark)
    assert len(control.get("ledger/callbacks")) == before
    control.post("behaviour", {"api_edits_raise": True})
    app.post("externalcontact/remark", pair | {"remark": "乙"})
    app.post("externalcontact/remark", pair | {"remark_mobiles": ["13800000001"]})
    app.post("externalcontact/mark_tag", mark)

    raised = control.get("ledger/callbacks")[before:]
    assert [one["change_type"] for one in raised] == ["edit_external_contact"] * 2


def test_customers_of_a_member_without_customer_contact_can_be_hidden(
    app: Api, control: Control, added: dict[str, Any]
) -> None:
    control.post("console_member", {"userid": "guide0001", "can_follow": False})
    external = added["external_userid"]
    batch = "externalcontact/batch/get_by_user"
    assert app.get("externalcontact/list", userid="guide0001")["external_userid"] == [external]

    control.post("behaviour", {"hide_left_out": True})

    assert app.code("externalcontact/list", userid="guide0001") == 84061
    assert app.code("externalcontact/get", external_userid=external) == 84061
    assert app.post(batch, {"userid_list": ["guide0001"]})["external_contact_list"] == []


def test_members_out_of_the_apps_range_are_refused(
    app: Api, control: Control, added: dict[str, Any]
) -> None:
    control.post("scope", {"departments": [], "users": ["guide0002"]})
    external = added["external_userid"]
    pair = {"userid": "guide0001", "external_userid": external}

    assert app.code("externalcontact/list", userid="guide0001") == 60011
    assert app.code("externalcontact/batch/get_by_user", {"userid_list": ["guide0001"]}) == 60011
    assert app.code("externalcontact/remark", pair | {"remark": "甲"}) == 60011
    assert app.code("externalcontact/mark_tag", pair | {"add_tag": ["et"]}) == 60011
    assert app.code("externalcontact/get", external_userid=external) == 84061
    assert app.get("externalcontact/get_follow_user_list")["follow_user"] == ["guide0002"]


def test_a_user_of_another_corps_wecom_shows_his_company_and_where_he_came_from(
    app: Api, control: Control
) -> None:
    profile = {"external_corp_name": "木作", "external_attr": []}
    control.post("people", {
        "id": "p000002", "type": 2, "corp_name": "木作家具", "position": "经理", "external_profile": profile,
    })  # fmt: skip
    users = shop(control, 1)
    known = {"userid": users[0], "person_id": "p000002", "add_way": 10, "channel": "木作视频"}
    external = control.post("add", known)["external_userid"]

    seen = app.get("externalcontact/get", external_userid=external)

    assert external.startswith("wo")
    contact = seen["external_contact"]
    assert (contact["corp_full_name"], contact["position"]) == ("木作家具", "经理")
    assert contact["external_profile"] == profile
    assert seen["follow_user"][0]["wechat_channels"] == {"nickname": "木作视频", "source": 1}
    assert app.code("externalcontact/get", external_userid="wm" + external[2:]) == 40096


def test_a_whole_phone_number_finds_somebody_among_millions(control: Control) -> None:
    control.post("seed_scale", {"members": 8, "relations": 100_000})
    far = control.get("people", offset=69_999, limit=1)[0]
    assert control.get("people", q=far["phone"]) == [far]
    assert control.get("people", q=far["id"]) == [far]
    assert control.get("people", q="19912345678") == []
