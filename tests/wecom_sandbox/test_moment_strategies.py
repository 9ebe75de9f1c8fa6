from typing import Any

import pytest

from tests.wecom_sandbox.client import Api
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, Running

ROOT = "externalcontact/moment_strategy"


@pytest.fixture
def shops(control: Control) -> list[int]:
    """Two departments with a guide each; their ids."""
    seeded = control.post("seed_org", {"members": 2, "departments": 2})
    departments: list[int] = seeded["departments"]
    return departments


def create(app: Api, **fields: Any) -> Any:
    """The answer to a rule group of guide0001, changed by the fields."""
    body = {
        "strategy_name": "一组",
        "admin_list": ["guide0001"],
        "range": [{"type": 1, "userid": "guide0001"}],
    }
    return app.post(f"{ROOT}/create", body | fields)


def nodes(app: Api, strategy_id: int) -> list[Any]:
    """The range of a rule group."""
    found: list[Any] = app.post(f"{ROOT}/get_range", {"strategy_id": strategy_id})["range"]
    return found


def test_a_rule_group_is_made_read_changed_and_deleted(
    app: Api, running: Running, shops: list[int]
) -> None:
    made = create(app, privilege={"send_moment": False})
    key = {"strategy_id": made["strategy_id"]}
    read = app.post(f"{ROOT}/get", key)["strategy"]

    assert read == key | {
        "parent_id": 0, "strategy_name": "一组", "create_time": read["create_time"], "admin_list": ["guide0001"],
        "privilege": {"view_moment_list": True, "send_moment": False, "manage_moment_cover_and_sign": True},
    }  # fmt: skip
    assert nodes(app, made["strategy_id"]) == [{"type": 1, "userid": "guide0001"}]
    change = key | {
        "strategy_name": "二组", "range_add": [{"type": 2, "partyid": shops[1]}],
        "range_del": [{"type": 1, "userid": "guide0001"}],
    }  # fmt: skip
    second = Api(running, defaults.SECOND_SECRET)
    assert second.code(f"{ROOT}/edit", change) == 301002
    assert app.code(f"{ROOT}/edit", change) == 0
    assert app.post(f"{ROOT}/get", key)["strategy"] == read | {"strategy_name": "二组"}
    assert nodes(app, made["strategy_id"]) == [{"type": 2, "partyid": shops[1]}]
    assert (
        app.code(f"{ROOT}/edit", key | {"range_del": [{"type": 2, "partyid": shops[1]}]}) == 40058
    )
    assert app.post(f"{ROOT}/list", {})["strategy"] == [key]
    assert second.post(f"{ROOT}/list", {})["strategy"] == []
    assert app.code(f"{ROOT}/del", key) == 0
    assert app.code(f"{ROOT}/get", key) == 40058


@pytest.mark.parametrize(
    ("fields", "errcode"),
    [
        ({"strategy_name": ""}, 40058),
        ({"strategy_name": "字" * 31}, 40058),
        ({"admin_list": []}, 40058),
        ({"admin_list": ["guide0001"] * 21}, 40058),
        ({"admin_list": ["nobody"]}, 60111),
        ({"range": []}, 40058),
        ({"range": [{"type": 3}]}, 40058),
        ({"range": [{"type": 1, "userid": "nobody"}]}, 60111),
        ({"range": [{"type": 2, "partyid": 404}]}, 60123),
        ({"privilege": {"fly": True}}, 40058),
        ({"parent_id": 404}, 40058),
    ],
)
def test_fields_are_checked(
    app: Api, shops: list[int], fields: dict[str, Any], errcode: int
) -> None:
    assert create(app, **fields)["errcode"] == errcode
    assert app.post(f"{ROOT}/list", {})["strategy"] == []


def test_a_child_stays_inside_its_parent(app: Api, shops: list[int]) -> None:
    parent = create(
        app, range=[{"type": 2, "partyid": one} for one in shops], privilege={"send_moment": False}
    )
    below = {"parent_id": parent["strategy_id"]}

    assert create(app, **below, range=[{"type": 2, "partyid": 1}])["errcode"] == 40058
    child = create(app, **below, range=[{"type": 2, "partyid": one} for one in shops])
    shown = app.post(f"{ROOT}/get", {"strategy_id": child["strategy_id"]})["strategy"]
    assert (shown["parent_id"], shown["privilege"]["send_moment"]) == (parent["strategy_id"], False)
    key = {"strategy_id": parent["strategy_id"]}
    app.post(f"{ROOT}/edit", key | {"range_del": [{"type": 2, "partyid": shops[0]}]})
    assert nodes(app, child["strategy_id"]) == [{"type": 2, "partyid": shops[1]}]
    app.post(f"{ROOT}/del", key)
    assert app.post(f"{ROOT}/list", {})["strategy"] == []


def test_who_may_not_send_gets_no_moment(app: Api, control: Control, shops: list[int]) -> None:
    create(app, privilege={"send_moment": False}, range=[{"type": 2, "partyid": shops[0]}])

    jobid = app.post("externalcontact/add_moment_task", {"text": {"content": "早"}})["jobid"]
    control.post("clock", {"advance": 4})

    moment_id = app.get("externalcontact/get_moment_task_result", jobid=jobid)["result"][
        "moment_id"
    ]
    tasks = app.post("externalcontact/get_moment_task", {"moment_id": moment_id})["task_list"]
    assert [one["userid"] for one in tasks] == ["guide0002"]
