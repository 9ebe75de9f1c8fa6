"""Step 11: the till and the mall are asked what they hold; CRM sources take it over."""

from collections.abc import Mapping

from django.urls import reverse

from scrm.demo import customer_figures, stack
from scrm.demo.mall.till import MAPPINGS, SALES, STOCK, pieces
from scrm.demo.names import names
from scrm.demo.story.doors import Browser
from scrm.demo.story.play import Play

PATIENCE = 90


def till_is_asked(play: Play) -> None:
    """Connect, map, read: the stock is the till's; the mall's orders are known already, each once."""
    report, words = play.report, names()["till"]
    report.step("11 the till is asked for its stock, the mall for its orders")
    it = Browser(play.environment.web_url, "it", play.environment.values["SCRM_DEMO_PASSWORD"])
    _connected(play, it, words["stock"], "stock", STOCK)
    found = _read(play, words["stock"])
    till = {(row["goods"]["no"], row["shopNo"]): row["pieces"] for row in pieces()}
    report.equal("rows of the till taken", (found["taken"], found["refused"]), (len(till), 0))
    ours = customer_figures.stock()
    report.equal(
        "pieces by store, as the till has them", {key: ours.get(key) for key in till}, till
    )
    _connected(play, it, words["sales"], "orders", SALES, lines_path="lines")
    before = customer_figures.orders()
    found = _read(play, words["sales"])
    report.equal("orders of the mall refused", found["refused"], 0)
    report.equal("orders after the mall was asked, as before", customer_figures.orders(), before)


def _connected(play: Play, it: Browser, name: str, kind: str, what: str, **more: str) -> None:
    settings = {
        "name": name, "kind": kind, "origin": play.environment.mall_url, "path": f"/till/{what}",
        "auth": "bearer", "secret": play.environment.values["SCRM_TILL_KEY"], "rows_path": "data.rows",
        "ok_check": "code=0", "paging": "page", "page_param": "page", "size_param": "size", "size": "200",
        "first_page": "1", "total_path": "data.total", "rhythm": "off", "daily_at": "03:00", **more,
    }  # fmt: skip
    mapping = it.send(reverse("intake:source_new"), settings).url
    chosen: Mapping[str, str] = MAPPINGS[what]
    detail = it.send(mapping, chosen).url
    play.made.setdefault("sources", {})[name] = detail


def _read(play: Play, name: str) -> dict[str, int]:
    """HQ reads a source now; returns what its imports brought."""
    page = play.made["sources"][name]
    job = play.hq.send(f"{page.rstrip('/')}/read/", {}, page=page).url
    stack.wait_for(lambda: customer_figures.job_ended(job), PATIENCE, pause=0.3)
    stack.wait_for(lambda: not customer_figures.source_jobs(name)["active"], PATIENCE, pause=0.3)
    found = customer_figures.source_jobs(name)
    play.report.note("records read", found["records"])
    return found
