from typing import Any

import pytest

from tests.wecom_sandbox.client import TINY_PNG, Api, code, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, ControlError, Running

ADD = "externalcontact/add_contact_way"
CLOSE = "externalcontact/close_temp_chat"


@pytest.fixture
def guide(control: Control) -> str:
    """A guide of a corp of the medical trade."""
    control.post("behaviour", {"medical": True})
    return shop(control, 1)[0]


def temporary(app: Api, guide: str, **fields: Any) -> str:
    """A temporary way of one guide; its config_id."""
    way = {"type": 1, "scene": 2, "user": [guide], "is_temp": True, **fields}
    answer = app.post(ADD, way)
    assert answer["errcode"] == 0, answer
    return str(answer["config_id"])


def test_only_medical_corps_have_temporary_ways(app: Api, control: Control) -> None:
    guide = shop(control, 1)[0]
    way = {"type": 1, "scene": 2, "user": [guide], "is_temp": True}

    assert app.code(ADD, way) == 48002
    control.post("behaviour", {"medical": True})
    assert app.code(ADD, way) == 0
    assert app.code(ADD, way | {"type": 2}) == 40058
    assert app.code(ADD, way | {"expires_in": 14 * 86400 + 1}) == 40058
    assert app.code(ADD, way | {"chat_expires_in": 0}) == 40058


def test_a_temporary_chat_ends_by_itself_with_its_conclusion(
    app: Api, control: Control, guide: str
) -> None:
    # given a way whose chats last an hour, with a text and two more closings
    media_id = app.upload("media/upload", TINY_PNG, type="image")["media_id"]
    conclusions = {
        "text": {"content": "再见"},
        "link": {"url": "https://example.com/care"},
        "image": {"media_id": media_id},
    }
    config_id = temporary(app, guide, chat_expires_in=3600, conclusions=conclusions)

    # then of the closings only the picture counts, and it comes back as an address
    shown = app.post("externalcontact/get_contact_way", {"config_id": config_id})["contact_way"]
    assert shown["conclusions"] == {
        "text": {"content": "再见"},
        "image": {"pic_url": f"{app.base_url}/wwpic/{media_id}/0"},
    }
    assert (shown["expires_in"], shown["chat_expires_in"]) == (7 * 86400, 3600)

    # when somebody adds the guide and the hour passes
    control.post("scan", {"config_id": config_id, "person_id": "p000001"})
    control.post("clock", {"advance": 3599})
    assert control.get("ledger/relations")[0]["status"] == "active"
    control.post("clock", {"advance": 2})

    # then the conclusion was said and the two are no contacts any more
    assert control.get("ledger/relations")[0]["status"] == "temp_chat_closed"
    said = [one["content"]["msgtype"] for one in control.get("ledger/chats")]
    assert said == ["text", "image"]


def test_an_app_ends_a_temporary_chat(app: Api, control: Control, guide: str) -> None:
    config_id = temporary(app, guide)
    added = control.post("scan", {"config_id": config_id, "person_id": "p000001"})
    pair = {"userid": guide, "external_userid": added["external_userid"]}

    assert app.code(CLOSE, {"external_userid": added["external_userid"]}) == 41009
    assert app.code(CLOSE, pair | {"external_userid": "wm-nobody"}) == 40096
    assert app.code(CLOSE, pair | {"userid": "nobody"}) == 60111
    assert app.code(CLOSE, pair) == 0
    assert app.code(CLOSE, pair) == 84061
    assert app.code("externalcontact/get", None, external_userid=added["external_userid"]) == 84061


