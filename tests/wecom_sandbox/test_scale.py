"""A large corp drawn from a seed: lists that agree with each other, and changes that stay."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.wecom_sandbox.client import Api
from tests.wecom_sandbox.phone import Phone
from tests.wecom_sandbox.test_process import process
from wecom_sandbox import testing
from wecom_sandbox.testing import Control, ControlError

MEMBERS, RELATIONS = 20, 3000
BATCH = "externalcontact/batch/get_by_user"


@pytest.fixture
def large(control: Control) -> Control:
    """A corp of 20 members and 3,000 relations."""
    shown = control.post("seed_scale", {"members": MEMBERS, "relations": RELATIONS, "seed": 7})
    assert shown == {"members": MEMBERS, "relations": RELATIONS, "changed": 0, "people": 2100}
    return control


def customers(app: Api, userid: str) -> list[str]:
    """The external_userids a member's list shows."""
    found: list[str] = app.get("externalcontact/list", userid=userid)["external_userid"]
    return found


def pages(app: Api, userids: list[str], limit: int = 100) -> Iterator[list[dict[str, Any]]]:
    """Every page of batch/get_by_user."""
    cursor = ""
    while True:
        answer = app.post(BATCH, {"userid_list": userids, "limit": limit, "cursor": cursor})
        assert answer["errcode"] == 0, answer
        yield answer["external_contact_list"]
        cursor = answer["next_cursor"]
        if not cursor:
            return


def test_list_batch_and_get_tell_the_same(app: Api, large: Control) -> None:
    # given what each member's list shows
    userids = app.get("externalcontact/get_follow_user_list")["follow_user"]
    listed = {(one, external) for one in userids for external in customers(app, one)}
    assert len(userids) == MEMBERS
    assert len(listed) == RELATIONS

    # then the pages of all members together show the same pairs, each once
    shown = [
        (row["follow_info"]["userid"], row["external_contact"]["external_userid"])
        for page in pages(app, userids)
        for row in page
    ]
    assert len(shown) == RELATIONS
    assert set(shown) == listed
    # and a customer's detail shows whoever has him in the list
    followers: dict[str, set[str]] = {}
    for userid, external in listed:
        followers.setdefault(external, set()).add(userid)
    assert {len(one) for one in followers.values()} == {1, 2}
    for external in sorted(followers)[:40]:
        detail = app.get("externalcontact/get", external_userid=external)
        assert {one["userid"] for one in detail["follow_user"]} == followers[external]


def test_a_row_is_the_same_in_batch_and_get(app: Api, large: Control) -> None:
    rows = [row for page in pages(app, ["guide0003"]) for row in page]
    tagged = [row for row in rows if row["follow_info"]["tag_id"]]
    assert tagged
    assert {row["follow_info"]["add_way"] for row in rows} > {1, 2, 16}

    for row in (rows[0], tagged[0]):
        detail = app.get(
            "externalcontact/get", external_userid=row["external_contact"]["external_userid"]
        )
        follow = next(one for one in detail["follow_user"] if one["userid"] == "guide0003")
        assert detail["external_contact"] == row["external_contact"]
        assert [tag["tag_id"] for tag in follow["tags"]] == row["follow_info"]["tag_id"]
        kept = {name: value for name, value in follow.items() if name != "tags"}
        assert kept == {name: value for name, value in row["follow_info"].items() if name != "tag_id"}  # fmt: skip


def test_remark_tag_and_deletion_lie_over_what_was_drawn(app: Api, large: Control) -> None:
    # given three customers of one member, and a page that begins with them
    before = customers(app, "guide0005")
    first, second, third = before[:3]
    tag = app.post("externalcontact/get_corp_tag_list")["tag_group"][0]["tag"][0]["id"]
    pair = {"userid": "guide0005", "external_userid": first}

    # when each is changed in another way
    assert (
        app.code("externalcontact/remark", {**pair, "remark": "老客户", "description": "要沙发"})
        == 0
    )
    marked = {"userid": "guide0005", "external_userid": second, "add_tag": [tag]}
    assert app.code("externalcontact/mark_tag", marked) == 0
    rows = large.get("relations", userid="guide0005", limit=3)
    large.post(
        "delete", {"userid": "guide0005", "person_id": rows[2]["person_id"], "by": "customer"}
    )

    # then pages, lists and details know, and nobody else changed
    assert customers(app, "guide0005") == [first, second, *before[3:]]
    page = next(pages(app, ["guide0005"], limit=2))
    assert [row["external_contact"]["external_userid"] for row in page] == [first, second]
    assert (page[0]["follow_info"]["remark"], page[0]["follow_info"]["description"]) == (
        "老客户",
        "要沙发",
    )
    assert tag in page[1]["follow_info"]["tag_id"]
    detail = app.raw("externalcontact/get", access_token=app.token, external_userid=third)
    assert "guide0005" not in [one["userid"] for one in detail.get("follow_user", [])]
    assert large.get("scale")["changed"] == 3
    ended = large.get("ledger/relations", status="deleted_by_customer")
    assert [row["external_userid"] for row in ended] == [third]


