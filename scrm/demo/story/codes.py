"""Stores get their accounts, and a live code is made."""

import io
from typing import Any

import zxingcpp
from django.urls import reverse
from openpyxl import Workbook
from PIL import Image

from scrm.demo import figures, stack
from scrm.demo.names import names
from scrm.demo.story.play import Play

# A live code holds at most 100 accounts in WeCom; three guides of every second store are enough.
GUIDES_A_STORE = 2


def stores_and_live_code(play: Play) -> None:
    """Step 2: members activate, HQ binds stores by file, makes a live code; its picture decodes."""
    report = play.report
    report.step("2  stores are bound, a live code is made")
    activate(play)
    bind_stores(play)
    make_tags(play)
    make_live_code(play)


def activate(play: Play) -> None:
    """Everyone logs in to WeCom for the first time; our mirror follows by callbacks."""
    play.simulator.post("activate", all=True)
    play.settle()
    wanted = len(play.files.employees)
    stack.wait_for(lambda: figures.can_follow_count() >= wanted, 30)
    play.report.equal("accounts that may meet customers", figures.can_follow_count(), wanted)


def bind_stores(play: Play) -> None:
    """HQ sends the file of bindings and approves it."""
    rows = [
        (store, employee.userid, place)
        for store in play.files.store_codes
        for place, employee in enumerate(play.files.guides(store), 1)
    ]
    preview = play.hq.send(
        reverse("org:import"),
        {"existing": "update"},
        {"file": ("bindings.xlsx", _workbook(rows))},
    ).url
    play.hq.send(f"{preview.rstrip('/')}/approve/", {}, page=preview)
    expected = {(store, userid) for store, userid, _place in rows}
    play.report.equal("accounts bound to stores", figures.bound_accounts(), expected)


def make_tags(play: Play) -> None:
    """HQ makes a group of tags in WeCom."""
    words = names()["live_code"]
    play.hq.send(
        reverse("tags:create"),
        {"group_name": words["tag_group"], "names": "\n".join(words["tags"])},
    )
    ledger = play.simulator.get("ledger/tags")
    made = [
        tag["id"]
        for group in ledger
        if group["group_name"] == words["tag_group"]
        for tag in group["tag"]
    ]
    play.report.equal("tags in WeCom", len(made), len(words["tags"]))
    play.made["tag_ids"] = made


def make_live_code(play: Play) -> None:
    """HQ makes a live code with tags, remark and welcome; WeCom's picture holds WeCom's link."""
    report, words = play.report, names()["live_code"]
    userids = [
        e.userid
        for store in play.files.store_codes
        for e in play.files.guides(store)[:GUIDES_A_STORE]
    ]
    play.hq.send(
        reverse("live_codes:create"),
        {
            "name": words["name"],
            "members": figures.member_ids(userids),
            "tags": play.made["tag_ids"],
            "remark_suffix": words["remark_suffix"],
            "welcome_text": words["welcome"],
            "skip_verify": "on",
        },
    )
    play.settle()
    code = figures.live_code()
    play.made["config_id"] = code["config_id"]
    ledger = {row["config_id"]: row for row in play.simulator.get("ledger/contact_ways")}
    report.equal("live code in WeCom", code["config_id"] in ledger, True)
    report.equal("accounts of the code", sorted(ledger[code["config_id"]]["user"]), sorted(userids))
    report.equal("the picture decodes to WeCom's link", decoded(play, code), code["link"])


def decoded(play: Play, code: dict[str, Any]) -> str:
    """Return the text in WeCom's own picture of the code."""
    picture = play.simulator.session.get(code["qr_code_url"], timeout=20).content
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(picture)))
    return found.text if found else ""


def _workbook(rows: list[tuple[str, str, int]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("1")
    sheet.append(names()["bindings"]["headers"])
    for row in rows:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
