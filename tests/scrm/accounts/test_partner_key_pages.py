"""The page of partner keys: IT makes them, sees who uses them, withdraws them; nobody else does."""

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.roles import services as roles_services
from contacts.roles.models import Role
from scrm.accounts import services
from scrm.accounts.models import PartnerKey
from scrm.core.approvals import services as approvals
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, PermissionDenied
from tests.factories.customers import CrmMemberFactory

pytestmark = pytest.mark.django_db
LIST, NEW = "/console/api-keys/", "/console/api-keys/new/"
WISH = {"name": "商城", "scopes": ["orders.write", "goods.write"], "lifetime": "90"}
TOKEN = re.compile(r"scrm_[0-9a-f]{12}_[\w-]{43}")


def calls(token: str) -> int:
    """The status of a call with a key: 400 is one that was let in (there is no body)."""
    answer = Client().post(
        "/api/v1/orders/batch",
        {},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "a-key-of-a-test"},
    )
    return answer.status_code


def test_it_makes_a_key_that_is_shown_once_and_works(client: Client, it_admin: Any) -> None:
    client.force_login(it_admin)

    answer = client.post(NEW, WISH)

    # then the key is in this one answer, which nobody stores
    (token, *_again) = TOKEN.findall(answer.content.decode())
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)
    assert calls(token) == 400
    # and neither the list nor the audit has it
    key = PartnerKey.objects.get()
    lists = client.get(LIST).content.decode()
    assert (TOKEN.search(lists), f"scrm_{key.prefix}_…" in lists) == (None, True)
    entry = AuditEntry.objects.get(action="accounts.partner_key_create")
    assert entry.actor == it_admin
    assert entry.after["scopes"] == ["goods.write", "orders.write"]
    assert token.split("_", 2)[2] not in str(entry.after)
    assert (key.expires_at - timezone.now()).days in {89, 90}


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"lifetime": "100000"},
        {"calls_per_minute": "0"},
        {"calls_per_minute": "60001"},
    ],
)
def test_a_wrong_wish_makes_nothing(client: Client, it_admin: Any, change: dict[str, Any]) -> None:
    client.force_login(it_admin)

    assert client.post(NEW, WISH | change).status_code == 422
    assert PartnerKey.objects.count() == 0
    assert not AuditEntry.objects.filter(action="accounts.partner_key_create").exists()


def test_a_key_ends_by_itself(client: Client, it_admin: Any) -> None:
    soon = timezone.now() + timedelta(days=3)
    key, token = services.partner_key_create(
        name="mall", scopes=["orders.write"], expires_at=soon, actor=None
    )
    client.force_login(it_admin)

    assert (calls(token), key.ends_soon) == (400, True)

    PartnerKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert calls(token) == 401
    assert len(client.get(LIST, {"state": "expired"}).context["list"].rows) == 1
    assert len(client.get(LIST, {"state": "usable"}).context["list"].rows) == 0


def test_a_withdrawn_key_is_refused_with_its_next_call(client: Client, it_admin: Any) -> None:
    key, token = services.partner_key_create(name="mall", scopes=["orders.write"], actor=None)
    client.force_login(it_admin)
    assert calls(token) == 400

    assert client.post(f"{LIST}{key.pk}/withdraw/", {"reason": ""}).status_code == 422
    assert calls(token) == 400
    answer = client.post(f"{LIST}{key.pk}/withdraw/", {"reason": "leaked"})

    assert (answer.status_code, calls(token)) == (302, 401)
    key.refresh_from_db()
    assert key.revoked_by == it_admin
    entry = AuditEntry.objects.get(action="accounts.partner_key_revoke")
    assert (entry.actor, entry.target, entry.reason) == (
        it_admin,
        f"partner_key:{key.prefix}",
        "leaked",
    )
    # and a second time there is nothing to withdraw
    assert client.post(f"{LIST}{key.pk}/withdraw/", {"reason": "again"}).status_code == 404
    assert AuditEntry.objects.filter(action="accounts.partner_key_revoke").count() == 1
    assert services.partner_key_revoke(key, actor=it_admin, reason="raced") is False
    assert AuditEntry.objects.filter(action="accounts.partner_key_revoke").count() == 1


