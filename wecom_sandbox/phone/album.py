"""The corp's product album on a guide's phone, and sending a product to a customer."""

from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.contacts import members
from wecom_sandbox.customers import chats, follows
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.marketing import products
from wecom_sandbox.sandbox import Sandbox

_CUSTOMERS = 200

pages.menu_entry("guide", "Product album", "/phone/m/{id}/album")


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/phone/m/<userid>/album", endpoint=album, methods=["GET"]),
        Rule("/phone/m/<userid>/album/<product_id>", endpoint=product, methods=["GET", "POST"]),
        Rule("/album/<product_id>", endpoint=public, methods=["GET"]),
    ]


def album(sandbox: Sandbox, request: Request, userid: str) -> Response:
    """All products."""
    member = members.find(sandbox.store, userid)
    if member is None:
        return pages.nobody(sandbox, request)
    rows = sandbox.store.rows("SELECT * FROM products ORDER BY serial DESC")
    listed = [products.shown(row) for row in rows]
    return pages.render(sandbox, request, "album.html", member=member, products=listed)


def product(sandbox: Sandbox, request: Request, userid: str, product_id: str) -> Response:
    """One product, and the customers it can be sent to."""
    member = members.find(sandbox.store, userid)
    shown = _find(sandbox, product_id)
    if member is None or shown is None:
        return pages.nobody(sandbox, request)
    if request.method == "POST":
        person_id = request.form.get("person_id", "")
        message = {
            "msgtype": "news",
            "news": {
                "title": shown["description"][:64],
                "link": f"{sandbox.public_url or request.host_url.rstrip('/')}/album/{product_id}",
                "desc": f"¥{shown['price'] / 100:.2f}",
            },
        }
        try:
            chats.say(sandbox, member["userid"], person_id, message)
        except NotPossibleError:
            return pages.nobody(sandbox, request)
        return pages.redirect(f"/phone/m/{member['userid']}/c/{person_id}/chat#end")
    customers = follows.of_members(sandbox.store, [member["userid"]], limit=_CUSTOMERS)
    return pages.render(
        sandbox, request, "album_product.html", member=member, product=shown, customers=customers
    )


def public(sandbox: Sandbox, request: Request, product_id: str) -> Response:
    """The product as a customer sees it who opens what he was sent."""
    shown = _find(sandbox, product_id)
    if shown is None:
        return pages.nobody(sandbox, request)
    return pages.render(sandbox, request, "album_public.html", product=shown)


def _find(sandbox: Sandbox, product_id: str) -> dict[str, Any] | None:
    try:
        return products.shown(products.need(sandbox.store, product_id))
    except WeComError:
        return None