def test_who_comes_back_gets_a_relation_of_his_own(app: Api, large: Control) -> None:
    row = large.get("relations", userid="guide0001", limit=1)[0]
    who = {"userid": "guide0001", "person_id": row["person_id"]}
    with pytest.raises(ControlError, match="contacts already"):
        large.post("add", who)

    large.post("delete", {**who, "by": "member"})
    again = large.post("add", who)

    assert again["relation_id"] > RELATIONS
    assert customers(app, "guide0001")[-1] == row["external_userid"]


def test_a_members_customers_are_handed_over_after_he_left(app: Api, large: Control) -> None:
    mine, others = customers(app, "guide0002"), customers(app, "guide0004")
    large.post("console_member", {"userid": "guide0002", "delete": True})

    waiting = app.post("externalcontact/get_unassigned_list", {})["info"]
    assert [one["external_userid"] for one in waiting] == mine
    asked = [one for one in mine if one not in others][:2]
    body = {
        "handover_userid": "guide0002",
        "takeover_userid": "guide0004",
        "external_userid": asked,
    }
    app.post("externalcontact/resigned/transfer_customer", body)
    large.post("clock", {"advance": 24 * 3600})
    app._token = ""

    assert customers(app, "guide0004") == [*others, *asked]
    assert app.code("externalcontact/list", userid="guide0002") == 60111


def test_a_deleted_tag_leaves_every_drawn_relation(app: Api, large: Control) -> None:
    rows = [row for page in pages(app, ["guide0006"]) for row in page]
    gone = next(row["follow_info"]["tag_id"][0] for row in rows if row["follow_info"]["tag_id"])
    large.post("console_tag", {"action": "delete", "id": gone})

    after = [row for page in pages(app, ["guide0006"]) for row in page]

    assert [
        {
            **row["follow_info"],
            "tag_id": [one for one in row["follow_info"]["tag_id"] if one != gone],
        }
        for row in rows
    ] == [row["follow_info"] for row in after]


def test_the_same_seed_draws_the_same_corp_after_a_restart(tmp_path: Path) -> None:
    with testing.run(tmp_path / "a", people=10) as running:
        running.control.post("seed_scale", {"members": MEMBERS, "relations": RELATIONS, "seed": 7})
        app = Api(running)
        first = customers(app, "guide0009")
        changed = {"userid": "guide0009", "external_userid": first[0], "remark": "记住我"}
        assert app.code("externalcontact/remark", changed) == 0
    with testing.run(tmp_path / "a", people=10) as running:
        app = Api(running)
        assert customers(app, "guide0009") == first
        page = app.post(BATCH, {"userid_list": ["guide0009"], "limit": 1})["external_contact_list"]
        assert page[0]["follow_info"]["remark"] == "记住我"


def test_only_an_empty_corp_can_be_seeded(large: Control) -> None:
    with pytest.raises(ControlError, match="reset it first"):
        large.post("seed_scale", {"members": 1, "relations": 1})
    with pytest.raises(ControlError, match="members must be"):
        large.post("seed_scale", {"members": 0})


@pytest.mark.parametrize(("members", "relations"), [(1, 0), (1, 5), (3, 10), (8, 8), (50, 999)])
def test_any_size_can_be_drawn(app: Api, control: Control, members: int, relations: int) -> None:
    control.post("seed_scale", {"members": members, "relations": relations})
    rows = [row for page in pages(app, [f"guide{one + 1:04d}" for one in range(members)]) for row in page]  # fmt: skip
    pairs = {
        (row["follow_info"]["userid"], row["external_contact"]["external_userid"]) for row in rows
    }
    assert len(rows) == len(pairs) == relations


def test_the_phone_shows_the_newest_of_very_many(app: Api, control: Control) -> None:

    control.post("seed_scale", {"members": 1, "relations": 250})
    control.post("add", {"userid": "guide0001", "person_id": "p000299"})
    page = Phone(app.base_url).open("/phone/m/guide0001")
    assert "共 251 位客户，显示前 200 位" in page
    assert "/phone/m/guide0001/c/p000299" in page


def test_the_program_can_begin_with_a_large_corp_and_keeps_it(tmp_path: Path) -> None:
    sizes = ("--members", "30", "--relations", "60000")
    for _ in range(2):
        with process(tmp_path, *sizes) as (_, line):
            shown = Control(line.split()[3]).get("scale")
        assert shown == {"members": 30, "relations": 60_000, "changed": 0, "people": 42_000}
