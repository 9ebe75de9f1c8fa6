"""The monitor centre: who may, whose incidents, what a click does."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Member
from risk.anomalies.ladder import steps_take_by_rule
from risk.anomalies.models import Incident, IncidentStep, RuleSetting
from scrm.accounts.models import User
from tests.factories.contacts import MemberFactory
from tests.factories.risk import IncidentFactory

pytestmark = pytest.mark.django_db


def logged_in(user: User, language: str = "en") -> Client:
    client = Client()
    client.cookies["django_language"] = language
    client.force_login(user)
    return client


@pytest.fixture
def incident(guide_li: Member) -> Incident:
    """An incident of store A's guide, off the codes by rule."""
    found: Incident = IncidentFactory(member=guide_li)
    steps_take_by_rule(found, ["codes"])
    return found


def gets(incident: Incident) -> list[str]:
    return [
        reverse("anomalies:list"),
        reverse("anomalies:detail", args=[incident.pk]),
        reverse("anomalies:rules"),
        reverse("anomalies:rule", args=["adds_minute"]),
    ]


def posts(incident: Incident) -> list[tuple[str, dict[str, str]]]:
    return [
        (reverse("anomalies:take", args=[incident.pk]), {"step": "account", "reason": "x"}),
        (reverse("anomalies:undo", args=[incident.pk]), {"step": "codes", "reason": "x"}),
        (reverse("anomalies:close", args=[incident.pk]), {"outcome": "false", "undo": "on", "reason": "x"}),
        (reverse("anomalies:rule", args=["adds_minute"]), {"threshold": "1"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("hq_ops", [200, 200, 200, 200]),
        ("branch_ops", [200, 200, 200, 403]),
        ("outsider", [200, 404, 200, 403]),
        ("auditor", [200, 200, 200, 403]),
        ("it_admin", [403, 403, 403, 403]),
    ],
)
def test_each_role_sees_its_own_incidents_only(
    request: pytest.FixtureRequest, incident: Incident, who: str, expected: list[int]
) -> None:
    client = logged_in(request.getfixturevalue(who))

    assert [client.get(url).status_code for url in gets(incident)] == expected


@pytest.mark.parametrize("who", ["branch_ops", "outsider", "auditor", "it_admin"])
def test_who_may_only_look_changes_nothing(
    request: pytest.FixtureRequest, incident: Incident, who: str
) -> None:
    client = logged_in(request.getfixturevalue(who))

    assert [client.post(url, data).status_code for url, data in posts(incident)] == [403] * 4
    incident.refresh_from_db()
    assert incident.state == "open"
    assert list(IncidentStep.objects.values_list("kind", "undone_at")) == [("codes", None)]
    assert RuleSetting.objects.count() == 0


def test_nobody_sees_anything_without_login(incident: Incident, guide_li: Member) -> None:
    assert [Client().get(url).status_code for url in gets(incident)] == [302] * 4
    assert guide_li.user is not None
    assert [logged_in(guide_li.user).get(url).status_code for url in gets(incident)] == [403] * 4


def test_another_branchs_incident_is_in_no_list(
    incident: Incident, company: Any, outsider: User
) -> None:
    IncidentFactory(member=MemberFactory(name="南方导购", org_path=company.store_south.path))

    page = logged_in(outsider).get(reverse("anomalies:list")).content.decode()

    assert "南方导购" in page
    assert "李娜" not in page


def test_hq_takes_a_step_undoes_one_and_closes(incident: Incident, hq_ops: User) -> None:
    client = logged_in(hq_ops)
    take, undo, close, _rule = posts(incident)

    client.post(*take)
    assert IncidentStep.objects.get(kind="account").taken_by == hq_ops
    client.post(*undo)
    assert IncidentStep.objects.get(kind="codes").undone_by == hq_ops
    page = client.post(*close, follow=True).content.decode()

    incident.refresh_from_db()
    assert (incident.state, incident.closed_by) == ("false", hq_ops)
    assert IncidentStep.objects.filter(undone_at=None).count() == 0
    assert "step undone: off the live codes" in page
    assert "Closed: false alarm" in page


def test_undo_without_a_reason_undoes_nothing(incident: Incident, hq_ops: User) -> None:
    url, _data = posts(incident)[1]

    page = logged_in(hq_ops).post(url, {"step": "codes"}, follow=True).content.decode()

    assert "Say why." in page
    assert IncidentStep.objects.get().undone_at is None


def test_one_click_undoes_every_step(incident: Incident, hq_ops: User) -> None:
    steps_take_by_rule(incident, ["sessions"])

    logged_in(hq_ops).post(posts(incident)[1][0], {"reason": "mistake"})

    assert IncidentStep.objects.filter(undone_at=None).count() == 0


def test_closing_without_saying_what_it_was_is_asked_for_again(
    incident: Incident, hq_ops: User
) -> None:
    answer = logged_in(hq_ops).post(posts(incident)[2][0], {"reason": "x"})

    assert answer.status_code == 422
    incident.refresh_from_db()
    assert incident.state == "open"


def test_hq_changes_a_rule(hq_ops: User) -> None:
    client = logged_in(hq_ops)
    url = reverse("anomalies:rule", args=["adds_hour"])

    client.post(url, {"threshold": "150", "steps": ["sessions", "codes"], "is_active": "on"})

    row = RuleSetting.objects.get()
    assert (row.threshold, row.steps, row.is_active) == (150, ["codes", "sessions"], True)
    assert "150" in client.get(reverse("anomalies:rules")).content.decode()
    assert client.get(reverse("anomalies:rule", args=["nothing"])).status_code == 404


def test_the_list_takes_the_same_queries_for_one_and_for_many(
    incident: Incident,
    hq_ops: User,
    django_assert_num_queries: Any,
    django_assert_max_num_queries: Any,
) -> None:
    client = logged_in(hq_ops)
    url = reverse("anomalies:list")
    with django_assert_max_num_queries(12) as one:
        client.get(url)
    for _number in range(9):
        steps_take_by_rule(IncidentFactory(), ["codes", "sessions"])

    with django_assert_num_queries(len(one.captured_queries)):
        client.get(url)


def test_the_timeline_names_the_rule_that_fired(incident: Incident, hq_ops: User) -> None:
    data = {"rule": "adds_minute", "count": 60, "seconds": 60, "threshold": 20}
    incident.entries.create(kind="fired", data=data)

    page = logged_in(hq_ops).get(gets(incident)[1]).content.decode()

    timeline = page[page.index("timeline-title") :]
    assert "adds_minute" not in timeline
    assert "Too many customers added within a minute" in timeline


def test_undoing_everything_is_asked_about_first(incident: Incident, hq_ops: User) -> None:
    page = logged_in(hq_ops).get(gets(incident)[1]).content.decode()

    assert 'data-confirm="Undo all steps against 李娜?' in page


def test_the_address_book_does_not_advise_against_our_own_restriction(
    hq_ops: User, guide_li: Member, company: Any, settings: Any
) -> None:
    # given a bound account that an incident keeps from customers
    settings.RISK_CONTACT_SCOPE_TAG = 7
    steps_take_by_rule(IncidentFactory(member=guide_li), ["scope"])
    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.ACTIVE, can_follow=False)
    client = logged_in(hq_ops)

    # when the pages of members and of the store are opened
    pages = [
        client.get(reverse("directory:members")).content.decode(),
        client.get(reverse("org:detail", args=[company.store_a.pk])).content.decode(),
    ]

    # then both say that it was us
    for page in pages:
        assert "Kept from customers by us" in page
        assert "switch it on for this member" not in page
