"""商品图册 (marketing.md §6)."""

import json
import re
from collections.abc import Callable
from typing import Any

from wecom_sandbox import ledger
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.cursors import page
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import attachment_media, products
from wecom_sandbox.sandbox import Sandbox

MOST_DESCRIPTION, MOST_PRICE, MOST_PICTURES = 300, 5_000_000, 9
# "Only digits and letters" (doc 95096); hyphen and underscore pass as well.
_SERIAL = re.compile(r"[0-9A-Za-z_-]{0,128}")


@endpoint(
    "POST", "externalcontact/add_product_album", doc="95096", access=Access.APP,
    rules="description 300 chars, price up to 5,000,000 fen, product_sn 128, 9 pictures; 40007",
)  # fmt: skip
def add_product_album(call: Call) -> dict[str, Any]:
    """Put a product into the album."""
    for name in ("description", "price"):
        if name not in call.body:
            raise WeComError(BAD_PARAMETER, f"{name} missing")
    data = {"product_sn": "", "attachments": []} | _given(call)
    at = call.sandbox.clock.seconds()
    return {"product_id": products.create(call.sandbox.store, data, app=call.caller.name, at=at)}


@endpoint(
    "POST", "externalcontact/get_product_album_list", doc="95096", access=Access.APP,
    rules="limit up to 100, opaque cursor; products of the whole corp",
)  # fmt: skip
def get_product_album_list(call: Call) -> dict[str, Any]:
    """The album by pages."""
    rows, cursor = page(
        call,
        "SELECT serial AS position, * FROM products WHERE serial > ? ORDER BY serial LIMIT ?",
        default=50, most=100,
    )  # fmt: skip
    listed = []
    for row in rows:
        entry = products.shown(row)
        del entry["create_time"]
        listed.append(entry)
    return {"next_cursor": cursor, "product_list": listed}


@endpoint(
    "POST", "externalcontact/get_product_album", doc="95096", access=Access.APP,
    rules="40058 unknown product_id",
)  # fmt: skip
def get_product_album(call: Call) -> dict[str, Any]:
    """One product."""
    row = products.need(call.sandbox.store, call.need_text("product_id", BAD_PARAMETER))
    return {"product": products.shown(row)}


@endpoint(
    "POST", "externalcontact/update_product_album", doc="95096", access=Access.APP,
    rules="given fields overwrite; 301002 another app's; as add",
)  # fmt: skip
def update_product_album(call: Call) -> dict[str, Any]:
    """Overwrite what is given."""
    store = call.sandbox.store
    row = products.need_own(store, call.need_text("product_id", BAD_PARAMETER), call.caller.name)
    data = json.loads(row["data"]) | _given(call)
    store.run(
        "UPDATE products SET data = ? WHERE product_id = ?",
        json.dumps(data, ensure_ascii=False), row["product_id"],
    )  # fmt: skip
    return {}


@endpoint(
    "POST", "externalcontact/delete_product_album", doc="95096", access=Access.APP,
    rules="40058 unknown, 301002 another app's",
)  # fmt: skip
def delete_product_album(call: Call) -> dict[str, Any]:
    """Take a product out of the album."""
    store = call.sandbox.store
    row = products.need_own(store, call.need_text("product_id", BAD_PARAMETER), call.caller.name)
    store.run("DELETE FROM products WHERE product_id = ?", row["product_id"])
    return {}


@ledger.reader("products")
def _products(sandbox: Sandbox) -> list[dict[str, Any]]:
    rows = sandbox.store.rows("SELECT * FROM products ORDER BY serial")
    return [products.shown(row) | {"app": row["app"]} for row in rows]


def _description(call: Call) -> str:
    text = call.need_text("description", BAD_PARAMETER)
    if len(text) > MOST_DESCRIPTION:
        raise WeComError(BAD_PARAMETER, f"description longer than {MOST_DESCRIPTION} characters")
    return text


def _product_sn(call: Call) -> str:
    text = call.text("product_sn")
    if not _SERIAL.fullmatch(text):
        raise WeComError(BAD_PARAMETER, "product_sn takes up to 128 digits and letters")
    return text


def _attachments(call: Call) -> list[dict[str, Any]]:
    items = call.body.get("attachments") or []
    if not isinstance(items, list) or len(items) > MOST_PICTURES:
        raise WeComError(BAD_PARAMETER, f"attachments must be a list of at most {MOST_PICTURES}")
    return [_attachment(call, item) for item in items]


def _attachment(call: Call, item: object) -> dict[str, Any]:
    if not isinstance(item, dict) or item.get("type") != "image":
        raise WeComError(40008)
    image = item.get("image")
    media_id = image.get("media_id") if isinstance(image, dict) else None
    if not media_id:
        raise WeComError(41006)
    attachment_media.need(call.sandbox, str(media_id), "image", attachment_media.PRODUCT)
    return {"type": "image", "image": {"media_id": str(media_id)}}


# How each field of a request is read, when it is given.
_READERS: dict[str, Callable[[Call], Any]] = {
    "description": _description,
    "price": lambda call: call.number("price", 0, most=MOST_PRICE),
    "product_sn": _product_sn,
    "attachments": _attachments,
}


def _given(call: Call) -> dict[str, Any]:
    return {name: read(call) for name, read in _READERS.items() if name in call.body}
