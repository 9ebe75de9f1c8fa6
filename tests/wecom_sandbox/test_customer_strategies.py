"""Rule groups and their tags: an app's own, a tree of ranges, tags only for members inside."""

from typing import Any

import pytest

from tests.wecom_sandbox.client import Api, code, shop
from wecom_sandbox.testing import Control

BASE = "externalcontact/customer_strategy"
TAGS = "externalcontact/{}_strategy_tag"


@pytest.fixture
def users(control: Control) -> list[str]:
    """Four guides, two shops."""
    return shop(control, members=4)


def make(app: Api, users: list[str], **fields: Any) -> int:
    """A rule group over these members; its id."""
    answer = app.post(f"{BASE}/create", wish(users, **fields))
    assert answer["errcode"] == 0, answer
    return int(answer["strategy_id"])


def wish(users: list[str], **fields: Any) -> dict[str, Any]:
    """What a rule group is made from."""
    nodes = [{"type": 1, "userid": userid} for userid in users]
    return {"strategy_name": "华东", "admin_list": ["guide0001"], "range": nodes, **fields}


def test_a_rule_group_is_made_read_changed_and_deleted(app: Api, users: list[str]) -> None:
    number = make(app, users[:2], privilege={"share_customer": True, "contact_me": False})

    shown = app.post(f"{BASE}/get", {"strategy_id": number})["strategy"]
    assert (shown["strategy_id"], shown["parent_id"], shown["strategy_name"]) == (number, 0, "华东")
    assert shown["admin_list"] == ["guide0001"]
    assert len(shown["privilege"]) == 20
    assert (shown["privilege"]["share_customer"], shown["privilege"]["contact_me"]) == (True, False)
    assert shown["privilege"]["view_customer_list"] is True

    change = {
        "strategy_id": number, "strategy_name": "华南", "range_add": [{"type": 2, "partyid": 1}],
        "range_del": [{"type": 1, "userid": users[0]}],
    }  # fmt: skip
    assert app.code(f"{BASE}/edit", change) == 0
    assert app.post(f"{BASE}/get", {"strategy_id": number})["strategy"]["strategy_name"] == "华南"
    first = app.post(f"{BASE}/get_range", {"strategy_id": number, "limit": 1})
    rest = app.post(f"{BASE}/get_range", {"strategy_id": number, "cursor": first["next_cursor"]})
    assert first["range"] == [{"type": 1, "userid": users[1]}]
    assert (rest["range"], "next_cursor" in rest) == ([{"type": 2, "partyid": 1}], False)

    assert app.post(f"{BASE}/list")["strategy"] == [{"strategy_id": number}]
    assert app.code(f"{BASE}/del", {"strategy_id": number}) == 0
    assert app.post(f"{BASE}/list")["strategy"] == []
    assert app.code(f"{BASE}/get", {"strategy_id": number}) == 40058


def test_a_child_stays_inside_its_parent(app: Api, users: list[str]) -> None:
    top = make(app, users[:2], privilege={"contact_me": False})
    child = make(app, users[:1], parent_id=top, privilege={"contact_me": True})

    # its privileges are the parent's, and follow them
    def may(number: int) -> bool:
        shown = app.post(f"{BASE}/get", {"strategy_id": number})["strategy"]
        return bool(shown["privilege"]["contact_me"])

    assert (may(top), may(child)) == (False, False)
    app.post(f"{BASE}/edit", {"strategy_id": top, "privilege": {"contact_me": True}})
    assert (may(top), may(child)) == (True, True)
    # nobody comes in whom the parent does not hold, and who leaves the parent leaves the child
    assert app.code(f"{BASE}/create", wish(users[2:3], parent_id=top)) == 40058
    second = make(app, users[:2], parent_id=top)
    app.post(f"{BASE}/edit", {"strategy_id": top, "range_del": [{"type": 1, "userid": users[1]}]})
    held = app.post(f"{BASE}/get_range", {"strategy_id": second})["range"]
    assert held == [{"type": 1, "userid": users[0]}]
    # five levels, then no more; the top takes all along
    for _ in range(3):
        child = make(app, users[:1], parent_id=child)
    assert app.code(f"{BASE}/create", wish(users[:1], parent_id=child)) == 40058
    app.post(f"{BASE}/del", {"strategy_id": top})
    assert app.post(f"{BASE}/list")["strategy"] == []


