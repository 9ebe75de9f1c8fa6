"""Accounts in danger: one fills up, one is hijacked."""

import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.urls import reverse

from scrm.demo import figures, stack
from scrm.demo.names import names
from scrm.demo.oa_files import Employee
from scrm.demo.story.phones import phone_of
from scrm.demo.story.play import Play
from scrm.demo.story.report import WrongFigureError
from wecom_sandbox.defaults import ROBOT_KEY

LIMIT, PERCENT, AFTERWARDS = 10, 70, 4
HIJACKED_ADDS, SPREAD, RULE = 60, 15.0, 30
ALERT_WITHIN, UNDONE_WITHIN = 120.0, 90.0
SWEEP = 75.0
HANDS = 8


# --- step 7 --------------------------------------------------------------------------------------------------


def account_fills_up(play: Play) -> None:
    """Step 7: an account crosses 70 % of its limit: one alert word by word, the live code takes the backup."""
    report, words = play.report, names()["capacity"]
    report.step("7  an account crosses 70 % of its capacity")
    make_robot(play)
    full, backup = _guides(play, store=0)
    config_id = make_code(play, words["code"], [full], [backup])
    set_limit(play, full)
    below = LIMIT * PERCENT // 100 - 1
    people = play.fresh_people(below + 1 + AFTERWARDS)
    scanned(play, config_id, people[:below])
    report.equal("alerts below 70 %", _about(play, full), [])
    scanned(play, config_id, people[below : below + 1])
    stack.wait_for(lambda: bool(_about(play, full)), 30)
    report.equal("alerts at 70 %, word by word", _about(play, full), [_r1(full)])
    stack.wait_for(lambda: _receivers(play, config_id) == [backup.userid], SWEEP, pause=0.3)
    report.equal("who answers the code now", _receivers(play, config_id), [backup.userid])
    taken = scanned(play, config_id, people[below + 1 :])
    report.equal("who took the next ones", set(taken), {backup.userid})
    held = [r for r in play.simulator.get("ledger/relations") if r["userid"] == full.userid]
    report.equal("customers of the full account", len(held), below + 1)
    report.equal("alerts in the end", _about(play, full), [_r1(full)])


def _r1(employee: Employee) -> str:
    """Return the agreed words (product.md R1), written out once more so that a change is noticed."""
    before, middle, end = names()["capacity"]["alert"]
    return f"{before}{employee.name}{middle}{employee.userid}{end}{PERCENT}{names()['capacity']['alert_end']}"


def _guides(play: Play, store: int) -> tuple[Employee, Employee]:
    """Return two guides of a store who stand on no code yet."""
    found = play.files.guides(play.files.store_codes[store])
    return found[2], found[3]


def make_robot(play: Play) -> None:
    """HQ names the robot of the monitor group."""
    address = f"{play.environment.sandbox_url}/cgi-bin/webhook/send?key={ROBOT_KEY}"
    play.hq.send(
        reverse("alerts:channel_create"),
        {
            "name": names()["capacity"]["channel"],
            "url": address,
            "level": "warning",
            "is_active": "on",
        },
    )


def make_code(
    play: Play, name: str, members: Sequence[Employee], backups: Sequence[Employee] = ()
) -> str:
    """HQ makes a live code; returns WeCom's config_id."""
    play.hq.send(
        reverse("live_codes:create"),
        {
            "name": name,
            "members": figures.member_ids([each.userid for each in members]),
            "backups": figures.member_ids([each.userid for each in backups]),
            "skip_verify": "on",
        },
    )
    return figures.live_code()["config_id"]


def set_limit(play: Play, employee: Employee) -> None:
    """HQ says how many customers the account may have, and from where on the codes leave it out."""
    member_id = figures.member_ids([employee.userid])[0]
    detail = reverse("capacity:detail", args=[member_id])
    # Accounts are counted by the clock; the page is there after the first count.
    if not stack.wait_for(lambda: play.hq.status(detail) == 200, SWEEP, pause=1):
        raise WrongFigureError(
            f"The account {employee.userid} was not counted within {SWEEP:.0f} s"
        )
    limit = reverse("capacity:limit", args=[member_id])
    fields = {
        "limit": str(LIMIT),
        "swap_percent": str(PERCENT),
        "reason": names()["capacity"]["reason"],
    }
    play.hq.send(limit, fields, page=detail)


def scanned(play: Play, config_id: str, people: Sequence[dict[str, Any]]) -> list[str]:
    """Let people scan one after the other and everything settle; returns who was added."""
    found = [
        play.simulator.post("scan", config_id=config_id, person_id=person["id"])["userid"]
        for person in people
    ]
    play.settle()
    return found