def test_replacing_begins_with_the_rights_of_the_old_key(client: Client, it_admin: Any) -> None:
    key, _token = services.partner_key_create(
        name="mall", scopes=["goods.write"], calls_per_minute=30, actor=None
    )
    client.force_login(it_admin)

    form = client.get(NEW, {"like": str(key.pk)}).context["form"]

    assert (form.initial["name"], form.initial["scopes"], form.initial["calls_per_minute"]) == (
        "mall",
        ["goods.write"],
        30,
    )
    for junk in ("0", "x", "9" * 40):
        assert "name" not in client.get(NEW, {"like": junk}).context["form"].initial


def test_keys_are_found_by_system_by_right_and_by_the_key_itself(
    client: Client, it_admin: Any
) -> None:
    _mall, token = services.partner_key_create(name="mall", scopes=["orders.write"], actor=None)
    services.partner_key_create(name="CRM", scopes=["members.write"], actor=it_admin)
    client.force_login(it_admin)

    def found(**query: str) -> list[str]:
        return [key.name for key in client.get(LIST, query).context["list"].rows]

    assert found() == ["CRM", "mall"]
    assert (found(name="MAL"), found(name=token)) == (["mall"], ["mall"])
    assert (found(scope="members.write"), found(state="unused")) == (["CRM"], ["CRM", "mall"])
    assert (found(name="scrm_"), found(state="withdrawn")) == (["CRM", "mall"], [])


def test_the_auditor_looks_and_changes_nothing(client: Client, auditor: Any) -> None:
    key, token = services.partner_key_create(name="mall", scopes=["orders.write"], actor=None)
    client.force_login(auditor)

    lists = client.get(LIST).content.decode()

    assert ("mall" in lists, "/withdraw/" in lists, NEW in lists) == (True, False, False)
    assert client.post(NEW, WISH).status_code == 403
    assert client.post(f"{LIST}{key.pk}/withdraw/", {"reason": "x"}).status_code == 403
    assert (PartnerKey.objects.count(), calls(token)) == (1, 400)


@pytest.mark.parametrize("person", ["branch_ops", "outsider"])
def test_others_do_not_see_keys(
    client: Client, person: str, request: pytest.FixtureRequest
) -> None:
    key, token = services.partner_key_create(name="mall", scopes=["orders.write"], actor=None)
    client.force_login(request.getfixturevalue(person))

    assert client.get(LIST).status_code == 403
    assert client.post(NEW, WISH).status_code == 403
    assert client.post(f"{LIST}{key.pk}/withdraw/", {"reason": "x"}).status_code == 403
    assert (PartnerKey.objects.count(), calls(token)) == (1, 400)


# --- keys that read customers --------------------------------------------------------------------


def made_by(client: Client, person: Any, *scopes: str) -> tuple[PartnerKey, str]:
    """A key that a person made in the console."""
    client.force_login(person)
    answer = client.post(NEW, WISH | {"scopes": scopes, "reason": "the mall shows the level"})
    return PartnerKey.objects.latest("pk"), TOKEN.findall(answer.content.decode())[0]


def asked_for(key: PartnerKey) -> Approval:
    """What waits, or waited, on a key."""
    return Approval.objects.get(key=f"partner_key:{key.prefix}")


def decide(client: Client, asked: Approval, decision: str, reason: str = "") -> int:
    """The status of deciding in the console."""
    wish = {"decision": decision, "reason": reason}
    return client.post(f"/console/approvals/{asked.pk}/decide/", wish).status_code


