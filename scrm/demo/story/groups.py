"""Step 15: guides open groups with their customers; we know who is in them, and greet whoever comes in."""

from typing import Any

from django.urls import reverse

from scrm.demo import customer_figures, stack
from scrm.demo.names import names
from scrm.demo.oa_files import Department, Employee
from scrm.demo.story.play import Play

PATIENCE = 90
GROUPS, NEW_CUSTOMERS = 3, 9
SHOP = "https://mall.example.com/"

# Group, name, owner, and one who is in it.
Place = tuple[str, str, str, str]


def guides_open_groups(play: Play) -> None:
    """Three guides open groups; somebody joins later, somebody leaves; our mirror equals WeCom's."""
    report, words = play.report, names()["groups"]
    report.step("15 guides open groups with their customers")
    welcome_made(play)
    play.made["groups"] = [
        _opened(play, *owner, name)
        for owner, name in zip(_owners(play), words["names"], strict=True)
    ]
    play.settle()
    _somebody_moves(play)
    play.settle()
    stack.wait_for(lambda: _ours() == _theirs(play), PATIENCE, pause=0.5)
    report.equal("places in groups with name and owner, as WeCom has them", _ours(), _theirs(play))
    chats = [group["chat_id"] for group in play.made["groups"]]
    template = customer_figures.welcome_id(words["welcome"])
    for number, pk in enumerate(customer_figures.group_ids(chats)):
        page = reverse("groups:detail", args=[pk])
        tags = ", ".join(words["tags"][: 1 + number % 2])
        play.hq.send(reverse("groups:tags", args=[pk]), {"tags": tags}, page=page)
        play.hq.send(reverse("groups:welcome", args=[pk]), {"welcome": template}, page=page)
    job = play.hq.send(reverse("groups:sync"), {}, page=reverse("groups:list")).url
    stack.wait_for(lambda: customer_figures.job_ended(job), PATIENCE, pause=0.3)
    report.equal("after all groups were read, the same", _ours(), _theirs(play))


def welcome_made(play: Play) -> None:
    """HQ makes a welcome template with a link; WeCom has it."""
    words = names()["groups"]
    play.hq.send(
        reverse("groups:welcome_create"),
        {"title": words["welcome"], "text": words["welcome_text"], "kind": "link", "told": "on",
         "link_title": names()["mall"]["name"], "link_text": names()["cards"]["shop_title"], "link_url": SHOP},
    )  # fmt: skip
    play.report.equal("templates in WeCom", len(play.simulator.get("ledger/group_welcomes")), 1)


def _opened(
    play: Play, store: Department, owner: Employee, colleague: Employee, name: str
) -> dict[str, Any]:
    """A guide adds some members of her store who were no friends yet, then opens a group with her customers."""
    for person in _members_of(play, store.store_code):
        play.simulator.post("add", userid=owner.userid, person_id=person["id"])
    play.settle()
    rows = play.simulator.get("ledger/relations", userid=owner.userid, status="active")
    people = [row["person_id"] for row in rows]
    made = play.simulator.post(
        "group", owner=owner.userid, name=f"{store.name} · {name}", people=people[1:],
        members=[colleague.userid],
    )  # fmt: skip
    return {**made, "owner": owner, "people": people[1:], "late": people[0]}


def _owners(play: Play) -> list[tuple[Department, Employee, Employee]]:
    """Return the guide of step 5 and one of each of two other stores, with a colleague who works, too."""
    working = {
        row["userid"] for row in play.simulator.get("ledger/members") if int(row["status"]) == 1
    }
    known = play.made["guide"].userid
    found: list[tuple[Department, Employee, Employee]] = []
    for store in play.files.departments:
        if store.kind == "store":
            guides = [
                each
                for each in play.files.employees
                if each.department == store.code and each.userid in working
            ]
            guides.sort(key=lambda each: each.userid != known)
            found.append((store, guides[0], guides[1]))
    found.sort(key=lambda each: each[1].userid != known)
    return found[:GROUPS]


def _members_of(play: Play, store_code: str) -> list[dict[str, Any]]:
    """Return people who are members of a store and nobody's friend yet."""
    known = {row["person_id"] for row in play.simulator.get("ledger/relations")}
    unions = {
        row["unionid"] for row in play.made["members"].rows
        if row["store_code"] == store_code and row["unionid"]
    }  # fmt: skip
    found = [each for each in play.people if each["unionid"] in unions and each["id"] not in known]
    return found[:NEW_CUSTOMERS]


def _somebody_moves(play: Play) -> None:
    """In the first group a customer comes in later, another one leaves."""
    first = play.made["groups"][0]
    chat, owner = first["chat_id"], first["owner"].userid
    play.simulator.post(
        "group_change", chat_id=chat, action="invite", by=owner, people=[first["late"]]
    )
    leaver = first["people"].pop()
    play.simulator.post("group_change", chat_id=chat, action="leave", person_id=leaver)
    first["people"].append(first["late"])


def _ours() -> set[Place]:
    return {
        (chat_id, group["name"], group["owner"], userid)
        for chat_id, group in customer_figures.groups().items()
        for userid in group["members"]
    }


def _theirs(play: Play) -> set[Place]:
    return {
        (row["chat_id"], row["name"], row["owner"], each["userid"])
        for row in play.simulator.get("ledger/groups")
        if row["dismissed_at"] is None
        for each in row["members"]
    }
