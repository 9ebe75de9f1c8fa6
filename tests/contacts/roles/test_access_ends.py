"""Whoever may not work here any more is out on every path: roles, sessions, API keys, allowed files."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts.directory.models import Employee, Member
from contacts.directory.services import members_observed
from contacts.directory.services.mirror import member_ids_observed
from contacts.org.models import StoreBinding
from contacts.roles import services
from contacts.roles.models import RoleGrant
from contacts.roles.selectors import scope_for
from scrm.accounts.models import PartnerKey, User, UserSession
from scrm.accounts.services import partner_key_create
from scrm.core.alerts.models import Alert
from scrm.core.approvals import services as approvals
from scrm.core.approvals.exports import ask_for
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import PermissionDenied
from scrm.core.scope import EMPTY_SCOPE
from scrm.wecom import types as wecom_types
from tests.factories.contacts import EmployeeFactory, MemberFactory

pytestmark = pytest.mark.django_db
API = "/api/v1/members/batch"


def seen(userid: str, status: int, minutes: int = 1) -> wecom_types.Member:
    """Return what WeCom says of an account now."""
    row = {"userid": userid, "name": "IT", "department": [4], "status": status}
    return wecom_types.Member.read(row, datetime.now(UTC) + timedelta(minutes=minutes))


def called(text: str) -> int:
    """Return how our API answers a call with this key."""
    answer = Client().post(
        API, data={}, content_type="application/json", headers={"Authorization": f"Bearer {text}"}
    )
    return answer.status_code


class Seat:
    """Somebody of IT at work: a session, a key of theirs, and a file that was allowed."""

    def __init__(self, user: User, checker: User) -> None:
        self.user = user
        self.browser = Client()
        self.browser.force_login(user)
        self.key, self.text = partner_key_create(name="mall", scopes=["members.write"], actor=user)
        asked = ask_for("audit", {}, rows=5000, page="/", actor=user, reason="report")
        self.file = approvals.approve(asked, actor=checker)
        assert (self.browser.get("/console/").status_code, called(self.text)) == (200, 400)

    def is_shut(self) -> bool:
        """Return whether nothing of it opens anything."""
        self.key.refresh_from_db()
        self.file.refresh_from_db()
        return (
            self.key.revoked_at is not None
            and called(self.text) == 401
            and not UserSession.objects.filter(user=self.user).exists()
            and self.file.state == Approval.State.EXPIRED
        )


@pytest.fixture
def seat(it_admin: User, hq_ops: User) -> Seat:
    """IT with an account of WeCom."""
    MemberFactory(userid="ITBoss", name="IT", department_ids=[4], user=it_admin)
    return Seat(it_admin, hq_ops)


def test_disabled_seen_by_a_refresh_ends_sessions_keys_and_files(seat: Seat) -> None:
    # when a refresh, not an event, tells that the account was disabled
    members_observed([seen("ITBoss", 2)])

    # then nothing works any more, IT is told, and it stays so when the account is enabled again
    assert seat.is_shut()
    assert Alert.objects.get(kind="accounts.key_of_leaver").key == seat.key.prefix
    members_observed([seen("ITBoss", 1, 2)])
    assert seat.browser.get("/console/").status_code == 302
    assert seat.is_shut()


def test_missing_in_the_complete_list_ends_them_too(seat: Seat) -> None:
    MemberFactory(userid="other", observed_at=timezone.now())

    member_ids_observed({"other": [1]}, datetime.now(UTC) + timedelta(minutes=1))

    assert seat.is_shut()


def test_an_older_observation_ends_nothing(seat: Seat) -> None:
    Member.objects.update(observed_at=timezone.now())

    members_observed([seen("ITBoss", 2, -5)])

    assert not seat.is_shut()
    assert seat.browser.get("/console/").status_code == 200


def test_what_is_still_open_to_somebody_closed_is_ended_within_the_minute(seat: Seat) -> None:
    # given an account that is disabled in the mirror, whoever wrote it there
    Member.objects.update(status=Member.Status.DISABLED)

    assert services.leavers_revoke() == 0

    # then it is shut once, not again each minute, and the role waits for the day they are back
    assert seat.is_shut()
    before = AuditEntry.objects.count()
    services.leavers_revoke()
    assert AuditEntry.objects.count() == before
    assert RoleGrant.objects.filter(user=seat.user).count() == 1


def test_who_left_as_the_oa_says_is_out_though_wecom_keeps_the_account(
    guide_li: Member, company: Any
) -> None:
    # given a guide in her browser, whom the OA says left; WeCom refused to disable her
    user = guide_li.user
    assert user is not None
    browser = Client()
    browser.force_login(user)
    assert browser.get("/h5/").status_code == 200
    gone = EmployeeFactory(job_number="E1", state=Employee.State.LEFT)
    Member.objects.filter(pk=guide_li.pk).update(employee=gone)

    # then the next request finds nothing, before any job ran
    assert scope_for(user) == EMPTY_SCOPE
    assert browser.get("/h5/").status_code == 403
    with pytest.raises(PermissionDenied, match="OA"):
        services.user_for_login(guide_li.userid)

    # and within the minute the session, the role and the store are hers no more
    assert services.leavers_revoke() == 1
    assert not UserSession.objects.filter(user=user).exists()
    assert RoleGrant.objects.filter(user=user).count() == 0
    assert StoreBinding.objects.get(member=guide_li).state == "retired"


@pytest.mark.parametrize(("days", "works"), [(1, True), (0, False)])
def test_a_leave_holds_from_its_day_on(
    guide_li: Member, company: Any, days: int, works: bool
) -> None:
    day: date = timezone.localdate() + timedelta(days=days)
    leave = EmployeeFactory(job_number="E1", leaves_on=day)
    Member.objects.filter(pk=guide_li.pk).update(employee=leave)
    assert guide_li.user is not None

    services.leavers_revoke()

    assert bool(scope_for(guide_li.user).permissions) is works
    assert RoleGrant.objects.filter(user=guide_li.user).exists() is works


def test_a_leaver_who_is_enabled_by_hand_finds_neither_role_nor_store(
    guide_li: Member, company: Any
) -> None:
    # given a leaver of the OA whom somebody enables again in WeCom, before any job ran
    gone = EmployeeFactory(job_number="E1", state=Employee.State.LEFT)
    Member.objects.filter(pk=guide_li.pk).update(employee=gone, status=Member.Status.DISABLED)
    members_observed([seen(guide_li.userid, 1)])
    assert Member.objects.get(pk=guide_li.pk).status == Member.Status.ACTIVE

    services.leavers_revoke()

    assert RoleGrant.objects.filter(user=guide_li.user).count() == 0
    assert StoreBinding.objects.get(member=guide_li).state == "retired"


def test_who_was_switched_off_here_has_no_key_at_once_and_nothing_within_the_minute(
    seat: Seat,
) -> None:
    User.objects.filter(pk=seat.user.pk).update(is_active=False)
    assert called(seat.text) == 401

    services.leavers_revoke()

    assert seat.is_shut()
    assert PartnerKey.objects.get().revoked_by is None
