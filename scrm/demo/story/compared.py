"""Step 12: events stay away for a while; the comparison finds every change, and both sides are equal again."""

from typing import Any

from django.urls import reverse

from scrm.demo import customer_figures, figures, stack
from scrm.demo.names import names
from scrm.demo.story.play import Play
from scrm.demo.story.scans import CUSTOMERS, ledger_relations

PATIENCE = 180
# Customers of step 3 who are no members: nobody counts on their tags and remarks later.
FIRST, EACH = 150, 4
NEW = 3

Missed = tuple[str, str, str]


def everything_is_compared(play: Play) -> None:
    """All is read once; then no callback comes for a while, and a second read lists exactly what changed."""
    report = play.report
    report.step("12 callbacks stay away; the sync finds what they did not tell")
    play.settle()
    found = _compared(play)
    report.equal(
        "the first sync, and what it misses",
        (found["outcome"], found["missed"]),
        ("complete", set()),
    )
    play.simulator.post("delivery", drop_rate=1.0)
    try:
        changed = _changes(play)
    finally:
        play.simulator.post("delivery", drop_rate=0.0)
    found = _compared(play)
    report.equal("the second sync", found["outcome"], "complete")
    report.equal("changes nobody had told, found", found["missed"], changed)
    report.equal("relations, remarks and tags equal to WeCom's", _living(figures.relations()),
                 _living(ledger_relations(play)))  # fmt: skip
    shown = play.hq.page(reverse("customer_sync:missed"))
    report.equal("HQ's page lists them", shown.count("<tr") - 1, len(changed))
    play.settle()


def _compared(play: Play) -> dict[str, Any]:
    """HQ has everything compared now; returns how it ended. What was not known before counts as no change."""
    page = play.hq.send(reverse("customer_sync:start"), {}, page=reverse("customer_sync:list")).url
    stack.wait_for(lambda: customer_figures.sync_run(page)["outcome"] != "running", PATIENCE, 0.3)
    return customer_figures.sync_run(page)


def _changes(play: Play) -> set[Missed]:
    """Guides and customers do things in WeCom; returns what a comparison has to find."""
    person_ids = {person["id"]: person for person in play.people[FIRST:CUSTOMERS]}
    rows = [
        row
        for row in play.simulator.get("ledger/relations", status="active")
        if row["person_id"] in person_ids
    ]
    rows.sort(key=lambda row: (row["person_id"], row["userid"]))
    renamed, untagged, gone = rows[:EACH], rows[EACH : 2 * EACH], rows[2 * EACH : 3 * EACH]
    for row in renamed:
        _do(play, "edit_remark", row, remark=f"{row['remark']} {names()['compared']['remark']}")
    for row in untagged:
        _do(play, "edit_remark", row, tags=sorted(row["tags"])[:1])
    for row in gone:
        _do(play, "delete", row, by="customer")
    added = [
        {"userid": row["userid"], **_added(play, row["userid"], person)}
        for row, person in zip(renamed, play.fresh_people(NEW), strict=False)
    ]
    return (
        {("remark", *_pair(row)) for row in renamed}
        | {("tags", *_pair(row)) for row in untagged}
        | {("lost", *_pair(row)) for row in gone}
        | {("added", *_pair(row)) for row in added}
    )


def _do(play: Play, what: str, row: dict[str, Any], **more: Any) -> None:
    play.simulator.post(what, userid=row["userid"], person_id=row["person_id"], **more)


def _added(play: Play, userid: str, person: dict[str, Any]) -> dict[str, Any]:
    play.simulator.post("add", userid=userid, person_id=person["id"])
    (row,) = play.simulator.get("ledger/relations", userid=userid, person_id=person["id"])
    return dict(row)


def _pair(row: dict[str, Any]) -> tuple[str, str]:
    return row["userid"], row["external_userid"]


def _living(relations: dict[Any, dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    return {pair: row for pair, row in relations.items() if row["active"]}
