"""Where the stores are and when they are open; one closed for a while, and a branch that has a file to repair."""

import io
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from contacts.org.columns import columns, template_headers
from scrm.demo import figures
from scrm.demo.names import names
from scrm.demo.oa_files import Department
from scrm.demo.story.doors import Browser
from scrm.demo.story.play import Play
from scrm.demo.users import ensure_users

# Stores of one city lie this many degrees apart, some 2 km.
APART = 0.018
SHUT, SHUT_DAYS = 7, 10
DEALER, BRANCH = "D01", "B01"


def stores_are_described(play: Play) -> None:
    """HQ sends in the file of addresses, places and hours, and closes one store for a while."""
    report = play.report
    report.step("2b stores say where they are and when they are open")
    stores = [each for each in play.files.departments if each.kind == "store"]
    rows = [_row(store, number) for number, store in enumerate(stores)]
    _units_sent(play, "stores.xlsx", rows)
    report.equal("stores with their place", figures.placed_stores(), len(stores))
    _close_for_a_while(play, stores[SHUT].store_code)


def _units_sent(play: Play, filename: str, rows: Sequence[Sequence[str]]) -> None:
    """HQ sends in a file of units and takes over what its page shows."""
    headers = [header for _field, header in template_headers("units")]
    preview = play.hq.send(
        reverse("org:units_import"),
        {"existing": "update"},
        {"file": (filename, _workbook(headers, rows))},
    ).url
    play.hq.send(f"{preview.rstrip('/')}/apply/", {}, page=preview)


def _row(store: Department, number: int) -> list[str]:
    words = names()["stores"]
    city = next(city for city in words["city"] if store.name.startswith(city["name"]))
    latitude = float(city["latitude"]) + APART * (number // 5 % 3)
    longitude = float(city["longitude"]) + APART * (number // 15)
    address = f"{city['name']}{words['street'][number % len(words['street'])]}{number * 7 + 3}{words['number']}"
    hours = words["hours"][number % len(words["hours"])]
    return [
        store.store_code, store.name, names()["departments"]["store"], store.parent, f"CRM{store.store_code}",
        address, f"{latitude:.6f}", f"{longitude:.6f}", "GCJ-02", hours,
    ]  # fmt: skip


def _close_for_a_while(play: Play, store_code: str) -> None:
    """HQ says on the store's page from when to when it is closed, and why."""
    path = reverse("org:site", args=[figures.store_id(store_code)])
    today = timezone.localdate()
    fields = figures.site_fields(store_code) | {
        "shut_from": today.isoformat(),
        "shut_until": (today + timedelta(days=SHUT_DAYS)).isoformat(),
        "shut_reason": names()["stores"]["shut_reason"],
    }
    play.hq.send(path, fields)
    play.report.equal("stores closed for a while", figures.shut_stores(), [store_code])


def branch_sends_in(play: Play) -> None:
    """A branch sends in bindings, some of them wrong; the file waits for HQ, its refused rows for the branch."""
    play.report.step("+  a branch has a file to repair")
    # The branch's log-in could be given its reach only once the OA had named the branch.
    ensure_users(play.environment.values["SCRM_DEMO_PASSWORD"])
    branch = Browser(
        play.environment.web_url, "branch", play.environment.values["SCRM_DEMO_PASSWORD"]
    )
    own = [each for each in play.files.departments if each.kind == "store" and each.parent == "B01"]
    guides = [(store.store_code, play.files.guides(store.store_code)) for store in own[:3]]
    rows = [[code, people[-1].userid, "1"] for code, people in guides]
    rows += [[rows[0][0], names()["stores"]["unknown_account"], "2"], ["MD9999", rows[1][1], "1"]]
    branch.send(
        reverse("org:import"),
        {"existing": "update"},
        {"file": (names()["stores"]["branch_file"], _workbook(names()["bindings"]["headers"], rows))},
    )  # fmt: skip


def dealer_joins(play: Play) -> None:
    """HQ adds a dealer of a branch with two stores the OA does not know; nobody serves them yet."""
    report, words = play.report, names()["stores"]
    report.step("+  a dealer joins with two stores")
    kinds = columns()["kinds"]
    rows = [_bare(DEALER, words["dealer"], kinds["dealer"][0], BRANCH)]
    rows += [
        _bare(f"{DEALER}{number:02d}", name, kinds["store"][0], DEALER)
        for number, name in enumerate(words["dealer_stores"], 1)
    ]
    _units_sent(play, words["dealer_file"], rows)
    report.equal("stores of the dealer", figures.stores_below(DEALER), len(rows) - 1)


def _bare(code: str, name: str, kind: str, above: str) -> list[str]:
    """Return a unit of which no more is known."""
    return [code, name, kind, above, "", "", "", "", "", ""]


def _workbook(headers: Sequence[Any], rows: Sequence[Sequence[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("1")
    for row in [headers, *rows]:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
