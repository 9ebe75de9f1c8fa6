"""People who are not in the OA: a dealer sends them in, headquarters decides."""

import io
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from contacts.roster.columns import template_headers
from scrm.demo import figures, stack
from scrm.demo.names import names
from scrm.demo.story.doors import Browser
from scrm.demo.story.play import Play
from scrm.demo.users import ensure_users

# Days until the last day of each; the first of them is reminded of.
STAYS = (10, 120, 200, 200, 90)
APPROVED, REFUSED = 3, 3
SECONDS = 60


def dealer_sends_in(play: Play) -> None:
    """A dealer's file of five and a wrong row, one more by phone; HQ approves three and refuses one."""
    play.report.step("+  people who are not in the OA")
    password = play.environment.values["SCRM_DEMO_PASSWORD"]
    # The dealer's log-in could be given its reach only once the OA had named the unit.
    ensure_users(password)
    dealer = Browser(play.environment.web_url, "dealer", password)
    words, (store, sponsor) = names()["roster"], _store_and_sponsor(play)
    rows = [
        [name, f"1360000{number:04d}", words["post"], store, sponsor, _day(days), ""]
        for number, (name, days) in enumerate(zip(words["people"], STAYS, strict=True), 1)
    ]
    rows.append([words["wrong"], "136", words["post"], store, sponsor, _day(90), ""])
    preview = dealer.send(
        reverse("roster:upload"), {}, {"file": (words["file"], _workbook(rows))}
    ).url
    dealer.send(f"{preview.rstrip('/')}/send/", {}, page=preview)
    dealer.send(reverse("h5:roster"), _by_phone(store, sponsor))
    _decided(play, words["people"])


def _by_phone(store: str, sponsor: str) -> dict[str, str]:
    words = names()["roster"]
    place = figures.site_fields(store)
    return {
        "name": words["by_phone"], "phone": "13600000099", "post": words["post"], "store_code": store,
        "sponsor": sponsor, "expires_on": _day(180), "latitude": place["latitude"], "longitude": place["longitude"],
        "datum": place["datum"], "accuracy": "20",
    }  # fmt: skip


def _decided(play: Play, people: list[str]) -> None:
    ids = figures.roster_ids()
    queue = reverse("roster:queue")
    chosen = [ids[name] for name in people[:APPROVED]]
    play.hq.send(reverse("roster:approve_ticked"), {"people": chosen}, page=queue)
    refused = ids[people[REFUSED]]
    play.hq.send(
        reverse("roster:refuse", args=[refused]),
        {"note": names()["roster"]["why"]},
        page=reverse("roster:detail", args=[refused]),
    )
    stack.wait_for(lambda: figures.roster_accounts() == APPROVED, SECONDS)
    play.report.equal("accounts of people not in the OA", figures.roster_accounts(), APPROVED)


def _store_and_sponsor(play: Play) -> tuple[str, str]:
    own = [each for each in play.files.departments if each.kind == "store" and each.parent == "B02"]
    return own[0].store_code, play.files.guides(own[0].store_code)[0].userid


def _day(days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def _workbook(rows: list[list[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("1")
    for row in [[header for _field, header in template_headers()], *rows]:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