def reads(token: str) -> tuple[int, dict[str, Any]]:
    """What reading a member gives: 404 is let in (there is no such member)."""
    answer = Client().get("/api/v1/members/none", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


def test_it_does_not_give_itself_customers(client: Client, it_admin: Any) -> None:
    CrmMemberFactory(member_no="M77", phone="+8613800000001")

    key, token = made_by(client, it_admin, "members.read", "orders.write")

    # then the key is refused with words, for whatever it may do, and is not noted as used
    answer = Client().get("/api/v1/members/M77", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, calls(token)) == (401, 401)
    assert "approve" in answer.json()["message"] or "批准" in answer.json()["message"]
    assert "M77" not in answer.content.decode()
    key.refresh_from_db()
    assert (key.is_usable, key.last_used_at, key.approved_at) == (False, None, None)
    assert AuditEntry.objects.get(action="accounts.partner_key_create").after["needs_approval"]
    # and its maker sees that it waits, and cannot let it in
    asked = asked_for(key)
    assert f"/console/approvals/{asked.pk}/" in client.get(LIST).content.decode()
    assert decide(client, asked, "approve") == 422
    assert (calls(token), asked_for(key).state) == (401, "waiting")


def test_a_key_that_reads_customers_needs_a_reason(client: Client, it_admin: Any) -> None:
    client.force_login(it_admin)

    assert client.post(NEW, WISH | {"scopes": ["members.read"]}).status_code == 422
    assert (PartnerKey.objects.count(), Approval.objects.count()) == (0, 0)


def test_hq_lets_a_key_in_that_reads_customers(client: Client, it_admin: Any, hq_ops: Any) -> None:
    key, token = made_by(client, it_admin, "members.read")
    client.force_login(hq_ops)

    # given HQ sees that it waits, with what it could read
    page = client.get(LIST, {"state": "waiting"})
    assert [row.pk for row in page.context["list"].rows] == [key.pk]
    asked = asked_for(key)
    assert f"/console/approvals/{asked.pk}/" in page.content.decode()
    shown = client.get(f"/console/approvals/{asked.pk}/").content.decode()
    assert ("the mall shows the level" in shown, f"scrm_{key.prefix}_" in shown) == (True, True)
    assert reads(token)[0] == 401

    # when it is approved
    assert decide(client, asked, "approve") == 302

    # then it works, and the audit has who
    assert reads(token)[0] == 404
    key.refresh_from_db()
    assert (key.approved_by, key.created_by, key.is_usable) == (hq_ops, it_admin, True)
    entry = AuditEntry.objects.get(action="accounts.partner_key_approve")
    assert (entry.actor, entry.target) == (hq_ops, f"partner_key:{key.prefix}")
    assert entry.after["scopes"] == ["members.read"]
    # and there is nothing to approve any more
    assert decide(client, asked, "refuse", "late") == 422
    assert len(client.get(LIST, {"state": "usable"}).context["list"].rows) == 1
    # nor does HQ make or withdraw keys
    assert client.post(NEW, WISH).status_code == 403
    assert client.post(f"{LIST}{key.pk}/withdraw/", {"reason": "x"}).status_code == 403


def test_two_roles_do_not_make_two_people(client: Client, it_admin: Any) -> None:
    # given IT that was also granted what HQ operations may
    roles_services.grant(
        user=it_admin, role=Role.objects.get(code="hq_ops"), org_unit=None, actor=None
    )
    key, token = made_by(client, it_admin, "members.read")

    assert decide(client, asked_for(key), "approve") == 422
    with pytest.raises(PermissionDenied):
        services.partner_key_approve(key, actor=it_admin)
    with pytest.raises(IntegrityError), transaction.atomic():
        PartnerKey.objects.update(approved_at=timezone.now(), approved_by=it_admin)

    assert reads(token)[0] == 401
    assert not AuditEntry.objects.filter(action="accounts.partner_key_approve").exists()


def test_a_withdrawn_or_ended_key_cannot_be_approved(
    client: Client, it_admin: Any, hq_ops: Any
) -> None:
    key, token = made_by(client, it_admin, "members.read")
    services.partner_key_revoke(key, actor=it_admin, reason="mistake")
    client.force_login(hq_ops)

    assert decide(client, asked_for(key), "approve") == 422
    with pytest.raises(Conflict):
        services.partner_key_approve(key, actor=hq_ops)
    assert (reads(token)[0], asked_for(key).state) == (401, "taken_back")


def test_a_refused_key_is_withdrawn(client: Client, it_admin: Any, hq_ops: Any) -> None:
    key, token = made_by(client, it_admin, "members.read")
    client.force_login(hq_ops)

    # given a no without a reason, which is none
    assert decide(client, asked_for(key), "refuse") == 422
    assert asked_for(key).state == "waiting"
    assert decide(client, asked_for(key), "refuse", "the mall does not need it") == 302

    key.refresh_from_db()
    assert (key.revoked_by, key.is_usable, reads(token)[0]) == (hq_ops, False, 401)
    entry = AuditEntry.objects.get(action="accounts.partner_key_revoke")
    assert (entry.actor, entry.reason) == (hq_ops, "the mall does not need it")
    assert AuditEntry.objects.get(action="approval.refuse").reason == "the mall does not need it"


def test_a_key_nobody_decides_on_is_withdrawn_after_a_week(client: Client, it_admin: Any) -> None:
    key, _token = made_by(client, it_admin, "members.read")

    with time_machine.travel(timezone.now() + timedelta(days=6, hours=23), tick=False):
        assert approvals.expire_due() == 0
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1), tick=False):
        assert (approvals.expire_due(), approvals.expire_due()) == (1, 0)

    key.refresh_from_db()
    assert (asked_for(key).state, key.revoked_at is None, key.revoked_by) == (
        "expired",
        False,
        None,
    )


