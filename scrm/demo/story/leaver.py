"""A guide leaves: the account ends, her customers go to colleagues, one refuses."""

import time
from collections import Counter
from typing import Any

from django.urls import reverse

from scrm.demo import figures, stack
from scrm.demo.names import names
from scrm.demo.oa_files import Employee
from scrm.demo.story import company
from scrm.demo.story.doors import TIMEOUT
from scrm.demo.story.phones import phone_of
from scrm.demo.story.play import Play

NEW_CUSTOMERS = 6
WITHIN = 60.0
PATIENCE = 60.0
DISABLED = 2
GRACE_DAYS = 7


def guide_leaves(play: Play) -> None:
    """Step 9: the OA reports a leaver: disabled, session dead within 60 s, customers offered, one refuses."""
    report = play.report
    report.step("9  a guide leaves; her customers go to colleagues")
    leaver, colleagues = choose(play)
    meet(play, leaver)
    customers = customers_of(play, leaver)
    phone = phone_of(play, leaver.userid)
    phone.page("/h5/")
    report.equal("her phone is logged in", phone.is_logged_in(), True)
    play.files = play.files.reported_left(leaver)
    company.upload(play)
    run = company.wait_for_run(play, {"planned", "held", "unchanged", "failed"})
    report.equal("plan: one account to disable", (run["status"], run["items"]), ("planned", 1))
    begun = time.monotonic()
    page = reverse("oa_sync:detail", args=[run["id"]])
    approve = reverse("oa_sync:approve", args=[run["id"]])
    play.hq.send(approve, {"reason": names()["oa"]["reason"]}, page=page)
    stack.wait_for(lambda: status(play, leaver) == DISABLED, WITHIN)
    report.note("seconds until WeCom has her disabled", round(time.monotonic() - begun, 1))
    stack.wait_for(lambda: not phone.is_logged_in(), WITHIN)
    seconds = time.monotonic() - begun
    report.note("seconds until her phone's session was dead", round(seconds, 1))
    report.equal("dead within 60 s", seconds <= WITHIN and not phone.is_logged_in(), True)
    report.equal("she cannot log in again", phone.open("/h5/").status_code, 403)
    offered(play, leaver, colleagues, customers)
    answered(play, leaver, customers)
    play.made["leaver"] = leaver


def choose(play: Play) -> tuple[Employee, list[Employee]]:
    """Return an ordinary guide of the third store, and the colleagues whom she leaves."""
    _manager, leaver, *others = play.files.guides(play.files.store_codes[2])
    return leaver, [_manager, *others]


def meet(play: Play, leaver: Employee) -> None:
    """Let her meet some more customers before she goes."""
    for person in play.fresh_people(NEW_CUSTOMERS):
        play.simulator.post("add", userid=leaver.userid, person_id=person["id"])
    play.settle()


def customers_of(play: Play, leaver: Employee) -> dict[str, str]:
    """Return WeCom's customers of the account: person by external_userid."""
    rows = play.simulator.get("ledger/relations", userid=leaver.userid)
    return {row["external_userid"]: row["person_id"] for row in rows if row["status"] == "active"}


def status(play: Play, employee: Employee) -> int:
    """Return WeCom's status of the account, 0 when there is none."""
    rows = play.simulator.get("ledger/members", userid=employee.userid)
    return int(rows[0]["status"]) if rows else 0


def offered(
    play: Play, leaver: Employee, colleagues: list[Employee], customers: dict[str, str]
) -> None:
    """The policy made the plan by itself, spread it over the store, and WeCom asked everybody."""
    report = play.report
    stack.wait_for(lambda: len(asked(play, leaver)) == len(customers), PATIENCE, pause=0.3)
    found = asked(play, leaver)
    report.equal("customers asked in WeCom", set(found), set(customers))
    plan = figures.handover(leaver.userid)
    report.equal("plan made by the policy", (plan["by_policy"], plan["mode"]), (True, "in_service"))
    report.equal("who is to take over, as WeCom has it", plan["to"], found)
    same_store = {each.userid for each in colleagues}
    report.equal("successors outside of her store", set(found.values()) - same_store, set())
    report.note("customers by successor", dict(sorted(Counter(found.values()).items())))


