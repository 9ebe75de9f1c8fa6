"""Step 16: customers of a group check in day after day, redeem points, and pick the reward up in the store."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from customers.checkin.services import check_in
from customers.points.ledger import account_of
from scrm.demo import customer_figures
from scrm.demo.names import names
from scrm.demo.story.doors import text_of
from scrm.demo.story.group_phone import GroupPhone, phone_in_group
from scrm.demo.story.phones import phone_of
from scrm.demo.story.play import Play

POINTS, BONUSES = 5, {3: 5, 7: 20}
DAYS, MORE_DAYS = 8, 22
COST, PIECES = 20, 50
# The days in a row before today, by the place of the customer in the group.
BEFORE = (6, 6, 2, 1, 0)


def group_checks_in(play: Play) -> None:
    """Streaks, balances and the ledger against a recount; one reward is handed out, another one waits."""
    report = play.report
    report.step("16 a group checks in, redeems points and picks up")
    campaign_opens(play)
    expected = days_go_by(play)
    phones = today_is_tapped(play, expected)
    rewards_are_redeemed(play, phones, expected)
    books_agree(play, expected)


def campaign_opens(play: Play) -> None:
    """HQ makes the activity for all three groups, a reward and a coupon."""
    words, today = names()["groups"], timezone.localdate()
    chats = [group["chat_id"] for group in play.made["groups"]]
    page = play.hq.send(
        reverse("checkin:create"),
        {"name": words["campaign"], "words": words["words"], "points": str(POINTS),
         "starts_on": (today - timedelta(days=DAYS)).isoformat(),
         "ends_on": (today + timedelta(days=MORE_DAYS)).isoformat(),
         "bonuses": ", ".join(f"{days}:{points}" for days, points in BONUSES.items()),
         "groups": customer_figures.group_ids(chats)},
    ).url  # fmt: skip
    play.hq.send(f"{page.rstrip('/')}/state/", {"state": "open"}, page=page)
    for name, kind, cost, stock in (
        (words["reward"], "goods", COST, PIECES),
        (words["coupon"], "coupon", 100, 200),
    ):
        play.hq.send(
            reverse("points:reward_create"),
            {"name": name, "kind": kind, "reference": "GIFT-MUG" if kind == "goods" else "CP3000-200",
             "words": words["reward_words"], "cost": str(cost), "stock": str(stock), "per_customer": "2",
             "pickup_days": "14", "is_open": "on"},
        )  # fmt: skip


def days_go_by(play: Play) -> dict[str, int]:
    """The days before today, which no story can wait for: by the service, each at its own moment.

    Returns the points that each customer must have, by unionid.
    """
    places = customer_figures.places(names()["groups"]["campaign"])
    unions = {person["id"]: person for person in play.people}
    expected: dict[str, int] = {}
    for group in play.made["groups"]:
        for number, person_id in enumerate(group["people"]):
            person = unions[person_id]
            account = account_of(person["unionid"], name=person["name"])
            run = BEFORE[number % len(BEFORE)]
            for ago in range(run, 0, -1):
                moment = timezone.now() - timedelta(days=ago)
                check_in(places[group["chat_id"]], account, now=moment)
            expected[person["unionid"]] = _worth(run)
    return expected


def _worth(days: int) -> int:
    return days * POINTS + sum(points for run, points in BONUSES.items() if run <= days)


def today_is_tapped(play: Play, expected: dict[str, int]) -> list[GroupPhone]:
    """Customers of the first group open the link in WeChat and tap, one of them twice; the page says the streak."""
    report, group = play.report, play.made["groups"][0]
    place = customer_figures.places(names()["groups"]["campaign"])[group["chat_id"]]
    unions = {person["id"]: person["unionid"] for person in play.people}
    path = reverse("group_pages:page", args=[place.token])
    phones, shown, right = [], [], []
    for number, person_id in enumerate(group["people"][: len(BEFORE)]):
        phone = phone_in_group(play, person_id)
        phone.open(path)
        form = phone.html
        phone.check_in()
        if number == 0:
            # The button once more, as a page that was still open has it.
            phone.html = form
            phone.check_in()
        days = BEFORE[number] + 1
        expected[unions[person_id]] = _worth(days)
        shown.append((phone.number("streak"), phone.number("balance")))
        right.append((days, _worth(days)))
        phones.append(phone)
    report.equal("days in a row and points on their phones", shown, right)
    return phones


def rewards_are_redeemed(play: Play, phones: list[GroupPhone], expected: dict[str, int]) -> None:
    """Two redeem a cup; the guide of the group hands one out against its code, the other code waits."""
    report, group, words = play.report, play.made["groups"][0], names()["groups"]
    unions = {person["id"]: person["unionid"] for person in play.people}
    reward = customer_figures.reward_id(words["reward"])
    for phone in phones[:2]:
        phone.redeem(reward)
        expected[unions[phone.person_id]] -= COST
    report.equal("codes on their phones", [len(phone.codes) for phone in phones[:2]], [1, 1])
    guide = phone_of(play, group["owner"].userid)
    guide.page(reverse("h5:pickup"))
    code = phones[0].codes[0].lower()
    checked = text_of(guide.post(reverse("h5:pickup"), {"code": code}).text)
    report.equal("the guide reads what the code is for", words["reward"] in checked, True)
    guide.post(reverse("h5:pickup_done"), {"code": code})
    report.equal("redemptions", customer_figures.redemptions(), {"fulfilled": 1, "held": 1})


def books_agree(play: Play, expected: dict[str, int]) -> None:
    """Accounts, the ledger added up, and the recount say the same; all books together are nothing."""
    report = play.report
    report.equal("points of every customer", customer_figures.balances(), expected)
    sums = customer_figures.ledger_sums()
    report.equal("all books together", sums.pop(""), 0)
    found = {unionid: sums.get(unionid, 0) for unionid in expected}
    report.equal("the ledger added up by customer", found, expected)
