"""Reading customers from WeCom: one member's pages, and the handlers, on the sandbox."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from contacts.directory.models import Member
from customers.relations import handlers, services
from customers.relations.bulk import PageCounts
from customers.relations.models import FollowRelation, RelationEvent
from scrm.core.gateway import wecom
from scrm.inbox.handling import Event
from scrm.wecom import errors
from tests.factories.customers import MemberFactory, at, detail, follow, page

pytestmark = pytest.mark.django_db


class Gateway:
    """Stands in for the client where a test needs an answer the sandbox does not give."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.external_contact = self
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, *_args: Any, **_kwargs: Any) -> "Gateway":
        return self

    def batch_get_by_user(self, userids: list[str], cursor: str = "", limit: int = 100) -> Any:
        self.asked.append(f"{userids[0]}{cursor}")
        answer = self.answers[f"{userids[0]}{cursor}"]
        if isinstance(answer, Exception):
            raise answer
        return answer


def use(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    """Put it in place of the client."""
    monkeypatch.setattr("customers.relations.services.wecom", gateway)


def test_all_pages_of_a_member_are_read_even_behind_an_empty_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    member = MemberFactory(userid="LiNa")
    use(
        monkeypatch,
        Gateway(
            {
                "LiNa": page([("wm1", follow("LiNa"))], next_cursor="A"),
                "LiNaA": page([], next_cursor="B"),
                "LiNaB": page([("wm2", follow("LiNa"))]),
            }
        ),
    )

    assert services.member_refresh(member) == PageCounts(2, 2, 0)


def test_a_member_without_customers_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    member = MemberFactory(userid="LiNa")
    use(monkeypatch, Gateway({"LiNa": errors.WeComPermanent(84061, "not external contact", "x")}))

    assert services.member_refresh(member) == PageCounts(0, 0, 0)


# --- on the sandbox -----------------------------------------------------------------------------------------


def event(change_type: str, userid: str, external_userid: str, moment: datetime) -> Event:
    """Return an event of the pair."""
    fields = {"UserID": userid, "ExternalUserID": external_userid}
    return Event(1, "scrm", "change_external_contact", change_type, moment, moment, fields)


class Shop:
    """Two guides of the sandbox, a contact way, and everything people did, as events."""

    def __init__(self, sandbox: Any) -> None:
        self.control = sandbox.control
        self.userids: list[str] = self.control.post("seed_org", {"members": 2, "departments": 1})[
            "userids"
        ]
        made = wecom().contact_way.add(
            type=2, scene=2, users=self.userids, state="s1", skip_verify=True
        )
        self.config_id = made.config_id
        self.events: list[Event] = []

    def note(self, change_type: str, userid: str, external_userid: str) -> None:
        """Keep the event WeCom raised for the pair last."""
        rows = [
            row
            for row in self.relations()
            if (row["userid"], row["external_userid"]) == (userid, external_userid)
        ]
        seconds = rows[-1]["ended_at"] or rows[-1]["createtime"]
        self.events.append(
            event(change_type, userid, external_userid, datetime.fromtimestamp(seconds, UTC))
        )

    def scan(self, person_id: str) -> dict[str, Any]:
        """Let a person scan the code."""
        added: dict[str, Any] = self.control.post(
            "scan", {"config_id": self.config_id, "person_id": person_id}
        )
        self.note("add_external_contact", added["userid"], added["external_userid"])
        return added

    def delete(self, person_id: str, added: dict[str, Any], by: str) -> None:
        """Let one delete the other."""
        self.control.post("delete", {"userid": added["userid"], "person_id": person_id, "by": by})
        change = {"customer": "del_follow_user", "member": "del_external_contact"}[by]
        self.note(change, added["userid"], added["external_userid"])

    def relations(self) -> list[dict[str, Any]]:
        """Return the ledger's relations, ended ones too, oldest first."""
        rows: list[dict[str, Any]] = self.control.get("ledger/relations")
        return sorted(rows, key=lambda row: row["id"])

    def expected(self) -> dict[tuple[str, str], tuple[Any, ...]]:
        """Return what must be stored: the newest relation of each pair."""
        return {
            (row["userid"], row["external_userid"]): (
                "active",
                row["createtime"],
                row["state"],
                row["remark"],
            )
            if row["status"] == "active"
            else ("lost", row["ended_at"])
            for row in self.relations()
        }


def stored() -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return what we hold, in the ledger's shape."""
    return {
        (row.member.userid, row.contact.external_userid): (
            "active",
            row.created_time.timestamp(),
            row.state,
            row.remark,
        )
        if row.lost_at is None
        else ("lost", row.lost_at.timestamp())
        for row in FollowRelation.objects.select_related("member", "contact")
    }


def busy_shop(sandbox: Any) -> Shop:
    """Return a shop in which thirty people came, some left, and some came again within the same seconds."""
    shop = Shop(sandbox)
    for number in range(1, 31):
        person = f"p{number:06d}"
        added = shop.scan(person)
        if number % 3 == 0:
            shop.delete(person, added, "customer" if number % 2 else "member")
        if number % 9 == 0:
            shop.scan(person)
    return shop


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_and_repeated_events_equal_the_ledger(wecom_sandbox_world: Any, seed: int) -> None:
    # given every event twice, in random order
    shop = busy_shop(wecom_sandbox_world)
    events = shop.events * 2
    random.Random(seed).shuffle(events)

    # when each is handled with its own read
    for each in events:
        handlers.apply_change(each, handlers.read_contact(each))

    # then
    assert stored() == shop.expected()
    assert RelationEvent.objects.count() == len(
        {
            (
                each.change_type,
                each.fields["UserID"],
                each.fields["ExternalUserID"],
                each.occurred_at,
            )
            for each in events
        }
    )


@pytest.mark.usefixtures("wecom_sandbox_world")
def test_a_customer_nobody_follows_any_more_is_gone_not_an_error() -> None:
    read = handlers.read_contact(event("del_follow_user", "LiNa", "wm-nobody", at(0)))

    assert read.detail is None


def test_an_edit_event_reads_again_and_records_nothing() -> None:
    member: Member = MemberFactory(userid="LiNa")
    read = handlers.ContactRead(detail("wm1", [follow("LiNa", remark="edited")]), at(60))

    handlers.apply_change(event("edit_external_contact", "LiNa", "wm1", at(0)), read)

    assert FollowRelation.objects.get(member=member).remark == "edited"
    assert RelationEvent.objects.count() == 0
