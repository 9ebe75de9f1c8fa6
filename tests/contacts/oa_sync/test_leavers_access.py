"""A leaver of the OA: by the end of the run no session, API key or allowed file of theirs works."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contacts.directory.models import Member
from contacts.oa_sync.models import OaRun
from contacts.roles import services as roles
from contacts.roles.models import Role
from scrm.accounts.models import PartnerKey, User
from scrm.accounts.services import partner_key_approve, partner_key_create
from scrm.core.alerts.models import Alert
from scrm.core.approvals import exports, services
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from tests.contacts.oa_sync.desk import PEOPLE, Desk, desk
from tests.contacts.oa_sync.oa_files import employee
from tests.factories.accounts import UserFactory

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]
API = "/api/v1/members/batch"


def at_hq(userid: str) -> User:
    """Return the console's user of an account, with the rights of headquarters."""
    user = UserFactory()
    Member.objects.filter(userid=userid).update(user=user, status=Member.Status.ACTIVE)
    roles.grant(user=user, role=Role.objects.get(code="hq_ops"), org_unit=None, actor=None)
    return user


def key_of(user: User, checker: User) -> tuple[PartnerKey, str]:
    """Return a key somebody made and another person approved."""
    key, text = partner_key_create(
        name="mall", scopes=["members.write"], actor=user, reason="orders",
        expires_at=timezone.now() + timedelta(days=30),
    )  # fmt: skip
    if key.is_waiting:
        partner_key_approve(key, actor=checker)
    key.refresh_from_db()
    return key, text


def called(text: str) -> int:
    """Return how our API answers a call with this key."""
    answer = Client().post(
        API, data={}, content_type="application/json", headers={"Authorization": f"Bearer {text}"}
    )
    return answer.status_code


def file_of(user: User, checker: User) -> Approval:
    """Return the approval of a large file that somebody has not taken yet."""
    asked = exports.ask_for(
        "boards", {"by": "guide"}, rows=5000, page="/console/boards/", actor=user, reason="plan"
    )
    return services.approve(asked, actor=checker)


def test_a_leavers_sessions_keys_and_files_are_dead_when_the_run_ends(desk: Desk) -> None:
    # given two people of headquarters at work, each with a session, a key and an allowed file
    roles.presets_load()
    desk.sync(PEOPLE)
    leaver, stays = at_hq("e0012"), at_hq("e0011")
    seats = {}
    for user in (leaver, stays):
        seats[user] = Client()
        seats[user].force_login(user)
        assert seats[user].get("/console/").status_code == 200
    keys = {leaver: key_of(leaver, stays), stays: key_of(stays, leaver)}
    files = {leaver: file_of(leaver, stays), stays: file_of(stays, leaver)}
    waits = exports.ask_for(
        "boards", {"by": "store"}, rows=5000, page="/console/boards/", actor=leaver, reason="plan"
    )
    assert {called(text) for _key, text in keys.values()} == {400}

    # when the OA says that one of them left
    began = timezone.now()
    run = desk.sync([*PEOPLE[:11], employee(12, "D2", state="离职")])

    # then at the end of the run, well within a minute, nothing of hers works any more
    assert (run.status, run.removal_count) == (OaRun.Status.APPLIED, 1)
    assert timezone.now() - began < timedelta(seconds=60)
    assert seats[leaver].get("/console/").status_code == 302
    assert called(keys[leaver][1]) == 401
    assert not exports.may_take("boards", {"by": "guide"}, rows=5000, actor=leaver)
    states = {each.pk: each.state for each in Approval.objects.all()}
    assert (states[files[leaver].pk], states[waits.pk]) == ("expired", "expired")
    # and IT is told which system needs a new key
    assert Alert.objects.get(kind="accounts.key_of_leaver").key == keys[leaver][0].prefix
    revoked = AuditEntry.objects.get(action="accounts.partner_key_revoke")
    assert revoked.target == f"partner_key:{keys[leaver][0].prefix}"

    # and whoever stays works on
    assert seats[stays].get("/console/").status_code == 200
    assert called(keys[stays][1]) == 400
    assert exports.may_take("boards", {"by": "guide"}, rows=5000, actor=stays)
