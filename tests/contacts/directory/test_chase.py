"""The chase list: who cannot serve yet, why, in whose scope, and WeCom's invitation once more."""

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from attribution.live_codes.models import LiveCode, LiveCodeMember
from contacts.directory.chasing import chase_counts, members_to_chase
from contacts.directory.models import Department, Member
from contacts.directory.services import members_invite
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.approvals import services as approvals
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import ExternalFailure, ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.scope import SYSTEM_SCOPE
from tests.cast import Company
from tests.factories.contacts import MemberFactory

pytestmark = pytest.mark.django_db


def member(userid: str, company: Company, **fields: Any) -> Member:
    """Make an account in store A, unless told otherwise."""
    store = fields.pop("store", company.store_a)
    department = Department.objects.get(store_code=store.code)
    return MemberFactory(
        userid=userid, department_ids=[department.department_id], main_department_id=department.department_id,
        org_path=store.path, **fields,
    )  # fmt: skip


@pytest.fixture
def people(company: Company) -> dict[str, Member]:
    """One of each kind; only four wait for something."""
    found = {
        "ready": member("ready", company),
        "asleep": member("asleep", company, status=4, can_follow=False),
        "outside": member("outside", company, can_follow=False),
        "nameless": member("nameless", company),
        "off": member("off", company, status=2),
        "gone": member("gone", company, status=5),
        "office": MemberFactory(userid="office", can_follow=False, main_department_id=1),
        "south": member("south", company, status=4, store=company.store_south),
    }
    code = LiveCode.objects.create(name="海报", state="s" * 27)
    LiveCodeMember.objects.create(
        live_code=code, member=found["nameless"], position=1, refusal="The real name is missing."
    )
    return found


def test_each_waits_for_her_own_reason(people: dict[str, Member]) -> None:
    waiting = members_to_chase(SYSTEM_SCOPE).values_list("userid", "chase")

    assert sorted(waiting) == [
        ("asleep", "not_activated"), ("nameless", "refused"), ("outside", "no_contact"),
        ("south", "not_activated"),
    ]  # fmt: skip
    assert chase_counts(SYSTEM_SCOPE) == {"not_activated": 2, "no_contact": 1, "refused": 1}


def test_a_branch_chases_its_own_people(people: dict[str, Member], branch_ops: User) -> None:
    scope = scope_for(branch_ops)

    assert set(members_to_chase(scope).values_list("userid", flat=True)) == {
        "asleep", "nameless", "outside"
    }  # fmt: skip


def test_the_page_says_what_to_do_and_the_download_the_same(
    people: dict[str, Member], client: Client, branch_ops: User
) -> None:
    client.force_login(branch_ops)
    client.cookies["django_language"] = "en"

    page = client.get(reverse("directory:chase")).content.decode()

    assert "the member has to log in to WeCom once" in page
    assert "The real name is missing." in page
    assert "south" not in page
    content = client.get(reverse("directory:chase_download"), {"reason": "refused"}).content
    rows = list(load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))
    assert [row[1] for row in rows[1:]] == ["nameless"]
    entry = AuditEntry.objects.get(action="directory.chase_export")
    assert entry.after == {"filters": {"reason": "refused"}, "rows": 1}


def test_a_large_list_takes_a_second_person(
    people: dict[str, Member], client: Client, branch_ops: User, hq_ops: User, settings: Any
) -> None:
    settings.EXPORT_ROWS_ALONE = 2
    client.force_login(branch_ops)
    url = reverse("directory:chase_download")

    # given three accounts, nobody takes the list alone; one by one still goes
    assert "spreadsheet" not in client.get(url)["Content-Type"]
    assert client.get(url, {"reason": "refused"}).content.startswith(b"PK")
    assert client.post(url, {"reason": "call them"}).status_code == 302
    approvals.approve(Approval.objects.get(), actor=hq_ops)

    # then once somebody agreed, once
    assert client.get(url).content.startswith(b"PK")
    assert "spreadsheet" not in client.get(url)["Content-Type"]


@pytest.mark.parametrize(
    ("who", "status"), [("auditor", 403), ("it_admin", 403), ("guide_user", 403)]
)
def test_nobody_else_lets_wecom_invite(
    who: str, status: int, people: dict[str, Member], client: Client, request: Any, guide_li: Member
) -> None:
    user = guide_li.user if who == "guide_user" else request.getfixturevalue(who)
    client.force_login(user)

    response = client.post(reverse("directory:chase_invite"), {"act": "all"})

    assert response.status_code == status
    assert not AuditEntry.objects.filter(action="directory.invite").exists()


@pytest.mark.flow
def test_a_branch_invites_its_own_and_never_others(
    people: dict[str, Member], client: Client, branch_ops: User, wecom_sandbox_world: Any
) -> None:
    # given the two sleepers in WeCom
    for userid in ("asleep", "south"):
        wecom("contacts").user.create(userid, "谁", [1], mobile=f"1391111{len(userid):04d}")
    client.force_login(branch_ops)
    south = str(people["south"].pk)

    # when a branch ticks another branch's account too
    client.post(
        reverse("directory:chase_invite"), {"members": [str(people["asleep"].pk), south, "x"]}
    )

    # then only its own is invited, on record
    entry = AuditEntry.objects.get(action="directory.invite")
    assert entry.after == {"userids": ["asleep"], "unknown": []}
    calls = [r["api"] for r in wecom_sandbox_world.control.get("ledger/calls")]
    assert calls.count("batch/invite") == 1


@pytest.mark.flow
def test_a_refused_invitation_is_said_and_not_recorded(
    people: dict[str, Member], wecom_sandbox_world: Any, hq_ops: User
) -> None:
    wecom_sandbox_world.control.post(
        "faults", {"endpoint": "batch/invite", "kind": "errcode", "value": 48002}
    )
    with pytest.raises(ExternalFailure):
        members_invite([people["asleep"]], actor=hq_ops)
    assert not AuditEntry.objects.filter(action="directory.invite").exists()

    with pytest.raises(ValidationFailed):
        members_invite([people["ready"]], actor=hq_ops)
