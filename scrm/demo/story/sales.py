"""Step 6: who earned the sale; from the guide's parameter on a card to the till that agrees to the cent."""

import re
import time
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

from django.urls import reverse
from django.utils import timezone

from scrm.demo import sales_figures, stack
from scrm.demo.names import names
from scrm.demo.story.doors import text_of
from scrm.demo.story.play import Play
from scrm.demo.story.shopper import Shopper

DECIDED_WITHIN = 60.0
GUIDE_NAME = "g"
PART_BACK = Decimal("1000.00")


def sales_are_earned(play: Play) -> None:
    """Bought with a parameter, without one, with a forged one, given back; both sides of the till agree."""
    report = play.report
    report.step("6  a sale in the mall, and who earned it")
    settle(play)
    before = sales_figures.totals()
    guide, buyer = play.made["guide"].userid, play.made["customer"]["person"]["unionid"]
    mine = sales_figures.ledger_of(guide)
    parameter = parameter_on_a_card(play)
    shelf = names()["goods"]

    first = _buy(play, shelf[0]["sku"], buyer, parameter)
    # Another day and another device, so no parameter: what she looked at before still counts.
    second = _buy(play, shelf[1]["sku"], buyer, "")
    stranger = play.fresh_people(1)[0]["unionid"]
    forged = _buy(play, shelf[2]["sku"], stranger, forge(parameter))
    settle(play)
    prices = [Decimal(shelf[number]["price"]) for number in range(3)]
    report.equal(
        "bought with the guide's parameter", sales_figures.credit(first),
        (guide, "order_parameter", prices[0]),
    )  # fmt: skip
    report.equal(
        "bought later without it", sales_figures.credit(second), (guide, "last_touch", prices[1])
    )
    report.equal(
        "bought with a forged one", sales_figures.credit(forged), ("", "tampered", prices[2])
    )
    give_back(play, first, prices[0])
    report.equal(
        "after the refunds",
        sales_figures.credit(first),
        (guide, "order_parameter", Decimal("0.00")),
    )
    report.equal("the guide earned", sales_figures.ledger_of(guide) - mine, prices[1])
    the_till_agrees(play, before, sum(prices, Decimal(0)), prices[0])
    the_guide_reads_why(play, second)


def parameter_on_a_card(play: Play) -> str:
    """The guide sends her customer the mini program; its path carries her parameter."""
    guide, customer = play.made["guide"], play.made["customer"]
    card = next(each for each in names()["library"]["material"] if each["kind"] == "mini_program")
    made = guide.send(card["title"], customer["external_userid"])
    guide.post(made["confirm"], {"ok": "1"})
    carried = parse_qs(urlsplit(made["message"]["miniprogram"]["page"]).query)
    parameter: str = carried.get(GUIDE_NAME, [""])[0]
    play.report.equal("characters of the parameter on the card", len(parameter), 27)
    return parameter


def forge(parameter: str) -> str:
    """Return a parameter with one letter changed."""
    return parameter[:9] + ("A" if parameter[9] != "A" else "B") + parameter[10:]


def _buy(play: Play, sku: str, unionid: str, parameter: str) -> str:
    shopper = Shopper(play.environment.mall_url, str(unionid))
    shopper.browse(sku, **({GUIDE_NAME: parameter} if parameter else {}))
    shopper.buy(sku, "")
    return str(shopper.order_no)


def give_back(play: Play, order_no: str, price: Decimal) -> None:
    """The shop gives the money back in two parts; the second is sent twice."""
    now = timezone.now().isoformat(timespec="seconds")
    parts = [PART_BACK, price - PART_BACK]
    rows = [
        {"refund_no": f"{order_no}-{number}", "order_no": order_no, "refunded_at": now, "amount": str(part)}
        for number, part in enumerate(parts, start=1)
    ]  # fmt: skip
    for row in (rows[0], rows[1], rows[1]):
        play.partner.post(reverse("api:refunds_batch"), {"refunds": [row]})
    settle(play)


def the_till_agrees(
    play: Play, before: dict[str, Decimal], paid: Decimal, refunded: Decimal
) -> None:
    """Σ guides + nobody's = Σ orders − refunds, by our tables, by what was bought, and on HQ's page."""
    report, now = play.report, sales_figures.totals()
    report.equal("paid since", now["paid"] - before["paid"], paid)
    report.equal("given back since", now["refunded"] - before["refunded"], refunded)
    report.note("guides", now["guides"])
    report.note("nobody's", now["nobody"])
    report.equal(
        "guides and nobody together = orders less refunds",
        now["guides"] + now["nobody"], now["paid"] - now["refunded"],
    )  # fmt: skip
    page = play.hq.page(f"{reverse('sales:till')}?first=2000-01-01")
    till = re.search(r'(?s)data-even="(yes|no)">(.*?)</section>', page)
    report.equal("HQ's page says that both sides agree", till and till[1], "yes")
    both = f"{now['paid'] - now['refunded']:,}"
    report.equal("and shows the amount on both", till and text_of(till[2]).count(both), 2)


def the_guide_reads_why(play: Play, order_no: str) -> None:
    """The guide finds the order on her phone, with the reason."""
    guide = play.made["guide"]
    month = guide.page(reverse("h5:sales"))
    links = re.findall(rf'href="({reverse("h5:sales")}[0-9a-f-]{{36}}/)"', month)
    pages = [guide.page(link) for link in links[:20]]
    found = [page for page in pages if order_no in page]
    play.report.equal("she finds the order on her phone", len(found), 1)
    why = re.findall(r'data-why="([a-z_]+)"', found[0])
    play.report.equal("and reads why it is hers", why, ["last_touch"])


def settle(play: Play) -> None:
    """Wait until every order that came has been decided."""
    begun = time.monotonic()
    stack.wait_for(lambda: sales_figures.waiting() == 0, DECIDED_WITHIN, pause=0.3)
    play.report.equal("orders that wait to be decided", sales_figures.waiting(), 0)
    play.report.note("seconds until decided", round(time.monotonic() - begun, 1))
