"""What a demo shows beyond the story: more sends and views, promises to keep, the default welcome."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from scrm.demo.names import names
from scrm.demo.story import phones, purchases
from scrm.demo.story.guide_phone import CustomerPhone, GuidePhone
from scrm.demo.story.play import Play

GUIDES = 5
SENDS_A_GUIDE = 4
BEATS = 3
PAUSE = 2.5
# Everybody but every fourth opens what she was sent; every third passes it on.
UNREAD, PASSED_ON = 4, 3


def default_welcome(play: Play) -> None:
    """Save the welcome that holds where no other does, before anybody scans."""
    play.report.step("+  the default welcome")
    play.hq.send(
        reverse("welcome:create"),
        {"store_code": "", "text": names()["default_welcome"]["text"], "is_active": "on"},
    )


def more_to_look_at(play: Play) -> None:
    """Fill the rooms that the story leaves thin, by the same doors."""
    play.report.step("+  more for the demo to show")
    pages = [page for guide in _guides(play) for page in _busy_day(play, *guide)]
    with ThreadPoolExecutor(len(pages)) as readers:
        list(readers.map(_read, pages))
    play.settle()
    play.report.note("materials sent and read", len(pages))


def _guides(play: Play) -> list[tuple[GuidePhone, list[dict[str, Any]]]]:
    """Return guides with customers who are members, the one of step 5 first."""
    active = play.simulator.get("ledger/relations", status="active")
    by_person = {row["person_id"]: row for row in active}
    customers: dict[str, list[dict[str, Any]]] = {}
    for member in purchases.members_of_customers(play):
        if member["person"]["id"] not in by_person:
            continue
        relation = by_person[member["person"]["id"]]
        named = member | {"external_userid": relation["external_userid"]}
        customers.setdefault(relation["userid"], []).append(named)
    first = play.made["guide"]
    others = [userid for userid in customers if userid != first.userid][: GUIDES - 1]
    return [
        (first, customers[first.userid]),
        *((phones.phone_of(play, userid), customers[userid]) for userid in others),
    ]


def _busy_day(play: Play, guide: GuidePhone, customers: list[dict[str, Any]]) -> list[str]:
    """Send a few materials and promise to come back; returns the pages that are read afterwards, with repeats."""
    # The last one waits for a reviewer, so nobody finds it.
    titles = [each["title"] for each in names()["library"]["material"][:-1]]
    first = len(customers) + int("0" + "".join(filter(str.isdigit, guide.userid)))
    pages = []
    for number in range(SENDS_A_GUIDE):
        customer = customers[number % len(customers)]
        link = phones.send(play, guide, titles[(first + number) % len(titles)], customer)
        # A text or a mini program is no page of ours: nobody knows who reads it.
        readers = int(number % UNREAD > 0) + int(number % PASSED_ON == 0)
        pages += [link] * readers if link else []
    _promise(guide, customers[0], number=len(guide.userid) + len(customers))
    return pages


def _promise(guide: GuidePhone, customer: dict[str, Any], number: int) -> None:
    path = reverse("h5:side_bar_customer", args=[customer["external_userid"]])
    contact = guide.page(path).partition("/h5/customers/")[2].partition("/")[0]
    notes = names()["follow_up"]["notes"]
    day = timezone.localdate() + timedelta(days=number % 3)
    fields = {"text": notes[number % len(notes)], "next_on": day.isoformat()}
    guide.post(reverse("h5:note", args=[contact]), fields)


def _read(address: str) -> None:
    phone = CustomerPhone()
    phone.open(address)
    for beat in range(BEATS):
        time.sleep(PAUSE if beat else 0)
        phone.stay()
