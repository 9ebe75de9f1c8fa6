"""The mall's side for other systems: what lies in the stores and what was sold, page by page, in its own words."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from werkzeug.exceptions import NotFound, Unauthorized
from werkzeug.wrappers import Request, Response

from scrm.demo.names import names
from scrm.demo.oa_files import make_oa_files

KEY_VARIABLE = "SCRM_TILL_KEY"
MOST_A_PAGE = 200
STOCK, SALES = "stock", "sales"
# Where the till keeps our fields.
MAPPINGS = {
    STOCK: {
        "sku": "goods.no", "store_code": "shopNo", "quantity": "pieces", "observed_at": "countedAt",
    },
    SALES: {
        "order_no": "billNo", "paid_at": "payTime", "amount": "paid", "unionid": "buyer.union",
        "store_code": "shopNo", "channel": "channel", "parameter": "guideMark", "sku": "goodsNo",
        "name": "goodsName", "size": "spec", "colour": "colour", "quantity": "pieces", "line_amount": "money",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Till:
    """Answers whoever has the token; without a token of its own nobody."""

    key: str

    def answer(self, request: Request, what: str, orders: Iterable[dict[str, Any]]) -> Response:
        """Return one page of the stock, or of the orders the mall remembers."""
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self.key or not hmac.compare_digest(sent.encode(), self.key.encode()):
            raise Unauthorized
        if what not in MAPPINGS:
            raise NotFound
        rows = pieces() if what == STOCK else [_sale(order) for order in orders]
        page = max(request.args.get("page", 1, type=int), 1)
        size = min(max(request.args.get("size", 100, type=int), 1), MOST_A_PAGE)
        data = {"total": len(rows), "rows": rows[(page - 1) * size : page * size]}
        return Response(orjson.dumps({"code": 0, "data": data}), mimetype="application/json")


def pieces() -> list[dict[str, Any]]:
    """Return what lies in every store, counted just now."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return [
        {"goods": {"no": goods["sku"]}, "shopNo": code, "pieces": (place * 5 + number * 3) % 11, "countedAt": now}
        for number, code in enumerate(make_oa_files().store_codes)
        for place, goods in enumerate(names()["goods"])
    ]  # fmt: skip


def _sale(order: dict[str, Any]) -> dict[str, Any]:
    lines = [
        {"goodsNo": line["sku"], "goodsName": line["name"], "spec": line["size"], "colour": line["colour"],
         "pieces": line["quantity"], "money": line["amount"]}
        for line in order["lines"]
    ]  # fmt: skip
    return {
        "billNo": order["order_no"], "payTime": order["paid_at"], "paid": order["amount"],
        "buyer": {"union": order.get("unionid", "")}, "shopNo": order.get("store_code", ""),
        "channel": order["channel"], "guideMark": order.get("parameter", ""), "lines": lines,
    }  # fmt: skip
