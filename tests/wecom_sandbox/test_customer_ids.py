"""Ids of one person for each other: unionid, openid, pending ids, temporary ids, ids for counting."""

from typing import Any

import pytest

from tests.wecom_sandbox.client import Api, code, shop
from wecom_sandbox.testing import Control

DAY = 24 * 3600
CONVERT = "idconvert/unionid_to_external_userid"
PENDING = "idconvert/batch/external_userid_to_pending_id"
TEMPORARY = "idconvert/convert_tmp_external_userid"


@pytest.fixture
def config_id(app: Api, control: Control) -> str:
    """A code of the first of three guides."""
    return code(app, shop(control)[:1])


def people(control: Control, count: int) -> list[dict[str, Any]]:
    """The first people there are."""
    found: list[dict[str, Any]] = control.get("people", limit=count)
    return found


def test_a_visitor_is_recognised_once_he_is_a_customer(
    app: Api, control: Control, config_id: str
) -> None:
    # given somebody who came to the mini program before he added a guide
    person = people(control, 1)[0]
    asked = {"unionid": person["unionid"], "openid": person["openid"], "subject_type": 0}
    first, again = app.post(CONVERT, asked), app.post(CONVERT, asked)
    assert first["pending_id"] == again["pending_id"]
    assert "external_userid" not in first

    # when he adds one
    external = control.post("scan", {"config_id": config_id, "person_id": person["id"]})[
        "external_userid"
    ]

    # then the pending id tells who he was, and the unionid now tells who he is
    found = app.post(PENDING, {"external_userid": [external, "wmNobody"]})
    assert found["result"] == [{"external_userid": external, "pending_id": first["pending_id"]}]
    assert app.post(CONVERT, asked)["external_userid"] == external


def test_a_pending_id_lasts_90_days(app: Api, control: Control, config_id: str) -> None:
    person = people(control, 1)[0]
    app.post(CONVERT, {"unionid": person["unionid"], "openid": person["openid"]})
    external = control.post("scan", {"config_id": config_id, "person_id": person["id"]})[
        "external_userid"
    ]
    control.post("clock", {"advance": 91 * DAY})
    app._token = ""

    assert app.post(PENDING, {"external_userid": [external]})["result"] == []


def test_what_is_refused(app: Api, control: Control, contacts: Api, config_id: str) -> None:
    one, two = people(control, 2)
    assert app.code(CONVERT, {"unionid": "oNobody", "openid": one["openid"]}) == 40058
    assert app.code(CONVERT, {"unionid": one["unionid"], "openid": two["openid"]}) == 40073
    assert app.code(CONVERT, {"unionid": one["unionid"]}) == 40063
    assert app.code(CONVERT, {"unionid": one["unionid"], "openid": one["openid"], "subject_type": 2}) == 40058  # fmt: skip
    assert app.code(PENDING, {"external_userid": []}) == 40058
    assert app.code(PENDING, {"external_userid": ["wm"] * 101}) == 40058
    assert app.code(PENDING, {"external_userid": ["wm"], "chat_id": "wrNone"}) == 40050
    assert contacts.code(CONVERT, {"unionid": one["unionid"], "openid": one["openid"]}) == 48002


def test_a_customer_has_an_openid_to_pay_with(app: Api, control: Control, config_id: str) -> None:
    one, two = people(control, 2)
    other = control.post("people", {"id": "p000003", "type": 2, "corp_name": "木作家具"})
    api = "externalcontact/convert_to_openid"
    for person_id in (one["id"], other["id"]):
        control.post("scan", {"config_id": config_id, "person_id": person_id})

    assert app.post(api, {"external_userid": one["external_userid"]})["openid"] == one["openid"]
    assert app.code(api, {"external_userid": two["external_userid"]}) == 84061
    assert app.code(api, {"external_userid": "wmNobody"}) == 40096
    assert other["external_userid"].startswith("wo")
    assert app.code(api, {"external_userid": other["external_userid"]}) == 43004


def test_only_followers_in_the_apps_range_count(app: Api, control: Control, config_id: str) -> None:
    person = people(control, 1)[0]
    control.post("scan", {"config_id": config_id, "person_id": person["id"]})
    control.post("scope", {"departments": [], "users": ["guide0002"]})
    external = {"external_userid": person["external_userid"]}

    assert app.code("externalcontact/convert_to_openid", external) == 84061
    assert app.code("externalcontact/unionid_to_external_userid", {"unionid": person["unionid"]}) == 84061  # fmt: skip
    assert "pending_id" in app.post(CONVERT, {"unionid": person["unionid"], "openid": person["openid"]})  # fmt: skip
    assert app.code("externalcontact/get", **external) == 84061


def test_temporary_ids_are_for_one_app_and_business(
    app: Api, control: Control, config_id: str
) -> None:
    one, two = people(control, 2)
    control.post("scan", {"config_id": config_id, "person_id": one["id"]})
    seen = {
        (person["id"], business): control.post(
            "temporary_id", {"person_id": person["id"], "business_type": business}
        )["tmp_external_userid"]
        for person, business in ((one, 1), (one, 2), (two, 1))
    }
    asked = [*seen.values(), "ouNobody"]

    answer = app.post(
        TEMPORARY, {"business_type": 1, "user_type": 1, "tmp_external_userid_list": asked}
    )

    assert answer["results"] == [
        {"tmp_external_userid": asked[0], "external_userid": one["external_userid"]}
    ]
    assert answer["invalid_tmp_external_userid_list"] == asked[1:]
    linked = {"business_type": 1, "user_type": 2, "tmp_external_userid_list": asked[:1]}
    assert app.post(TEMPORARY, linked)["invalid_tmp_external_userid_list"] == asked[:1]
    assert app.code(TEMPORARY, {**linked, "user_type": 5}) == 40058
    assert app.code(TEMPORARY, {**linked, "business_type": 0}) == 40058
    assert app.code(TEMPORARY, {**linked, "tmp_external_userid_list": ["ou"] * 101}) == 40058


def test_everybody_served_is_listed_with_an_id_for_counting(
    app: Api, control: Control, config_id: str
) -> None:
    # given two customers, one of two guides, and a guide who lost customer contact later
    control.post("add", {"userid": "guide0003", "person_id": "p000002"})
    for person_id in ("p000001", "p000002"):
        control.post("scan", {"config_id": config_id, "person_id": person_id})
    control.post("console_member", {"userid": "guide0003", "can_follow": False})
    api = "externalcontact/contact_list"

    first = app.post(api, {"limit": 2})
    rest = app.post(api, {"limit": 2, "cursor": first["next_cursor"]})

    rows = first["info_list"] + rest["info_list"]
    assert "next_cursor" not in rest
    assert [(row["follow_userid"], row["is_customer"]) for row in rows] == [
        ("guide0003", False), ("guide0001", True), ("guide0001", True),
    ]  # fmt: skip
    # who is no customer has no id but a hidden name, and can still be told apart
    assert "external_userid" not in rows[0]
    assert rows[0]["name"].startswith("***")
    assert rows[0]["tmp_openid"] == rows[2]["tmp_openid"] != rows[1]["tmp_openid"]
    control.post("clock", {"advance": 4 * 3600})
    app._token = ""
    assert app.post(api)["info_list"][0]["tmp_openid"] != rows[0]["tmp_openid"]
    assert app.code(api, {"limit": 1001}) == 40058
    assert app.code(api, {"cursor": first["next_cursor"]}) == 40058
