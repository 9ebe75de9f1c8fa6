"""Reading customers from WeCom: pages by COPY, a job over all members, and the handlers, on the sandbox."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from contacts.directory.models import Member
from customers.relations import handlers, services
from customers.relations.bulk import PageCounts
from customers.relations.models import ExternalContact, FollowRelation, RelationEvent
from customers.relations.tasks import relations_sync
from scrm.core.exceptions import Conflict
from scrm.core.gateway import wecom
from scrm.core.jobs.models import JobRun
from scrm.inbox.handling import Event
from scrm.wecom import errors
from tests.factories.accounts import UserFactory
from tests.factories.customers import MemberFactory, at, detail, follow, page

pytestmark = pytest.mark.django_db


class Gateway:
    """Stands in for the client where a test needs an answer the sandbox does not give."""

    def __init__(self, answers: dict[str, Any], userids: tuple[str, ...] = ()) -> None:
        self.external_contact = self
        self.answers = answers
        self.userids = userids
        self.asked: list[str] = []

    def __call__(self, *_args: Any, **_kwargs: Any) -> "Gateway":
        return self

    def get_follow_user_list(self) -> tuple[str, ...]:
        return self.userids

    def batch_get_by_user(self, userids: list[str], cursor: str = "", limit: int = 100) -> Any:
        self.asked.append(f"{userids[0]}{cursor}")
        answer = self.answers[f"{userids[0]}{cursor}"]
        if isinstance(answer, Exception):
            raise answer
        return answer


def use(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    """Put it in place of the client."""
    monkeypatch.setattr("customers.relations.services.wecom", gateway)
    monkeypatch.setattr("customers.relations.tasks.wecom", gateway)


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


def sync(commits: Any) -> JobRun:
    """Run the job."""
    with commits(execute=True):
        job = services.sync_start(actor=UserFactory())
    job.refresh_from_db()
    return job


def test_one_members_error_is_told_in_words_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    use(
        monkeypatch,
        Gateway(
            {
                "a": page([("wm1", follow("a"))]),
                "b": errors.WeComPermission(
                    60111, "no such user", "externalcontact/batch/get_by_user"
                ),
                "c": page([("wm1", follow("c")), ("wm2", follow("c"))]),
            },
            ("c", "a", "b"),
        ),
    )

    job = sync(django_capture_on_commit_callbacks)

    assert (job.state, job.total, job.processed, job.succeeded, job.failed) == ("done", 3, 3, 2, 1)
    assert job.result == {"relations": 3, "created": 3, "updated": 0}
    assert bytes(job.error_file)[:2] == b"PK"
    assert FollowRelation.objects.count() == 3


def test_a_pause_of_wecom_resumes_behind_the_last_member(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given WeCom asks to wait at the second member
    gateway = Gateway(
        {
            "a": page([("wm1", follow("a"))]),
            "b": errors.WeComQuota(45009, "freq", "x", retry_after=60),
        },
        ("a", "b"),
    )
    use(monkeypatch, gateway)
    job = sync(django_capture_on_commit_callbacks)
    assert (job.state, job.processed) == ("waiting", 1)
    assert job.waiting_for != ""

    # when it goes on
    gateway.answers["b"] = page([("wm2", follow("b"))])
    relations_sync(str(job.pk))

    # then
    job.refresh_from_db()
    assert (job.state, job.processed, job.result["relations"]) == ("done", 2, 2)
    assert gateway.asked == ["a", "b", "b"]


def test_a_sync_stopped_between_two_pages_reads_no_page_twice(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given WeCom stops answering at the third page of a member
    gateway = Gateway(
        {
            "a": page([("wm1", follow("a"))], next_cursor="2"),
            "a2": page([("wm2", follow("a"))], next_cursor="3"),
            "a3": errors.WeComQuota(45009, "freq", "x", retry_after=60),
        },
        ("a",),
    )
    use(monkeypatch, gateway)
    job = sync(django_capture_on_commit_callbacks)
    assert (job.state, job.processed) == ("waiting", 0)

    # when it goes on
    gateway.answers["a3"] = page([("wm3", follow("a"))])
    relations_sync(str(job.pk))

    # then each page was read once, and the figures are those of the whole
    job.refresh_from_db()
    assert (job.state, job.processed) == ("done", 1)
    assert job.result == {"relations": 3, "created": 3, "updated": 0}
    assert gateway.asked == ["a", "a2", "a3", "a3"]


def test_an_expired_cursor_begins_that_member_again(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given a job that stopped behind the first page of the second member
    gateway = Gateway(
        {
            "a": page([("wm1", follow("a"))]),
            "b": page([("wm2", follow("b"))], next_cursor="2"),
            "b2": errors.WeComQuota(45009, "freq", "x", retry_after=60),
        },
        ("a", "b"),
    )
    use(monkeypatch, gateway)
    job = sync(django_capture_on_commit_callbacks)

    # when its cursor is too old by the time it goes on
    gateway.answers["b2"] = errors.WeComPermanent(40058, "invalid cursor", "x")
    gateway.answers["b"] = page([("wm2", follow("b")), ("wm3", follow("b"))])
    relations_sync(str(job.pk))

    # then only this member is read from the beginning
    job.refresh_from_db()
    assert (job.state, job.processed) == ("done", 2)
    assert gateway.asked == ["a", "b", "b2", "b2", "b"]
    assert FollowRelation.objects.count() == 3


def test_two_syncs_at_once_are_refused(django_capture_on_commit_callbacks: Any) -> None:
    services.sync_start(actor=None)

    with pytest.raises(Conflict):
        services.sync_start(actor=None)

    assert JobRun.objects.count() == 1


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


def test_a_sync_over_all_members_equals_the_ledger(
    wecom_sandbox_world: Any, django_capture_on_commit_callbacks: Any
) -> None:
    shop = busy_shop(wecom_sandbox_world)
    expected = {pair: values for pair, values in shop.expected().items() if values[0] == "active"}

    job = sync(django_capture_on_commit_callbacks)

    assert (job.state, job.failed, job.result["created"]) == ("done", 0, len(expected))
    assert stored() == expected
    unionids = {row["external_userid"] for row in shop.relations()}
    assert (
        set(ExternalContact.objects.exclude(unionid="").values_list("external_userid", flat=True))
        <= unionids
    )
    assert ExternalContact.objects.exclude(unionid="").count() > 0

    # and a second run updates nothing
    again = sync(django_capture_on_commit_callbacks)
    assert (again.result["created"], again.result["updated"]) == (0, 0)


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
