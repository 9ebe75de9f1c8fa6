import io
import urllib.request
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tests.wecom_sandbox.client import Api, code, shop
from wecom_sandbox.testing import Control, ControlError


def decoded(url: str) -> str:
    """What the QR picture at the address holds."""
    with urllib.request.urlopen(url, timeout=10) as reply:
        assert reply.headers["Content-Type"] == "image/png"
        found = zxingcpp.read_barcodes(Image.open(io.BytesIO(reply.read())))
    assert len(found) == 1
    return str(found[0].text)


def test_a_code_is_made_read_changed_listed_and_deleted(app: Api, control: Control) -> None:
    users = shop(control)
    made = app.post(
        "externalcontact/add_contact_way",
        {"type": 2, "scene": 2, "user": users[:2], "state": "s1", "remark": "收银台", "skip_verify": False},
    )  # fmt: skip
    config_id = made["config_id"]

    way = app.post("externalcontact/get_contact_way", {"config_id": config_id})["contact_way"]
    assert (way["user"], way["state"], way["remark"]) == (users[:2], "s1", "收银台")
    assert (way["type"], way["scene"], way["skip_verify"]) == (2, 2, False)
    assert way["qr_code"] == made["qr_code"]
    change = {"config_id": config_id, "user": users[2:], "state": "s2"}
    assert app.code("externalcontact/update_contact_way", change) == 0
    way = app.post("externalcontact/get_contact_way", {"config_id": config_id})["contact_way"]
    assert (way["user"], way["state"], way["remark"]) == (users[2:], "s2", "收银台")
    listed = app.post("externalcontact/list_contact_way", {})
    assert (listed["contact_way"], "next_cursor" in listed) == ([{"config_id": config_id}], False)
    assert app.code("externalcontact/del_contact_way", {"config_id": config_id}) == 0
    assert app.code("externalcontact/get_contact_way", {"config_id": config_id}) == 40058


def test_the_picture_decodes_to_a_link_that_can_be_scanned(app: Api, control: Control) -> None:
    way = {"type": 2, "scene": 2, "user": shop(control), "state": "s1"}
    picture = app.post("externalcontact/add_contact_way", way)["qr_code"]

    link = decoded(picture)

    assert link.startswith(f"{app.base_url}/q/")
    added = control.post("scan", {"link": link, "person_id": "p000001"})
    assert (added["userid"], added["state"], added["half"]) == ("guide0001", "s1", False)
    control.post("behaviour", {"qr_links": "wecom"})
    wecom_link = decoded(picture)
    assert wecom_link.startswith("https://work.weixin.qq.com/u/vc")
    assert control.post("scan", {"link": wecom_link, "person_id": "p000001"})["already"] is True


def test_a_mini_program_button_has_no_picture(app: Api, control: Control) -> None:
    way = {"type": 1, "scene": 1, "style": 1, "user": shop(control)[:1]}

    assert "qr_code" not in app.post("externalcontact/add_contact_way", way)


@pytest.mark.parametrize(
    ("fields", "errcode"),
    [
        ({"type": 3}, 40058),
        ({"scene": 0}, 40058),
        ({"type": 1}, 40058),
        ({"user": []}, 40058),
        ({"state": "s" * 31}, 40058),
        ({"remark": "字" * 31}, 40058),
        ({"user": ["nobody"]}, 60111),
        ({"party": [404]}, 60123),
    ],
)
def test_fields_are_checked(
    app: Api, control: Control, fields: dict[str, Any], errcode: int
) -> None:
    way = {"type": 2, "scene": 2, "user": shop(control), "state": "s" * 30} | fields

    assert app.code("externalcontact/add_contact_way", way) == errcode
    assert control.get("ledger/contact_ways") == []


def test_only_ready_members_stand_behind_a_code(app: Api, control: Control) -> None:
    users = shop(control, 1, activate=False)
    way = {"type": 1, "scene": 2, "user": users}

    assert app.code("externalcontact/add_contact_way", way) == 41054
    control.post("console_member", {"userid": users[0], "status": 1})
    assert app.code("externalcontact/add_contact_way", way) == 40098
    control.post("console_member", {"userid": users[0], "real_name": True})
    assert app.code("externalcontact/add_contact_way", way) == 84074
    control.post("console_member", {"userid": users[0], "can_follow": True})
    assert app.code("externalcontact/add_contact_way", way) == 0


def test_a_hundred_members_and_no_more(app: Api, control: Control) -> None:
    users = shop(control, 101)

    assert (
        app.code("externalcontact/add_contact_way", {"type": 2, "scene": 2, "user": users}) == 40058
    )
    assert (
        app.code("externalcontact/add_contact_way", {"type": 2, "scene": 2, "party": [1]}) == 40058
    )
    assert (
        app.code("externalcontact/add_contact_way", {"type": 2, "scene": 2, "user": users[:100]})
        == 0
    )


def test_customers_go_round_those_who_can_receive(app: Api, control: Control) -> None:
    users = shop(control)
    config_id = code(app, users)

    def scan(number: int) -> str:
        added = control.post("scan", {"config_id": config_id, "person_id": f"p{number:06d}"})
        return str(added["userid"])

    assert [scan(number) for number in range(1, 5)] == [*users, users[0]]
    control.post("console_member", {"userid": users[1], "status": 2})
    assert {scan(number) for number in range(5, 9)} == {users[0], users[2]}


def test_codes_are_listed_by_pages(app: Api, control: Control) -> None:
    users = shop(control)
    made = [code(app, users) for _ in range(5)]

    first = app.post("externalcontact/list_contact_way", {"limit": 3})
    rest = app.post(
        "externalcontact/list_contact_way", {"limit": 3, "cursor": first["next_cursor"]}
    )

    listed = [one["config_id"] for one in first["contact_way"] + rest["contact_way"]]
    assert listed == made
    assert "next_cursor" not in rest
    assert app.code("externalcontact/list_contact_way", {"limit": 1001}) == 40058


def test_scanning_nothing_is_refused(app: Api, control: Control) -> None:
    config_id = code(app, shop(control))

    with pytest.raises(ControlError, match="no such contact way") as refused:
        control.post("scan", {"link": "https://example.com/q/none", "person_id": "p000001"})
    assert refused.value.status == 404
    with pytest.raises(ControlError, match="no person p999999"):
        control.post("scan", {"config_id": config_id, "person_id": "p999999"})
    control.post("console_member", {"userid": "guide0001", "status": 2})
    control.post("console_member", {"userid": "guide0002", "can_follow": False})
    control.post("console_member", {"userid": "guide0003", "delete": True})
    with pytest.raises(ControlError, match="no member of this code") as refused:
        control.post("scan", {"config_id": config_id, "person_id": "p000001"})
    assert refused.value.status == 409
    assert control.get("ledger/relations") == []
