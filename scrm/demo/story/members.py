"""The retailer's 20,000 members arrive by file and API and meet WeCom's customers."""

import json
import time
from typing import Any

from django.urls import reverse

from scrm.demo import figures, stack
from scrm.demo.crm_members import MEMBERS, Customer, MemberSet, make_members, to_workbook
from scrm.demo.story.play import Play
from scrm.demo.story.report import WrongFigureError

BATCH = 500
PATIENCE = 300


def members_arrive(play: Play) -> None:
    """Step 4: half by XLSX, half by API; OneID finds exactly the persons there are."""
    report = play.report
    report.step("4  20,000 CRM members by file and API; who is who")
    members = play.made["members"] = expected_members(play)
    half = MEMBERS // 2
    begun = time.monotonic()
    send_file(play, members.rows[:half])
    report.note("seconds for 10,000 by file", round(time.monotonic() - begun, 1))
    begun = time.monotonic()
    answers = send_batches(play, members.rows[half:])
    report.note("seconds for 10,000 by API", round(time.monotonic() - begun, 1))
    report.equal("created by API", sum(answer["created"] for answer in answers), MEMBERS - half)
    repeated = send_batches(play, members.rows[half : half + BATCH], name="again")
    report.equal("sent once more: unchanged", repeated[0]["unchanged"], BATCH)
    begun = time.monotonic()
    if not stack.wait_for(lambda: figures.queues()["identities_pending"] == 0, PATIENCE, pause=0.5):
        raise WrongFigureError(
            f"OneID still has {figures.queues()['identities_pending']} records to look at"
        )
    report.note("seconds until everyone was known", round(time.monotonic() - begun, 1))
    persons_equal(play, members)


def expected_members(play: Play) -> MemberSet:
    """Return the rows to send and the partition they must give; customers are those who have scanned."""
    by_person = {
        row["person_id"]: row["external_userid"] for row in play.simulator.get("ledger/relations")
    }
    customers = [
        Customer(by_person[person["id"]], person["unionid"], person["phone"])
        for person in play.people
        if person["id"] in by_person
    ]
    strangers = [person for person in play.people if person["id"] not in by_person]
    return make_members(customers, strangers, play.files.store_codes)


def send_file(play: Play, rows: list[dict[str, Any]]) -> None:
    """Upload a workbook, look at its preview, start the import and wait for it."""
    content = to_workbook(rows)
    preview = play.hq.send(
        reverse("intake:file", args=["members"]), {}, {"file": ("members.xlsx", content)}
    ).url
    job = play.hq.send(f"{preview.rstrip('/')}/start/", {}, page=preview).url
    play.report.note("import job", job.rsplit("/", 2)[-2])
    expected = len(rows)
    if not stack.wait_for(lambda: figures.job(job)["state"] in figures.ENDED, PATIENCE, pause=0.5):
        raise WrongFigureError(f"The import does not end: {figures.job(job)}")
    done = figures.job(job)
    play.report.equal(
        "import by file", (done["state"], done["succeeded"], done["failed"]), ("done", expected, 0)
    )


def send_batches(
    play: Play, rows: list[dict[str, Any]], name: str = "first"
) -> list[dict[str, Any]]:
    """Send rows to the partner API, 500 a call."""
    return [
        play.partner.post(
            reverse("api:members_batch"),
            json.loads(json.dumps({"members": rows[at : at + BATCH]})),
            idempotency_key=f"story-{name}-{at}-{int(time.time())}",
        )
        for at in range(0, len(rows), BATCH)
    ]


def persons_equal(play: Play, members: MemberSet) -> None:
    """Compare the persons with the partition that is known."""
    report = play.report
    found = figures.persons()
    contacts = len(figures.contacts())
    merged = sum(len(group) - 1 for group in members.groups)
    report.equal("members", found["members"], MEMBERS)
    report.equal("records that belong to a person", found["linked"], MEMBERS + contacts)
    report.equal("persons with several records", found["groups"], members.groups)
    report.equal("persons", found["persons"], MEMBERS + contacts - merged)
    report.equal("conflicts for a human", found["conflicts"], members.conflicts)
