"""The retailer's shop sends what members bought and own, by the partner API."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone

from scrm.demo.names import names
from scrm.demo.story.goods_pictures import picture
from scrm.demo.story.play import Play

BUYERS = 40
ORDERS_MOST = 4


def members_of_customers(play: Play) -> list[dict[str, Any]]:
    """Return the CRM members who have added a guide, each with the person, in the order of the people."""
    people = {person["unionid"]: person for person in play.people}
    added = {row["person_id"] for row in play.simulator.get("ledger/relations")}
    rows = [
        row | {"person": people[row["unionid"]]}
        for row in play.made["members"].rows
        if row["unionid"] in people and people[row["unionid"]]["id"] in added
    ]
    return sorted(rows, key=lambda row: str(row["person"]["id"]))


def purchases_arrive(play: Play) -> None:
    """Goods with stock and pictures; orders, assets, tags and services of 40 customers; what each spent is
    kept for later steps.
    """
    report = play.report
    buyers = members_of_customers(play)[:BUYERS]
    orders = [order for number, buyer in enumerate(buyers) for order in _orders(number, buyer)]
    goods = [
        {name: each[name] for name in ("sku", "name", "category", "size", "price")}
        | {"colour": " / ".join(each["colours"])}
        for each in names()["goods"]
    ]
    assets = [asset for number, buyer in enumerate(buyers) for asset in _assets(number, buyer)]
    batches = {
        "goods": goods,
        "stock": _stock(sorted({buyer["store_code"] for buyer in buyers})),
        "orders": orders,
        "assets": assets,
        "member_tags": [_tags(number, buyer) for number, buyer in enumerate(buyers)],
        "services": [_service(number, buyer) for number, buyer in enumerate(buyers)],
    }
    for kind, rows in batches.items():
        answer = play.partner.post(reverse(f"api:{kind}_batch"), {kind: rows})
        report.equal(f"{kind} taken", (answer["created"], answer["failed"]), (len(rows), 0))
    goods_pictured(play)
    play.made["buyers"] = buyers
    play.made["orders"] = orders


def goods_pictured(play: Play) -> None:
    """HQ gives each thing of the shop a picture, through the console's form; each is then given out."""
    html = play.hq.page(reverse("goods:list"))
    pages = dict.fromkeys(re.findall(rf'href="({reverse("goods:list")}[0-9a-f-]{{36}}/)"', html))
    for page in pages:
        sku = re.search(r"<code>([^<]+)</code>", play.hq.page(page))
        name = next(each["picture"] for each in names()["goods"] if sku and each["sku"] == sku[1])
        play.hq.send(page, {}, {"picture": (f"{name}.png", picture(name))})
    play.report.equal("goods with a picture", len(pages), len(names()["goods"]))


def _orders(number: int, buyer: dict[str, Any]) -> list[dict[str, Any]]:
    shelf, channels = names()["goods"], names()["shop"]["channels"]
    made = []
    for turn in range(1 + number % ORDERS_MOST):
        lines = [
            _line(shelf[(number + turn * 3 + place) % len(shelf)], number + turn)
            for place in range(1 + turn % 2)
        ]
        paid_at = timezone.now() - timedelta(days=6 + number * 2 + turn * 61, hours=number % 9)
        made.append(
            {
                "order_no": f"SO{number:04d}{turn:02d}",
                "paid_at": paid_at.isoformat(timespec="seconds"),
                "amount": str(sum(Decimal(line["amount"]) for line in lines)),
                "member_no": buyer["member_no"],
                "unionid": buyer["unionid"],
                "store_code": buyer["store_code"],
                "channel": channels[turn % len(channels)],
                "lines": lines,
            }
        )
    return made


def _stock(store_codes: list[str]) -> list[dict[str, Any]]:
    now = timezone.now().isoformat(timespec="seconds")
    return [
        {"sku": goods["sku"], "store_code": code, "quantity": (place * 7 + number * 3) % 9, "observed_at": now}
        for number, code in enumerate(store_codes)
        for place, goods in enumerate(names()["goods"])
    ]  # fmt: skip


def tags_of(number: int) -> set[str]:
    """Return the tags the member system has of a buyer."""
    words = names()["shop"]["tags"]
    return {words[number % len(words)], words[(number * 3 + 1) % len(words)]}


def _tags(number: int, buyer: dict[str, Any]) -> dict[str, Any]:
    return {"member_no": buyer["member_no"], "tags": sorted(tags_of(number))}


def _service(number: int, buyer: dict[str, Any]) -> dict[str, Any]:
    words = names()["shop"]["services"]
    served_at = timezone.now() - timedelta(days=4 + number, hours=number % 8)
    return {
        "service_no": f"SV{number:05d}",
        "kind": words[number % len(words)],
        "title": words[number % len(words)],
        "member_no": buyer["member_no"],
        "order_no": f"SO{number:04d}00",
        "store_code": buyer["store_code"],
        "served_at": served_at.isoformat(timespec="seconds"),
        "rating": 5 - number % 2,
    }


def _line(goods: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        "sku": goods["sku"], "name": goods["name"], "size": goods["size"],
        "colour": goods["colours"][number % len(goods["colours"])], "quantity": 1, "amount": goods["price"],
    }  # fmt: skip


def _assets(number: int, buyer: dict[str, Any]) -> list[dict[str, Any]]:
    words, member_no = names()["shop"], buyer["member_no"]
    made: list[dict[str, Any]] = [
        {"member_no": member_no, "kind": "points", "title": words["points"], "amount": str(120 + number * 35)}
    ]  # fmt: skip
    if number % 2 == 0:
        ends = (timezone.localdate() + timedelta(days=20 + number)).isoformat()
        made.append(
            {"member_no": member_no, "kind": "coupon", "code": f"CP{number:05d}", "title": words["coupon"],
             "amount": "200", "expires_on": ends}
        )  # fmt: skip
    return made
