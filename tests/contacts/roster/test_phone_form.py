"""A dealer sends somebody in by phone, with the place; it counts once headquarters approves."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from contacts.roster.models import RosterPerson
from scrm.accounts.models import User
from tests.cast import Company, branch_ops, company, guide_li, hq_ops, outsider, person
from tests.contacts.roster.people import cells, day, phone_of

__all__ = ["branch_ops", "company", "guide_li", "hq_ops", "outsider"]
pytestmark = pytest.mark.django_db
HERE = {"latitude": "31.2304161", "longitude": "121.473701", "datum": "gcj02", "accuracy": "25.4"}


@pytest.fixture
def dealer(company: Company, guide_li: Member) -> User:
    """A dealer of store A."""
    return person("dealer_a", "dealer", company.store_a)


def post(client: Client, **values: str) -> Any:
    """Send the form."""
    return client.post("/h5/roster/", {**cells(), **values})


def test_a_person_with_the_place_waits_for_headquarters(
    company: Company, dealer: User, hq_ops: User, client: Client
) -> None:
    # given a store whose place is known, in another datum
    OrgUnit.objects.filter(pk=company.store_a.pk).update(
        latitude="31.232342", longitude="121.469187", datum="wgs84"
    )
    client.force_login(dealer)

    # when the dealer sends somebody in from there
    response = post(client, **HERE)

    # then the person waits, with the place as the phone said it and the metres to the store
    assert response.status_code == 302
    sent = RosterPerson.objects.get()
    assert (sent.state, sent.channel, sent.datum, sent.accuracy) == (
        "waiting",
        "phone",
        "gcj02",
        25,
    )
    assert (sent.latitude, sent.longitude) == (Decimal("31.230416"), Decimal("121.473701"))
    assert sent.distance is not None
    assert sent.distance < 100
    assert sent.phone == f"+86{phone_of(1)}"

    # and headquarters sees how far away it was
    client.force_login(hq_ops)
    assert f"{sent.distance}" in client.get("/console/roster/queue/").content.decode()
    detail = client.get(f"/console/roster/{sent.pk}/").content.decode()
    assert "GCJ-02" in detail
    assert phone_of(1) not in detail


def test_without_a_place_it_goes_too(dealer: User, client: Client) -> None:
    client.force_login(dealer)

    assert post(client, latitude="31", longitude="121").status_code == 302

    sent = RosterPerson.objects.get()
    assert (sent.latitude, sent.datum, sent.distance) == (None, "", None)
    page = client.get("/h5/roster/?sent=1").content.decode()
    assert 'role="status"' in page
    assert "编外1" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"store_code": "S2"}, {"store_code": "S3"}, {"sponsor": "nobody"}, {"phone": "1"}, {"expires_on": day(-1)},
        {"expires_on": "x"}, {"name": ""},
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_at_once_and_not_kept(
    dealer: User, client: Client, wrong: dict[str, str]
) -> None:
    client.force_login(dealer)

    response = post(client, **wrong)

    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert RosterPerson.objects.count() == 0


def test_a_guide_may_not_send_anybody(company: Company, guide_li: Member, client: Client) -> None:
    assert guide_li.user is not None
    client.force_login(guide_li.user)

    assert client.get("/h5/roster/").status_code == 403
    assert post(client).status_code == 403
    assert RosterPerson.objects.count() == 0


def test_the_same_phone_cannot_be_sent_twice(dealer: User, client: Client) -> None:
    client.force_login(dealer)
    post(client)

    assert post(client, name="别人").status_code == 422
    assert RosterPerson.objects.get().name == "编外1"