@pytest.mark.parametrize(
    ("fields", "code_of"),
    [
        ({"strategy_name": ""}, 40063),
        ({"strategy_name": "字" * 31}, 40058),
        ({"admin_list": []}, 40058),
        ({"admin_list": ["guide0001"] * 21}, 40058),
        ({"admin_list": ["nobody"]}, 60111),
        ({"range": []}, 40058),
        ({"range": [{"type": 1, "userid": "nobody"}]}, 60111),
        ({"range": [{"type": 2, "partyid": 99}]}, 60123),
        ({"range": [{"type": 3}]}, 40058),
        ({"range": [{"type": 2, "partyid": 1}] * 101}, 40058),
        ({"privilege": {"fly": True}}, 40058),
        ({"privilege": {"contact_me": 1}}, 40058),
        ({"parent_id": 77}, 40058),
    ],
)
def test_what_no_rule_group_can_be(
    app: Api, users: list[str], fields: dict[str, Any], code_of: int
) -> None:
    assert app.code(f"{BASE}/create", wish(users, **fields)) == code_of
    assert app.post(f"{BASE}/list")["strategy"] == []


def test_members_outside_of_the_apps_range_are_refused(
    app: Api, control: Control, users: list[str]
) -> None:
    control.post("scope", {"departments": [], "users": users[:1]})
    assert app.code(f"{BASE}/create", wish(users[1:2], admin_list=users[:1])) == 60011


def test_the_contact_sync_secret_may_not(contacts: Api, users: list[str]) -> None:
    assert contacts.code(f"{BASE}/list", {}) == 48002
    assert contacts.code("externalcontact/get_strategy_tag_list", {}) == 48002


def test_tags_of_a_rule_group_are_only_for_its_members(
    app: Api, control: Control, users: list[str]
) -> None:
    # given a rule group over the first guide, with tags, and a customer of the first two
    number = make(app, users[:1])
    asked = {
        "strategy_id": number,
        "group_name": "意向",
        "tag": [{"name": "高", "order": 2}, {"name": "低"}],
    }
    group = app.post(TAGS.format("add"), asked)["tag_group"]
    assert (group["strategy_id"], [tag["name"] for tag in group["tag"]]) == (number, ["高", "低"])
    external = control.post("scan", {"config_id": code(app, users[:1]), "person_id": "p000001"})[
        "external_userid"
    ]
    control.post("add", {"userid": users[1], "person_id": "p000001"})
    tag_id = group["tag"][0]["id"]

    # then a name is free for the corp's own group of the same name, in a list of its own
    corp = app.post("externalcontact/add_corp_tag", {"group_name": "意向", "tag": [{"name": "高"}]})
    assert corp["tag_group"]["group_id"] != group["group_id"]
    listed = app.post("externalcontact/get_corp_tag_list")["tag_group"]
    assert [one["group_id"] for one in listed] == [corp["tag_group"]["group_id"]]
    assert app.post("externalcontact/get_strategy_tag_list")["tag_group"] == [group]

    # and it can be put on the first guide's customer, not on the second's
    mark = {"external_userid": external, "add_tag": [tag_id]}
    assert app.code("externalcontact/mark_tag", {"userid": users[0], **mark}) == 0
    assert app.code("externalcontact/mark_tag", {"userid": users[1], **mark}) == 60011
    follow = app.get("externalcontact/get", external_userid=external)["follow_user"]
    assert [[(tag["tag_id"], tag["type"]) for tag in one["tags"]] for one in follow] == [
        [(tag_id, 3)],
        [],
    ]


def test_rules_of_strategy_tags(app: Api, control: Control, users: list[str]) -> None:
    top = make(app, users)
    child = make(app, users[:1], parent_id=top)
    tags = {"group_name": "意向", "tag": [{"name": "高"}]}
    group = app.post(TAGS.format("add"), {"strategy_id": top, **tags})["tag_group"]
    tag_id = group["tag"][0]["id"]
    corp = app.post("externalcontact/add_corp_tag", {"group_name": "甲", "tag": [{"name": "一"}]})
    corp_tag = corp["tag_group"]["tag"][0]["id"]

    assert app.code(TAGS.format("add"), {"strategy_id": child, **tags}) == 40058
    assert app.code(TAGS.format("add"), {"strategy_id": 99, **tags}) == 40058
    assert app.code(TAGS.format("add"), {"strategy_id": top, "group_id": corp["tag_group"]["group_id"], "tag": [{"name": "x"}]}) == 40068  # fmt: skip
    assert app.code(TAGS.format("edit"), {"id": corp_tag, "name": "x"}) == 40068
    assert app.code("externalcontact/edit_corp_tag", {"id": tag_id, "name": "x"}) == 40068
    assert app.code("externalcontact/del_corp_tag", {"tag_id": [tag_id]}) == 40068
    assert app.code(TAGS.format("del"), {}) == 40058
    assert app.code(TAGS.format("edit"), {"id": tag_id, "name": "极高", "order": 9}) == 0
    shown = app.post(
        "externalcontact/get_strategy_tag_list", {"strategy_id": top, "tag_id": [tag_id]}
    )
    assert [(one["name"], one["order"]) for one in shown["tag_group"][0]["tag"]] == [("极高", 9)]
    assert app.code(TAGS.format("del"), {"tag_id": [tag_id]}) == 0
    assert (
        app.post("externalcontact/get_strategy_tag_list", {"strategy_id": top})["tag_group"] == []
    )
