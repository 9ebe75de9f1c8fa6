"""Customers scan the live code; what WeCom knows afterwards is exactly what we know."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from scrm.demo import figures
from scrm.demo.names import names
from scrm.demo.story.play import Play

CUSTOMERS = 200
WITHIN = 30.0
HANDS = 16

Pair = tuple[str, str]


def customers_scan(play: Play) -> None:
    """Step 3: 200 customers within 30 s; stored, tagged, remarked, welcomed once."""
    report = play.report
    report.step("3  200 customers scan the live code")
    people = play.people[:CUSTOMERS]
    seconds = scan(play, people, WITHIN * 0.8)
    report.note("seconds for all scans", round(seconds, 1))
    report.equal("scans within 30 s", seconds < WITHIN, True)
    begun = time.monotonic()
    play.settle()
    report.note("seconds until all was done", round(time.monotonic() - begun, 1))
    equal_to_ledger(play, CUSTOMERS)


def deliveries_repeat(play: Play) -> None:
    """Step 3, continued: every callback comes twice more, in another order; nothing may change."""
    report = play.report
    report.step("3b every delivery again, twice, shuffled")
    stored = figures.inbox_events()
    queued = play.simulator.post("redeliver", times=2, shuffle=True, seed=7)["queued"]
    report.note("deliveries repeated", queued)
    play.settle()
    report.equal("callbacks stored", figures.inbox_events(), stored)
    equal_to_ledger(play, CUSTOMERS)


def scan(play: Play, people: Sequence[Mapping[str, Any]], seconds: float) -> float:
    """Let these people scan the story's live code, spread evenly over some seconds; return how long it took."""
    begun = time.monotonic()
    config_id = play.made["config_id"]

    def one(number: int) -> Any:
        delay = begun + number * seconds / len(people) - time.monotonic()
        time.sleep(max(0.0, delay))
        return play.simulator.post("scan", config_id=config_id, person_id=people[number]["id"])

    with ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(one, range(len(people))))
    return time.monotonic() - begun


def ledger_relations(play: Play) -> dict[Pair, dict[str, Any]]:
    """Return what WeCom holds of every pair; the newest relation where there were several."""
    return {
        (row["userid"], row["external_userid"]): {
            "active": row["status"] == "active",
            "remark": row["remark"],
            "tags": sorted(row["tags"]),
            "state": row["state"],
        }
        for row in play.simulator.get("ledger/relations")
    }


def ledger_welcomes(play: Play) -> dict[Pair, int]:
    """Return how many welcomes WeCom accepted for each pair."""
    rows = play.simulator.get("ledger/welcomes")
    return dict(Counter((row["userid"], row["external_userid"]) for row in rows if row["sent_at"]))


def equal_to_ledger(play: Play, customers: int) -> None:
    """Compare both sides field by field; raises WrongFigureError at the first difference."""
    report = play.report
    ledger = ledger_relations(play)
    report.equal("relations in WeCom", len(ledger), customers)
    report.equal("relations, remarks and tags equal to WeCom's", figures.relations(), ledger)
    tags = sorted(play.made["tag_ids"])
    suffix = names()["live_code"]["remark_suffix"]
    right = sum(row["tags"] == tags and row["remark"].endswith(suffix) for row in ledger.values())
    report.equal("with the code's tags and remark", right, customers)
    once = dict.fromkeys(ledger, 1)
    report.equal("welcomed once, says WeCom", ledger_welcomes(play), once)
    report.equal("welcomed once, say we", figures.welcomes(), {pair: ["sent"] for pair in ledger})
    report.equal("add episodes, one a pair", figures.episodes(), once)
    waiting = figures.queues()
    stuck = {name: waiting[name] for name in ("inbox_quarantined", "outbox_failed")}
    report.equal("stuck callbacks and sendings", stuck, dict.fromkeys(stuck, 0))
