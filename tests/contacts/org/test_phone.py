"""A branch or dealer sends in one binding by phone, with its place; it counts once HQ has checked it."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from contacts.directory.models import Member
from contacts.org.models import BindingImport, OrgUnit, StoreBinding
from contacts.org.services import binding_import_apply
from scrm.accounts.models import User
from scrm.core.scope import SYSTEM_SCOPE
from tests.cast import Company, branch_ops, company, guide_li, hq_ops, outsider, person
from tests.factories.contacts import MemberFactory

__all__ = ["branch_ops", "company", "guide_li", "hq_ops", "outsider"]
pytestmark = pytest.mark.django_db
HERE = {"latitude": "31.2304161", "longitude": "121.473701", "datum": "gcj02", "accuracy": "25.4"}


def post(client: Client, **values: str) -> Any:
    """Send the form."""
    return client.post("/h5/bind/", {"store_code": "S1", "account": "newcomer", **values})


def test_a_binding_with_its_place_waits_for_headquarters(
    company: Company, branch_ops: User, hq_ops: User, client: Client
) -> None:
    # given a store whose place is known, in another datum
    OrgUnit.objects.filter(pk=company.store_a.pk).update(
        latitude="31.232342", longitude="121.469187", datum="wgs84"
    )
    member = MemberFactory(userid="newcomer")
    client.force_login(branch_ops)

    # when the branch sends in who serves it
    response = post(client, **HERE)

    # then it waits, with the place as the phone said it and the metres to the store
    assert response.status_code == 302
    batch = BindingImport.objects.get()
    assert (batch.channel, batch.status, batch.datum, batch.accuracy) == (
        "phone", "waiting", "gcj02", 25,
    )  # fmt: skip
    assert (batch.latitude, batch.longitude) == (Decimal("31.230416"), Decimal("121.473701"))
    assert batch.distance is not None
    assert batch.distance < 100
    assert StoreBinding.objects.count() == 0

    # and the check binds it like a file
    binding_import_apply(batch=batch, actor=hq_ops, scope=SYSTEM_SCOPE)
    assert StoreBinding.objects.get().member == member


def test_without_a_place_it_goes_too(company: Company, branch_ops: User, client: Client) -> None:
    MemberFactory(userid="newcomer")
    client.force_login(branch_ops)

    assert post(client, latitude="31", longitude="121").status_code == 302

    batch = BindingImport.objects.get()
    assert (batch.latitude, batch.datum, batch.distance) == (None, "", None)
    assert 'role="status"' in client.get("/h5/bind/?sent=1").content.decode()


@pytest.mark.parametrize(
    "values",
    [{"store_code": "S9"}, {"store_code": "S3"}, {"account": "nobody"}, {"position": "x"}, {"account": ""}],
)  # fmt: skip
def test_what_cannot_be_bound_is_said_at_once_and_not_kept(
    company: Company, branch_ops: User, client: Client, values: dict[str, str]
) -> None:
    MemberFactory(userid="newcomer")
    client.force_login(branch_ops)

    response = post(client, **values)

    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert BindingImport.objects.count() == 0


def test_others_do_not_see_what_one_sent(
    company: Company, branch_ops: User, outsider: User, client: Client
) -> None:
    MemberFactory(userid="newcomer")
    client.force_login(branch_ops)
    post(client)

    client.force_login(outsider)
    page = client.get("/h5/bind/").content.decode()

    assert "newcomer" not in page
    assert "人民路店" not in page
    assert "天河店" in page


def test_a_guide_and_who_left_may_not_send(
    company: Company, guide_li: Member, client: Client
) -> None:
    MemberFactory(userid="newcomer")
    gone = person("wecom:gone", "branch_ops", company.east)
    MemberFactory(userid="gone", user=gone, status=Member.Status.LEFT)

    for user in (guide_li.user, gone):
        assert user is not None
        client.force_login(user)
        assert post(client).status_code == 403

    assert BindingImport.objects.count() == 0
