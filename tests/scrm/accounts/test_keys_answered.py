"""A key lives as long as somebody of IT answers for it: a leaver's ends, that of who changed posts waits to be taken over."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contacts.roles import services as roles
from contacts.roles.models import RoleGrant
from scrm.accounts.models import PartnerKey, User
from scrm.accounts.partner_keys.answering import unanswered_limit
from scrm.accounts.services import partner_key_create
from scrm.core.alerts.models import Alert
from scrm.core.approvals import services as approvals
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import PermissionDenied
from tests.cast import person

pytestmark = pytest.mark.django_db
LIST = "/console/api-keys/"
API = "/api/v1/members/batch"


def called(text: str) -> int:
    """Return how our API answers a call with this key."""
    headers = {"Authorization": f"Bearer {text}"}
    return Client().post(API, {}, content_type="application/json", headers=headers).status_code


@pytest.fixture
def colleague(it_admin: User) -> User:
    """Somebody else of IT."""
    return person("it2", "it_admin")


def lost(maker: User, by: User) -> tuple[PartnerKey, str]:
    """Return a key without an end whose maker's role was taken back since."""
    key, text = partner_key_create(name="mall", scopes=["members.write"], actor=maker)
    roles.revoke(RoleGrant.objects.get(user=maker), actor=by)
    return key, text


def test_a_key_of_who_lost_the_right_gets_two_weeks_and_it_is_told(
    it_admin: User, colleague: User
) -> None:
    # given a running integration whose key somebody made who does something else now
    key, text = lost(it_admin, colleague)
    other, _text = partner_key_create(name="crm", scopes=["members.write"], actor=colleague)
    server, _text = partner_key_create(name="server", scopes=["members.write"])

    assert (unanswered_limit(), unanswered_limit()) == (1, 0)

    # then the mall is not cut off, but it ends unless somebody takes the key over
    for each in (key, other, server):
        each.refresh_from_db()
    assert called(text) == 400
    assert key.expires_at is not None
    assert timedelta(days=13) < key.expires_at - timezone.now() <= timedelta(days=14)
    assert (other.expires_at, server.expires_at) == (None, None)
    assert Alert.objects.get(kind="accounts.key_unanswered").key == key.prefix
    assert AuditEntry.objects.get(action="accounts.partner_key_unanswered").actor_id is None


def test_it_takes_such_a_key_over_on_the_page(
    client: Client, it_admin: User, colleague: User
) -> None:
    key, text = lost(it_admin, colleague)
    unanswered_limit()
    client.force_login(colleague)
    shown = client.get(f"{LIST}?state=unanswered").context
    assert ([row.pk for row in shown["list"].rows], shown["unanswered"]) == ([key.pk], 1)

    # without a reason nothing changes
    assert client.post(f"{LIST}{key.pk}/take-over/", {"lifetime": "365"}).status_code == 422
    key.refresh_from_db()
    assert key.created_by == it_admin

    page = client.post(f"{LIST}{key.pk}/take-over/", {"lifetime": "", "reason": "still called"})

    assert page.status_code == 302
    key.refresh_from_db()
    assert (key.created_by, key.expires_at, called(text)) == (colleague, None, 400)
    entry = AuditEntry.objects.get(action="accounts.partner_key_take_over")
    assert (entry.before["answers"], entry.after["answers"]) == ("it", "it2")
    assert unanswered_limit() == 0
    # a key that somebody answers for cannot be taken from them
    wish = {"lifetime": "", "reason": "mine"}
    client.force_login(person("it3", "it_admin"))
    assert client.post(f"{LIST}{key.pk}/take-over/", wish).status_code == 422
    key.refresh_from_db()
    assert key.created_by == colleague


def test_who_approved_a_key_does_not_answer_for_it_too(hq_ops: User, it_admin: User) -> None:
    colleague = person("it2", "it_admin")
    key, _text = partner_key_create(
        name="mall", scopes=["members.read"], actor=it_admin, reason="orders"
    )
    approvals.approve(Approval.objects.get(kind="partner_key"), actor=hq_ops)
    roles.revoke(RoleGrant.objects.get(user=it_admin), actor=colleague)
    roles.give(user=it_admin, role=RoleGrant.objects.get(user=hq_ops).role, org_unit=None, actor=None)  # fmt: skip
    RoleGrant.objects.filter(user=hq_ops).delete()
    roles.give(user=hq_ops, role=RoleGrant.objects.get(user=colleague).role, org_unit=None, actor=None)  # fmt: skip
    client = Client()
    client.force_login(hq_ops)

    page = client.post(f"{LIST}{key.pk}/take-over/", {"lifetime": "90", "reason": "mine now"})

    assert page.status_code == 422
    key.refresh_from_db()
    assert key.created_by == it_admin


def test_a_key_asked_for_by_somebody_who_may_make_none_any_more_is_not_approved(
    it_admin: User, hq_ops: User, colleague: User
) -> None:
    key, text = partner_key_create(
        name="mall", scopes=["members.read"], actor=it_admin, reason="orders"
    )
    roles.revoke(RoleGrant.objects.get(user=it_admin), actor=colleague)

    with pytest.raises(PermissionDenied) as caught:
        approvals.approve(Approval.objects.get(kind="partner_key"), actor=hq_ops)

    assert caught.value.code == "maker_lost_right"
    key.refresh_from_db()
    assert (key.approved_at, called(text)) == (None, 401)
    # refusing it withdraws the key
    approvals.refuse(Approval.objects.get(kind="partner_key"), actor=hq_ops, reason="left IT")
    key.refresh_from_db()
    assert key.revoked_at is not None