def test_a_key_of_the_servers_command_line_works_at_once() -> None:
    out = StringIO()
    call_command("partner_key_create", "CRM", "--scope", "members.read", stdout=out)

    assert reads(out.getvalue().strip())[0] == 404
    assert PartnerKey.objects.get().needs_approval is False


def test_the_list_costs_the_same_whatever_its_length(client: Client, it_admin: Any) -> None:
    client.force_login(it_admin)

    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            client.get(LIST)
        return len(counted)

    services.partner_key_create(name="mall", scopes=["orders.write"], actor=it_admin)
    one = queries()
    for number in range(9):
        services.partner_key_create(name=f"mall {number}", scopes=["orders.write"], actor=it_admin)

    assert queries() == one


@pytest.mark.parametrize(
    "broken",
    [
        {"scopes": []},
        {"name": ""},
        {"calls_per_minute": 0},
        {"calls_per_minute": 60_001},
        {"approved_at": timezone.now()},
    ],
)
def test_the_database_refuses_keys_that_mean_nothing(broken: dict[str, Any]) -> None:
    services.partner_key_create(name="mall", scopes=["orders.write"], actor=None)

    with pytest.raises(IntegrityError), transaction.atomic():
        PartnerKey.objects.update(**broken)


def test_a_key_has_one_limit_over_all_calls(client: Client, settings: Any) -> None:
    # given a limit of three a minute for whoever has none, and one of five of its own
    settings.API_CALLS_PER_MINUTE = 3
    _key, plain = services.partner_key_create(
        name="a", scopes=["orders.write", "members.read"], actor=None
    )
    _key, own = services.partner_key_create(
        name="b", scopes=["orders.write"], calls_per_minute=5, actor=None
    )

    def mixed(token: str) -> list[int]:
        read = client.get("/api/v1/members/none", headers={"Authorization": f"Bearer {token}"})
        return [read.status_code, calls(token), calls(token)]

    with time_machine.travel("2026-11-21 12:00:10+00:00", tick=False):
        # when one calls reads and writes, they count together
        assert mixed(plain) == [404, 400, 400]
        answer = client.get("/api/v1/members/none", headers={"Authorization": f"Bearer {plain}"})
        # then the fourth is refused, with the seconds until the next minute
        assert (answer.status_code, answer["Retry-After"]) == (429, "50")
        assert answer.json()["code"] == "rate_limited"
        assert answer.json()["data"] == {"retry_after": 50}
        # and the other key goes on to its own limit
        assert [calls(own) for _call in range(6)] == [400] * 5 + [429]
    with time_machine.travel("2026-11-21 12:01:00+00:00", tick=False):
        assert mixed(plain) == [404, 400, 400]
