"""商品图册: the corp's products, as guides show them to customers (marketing.md §6, doc 95096)."""

import json
import secrets
import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.errors import WeComError
from wecom_sandbox.store import Store


def create(store: Store, data: dict[str, Any], *, app: str, at: int) -> str:
    """Store a checked product; its id."""
    product_id = secrets.token_urlsafe(16)
    store.insert(
        "products", product_id=product_id, app=app, create_time=at,
        data=json.dumps(data, ensure_ascii=False),
    )  # fmt: skip
    return product_id


def need(store: Store, product_id: str) -> sqlite3.Row:
    """A product's row; 40058 when there is none."""
    row = store.row("SELECT * FROM products WHERE product_id = ?", product_id)
    if row is None:
        raise WeComError(BAD_PARAMETER, "invalid product_id")
    return row


def need_own(store: Store, product_id: str, app: str) -> sqlite3.Row:
    """A product the app made itself; 301002 for another's."""
    row = need(store, product_id)
    if row["app"] != app:
        raise WeComError(301002, "the product belongs to another app")
    return row


def shown(row: sqlite3.Row) -> dict[str, Any]:
    """A product with its id and time."""
    data: dict[str, Any] = json.loads(row["data"])
    return {"product_id": row["product_id"]} | data | {"create_time": row["create_time"]}
