"""The page of adds: scoped by the member who was added."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.directory.models import Member
from scrm.accounts.models import User
from tests.cast import Company, person
from tests.factories.attribution import AddEpisodeFactory
from tests.factories.customers import ContactFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("who", "status", "seen"),
    [
        ("hq_ops", 200, 2),
        ("branch_ops", 200, 1),
        ("outsider", 200, 0),
        ("auditor", 200, 2),
        ("it_admin", 403, None),
    ],
)
def test_each_role_sees_the_adds_of_its_members(
    request: pytest.FixtureRequest, guide_li: Member, who: str, status: int, seen: int | None
) -> None:
    AddEpisodeFactory(userid="guide_li")
    AddEpisodeFactory(userid="nobody_known")
    user: User = request.getfixturevalue(who)
    client = Client()
    client.force_login(user)

    answer = client.get(reverse("adds:list"))

    assert answer.status_code == status
    if seen is not None:
        assert len(answer.context["list"].rows) == seen


def test_people_are_named_and_masked_for_who_may_not_know_them(
    hq_ops: User, guide_li: Member, company: Company, client: Client
) -> None:
    # given an add of a known customer, and an agency that sees no customers
    contact = ContactFactory.create(name="张三丰")
    AddEpisodeFactory.create(userid="guide_li", external_userid=contact.external_userid)
    agency = person("agency_mei", "agency", company.east)

    # when both look
    client.force_login(hq_ops)
    full = client.get(reverse("adds:list")).content.decode()
    client.force_login(agency)
    masked = client.get(reverse("adds:list")).content.decode()

    # then one reads names and may open the customer, the other reads neither
    page = reverse("profile:detail", args=[contact.pk])
    assert ("张三丰" in full, guide_li.name in full, page in full) == (True, True, True)
    assert ("张三丰" in masked, "张***" in masked, page in masked) == (False, True, False)


def test_the_days_and_hand_overs_of_the_home_page_can_be_filtered(
    hq_ops: User, guide_li: Member, client: Client
) -> None:
    # given a new customer and a loss of today, one of yesterday, and both sides of a hand-over
    now = timezone.now()
    before = now - timedelta(days=1)
    AddEpisodeFactory.create(external_userid="wm-new", started_at=now)
    AddEpisodeFactory.create(external_userid="wm-lost", started_at=before, ended_at=now)
    AddEpisodeFactory.create(external_userid="wm-taken", started_at=now, taken_over=True)
    AddEpisodeFactory.create(
        external_userid="wm-given", started_at=before, ended_at=now, handed_on=True
    )
    client.force_login(hq_ops)

    def seen(**query: str) -> set[str]:
        rows = client.get(reverse("adds:list"), query).context["list"].rows
        return {row.external_userid for row in rows}

    # when each card of the home page is followed
    cards = {card.key: card for card in client.get("/console/").context["cards"]}

    def behind(key: str) -> set[str]:
        return {row.external_userid for row in client.get(cards[key].url).context["list"].rows}

    # then the list holds the rows that were counted
    assert (cards["adds_today"].figure.value, behind("adds_today")) == (1, {"wm-new"})
    assert (cards["losses_today"].figure.value, behind("losses_today")) == (1, {"wm-lost"})
    assert seen(origin="handover") == {"wm-taken", "wm-given"}
    # and days in the wrong order are refused at their field
    refused = client.get(reverse("adds:list"), {"added_from": "2026-02-02", "added_to": "2026-02-01"})  # fmt: skip
    assert list(refused.context["list"].filter.form.errors) == ["added_to"]
