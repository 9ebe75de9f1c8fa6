from tests.wecom_sandbox.client import Api
from wecom_sandbox.testing import Control

ADD, EDIT, DELETE = (
    "externalcontact/add_corp_tag", "externalcontact/edit_corp_tag", "externalcontact/del_corp_tag",
)  # fmt: skip
LIST = "externalcontact/get_corp_tag_list"


def test_a_group_is_reused_and_duplicates_are_made_once(app: Api) -> None:
    first = app.post(ADD, {"group_name": "意向", "tag": [{"name": "高"}, {"name": "高"}]})[
        "tag_group"
    ]
    second = app.post(ADD, {"group_name": "意向", "tag": [{"name": "低", "order": 5}]})["tag_group"]

    assert second["group_id"] == first["group_id"]
    assert [tag["name"] for tag in first["tag"]] == ["高"]
    assert [tag["name"] for tag in second["tag"]] == ["低"]
    listed = app.post(LIST)["tag_group"]
    assert [[tag["name"] for tag in group["tag"]] for group in listed] == [["低", "高"]]
    assert first["group_id"].startswith("et")


def test_lists_can_be_narrowed(app: Api) -> None:
    one = app.post(ADD, {"group_name": "甲", "tag": [{"name": "一"}, {"name": "二"}]})["tag_group"]
    two = app.post(ADD, {"group_name": "乙", "tag": [{"name": "三"}]})["tag_group"]
    tag_id = one["tag"][0]["id"]

    by_tag = app.post(LIST, {"tag_id": [tag_id]})["tag_group"]
    assert [[tag["id"] for tag in group["tag"]] for group in by_tag] == [[tag_id]]
    by_group = app.post(LIST, {"group_id": [two["group_id"]], "tag_id": [tag_id]})["tag_group"]
    assert [group["group_name"] for group in by_group] == ["乙"]


def test_rules_of_names_and_owners(app: Api, control: Control) -> None:
    group = app.post(ADD, {"group_name": "甲", "tag": [{"name": "一"}, {"name": "二"}]})[
        "tag_group"
    ]
    console = control.post(
        "console_tag", {"action": "create", "group_name": "总部", "names": ["重点"]}
    )
    tag_id = group["tag"][0]["id"]

    assert app.code(ADD, {"group_name": "甲", "tag": []}) == 40058
    assert app.code(ADD, {"group_name": "字" * 31, "tag": [{"name": "一"}]}) == 40058
    assert app.code(ADD, {"group_name": "甲", "tag": [{"name": "字" * 31}]}) == 40058
    assert app.code(ADD, {"group_id": "etNone", "tag": [{"name": "一"}]}) == 40068
    assert app.code(EDIT, {"id": tag_id, "name": "二"}) == 40058
    assert app.code(EDIT, {"id": group["group_id"], "name": "总部"}) == 40058
    assert app.code(EDIT, {"id": "etNone", "name": "x"}) == 40068
    assert app.code(EDIT, {"id": console["tag_ids"][0], "name": "x"}) == 301002
    assert app.code(DELETE, {"tag_id": console["tag_ids"]}) == 301002
    assert app.code(EDIT, {"id": tag_id, "name": "壹"}) == 0
    names = [[tag["name"] for tag in one["tag"]] for one in control.get("ledger/tags")]
    assert names == [["壹", "二"], ["重点"]]


def test_the_last_tag_takes_its_group_along(app: Api, control: Control) -> None:
    group = app.post(ADD, {"group_name": "甲", "tag": [{"name": "一"}]})["tag_group"]

    assert app.code(DELETE, {}) == 40058
    assert app.code(DELETE, {"tag_id": [group["tag"][0]["id"]]}) == 0
    assert control.get("ledger/tags") == []


def test_only_console_changes_raise_events(app: Api, control: Control) -> None:
    app.post(ADD, {"group_name": "甲", "tag": [{"name": "一"}]})
    assert control.get("ledger/callbacks") == []

    made = control.post(
        "console_tag", {"action": "create", "group_name": "总部", "names": ["重点"]}
    )
    control.post("console_tag", {"action": "update", "id": made["tag_ids"][0], "name": "核心"})
    control.post("console_tag", {"action": "delete", "id": made["tag_ids"][0]})

    events = control.get("ledger/callbacks")
    assert [(one["event"], one["change_type"]) for one in events] == [
        ("change_external_tag", "create"), ("change_external_tag", "create"),
        ("change_external_tag", "update"), ("change_external_tag", "delete"),
    ]  # fmt: skip
    assert f"<Id><![CDATA[{made['group_id']}]]></Id>" in events[3]["xml"]
    assert "<TagType><![CDATA[tag_group]]></TagType>" in events[3]["xml"]


def test_who_asks_by_id_learns_of_deleted_ones(app: Api) -> None:
    group = app.post(ADD, {"group_name": "甲", "tag": [{"name": "一"}, {"name": "二"}]})[
        "tag_group"
    ]
    one, two = (tag["id"] for tag in group["tag"])
    assert app.code(DELETE, {"tag_id": [one]}) == 0

    assert "deleted" not in str(app.post(LIST)["tag_group"])
    asked = app.post(LIST, {"tag_id": [one, two]})["tag_group"][0]
    assert [(tag["id"], tag["deleted"]) for tag in asked["tag"]] == [(two, False), (one, True)]
    # and the name is free again
    again = app.post(ADD, {"group_id": group["group_id"], "tag": [{"name": "一"}]})["tag_group"]
    assert again["tag"][0]["id"] != one
    app.code(DELETE, {"group_id": [group["group_id"]]})
    gone = app.post(LIST, {"group_id": [group["group_id"]]})["tag_group"][0]
    assert (gone["deleted"], gone["group_name"], len(gone["tag"])) == (True, "甲", 3)


def test_a_new_order_by_the_administrator_is_an_event_with_the_group(
    app: Api, control: Control
) -> None:
    made = control.post(
        "console_tag", {"action": "create", "group_name": "总部", "names": ["甲", "乙", "丙"]}
    )
    ids = made["tag_ids"][::-1]

    control.post("console_tag", {"action": "shuffle", "ids": ids})

    assert [tag["id"] for tag in app.post(LIST)["tag_group"][0]["tag"]] == ids
    event = control.get("ledger/callbacks")[-1]
    assert event["change_type"] == "shuffle"
    assert f"<Id><![CDATA[{made['group_id']}]]></Id>" in event["xml"]
    assert "TagType" not in event["xml"]
    assert "StrategyId" not in event["xml"]
