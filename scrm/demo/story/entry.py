"""Step 10: an entry of the mall leads buyers to the guides of their store."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.urls import reverse

from scrm.demo import figures, stack
from scrm.demo.mall.pages import shop
from scrm.demo.names import names
from scrm.demo.story.play import Play
from scrm.demo.story.shopper import Shopper

CODE = "order-gift"
BUYERS, GUESTS, STRANGERS = 36, 3, 2
HANDS = 8
JOB_WITHIN = 60.0
# What the buyers do, by number: all but every fourth click, half of those press the code long and add,
# every fifth comes back to the page.
CLICKS: Callable[[int], bool] = lambda number: number % 4 != 3  # noqa: E731
ADDS: Callable[[int], bool] = lambda number: CLICKS(number) and number % 2 == 0  # noqa: E731
RETURNS: Callable[[int], bool] = lambda number: CLICKS(number) and number % 5 == 0  # noqa: E731


def entry_leads(play: Play) -> None:
    """Hidden, then shown after HQ's check; the figures equal a recount of what people did."""
    report = play.report
    report.step("10 an entry on the order result page")
    play.made["entry_page"] = make_entry(play)
    store = play.files.store_codes[-1]
    first = _shopper(play, play.fresh_people(1)[0])
    report.equal(
        "entry before HQ's check",
        (first.buy(_sku(0), store), _reason(play, store)),
        ("", "store_hidden"),
    )
    check_store(play, store)
    report.equal("entry after HQ's check", _reason(play, store), "")
    buyers = play.fresh_people(BUYERS)
    begun = time.monotonic()
    with ThreadPoolExecutor(HANDS) as hands:
        links = list(
            hands.map(lambda number: _buyer(play, store, number, buyers[number]), range(BUYERS))
        )
        list(hands.map(lambda number: _guest(play, store, number), range(GUESTS)))
    link = next(link for link in links if link)
    for stranger in play.fresh_people(STRANGERS):
        # Somebody passed the picture on: added, but never on the page.
        play.simulator.post("scan", link=link, person_id=stranger["id"])
    report.note("seconds for all visits", round(time.monotonic() - begun, 1))
    play.settle()
    _recount(play, store, [person["id"] for number, person in enumerate(buyers) if ADDS(number)])


def make_entry(play: Play) -> str:
    """HQ makes an entry by the console's form and checks its words; returns its page."""
    words = names()["entry"]
    page = play.hq.send(
        reverse("entries:create"),
        {**words, "code": CODE, "place": "order_result", "hook": "benefit", "mini_program_url": ""},
    ).url
    play.hq.send(f"{page}switch/", {"shown": "1"}, page=page)
    return page


def check_store(play: Play, store_code: str) -> None:
    """HQ checks one store."""
    check_stores(play, [store_code])


def mall_stores_show(play: Play) -> None:
    """The stores the demo mall offers show the entry too, so that a person can buy there by hand."""
    play.report.step("+  the entry at the mall's stores")
    check_stores(play, [str(each["code"]) for each in shop()["store"]])


def check_stores(play: Play, store_codes: Sequence[str]) -> None:
    """HQ ticks these stores and checks them; a job makes a code for each."""
    page = play.made["entry_page"]
    stores = [str(figures.store_id(code)) for code in store_codes]
    job = play.hq.send(f"{page}stores/", {"act": "show", "stores": stores}, page=page).url
    stack.wait_for(lambda: figures.job(job)["state"] in figures.ENDED, JOB_WITHIN, pause=0.3)
    done = figures.job(job)
    play.report.equal(
        "codes made by the check", (done["state"], done["succeeded"]), ("done", len(stores))
    )


def _buyer(play: Play, store: str, number: int, person: dict[str, Any]) -> str:
    shopper = _shopper(play, person)
    shopper.browse(_sku(number))
    shopper.buy(_sku(number), store)
    if not CLICKS(number):
        return ""
    shopper.click_entry()
    if RETURNS(number):
        shopper.open_again()
    if not ADDS(number):
        return ""
    link = shopper.press_code()
    play.simulator.post("scan", link=link, person_id=person["id"])
    return link


def _guest(play: Play, store: str, number: int) -> None:
    """Buy and click without a unionid: one more visitor on each page, nobody who is added."""
    shopper = Shopper(play.environment.mall_url)
    shopper.buy(_sku(number), store)
    shopper.click_entry()


def _recount(play: Play, store: str, added: Sequence[str]) -> None:
    report, found = play.report, figures.entry(CODE)
    clickers = sum(map(CLICKS, range(BUYERS)))
    state = figures.entry_token(CODE, store)
    ledger = [row for row in play.simulator.get("ledger/relations") if row["state"] == state]
    report.equal(
        "customers of the code in WeCom",
        len({row["person_id"] for row in ledger}),
        len(added) + STRANGERS,
    )
    report.equal("saw the page with the entry", found["viewers"], BUYERS + GUESTS)
    report.equal("clicked the entry", found["entry_clickers"], clickers + GUESTS)
    report.equal("saw the lead-in page", found["leadin_viewers"], clickers + GUESTS)
    report.equal("clicked to add", found["add_clickers"], len(added))
    report.equal("added", found["added"], len({row["person_id"] for row in ledger}))
    report.equal("added without a visit", found["unmatched"], STRANGERS)
    wanted = (
        _percent(clickers + GUESTS, BUYERS + GUESTS),
        _percent(len(added), clickers + GUESTS),
        _percent(len(added) + STRANGERS, clickers + GUESTS),
    )
    names_of_rates = "entry click rate, add click rate, add rate in %"
    report.equal(
        names_of_rates,
        (found["entry_click_rate"], found["add_click_rate"], found["add_rate"]),
        wanted,
    )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1)


def _shopper(play: Play, person: dict[str, Any]) -> Shopper:
    return Shopper(play.environment.mall_url, str(person["unionid"]))


def _sku(number: int) -> str:
    shelf = names()["goods"]
    return str(shelf[number % len(shelf)]["sku"])


def _reason(play: Play, store_code: str) -> str:
    """Return why the product does not offer the entry at a store; "" when it does."""
    answer = play.partner.post(
        reverse("api:entry_offers"), {"store_code": store_code, "entry": CODE}
    )
    return str(answer.get("reason", ""))
