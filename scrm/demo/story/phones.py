"""A guide serves a customer from the phone, and sees what became of what was sent."""

import re
import time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.urls import reverse

from scrm.demo import stack
from scrm.demo.names import names
from scrm.demo.story import library, purchases
from scrm.demo.story.doors import text_of
from scrm.demo.story.guide_phone import CustomerPhone, GuidePhone
from scrm.demo.story.play import Play

BEATS = 3
PAUSE = 3.0
PUSH_WITHIN = 30.0


def guide_serves(play: Play) -> None:
    """Step 5: log-in, profile, a material sent from the side bar, opened, seen by the guide, told by a push."""
    report = play.report
    report.step("5  a guide serves a customer from the phone")
    library.publish(play)
    purchases.purchases_arrive(play)
    meet(play)
    profile_shows(play)
    seconds = material_is_read(play)
    guide_sees(play, seconds)
    guide_is_told(play)


def meet(play: Play) -> None:
    """Take the customer who bought most often, and her guide."""
    orders = play.made["orders"]
    buyer = max(
        play.made["buyers"], key=lambda row: sum(o["member_no"] == row["member_no"] for o in orders)
    )
    relations = play.simulator.get("ledger/relations", person_id=buyer["person"]["id"])
    play.made["customer"] = buyer | {
        "external_userid": relations[0]["external_userid"],
        "userid": relations[0]["userid"],
        "name": buyer["person"]["name"],
    }
    play.made["guide"] = phone_of(play, relations[0]["userid"])


def phone_of(play: Play, userid: str) -> GuidePhone:
    """Return a guide's phone that has not been used yet."""
    return GuidePhone(play.environment.web_url, play.environment.sandbox_url, userid)


def profile_shows(play: Play) -> None:
    """Compare the profile in the chat's side bar with what was sent to us."""
    report, guide, customer = play.report, play.made["guide"], play.made["customer"]
    path = reverse("h5:side_bar_customer", args=[customer["external_userid"]])
    words = text_of(guide.page(path))
    report.equal("log-ins by WeCom's silent page", guide.log_ins, 1)
    report.equal("her member number stands there", customer["member_no"] in words, True)
    tags = names()["live_code"]["tags"]
    report.equal("her tags stand there", [tag for tag in tags if tag in words], tags)
    bought = text_of(guide.page(f"{path}?tab=orders"))
    orders = [o for o in play.made["orders"] if o["member_no"] == customer["member_no"]]
    goods = {line["name"] for order in orders for line in order["lines"]}
    report.equal("what she bought stands there", {name for name in goods if name in bought}, goods)
    total = sum((Decimal(order["amount"]) for order in orders), Decimal(0))
    spent = total.quantize(Decimal(1), ROUND_HALF_UP)
    found = re.search(r"¥([\d,]+)", words)
    report.equal("what she spent", int(found[1].replace(",", "")) if found else -1, int(spent))
    stranger = next(
        row["userid"]
        for row in play.simulator.get("ledger/relations")
        if row["userid"] != guide.userid
    )
    report.equal(
        "another guide opens her page", phone_of(play, stranger).open(path).status_code, 404
    )


def material_is_read(play: Play) -> int:
    """Send an article into the chat; the customer reads it for seconds, a friend glances at it. Returns seconds."""
    report, guide, customer = play.report, play.made["guide"], play.made["customer"]
    article = names()["library"]["material"][0]
    link = send(play, guide, article["title"], customer)
    reader, friend = CustomerPhone(), CustomerPhone()
    cards = reader.links_in_chat(
        play.environment.sandbox_url, customer["person"]["id"], guide.userid
    )
    report.equal("the card stands in the customer's chat", cards[-1:], [link])
    reader.open(cards[-1])
    last_words = article["body"].split()[-1]
    report.equal("the article is on the page", last_words in reader.words, True)
    begun = time.monotonic()
    for beat in range(BEATS):
        time.sleep(PAUSE if beat else 0)
        reader.stay()
    seconds = round(time.monotonic() - begun)
    # Passed on: another phone under the same address is nobody we know.
    friend.open(link)
    friend.stay()
    return seconds


def send(play: Play, guide: GuidePhone, title: str, customer: dict[str, Any]) -> str:
    """Press send in the tool bar of a chat, let the client put the message there and report it; returns the link."""
    made = guide.send(title, customer["external_userid"])
    play.simulator.post(
        "chat", userid=guide.userid, external_userid=customer["external_userid"],
        message=made["message"],
    )  # fmt: skip
    status = guide.post(made["confirm"], {"ok": "1"}).json()["status"]
    play.report.equal("the client's report is taken", status, "sent")
    return str(made["message"].get("news", {}).get("link", ""))


def guide_sees(play: Play, seconds: int) -> None:
    """Compare the guide's list with what happened: who, how often, how long."""
    report, guide, customer = play.report, play.made["guide"], play.made["customer"]
    html = guide.page(reverse("h5:material_viewers"))
    rows = re.findall(r"(?s)<li>.*?</li>", html)
    hers = [row for row in rows if customer["name"] in row]
    report.equal("she stands once among who viewed", len(hers), 1)
    report.equal("inferred, not claimed as sure", "m-who-inferred" in hers[0], True)
    views, measured, *_when = map(int, re.findall(r"\d+", hers[0].partition("row-note num")[2]))
    report.equal("views", views, 1)
    report.note("seconds measured", measured)
    report.equal("seconds right to one", abs(measured - seconds) <= 1, True)
    report.equal("whom it was passed on to", sum("m-who-anonymous" in row for row in rows), 1)


def guide_is_told(play: Play) -> None:
    """The guide got one app message about her, and a task on the phone."""
    report, guide, customer = play.report, play.made["guide"], play.made["customer"]

    def told() -> list[str]:
        return [
            message["content"]["title"]
            for message in play.simulator.get("ledger/messages")
            if guide.userid in {each["userid"] for each in message["receivers"]}
            and customer["name"] in message["content"].get("title", "")
        ]

    stack.wait_for(lambda: bool(told()), PUSH_WITHIN)
    report.equal("app messages about her", len(told()), 1)
    tasks = text_of(guide.page(reverse("h5:tasks")))
    report.equal("a task on the phone names her", customer["name"] in tasks, True)
