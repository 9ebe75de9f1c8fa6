"""Step 13: what the company asks about customers: fields of its own, how to serve, views of the list."""

from typing import Any

from django.urls import reverse

from scrm.demo import customer_figures
from scrm.demo.names import names
from scrm.demo.story import purchases
from scrm.demo.story.doors import text_of
from scrm.demo.story.phones import phone_of
from scrm.demo.story.play import Play

# Guides and stores see and change them; the agency of a branch does not know of them.
SEEN_BY = ("hq_ops", "branch_ops", "store_manager", "guide", "auditor")
EDITED_BY = ("hq_ops", "branch_ops", "store_manager", "guide")
ASKED = 12


def customers_are_known(play: Play) -> None:
    """HQ makes fields, fills them for some customers, says how to serve them, keeps views; a guide reads it."""
    report = play.report
    report.step("13 fields of the company, how to serve, views")
    fields_made(play)
    contacts = customer_figures.contact_ids()
    for number, buyer in enumerate(_asked(play)):
        _fields_filled(play, contacts[buyer["external_userid"]], number)
    keys = [field["key"] for field in names()["customer_field"]]
    report.equal(
        "customers with a value", customer_figures.field_values(), dict.fromkeys(keys, ASKED)
    )
    rule_made(play)
    views_kept(play)
    guide_reads_how_to_serve(play)


def fields_made(play: Play) -> None:
    """HQ adds the fields."""
    for place, field in enumerate(names()["customer_field"], 1):
        wish = {
            "name": field["name"], "key": field["key"], "type": field["type"], "purpose": field["purpose"],
            "data_class": field["data_class"], "record": "contact", "retention": "customer",
            "choices": "\n".join(field["choices"]), "seen_by": SEEN_BY, "edited_by": EDITED_BY,
            "position": str(place * 10),
        }  # fmt: skip
        play.hq.send(reverse("customer_fields:new"), wish)


def _asked(play: Play) -> list[dict[str, Any]]:
    """Return the first buyers who still have a guide, she of step 5 among them."""
    living = play.simulator.get("ledger/relations", status="active")
    by_person = {row["person_id"]: row["external_userid"] for row in living}
    found = [
        buyer | {"external_userid": by_person[buyer["person"]["id"]]}
        for buyer in [play.made["customer"], *play.made["buyers"]]
        if buyer["person"]["id"] in by_person
    ]
    return list({each["external_userid"]: each for each in found}.values())[:ASKED]


def _fields_filled(play: Play, contact_id: str, number: int) -> None:
    values = {
        f"field-{field['key']}": field["values"][number % len(field["values"])]
        for field in names()["customer_field"]
    }
    page = reverse("profile:detail", args=[contact_id])
    play.hq.send(reverse("profile:fields", args=[contact_id]), values, page=page)


def rule_made(play: Play) -> None:
    """HQ says what to do for those with a tag; it speaks before the rules that come along."""
    words = names()["serving"]
    play.hq.send(
        reverse("serving:rule_new"),
        {"when": "tag", "value": words["rule_tag"], "text": words["rule_words"], "position": "1", "is_active": "on"},
    )  # fmt: skip


def views_kept(play: Play) -> None:
    """HQ keeps two views of the list: one for everybody at HQ, one of its own."""
    words, page = names()["serving"], reverse("relations:list")
    for name, query, role in (
        (words["view"], f"level={words['level']}&is_member=yes", "hq_ops"),
        (words["view_role"], "opened=unknown&status=active", ""),
    ):
        play.hq.send(
            reverse("lists:view_save"), {"name": name, "query": query, "role_code": role}, page=page
        )
    shown = play.hq.page(f"{page}?view=all")
    kept = [words["view"] in shown, words["view_role"] in shown]
    play.report.equal("views above the list", kept, [True, True])


def guide_reads_how_to_serve(play: Play) -> None:
    """A guide whose customer has the tag reads the line first on her page."""
    words = names()["serving"]["rule_words"]
    tag = names()["serving"]["rule_tag"]
    living = {
        row["person_id"]: row for row in play.simulator.get("ledger/relations", status="active")
    }
    buyer = next(
        buyer
        for number, buyer in enumerate(play.made["buyers"])
        if tag in purchases.tags_of(number) and buyer["person"]["id"] in living
    )
    row = living[buyer["person"]["id"]]
    page = phone_of(play, row["userid"]).page(
        reverse("h5:side_bar_customer", args=[row["external_userid"]])
    )
    play.report.equal("the guide reads it on her phone", words in text_of(page), True)
