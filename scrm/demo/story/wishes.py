"""What waits for a person in the rooms of customers: a merge, a wish to see one's data, points, a hand-over."""

import re

from django.urls import reverse

from scrm.demo import customer_figures, figures
from scrm.demo.names import names
from scrm.demo.story.play import Play
from scrm.demo.story.report import WrongFigureError

# More records than one human would have: the phone joins nobody until somebody allows it.
SHARED, SHARED_PHONE = 6, "13100000021"
POINTS = 30


def people_have_to_decide(play: Play) -> None:
    """Ask for what needs a second person, and leave decisions open, so that their pages show something."""
    play.report.step("+  what waits for a person")
    person_wants_her_data(play)
    points_are_asked_for(play)
    phone_in_a_remark(play)
    phone_of_many(play)
    test_contact_is_left_out(play)
    hand_over_is_drafted(play)
    members_are_given(play)
    somebody_is_in_two_groups(play)
    waiting = {"points_adjust", "privacy.package"}
    found = customer_figures.approvals_waiting() & waiting
    play.report.equal("what waits for a second person", found, waiting)
    play.report.equal("a merge to be decided", bool(customer_figures.open_conflict()), True)
    play.settle()


def person_wants_her_data(play: Play) -> None:
    """HQ finds a buyer by her member number and asks for everything held about her."""
    buyer = play.made["buyers"][-1]
    index = reverse("privacy:index")
    page = play.hq.send(reverse("privacy:find"), {"q": buyer["member_no"]}, page=index).url
    play.hq.send(page, {"wish": "package", "reason": names()["wishes"]["reason"]})


def points_are_asked_for(play: Play) -> None:
    """HQ asks for points of a day when the phones were down."""
    html = play.hq.page(reverse("points:list"))
    accounts = re.findall(rf'href="({reverse("points:list")}\d+/)"', html)
    reason = names()["groups"]["adjust_reason"]
    play.hq.send(accounts[-1], {"points": str(POINTS), "reason": reason})


def phone_in_a_remark(play: Play) -> None:
    """A guide types a member's phone into the remark of a customer: it proposes, a human decides."""
    strangers = {
        person["id"]
        for person in play.people
        if person["unionid"] not in {row["unionid"] for row in play.made["members"].rows}
    }
    relation = next(
        row
        for row in play.simulator.get("ledger/relations", status="active")
        if row["person_id"] in strangers
    )
    member = next(
        row
        for row in play.made["members"].rows
        if row["state"] == "active" and not (row["unionid"] or row["external_userid"])
    )
    play.simulator.post(
        "edit_remark", userid=relation["userid"], person_id=relation["person_id"],
        remark=relation["remark"], remark_mobiles=[member["phone"]],
    )  # fmt: skip


def phone_of_many(play: Play) -> None:
    """The member system gives one phone to a whole office; nobody is joined by it."""
    first = play.made["members"].rows[0]
    rows = [
        first | {"member_no": f"VIP9{number:07d}", "phone": SHARED_PHONE, "phone_verified": True,
                 "unionid": "", "external_userid": "", "state": "active"}
        for number in range(SHARED)
    ]  # fmt: skip
    play.partner.post(reverse("api:members_batch"), {"members": rows})


def test_contact_is_left_out(play: Play) -> None:
    """HQ says who was a test before the opening; figures leave her out."""
    row = play.simulator.get("ledger/relations", status="active")[-1]
    fields = {
        "kind": "test", "lines": row["external_userid"], "reason": names()["serving"]["test_reason"],
    }  # fmt: skip
    play.hq.send(reverse("serving:marks"), fields)


def hand_over_is_drafted(play: Play) -> None:
    """HQ plans who takes over a guide's customers; nobody is asked before it is confirmed."""
    owner = play.made["groups"][1]["owner"].userid
    page = reverse("inheritance:create", args=[figures.member_ids([owner])[0]])
    found = re.findall(r'name="successors" value="(\d+)"[^>]*checked', play.hq.page(page))
    if not found:
        raise WrongFigureError(f"Nobody is proposed to take over the customers of {owner}")
    fields = {
        "successors": found,
        "message": names()["wishes"]["plan_message"],
        "with_groups": "on",
    }
    play.hq.send(page, fields)


def members_are_given(play: Play) -> None:
    """HQ gives the guides of a store members to invite."""
    page = reverse("segments:penetration")
    play.hq.send(reverse("segments:give"), {"unit": play.files.store_codes[0]}, page=page)


def somebody_is_in_two_groups(play: Play) -> None:
    """A customer of the first group adds the guide of the second one, too, and comes into that group."""
    first, second = play.made["groups"][:2]
    owner, person = second["owner"].userid, first["people"][0]
    play.simulator.post("add", userid=owner, person_id=person)
    play.settle()
    play.simulator.post(
        "group_change", chat_id=second["chat_id"], action="invite", by=owner, people=[person]
    )
