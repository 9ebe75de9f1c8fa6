"""The mall's pages: goods, an order, its result with the entry the product offers, a mini program's stand-in."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from scrm.demo.mall.client import Product, people
from scrm.demo.mall.pages import GUIDE_NAME, HERE, Guest, goods, guest_of, remember, render, shop
from scrm.demo.mall.till import Till

ROUTES = Map(
    [
        Rule("/", endpoint="home"),
        Rule("/p/<sku>", endpoint="goods_page"),
        Rule("/buy", endpoint="buy", methods=["POST"]),
        Rule("/result/<order_no>", endpoint="result"),
        Rule("/go/<order_no>", endpoint="entry_click"),
        Rule("/mini", endpoint="mini"),
        Rule("/mini/add", endpoint="mini_add"),
        Rule("/login", endpoint="login"),
        Rule("/till/<what>", endpoint="till_page"),
        Rule("/mall.css", endpoint="stylesheet"),
        Rule("/healthz", endpoint="health"),
    ]
)
# Old orders leave the memory of a mall that runs for long.
MOST_ORDERS = 5_000


@dataclass
class Order:
    """An order the mall remembers until it ends."""

    order: dict[str, Any]
    buyer: str
    offer: dict[str, Any] = field(default_factory=dict)


@dataclass
class Mall:
    """The shop as a WSGI application."""

    product: Product
    sandbox_url: str = ""
    till: Till = field(default_factory=lambda: Till(""))
    orders: dict[str, Order] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer one request."""
        request = Request(environ)
        try:
            endpoint, values = ROUTES.bind_to_environ(environ).match()
            page: Callable[..., Response] = getattr(self, endpoint)
            response = page(request, guest_of(request), **values)
        except HTTPException as error:
            guest = guest_of(request)
            status = error.code or 404
            response = render(
                request, guest, "note.html", status=status, title="missing", note="missing_note"
            )
        return response(environ, start_response)

    def home(self, request: Request, guest: Guest) -> Response:
        """Show the goods."""
        self._tell("page_view", request, guest, surface="mall-home")
        return render(request, guest, "home.html", goods=goods().values())

    def goods_page(self, request: Request, guest: Guest, sku: str) -> Response:
        """Show one thing to buy, and tell that it was looked at."""
        one = goods().get(sku)
        if one is None:
            return render(
                request, guest, "note.html", status=404, title="missing", note="missing_note"
            )
        self._tell("product_view", request, guest, surface="mall-product", details={"sku": sku})
        return render(request, guest, "goods.html", one=one, stores=shop()["store"])

    def buy(self, request: Request, guest: Guest) -> Response:
        """Take the order, hand it over, and lead to its result."""
        one = goods().get(request.form.get("sku", ""))
        if one is None:
            return render(
                request, guest, "note.html", status=404, title="missing", note="missing_note"
            )
        order = _order(one, request, guest)
        if not self.product.order(order):
            return render(
                request, guest, "note.html", status=502, title="not_handed", note="not_handed_note",
                again=f"/p/{one['sku']}",
            )  # fmt: skip
        with self.lock:
            while len(self.orders) >= MOST_ORDERS:
                self.orders.pop(next(iter(self.orders)))
            self.orders[order["order_no"]] = Order(order, guest.visitor)
        return remember(redirect(f"/result/{order['order_no']}", 303), guest)

    def result(self, request: Request, guest: Guest, order_no: str) -> Response:
        """Show the result of an order; an entry only when the product says so."""
        kept = self._order_of(order_no, guest)
        if kept is None:
            return render(
                request, guest, "note.html", status=404, title="no_order", note="no_order_note"
            )
        kept.offer = self.product.offer(order_no=order_no, place="order_result", **guest.identity)
        self._tell_entry("result_view", request, guest, kept)
        return render(request, guest, "result.html", order=kept.order, offer=kept.offer)

    def entry_click(self, request: Request, guest: Guest, order_no: str) -> Response:
        """Tell that the entry was clicked and lead to the product's page."""
        kept = self._order_of(order_no, guest)
        if kept is None or not kept.offer.get("shown"):
            return redirect(f"/result/{order_no}", 303)
        self._tell_entry("entry_click", request, guest, kept)
        return redirect(kept.offer["url"], 303)

    def mini(self, request: Request, guest: Guest) -> Response:
        """Stand in for a mini program that shows the guide of an entry (`t` is the entry's token)."""
        offer = self.product.offer(token=request.args.get("t", ""), **guest.identity)
        return render(request, guest, "mini.html", offer=offer)

    def mini_add(self, request: Request, guest: Guest) -> Response:
        """Tell that the mini program's button was clicked and lead to WeCom."""
        token = request.args.get("t", "")
        offer = self.product.offer(token=token, **guest.identity)
        if not offer.get("shown"):
            return redirect(f"/mini?t={token}" if token.isascii() else "/mini", 303)
        known = {"entry": offer["entry"], "store_code": offer["store_code"]}
        self._tell("add_click", request, guest, surface="mall-mini", **known)
        return redirect(offer["add_url"], 303)

    def login(self, request: Request, guest: Guest) -> Response:
        """Let a demo's visitor choose who to be."""
        if "u" in request.args:
            return remember(redirect("/", 303), guest)
        return render(request, guest, "login.html", people=people(self.sandbox_url))

    def till_page(self, request: Request, guest: Guest, what: str) -> Response:
        """Answer another system of the retailer."""
        with self.lock:
            orders = [kept.order for kept in self.orders.values()]
        return self.till.answer(request, what, orders)

    def stylesheet(self, request: Request, guest: Guest) -> Response:
        """Give the one stylesheet."""
        return Response((HERE / "mall.css").read_bytes(), mimetype="text/css")

    def health(self, request: Request, guest: Guest) -> Response:
        """Say that the mall is up."""
        return Response("ok")

    def _order_of(self, order_no: str, guest: Guest) -> Order | None:
        kept = self.orders.get(order_no)
        # An order is its buyer's business alone.
        return kept if kept is not None and kept.buyer == guest.visitor else None

    def _tell(self, kind: str, request: Request, guest: Guest, **fields: Any) -> None:
        self.product.event(
            kind, parameter=guest.parameter, url=request.path, **guest.identity, **fields
        )

    def _tell_entry(self, kind: str, request: Request, guest: Guest, kept: Order) -> None:
        self._tell(
            kind, request, guest, surface="mall-result", place="order_result",
            entry=kept.offer.get("entry", ""), store_code=kept.order.get("store_code", ""),
            order_no=kept.order["order_no"],
        )  # fmt: skip


def _order(one: dict[str, Any], request: Request, guest: Guest) -> dict[str, Any]:
    colour = request.form.get("colour", "")
    line = {
        "sku": one["sku"], "name": one["name"], "size": one["size"], "quantity": 1, "amount": one["price"],
        "colour": colour if colour in one["colours"] else one["colours"][0],
    }  # fmt: skip
    now = datetime.now(UTC)
    order = {
        "order_no": f"MALL{now:%Y%m%d%H%M%S}{secrets.randbelow(10**6):06d}",
        "paid_at": now.isoformat(timespec="seconds"),
        "amount": one["price"],
        "unionid": guest.unionid,
        "store_code": request.form.get("store") or guest.store,
        "channel": shop()["channel"],
        "parameter": request.form.get(GUIDE_NAME) or guest.parameter,
        "lines": [line],
    }
    return {name: value for name, value in order.items() if value}
