"""Who sees and does what on the roster's pages; reminders; forgetting."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts.directory.models import Member
from contacts.roster.models import RosterExtension, RosterPerson
from contacts.roster.services import people_remind, roster_purge
from scrm.accounts.models import User
from scrm.core.alerts.models import Alert
from scrm.core.outbox.models import OutboxMessage
from tests.cast import (
    Company,
    auditor,
    branch_ops,
    company,
    guide_li,
    guide_wang,
    hq_ops,
    it_admin,
    outsider,
    person,
)
from tests.contacts.roster.people import cells, day, on_roster, phone_of
from tests.factories.contacts import MemberFactory

__all__ = [
    "auditor",
    "branch_ops",
    "company",
    "guide_li",
    "guide_wang",
    "hq_ops",
    "it_admin",
    "outsider",
]
pytestmark = pytest.mark.django_db
BASE = "/console/roster/"


@pytest.fixture
def dealer(company: Company) -> User:
    """The dealer of store A."""
    return person("dealer_a", "dealer", company.store_a)


@pytest.fixture
def sibling(company: Company) -> User:
    """The dealer of store B, in the same branch."""
    return person("dealer_b", "dealer", company.store_b)


@pytest.fixture
def waiting(company: Company, guide_li: Member, dealer: User) -> RosterPerson:
    """Somebody the dealer of store A sent in."""
    return on_roster(company.store_a, guide_li, created_by=dealer)


def active(person: RosterPerson, days: int = 90) -> RosterPerson:
    """Give a person an account."""
    person.member = MemberFactory(userid=f"x-{person.name}")
    person.userid, person.state = person.member.userid, "active"
    person.decided_at = timezone.now()
    person.expires_on = timezone.localdate() + timedelta(days=days)
    person.save()
    return person


ACTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("approve/", {}), ("refuse/", {"note": "x"}), ("retry/", {}), ("withdraw/", {}), ("end/", {"reason": "x"}),
    ("extend/", {"until": "2027-01-01", "reason": "x"}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("hq_ops", 200), ("auditor", 200), ("branch_ops", 200), ("dealer", 200),
        ("sibling", 404), ("outsider", 404), ("it_admin", 403),
    ],
)  # fmt: skip
def test_only_their_own_side_sees_a_person(
    waiting: RosterPerson, who: str, sees: int, client: Client, request: Any
) -> None:
    client.force_login(request.getfixturevalue(who))

    assert client.get(f"{BASE}{waiting.pk}/").status_code == sees
    page = client.get(BASE)
    assert page.status_code == (403 if sees == 403 else 200)
    assert (waiting.name in page.content.decode()) == (sees == 200)
    assert phone_of(1) not in page.content.decode()


@pytest.mark.parametrize("who", ["sibling", "outsider", "it_admin", "auditor", "guide_wang"])
@pytest.mark.parametrize(("act", "form"), ACTS)
def test_nobody_else_changes_anything(
    waiting: RosterPerson, who: str, act: str, form: dict[str, str], client: Client, request: Any
) -> None:
    somebody = request.getfixturevalue(who)
    client.force_login(getattr(somebody, "user", somebody))
    before = RosterPerson.objects.values().get()

    assert client.post(f"{BASE}{waiting.pk}/{act}", form).status_code in (403, 404)

    assert RosterPerson.objects.values().get() == before
    assert RosterExtension.objects.count() == 0


def test_a_dealer_cannot_decide_and_headquarters_not_on_its_own(
    waiting: RosterPerson, dealer: User, hq_ops: User, client: Client
) -> None:
    client.force_login(dealer)
    assert client.post(f"{BASE}{waiting.pk}/approve/").status_code == 403
    assert client.get(f"{BASE}queue/").status_code == 403

    RosterPerson.objects.update(created_by=hq_ops)
    client.force_login(hq_ops)
    client.post(f"{BASE}{waiting.pk}/approve/")
    client.post(f"{BASE}queue/approve/", {"people": [str(waiting.pk), "x"]})

    waiting.refresh_from_db()
    assert (waiting.state, waiting.decided_by) == ("waiting", None)
    assert 'name="people"' not in client.get(f"{BASE}queue/").content.decode()


def test_a_sibling_dealers_store_and_files_do_not_exist(
    company: Company, dealer: User, sibling: User, guide_li: Member, client: Client
) -> None:
    client.force_login(sibling)

    answer = client.post(f"{BASE}new/", cells())

    assert answer.status_code == 422
    assert RosterPerson.objects.count() == 0

    from contacts.roster.models import RosterFile

    file = RosterFile.objects.create(filename="a.xlsx", content="[[],[]]", created_by=dealer)
    for path, method in (("", "get"), ("errors/", "get"), ("send/", "post"), ("drop/", "post")):
        assert getattr(client, method)(f"{BASE}files/{file.pk}/{path}").status_code == 404
    file.refresh_from_db()
    assert file.status == "waiting"


def test_the_list_takes_as_many_queries_for_fifty_as_for_five(
    company: Company,
    guide_li: Member,
    hq_ops: User,
    client: Client,
    django_assert_max_num_queries: Any,
) -> None:
    client.force_login(hq_ops)
    for number in range(50):
        on_roster(company.store_a, guide_li, number)

    for path in (BASE, f"{BASE}?size=100", f"{BASE}queue/?size=100"):
        with django_assert_max_num_queries(25):
            assert client.get(path).status_code == 200


def test_filters_find_by_state_day_unit_name_and_phone(
    company: Company, guide_li: Member, guide_wang: Member, hq_ops: User, client: Client
) -> None:
    client.force_login(hq_ops)
    soon = active(on_roster(company.store_a, guide_li, 1), days=10)
    later = active(on_roster(company.store_b, guide_wang, 2), days=80)
    waits = on_roster(company.store_b, guide_wang, 3)

    def found(query: str) -> set[str]:
        page = client.get(f"{BASE}?{query}").content.decode()
        return {p.name for p in (soon, later, waits) if f">{p.name}</a>" in page}

    assert found("expiring=14") == {soon.name}
    assert found("state=waiting") == {waits.name}
    assert found("unit=S2") == {later.name, waits.name}
    assert found("unit=B1&state=active") == {soon.name, later.name}
    assert found(f"q={phone_of(3)}") == {waits.name}
    assert found(f"q={soon.name}") == {soon.name}
    assert found("unit=nowhere") == set()


def test_an_extension_is_asked_by_the_dealer_and_given_by_headquarters(
    waiting: RosterPerson, dealer: User, hq_ops: User, client: Client
) -> None:
    active(waiting)
    client.force_login(dealer)
    assert (
        client.post(f"{BASE}{waiting.pk}/extend/", {"until": day(10), "reason": "x"}).status_code
        == 422
    )
    assert (
        client.post(
            f"{BASE}{waiting.pk}/extend/", {"until": day(120), "reason": "旺季"}
        ).status_code
        == 302
    )
    asked = RosterExtension.objects.get()
    assert client.post(f"{BASE}extensions/{asked.pk}/", {"act": "approve"}).status_code == 403

    client.force_login(hq_ops)
    assert "旺季" in client.get(f"{BASE}queue/").content.decode()
    client.post(f"{BASE}extensions/{asked.pk}/", {"act": "refuse"})
    asked.refresh_from_db()
    assert asked.state == "waiting"
    client.post(f"{BASE}extensions/{asked.pk}/", {"act": "approve"})

    waiting.refresh_from_db()
    assert waiting.expires_on.isoformat() == day(120)


def test_sponsor_and_headquarters_are_told_14_and_3_days_before_once_each(
    company: Company, guide_li: Member
) -> None:
    # given two people of one sponsor, one of them far away
    near = active(on_roster(company.store_a, guide_li, 1), days=14)
    active(on_roster(company.store_a, guide_li, 2), days=15)

    # when the clock comes round twice on the same day
    assert (people_remind(), people_remind()) == (1, 0)

    # then there is one alert and one message to the sponsor
    alert = Alert.objects.get(kind="roster.expiring")
    assert (alert.level, near.name in alert.text, "编外2" in alert.text) == ("info", True, False)
    message = OutboxMessage.objects.get(kind="roster.reminder")
    assert message.payload["userids"] == ["guide_li"]
    assert message.payload["url"].endswith("/h5/roster/")

    # and three days before again, also where the clock stood still on that day
    RosterPerson.objects.filter(pk=near.pk).update(
        expires_on=timezone.localdate() + timedelta(days=2)
    )
    assert (people_remind(), people_remind()) == (1, 0)
    assert Alert.objects.filter(kind="roster.expiring", level="warning").count() == 1


def test_phones_of_who_is_gone_for_a_month_are_forgotten(
    company: Company, guide_li: Member
) -> None:
    long_ago = timezone.now() - timedelta(days=31)
    gone = on_roster(company.store_a, guide_li, 1, state="ended", ending="expired", ended_at=long_ago,
                     latitude="31.2", longitude="121.4", datum="gcj02")  # fmt: skip
    refused = on_roster(company.store_a, guide_li, 2, state="refused", decided_at=long_ago)
    kept = on_roster(company.store_a, guide_li, 3, state="refused", decided_at=timezone.now())

    assert (roster_purge(), roster_purge()) == (2, 0)

    for each, phone in ((gone, ""), (refused, ""), (kept, f"+86{phone_of(3)}")):
        each.refresh_from_db()
        assert each.phone == phone
    assert (gone.latitude, gone.datum, gone.name) == (None, "", "编外1")
