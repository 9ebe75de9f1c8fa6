"""The retailer's shop sends what members bought and own, by the partner API."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone

from scrm.demo.names import names
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
    """Goods, orders, points and coupons of 40 customers; what each spent is kept for later steps."""
    report = play.report
    buyers = members_of_customers(play)[:BUYERS]
    orders = [order for number, buyer in enumerate(buyers) for order in _orders(number, buyer)]
    goods = [
        {name: each[name] for name in ("sku", "name", "category", "size", "price")}
        for each in names()["goods"]
    ]
    assets = [asset for number, buyer in enumerate(buyers) for asset in _assets(number, buyer)]
    for kind, rows in (("goods", goods), ("orders", orders), ("assets", assets)):
        answer = play.partner.post(reverse(f"api:{kind}_batch"), {kind: rows})
        report.equal(f"{kind} taken", (answer["created"], answer["failed"]), (len(rows), 0))
    play.made["buyers"] = buyers
    play.made["orders"] = orders


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
