from typing import Any

import pytest

from tests.wecom_sandbox.client import TINY_PNG, Api
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, Running

ROOT = "externalcontact"
SOFA = {"description": "三人沙发", "price": 399_900}


def test_a_product_is_made_read_changed_and_deleted(app: Api, running: Running) -> None:
    media_id = app.upload(
        "media/upload_attachment", TINY_PNG, media_type="image", attachment_type=2
    )["media_id"]
    pictures = [{"type": "image", "image": {"media_id": media_id}}]
    key = {"product_id": app.post(f"{ROOT}/add_product_album", SOFA | {"product_sn": "SF-01", "attachments": pictures})["product_id"]}  # fmt: skip

    read = app.post(f"{ROOT}/get_product_album", key)["product"]
    assert read == key | SOFA | {
        "product_sn": "SF-01", "attachments": pictures, "create_time": read["create_time"],
    }  # fmt: skip
    assert app.code(f"{ROOT}/update_product_album", key | {"price": 1}) == 0
    changed = app.post(f"{ROOT}/get_product_album", key)["product"]
    assert changed == read | {"price": 1}
    second = Api(running, defaults.SECOND_SECRET)
    assert second.post(f"{ROOT}/get_product_album", key)["product"] == changed
    assert second.code(f"{ROOT}/update_product_album", key | {"price": 2}) == 301002
    assert second.code(f"{ROOT}/delete_product_album", key) == 301002
    assert app.code(f"{ROOT}/delete_product_album", key) == 0
    assert app.code(f"{ROOT}/get_product_album", key) == 40058


@pytest.mark.parametrize(
    ("fields", "errcode"),
    [
        ({"description": ""}, 40058),
        ({"description": "字" * 301}, 40058),
        ({"price": 5_000_001}, 40058),
        ({"price": -1}, 40058),
        ({"product_sn": "沙发"}, 40058),
        ({"product_sn": "a" * 129}, 40058),
        ({"attachments": [{"type": "video"}]}, 40008),
        ({"attachments": [{"type": "image", "image": {}}]}, 41006),
        ({"attachments": [{"type": "image", "image": {"media_id": "3none"}}]}, 40007),
        ({"attachments": [{"type": "image"}] * 10}, 40058),
    ],
)
def test_fields_are_checked(
    app: Api, control: Control, fields: dict[str, Any], errcode: int
) -> None:
    assert app.code(f"{ROOT}/add_product_album", SOFA | fields) == errcode
    assert app.code(f"{ROOT}/add_product_album", {"price": 1}) == 40058
    assert control.get("ledger/products") == []


def test_pictures_come_from_the_albums_upload(app: Api) -> None:
    for upload, query in (("media/upload", {"type": "image"}),
        ("media/upload_attachment", {"media_type": "image", "attachment_type": 1})):  # fmt: skip
        media_id = app.upload(upload, TINY_PNG, **query)["media_id"]
        pictures = [{"type": "image", "image": {"media_id": media_id}}]
        assert app.code(f"{ROOT}/add_product_album", SOFA | {"attachments": pictures}) == 40007


def test_the_album_is_read_by_pages(app: Api) -> None:
    made = [app.post(f"{ROOT}/add_product_album", SOFA)["product_id"] for _ in range(3)]

    first = app.post(f"{ROOT}/get_product_album_list", {"limit": 2})
    rest = app.post(f"{ROOT}/get_product_album_list", {"limit": 2, "cursor": first["next_cursor"]})

    assert [one["product_id"] for one in first["product_list"] + rest["product_list"]] == made
    assert rest["next_cursor"] == ""
    assert "create_time" not in first["product_list"][0]
    assert app.code(f"{ROOT}/get_product_album_list", {"limit": 101}) == 40058