def _receivers(play: Play, config_id: str) -> list[str]:
    rows = play.simulator.get("ledger/contact_ways", config_id=config_id)
    return sorted(rows[0]["user"]) if rows else []


def _said(play: Play) -> list[str]:
    rows = play.simulator.get(f"robot/{ROBOT_KEY}/messages")
    return [str(row["content"].get("text", {}).get("content", "")) for row in rows]


def _about(play: Play, employee: Employee) -> list[str]:
    return [text for text in _said(play) if employee.userid in text]


def _said_at(play: Play, employee: Employee) -> float:
    """Return when the group was told, by WeCom's clock; without an end when it never was."""
    rows = play.simulator.get(f"robot/{ROBOT_KEY}/messages")
    told = [row["at"] for row in rows if employee.userid in str(row["content"])]
    return min(told, default=math.inf)


# --- step 8 --------------------------------------------------------------------------------------------------


def account_is_hijacked(play: Play) -> None:
    """Step 8: 60 adds in a minute: alert, off its codes, out of the contact scope, sessions dead."""
    report, words = play.report, names()["hijacked"]
    report.step("8  a hijacked account adds 60 contacts in a minute")
    thief, colleague = _guides(play, store=1)
    config_id = make_code(play, words["code"], [thief, colleague])
    phone = phone_of(play, thief.userid)
    phone.page("/h5/")
    report.equal("its phone is logged in", phone.is_logged_in(), True)
    begun, began_at = time.monotonic(), play.simulator.get("clock")["now"]
    added = add_many(play, thief, HIJACKED_ADDS, SPREAD)
    report.note("adds tried", HIJACKED_ADDS)
    report.note("adds that went through before it was stopped", added)
    report.equal("as many as the rule allows, at least", added >= RULE, True)
    stack.wait_for(lambda: bool(_about(play, thief)), ALERT_WITHIN)
    seconds = _said_at(play, thief) - began_at
    report.note("seconds from the first add to the alert in the group", round(seconds, 1))
    report.equal("alert within 120 s", seconds <= ALERT_WITHIN, True)
    report.equal("alerts about it", len(_about(play, thief)), 1)
    stack.wait_for(lambda: _held(play, thief, config_id), ALERT_WITHIN, pause=0.3)
    report.note("seconds until everything was taken", round(time.monotonic() - begun, 1))
    report.equal("who answers its code", _receivers(play, config_id), [colleague.userid])
    report.equal("may meet customers", _can_follow(play, thief), False)
    report.equal("its phone is logged in", phone.is_logged_in(), False)
    play.made["hijacked"] = (thief, colleague, config_id)
    play.settle()


def add_many(play: Play, employee: Employee, count: int, seconds: float) -> int:
    """Let an account add strangers, evenly over some seconds; returns how many WeCom let through."""
    people = play.fresh_people(count)
    begun = time.monotonic()

    def one(number: int) -> bool:
        time.sleep(max(0.0, begun + number * seconds / count - time.monotonic()))
        return play.simulator.try_post(
            "add", userid=employee.userid, person_id=people[number]["id"]
        )

    with ThreadPoolExecutor(HANDS) as hands:
        return sum(hands.map(one, range(count)))


def _held(play: Play, employee: Employee, config_id: str) -> bool:
    return not _can_follow(play, employee) and employee.userid not in _receivers(play, config_id)


def _can_follow(play: Play, employee: Employee) -> bool:
    rows = play.simulator.get("ledger/members", userid=employee.userid)
    return bool(rows and rows[0]["can_follow"])


def steps_are_undone(play: Play) -> None:
    """Step 8, continued: the owner has the account back; one click undoes everything."""
    report, words = play.report, names()["hijacked"]
    report.step("8b the account is given back")
    thief, colleague, config_id = play.made["hijacked"]
    begun = time.monotonic()
    incident = figures.open_incident(thief.userid)
    page = reverse("anomalies:detail", args=[incident])
    play.hq.send(
        reverse("anomalies:undo", args=[incident]),
        {"step": "", "reason": words["reason"]},
        page=page,
    )
    both = sorted([thief.userid, colleague.userid])
    stack.wait_for(
        lambda: _can_follow(play, thief) and _receivers(play, config_id) == both, UNDONE_WITHIN, 0.3
    )
    report.note("seconds until it was undone", round(time.monotonic() - begun, 1))
    report.equal("may meet customers", _can_follow(play, thief), True)
    report.equal("who answers its code", _receivers(play, config_id), both)
    phone = phone_of(play, thief.userid)
    phone.page("/h5/")
    report.equal("its owner logs in again", phone.is_logged_in(), True)
    closing = {"outcome": "confirmed", "reason": words["closing"]}
    play.hq.send(reverse("anomalies:close", args=[incident]), closing, page=page)
    report.equal("open incidents", figures.open_incident(thief.userid), 0)
