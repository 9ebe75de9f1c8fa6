"""External profiles: HQ publishes a card, every bound guide shows it with a parameter of her own."""

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from scrm.demo import figures, stack
from scrm.demo.names import names
from scrm.demo.oa_files import Employee
from scrm.demo.story.play import Play

# The clock looks once a minute; writing takes what is left.
PATIENCE = 180
CAMPAIGN_DAYS = 30
LINES = 6


def card_is_published(play: Play) -> None:
    """Step 1d: before anybody serves a store, HQ publishes a card with the guide's parameter in its link."""
    words = names()["cards"]
    play.report.step("1d the card of the guides is published")
    _publish(
        play,
        {"name": words["template"], "posts": names()["employees"]["guide"], "position_text": words["position"]},
        [
            {"kind": "text", "name": words["store"], "value": "{store}"},
            {"kind": "web", "name": words["shop"], "value": words["shop_title"], "address": words["shop_url"]},
        ],
    )  # fmt: skip


def guides_show_their_cards(play: Play) -> None:
    """Step 3c: the binding brought each guide her card: her store, and a link with a parameter of her own."""
    report = play.report
    report.step("3c every bound guide shows her card")
    bound = {
        guide.userid: store for store in play.files.store_codes for guide in _guides(play, store)
    }
    stack.wait_for(lambda: _parameters(play, bound).keys() == bound.keys(), PATIENCE, pause=1)
    tokens = _parameters(play, bound)
    report.equal("guides who show their card in WeCom", set(tokens), set(bound))
    report.equal("different parameters", len(set(tokens.values())), len(bound))
    found = {userid: figures.parameter_place(token) for userid, token in tokens.items()}
    report.equal(
        "each stands for its guide and store", found, {u: (u, store) for u, store in bound.items()}
    )


def campaign_runs(play: Play) -> None:
    """Run a campaign in the first branch, which reverts by itself."""
    words = names()["cards"]
    play.report.step("+  a campaign on the cards of one branch")
    begins = timezone.localtime()
    window = {
        "starts_at": f"{begins:%Y-%m-%dT%H:%M}",
        "ends_at": f"{begins + timedelta(days=CAMPAIGN_DAYS):%Y-%m-%dT%H:%M}",
    }
    _publish(
        play,
        {"name": words["campaign"], "unit": play.files.branches[0].code, **window},
        [
            {"kind": "text", "name": words["store"], "value": "{store}"},
            {"kind": "text", "name": words["campaign_line"], "value": words["campaign_text"]},
            {"kind": "web", "name": words["shop"], "value": words["shop_title"], "address": words["shop_url"]},
        ],
    )  # fmt: skip


def _publish(play: Play, fields: dict[str, str], lines: list[dict[str, str]]) -> None:
    posted = {**fields, "lines-TOTAL_FORMS": str(LINES), "lines-INITIAL_FORMS": "0"}
    for number, line in enumerate(lines):
        posted |= {f"lines-{number}-{name}": value for name, value in line.items()}
    detail = play.hq.send(reverse("external_profiles:create"), posted).url
    play.hq.send(f"{detail.rstrip('/')}/publish/", {}, page=detail)


def _guides(play: Play, store: str) -> list[Employee]:
    post = names()["employees"]["guide"]
    return [each for each in play.files.guides(store) if each.post == post]


def _parameters(play: Play, bound: dict[str, str]) -> dict[str, str]:
    """Return the parameter in the link of every guide whose card in WeCom names a store."""
    words = names()["cards"]
    found = {}
    for member in play.simulator.get("ledger/members"):
        profile = member.get("external_profile") or {}
        lines: dict[str, Any] = {line["name"]: line for line in profile.get("external_attr", [])}
        if member["userid"] in bound and words["store"] in lines and words["shop"] in lines:
            address = lines[words["shop"]]["web"]["url"]
            if f"s={bound[member['userid']]}&" in address:
                found[member["userid"]] = address.rpartition("=")[2]
    return found