def asked(play: Play, leaver: Employee, *, resigned: int = 0) -> dict[str, str]:
    """Return whom WeCom asked: the successor by customer."""
    rows = play.simulator.get("ledger/transfers", handover=leaver.userid)
    return {row["external_userid"]: row["takeover"] for row in rows if row["resigned"] == resigned}


def answered(play: Play, leaver: Employee, customers: dict[str, str]) -> None:
    """One customer refuses on the phone, the others add the successor at once."""
    report = play.report
    refuser, *others = sorted(customers)
    press(play, customers[refuser], leaver, "refuse")
    for external_userid in others:
        press(play, customers[external_userid], leaver, "accept")
    play.settle()
    stack.wait_for(lambda: figures.handover(leaver.userid)["state"] == "done", PATIENCE)
    plan = figures.handover(leaver.userid)
    report.equal("answers", plan["states"], {"done": len(others), "refused": 1})
    report.equal("whose customer the refuser is", holders(play, refuser), [leaver.userid])
    new = {customer: plan["to"][customer] for customer in others}
    report.equal(
        "the others', in WeCom",
        {customer: holder for customer in others for holder in holders(play, customer)
         if holder == new[customer]},
        new,
    )  # fmt: skip
    ours = figures.relations()
    report.equal(
        "the others', in our mirror",
        {customer for customer in others if ours[new[customer], customer]["active"]},
        set(others),
    )
    left = {c for c in customers if ours[leaver.userid, c]["active"]}
    report.equal("still hers: who refused", left, {refuser})
    report.equal("kept until the account is deleted", plan["kept"], 1)
    report.equal("days until then", plan["waits_days"], GRACE_DAYS)
    report.equal("incidents by handing over", figures.open_incident(leaver.userid), 0)
    play.made["refuser"] = (refuser, customers[refuser])


def press(play: Play, person_id: str, leaver: Employee, answer: str) -> None:
    """Press a button of the chat on the customer's phone."""
    address = f"{play.environment.sandbox_url}/phone/p/{person_id}/chat/{leaver.userid}/transfer"
    sent = play.simulator.session.post(address, data={"answer": answer}, timeout=TIMEOUT)
    sent.raise_for_status()


def holders(play: Play, external_userid: str) -> list[str]:
    """Return the accounts that have this customer in WeCom."""
    rows: list[dict[str, Any]] = play.simulator.get(
        "ledger/relations", external_userid=external_userid
    )
    return sorted(row["userid"] for row in rows if row["status"] == "active")


def account_ends(play: Play) -> None:
    """Step 9, continued: HQ ends the grace early; who refused goes as a deleted member's customer."""
    report = play.report
    report.step("9b the account is deleted; who refused is offered once more")
    leaver: Employee = play.made["leaver"]
    refuser, person_id = play.made["refuser"]
    plan = figures.handover(leaver.userid)["id"]
    page = reverse("inheritance:detail", args=[plan])
    reason = names()["leaver"]["reason"]
    play.hq.send(reverse("inheritance:release", args=[plan]), {"reason": reason}, page=page)
    stack.wait_for(lambda: bool(asked(play, leaver, resigned=1)), PATIENCE, pause=0.3)
    report.equal("her account in WeCom", status(play, leaver), 0)
    found = asked(play, leaver, resigned=1)
    report.equal("asked once more", set(found), {refuser})
    press(play, person_id, leaver, "accept")
    play.settle()
    stack.wait_for(lambda: figures.handover(leaver.userid)["state"] == "done", PATIENCE)
    after = figures.handover(leaver.userid)
    report.equal("way", (after["mode"], after["states"]), ("resigned", {"done": 1}))
    report.equal("whose customer it is now", holders(play, refuser), [found[refuser]])
