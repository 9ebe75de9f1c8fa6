"""Step 14: a segment, an imported audience, a rule that tags, and how many members are friends by store."""

import io
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from openpyxl import Workbook

from scrm.demo import customer_figures, figures, sales_figures, stack
from scrm.demo.names import names
from scrm.demo.story import purchases
from scrm.demo.story.doors import Fields
from scrm.demo.story.play import Play

Pair = tuple[str, str]
PATIENCE = 120
LISTED, UNKNOWN = 28, 2


def customers_are_sorted(play: Play) -> None:
    """Count, tag and compare: each figure against a recount from what was sent and what WeCom has."""
    report = play.report
    report.step("14 segments, an audience, a tag rule, friends among members")
    segment_counts(play)
    audience_arrives(play)
    rule_tags(play)
    penetration_is_right(play)


def _living(play: Play) -> list[dict[str, Any]]:
    return list(play.simulator.get("ledger/relations", status="active"))


def condition(rows: Sequence[Mapping[str, Any]]) -> Fields:
    """Return what the builder of conditions sends: all of these questions."""
    fields: dict[str, Any] = {"group": "0", "join-0": "all", "row": []}
    for number, row in enumerate(rows):
        fields["row"].append(f"r{number}")
        fields[f"group-r{number}"] = "0"
        for name, value in row.items():
            fields[f"{name}-r{number}"] = value
    return fields


def segment_counts(play: Play) -> None:
    """Save a segment of friends with a tag of the member system; its page counts them."""
    words = names()["segments"]
    asked = condition([
        {"fact": "crm_tag", "op": "in", "value": words["crm_tag"]},
        {"fact": "friend", "op": "is", "value": "yes"},
    ])  # fmt: skip
    play.hq.send(reverse("segments:create"), {"name": words["segment"], "is_shared": "on", **asked})
    friends = {row["person_id"] for row in _living(play)}
    expected = sum(
        words["crm_tag"] in purchases.tags_of(number) and buyer["person"]["id"] in friends
        for number, buyer in enumerate(play.made["buyers"])
    )
    play.report.equal("persons of the segment", _persons(play, words["segment"]), expected)


def _persons(play: Play, segment: str) -> int:
    """Return how many persons HQ's list says a segment has."""
    page = play.hq.page(reverse("segments:persons", args=[customer_figures.segment_id(segment)]))
    return int(re.sub(r"\D", "", re.sub(r"<[^>]+>", "", page)) or -1)


def audience_arrives(play: Play) -> None:
    """Import a file of another system; who is unknown is said, the others are a segment."""
    words = names()["segments"]
    rows = [row for row in play.made["members"].rows if row["state"] == "active"]
    listed = [[row["member_no"], ""] for row in rows[:LISTED]]
    listed += [[f"NEIN{number}", ""] for number in range(UNKNOWN)]
    job = play.hq.send(
        reverse("segments:import"),
        {"name": words["audience"], "is_shared": "on"},
        {"file": (words["audience_file"], _workbook(words["headers"], listed))},
    ).url
    stack.wait_for(lambda: customer_figures.job_ended(job), PATIENCE, pause=0.3)
    done = figures.job(job)
    play.report.equal(
        "rows found and not found", (done["succeeded"], done["failed"]), (LISTED, UNKNOWN)
    )
    play.report.equal("persons of the audience", _persons(play, words["audience"]), LISTED)


def rule_tags(play: Play) -> None:
    """Tags are made, the rule is tried without effect, then switched on; WeCom has exactly the recount's tags."""
    report, words = play.report, names()["segments"]
    play.hq.send(reverse("tags:create"), {"group_name": words["tag_group"], "names": words["tag"]})
    local = reverse("tags:local")
    play.hq.send(reverse("tags:local_create"), {"names": words["local_tag"]}, page=local)
    tag = customer_figures.tag_id(words["tag"])
    asked = condition(
        [{"fact": "bought_category", "op": "in", "value": words["category"], "days": ""}]
    )
    page = play.hq.send(
        reverse("segments:rule_create"),
        {"name": words["rule"], "tag_ids": tag, "local_tag_ids": customer_figures.local_tag(words["local_tag"]),
         "takes_off": "on", **asked},
    ).url  # fmt: skip
    play.hq.send(f"{page.rstrip('/')}/try/", {}, page=page)
    expected = _buyers_of(play, words["category"])
    report.equal(
        "relations the dry run counts",
        customer_figures.rule(words["rule"])["relations"],
        len(expected),
    )
    report.equal("tagged by the dry run", _tagged(play, tag), set())
    job = play.hq.send(f"{page.rstrip('/')}/activate/", {}, page=page).url
    stack.wait_for(lambda: customer_figures.job_ended(job), PATIENCE, pause=0.3)
    stack.wait_for(lambda: _tagged(play, tag) == expected, PATIENCE, pause=0.5)
    report.equal("tagged in WeCom", _tagged(play, tag), expected)
    play.settle()
    report.equal(
        "tagged by the rule, say we", customer_figures.rule(words["rule"])["put"], expected
    )


def _tagged(play: Play, tag: str) -> set[Pair]:
    return {_pair(row) for row in _living(play) if tag in row["tags"]}


def _pair(row: Mapping[str, Any]) -> Pair:
    return row["userid"], row["external_userid"]


def _buyers_of(play: Play, category: str) -> set[Pair]:
    """Walk all orders: whose lines are of the category and were not given back whole; with her living relations."""
    skus = {goods["sku"] for goods in names()["goods"] if goods["category"] == category}
    unions = {row["member_no"]: row["unionid"] for row in play.made["members"].rows}
    bought = {
        unions.get(member_no) or unionid
        for member_no, unionid, lines in sales_figures.kept_orders()
        if skus & lines
    }
    people = {person["id"]: person["unionid"] for person in play.people}
    return {_pair(row) for row in _living(play) if people.get(row["person_id"]) in bought - {""}}


def penetration_is_right(play: Play) -> None:
    """Recount valid members and friends by store, from the members that were sent and WeCom's relations."""
    living = _living(play)
    people = {person["id"]: person["unionid"] for person in play.people}
    unions = {people.get(row["person_id"], "") for row in living} - {""}
    names_of = {row["external_userid"] for row in living}
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in play.made["members"].rows:
        if row["state"] == "active":
            counted[row["store_code"]][0] += 1
            friend = row["unionid"] in unions or row["external_userid"] in names_of
            counted[row["store_code"]][1] += friend
    expected = {code: (members, friends) for code, (members, friends) in counted.items()}
    found = customer_figures.penetration_by_store()
    report = play.report
    report.equal("members and friends by store", found, expected)
    report.note("friends among members", sum(friends for _members, friends in found.values()))


def _workbook(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("1")
    for row in [headers, *rows]:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