def test_a_temporary_code_works_once_in_time_and_for_its_person(
    app: Api, control: Control, guide: str
) -> None:
    person = control.get("people", limit=2)
    used = temporary(app, guide, unionid=person[1]["unionid"])
    old = temporary(app, guide, expires_in=60)

    with pytest.raises(ControlError, match="for somebody else"):
        control.post("scan", {"config_id": used, "person_id": "p000001"})
    control.post("scan", {"config_id": used, "person_id": "p000002"})
    with pytest.raises(ControlError, match="no longer valid"):
        control.post("scan", {"config_id": used, "person_id": "p000003"})
    control.post("clock", {"advance": 61})
    with pytest.raises(ControlError, match="no longer valid"):
        control.post("scan", {"config_id": old, "person_id": "p000001"})
    assert (
        app.code("externalcontact/update_contact_way", {"config_id": old, "remark": "x"}) == 40058
    )
    assert len(control.get("ledger/relations")) == 1


def test_the_corp_and_a_day_have_their_limits(
    app: Api, control: Control, guide: str, running: Running
) -> None:
    control.post("behaviour", {"way_limit": 2, "temp_way_limit": 1})
    way = {"type": 1, "scene": 2, "user": [guide]}

    assert [app.code(ADD, way) for _ in range(3)] == [0, 0, 40058]
    # temporary ones do not count among them, but the day has its own
    assert [app.code(ADD, way | {"is_temp": True}) for _ in range(2)] == [0, 45009]
    control.post("clock", {"advance": 86400})
    app = Api(running)
    assert app.code(ADD, way | {"is_temp": True}) == 0
    listed = app.post("externalcontact/list_contact_way", {})
    assert len(listed["contact_way"]) == 2


def test_ways_are_listed_by_their_time(app: Api, control: Control, running: Running) -> None:
    guides = shop(control)
    first = code(app, guides)
    control.post("clock", {"advance": 1000})
    border = int(control.get("clock")["now"]) - 1
    second = code(app, guides)

    def listed(**span: int) -> list[str]:
        answer = Api(running).post("externalcontact/list_contact_way", span)
        return [one["config_id"] for one in answer["contact_way"]]

    assert listed() == [first, second]
    assert listed(start_time=border) == [second]
    assert listed(end_time=border) == [first]
    assert app.code("externalcontact/list_contact_way", {"start_time": 2, "end_time": 1}) == 40058
    control.post("clock", {"advance": 91 * 86400})
    assert listed() == []


def test_receivers_must_be_in_the_visible_range(app: Api, control: Control) -> None:
    seeded = control.post("seed_org", {"members": 2, "departments": 2})
    control.post("scope", {"departments": seeded["departments"][:1]})
    way = {"type": 2, "scene": 2}

    assert app.code(ADD, way | {"user": [seeded["userids"][1]]}) == 60011
    assert app.code(ADD, way | {"party": [seeded["departments"][1]]}) == 60011
    assert app.code(ADD, way | {"user": [seeded["userids"][0]]}) == 0
    assert app.code(ADD, way | {"party": [seeded["departments"][0]]}) == 0


def test_people_of_one_corp_go_to_one_member(app: Api, control: Control) -> None:
    config_id = code(app, shop(control), is_exclusive=True)
    for number in (1, 2, 3):
        control.post(
            "people", {"id": f"p{number:06d}", "type": 2, "corp_name": "甲" if number < 3 else "乙"}
        )

    def scan(number: int) -> str:
        added = control.post("scan", {"config_id": config_id, "person_id": f"p{number:06d}"})
        return str(added["userid"])

    assert [scan(1), scan(2), scan(3)] == ["guide0001", "guide0001", "guide0002"]


def test_members_at_their_cap_are_left_out(app: Api, control: Control) -> None:
    control.post("behaviour", {"customer_limit": 1})
    config_id = code(app, shop(control, 2))

    for number in (1, 2):
        control.post("scan", {"config_id": config_id, "person_id": f"p{number:06d}"})
    with pytest.raises(ControlError, match="no member of this code"):
        control.post("scan", {"config_id": config_id, "person_id": "p000003"})


def test_the_contact_sync_secret_may_not(running: Running) -> None:
    contacts = Api(running, defaults.CONTACT_SECRET)

    assert contacts.code(ADD, {}) == 48002
    assert contacts.code(CLOSE, {}) == 48002
