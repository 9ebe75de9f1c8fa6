"""The results as a file: who got whom, how it stands and why; named as on the page, audited, a large one approved."""

import io

import pytest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from contacts.directory.models import Member
from contacts.roles.models import Role
from customers.inheritance.models import HandoverGroup, HandoverItem, HandoverPlan
from scrm.accounts.models import User
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from scrm.core.excel import read_table
from tests.cast import PASSWORD
from tests.factories.customers import ContactFactory, MemberFactory

pytestmark = pytest.mark.django_db
LIST = "/console/inheritance/"


@pytest.fixture
def plan(guide_li: Member) -> HandoverPlan:
    """Five customers in five states, and a group that WeCom refused."""
    plan = HandoverPlan.objects.create(leaver=guide_li, mode="in_service", state="done")
    successor = MemberFactory(userid="guide_zhao", name="赵敏")
    for name, state, code in (
        ("王小明", "done", 0),
        ("=1+1", "refused", 0),
        ("张三丰", "failed", 84061),
        ("陈静", "later", 40128),
        ("李四", "unplaced", 0),
    ):
        HandoverItem.objects.create(
            plan=plan,
            contact=ContactFactory(name=name),
            successor=None if state == "unplaced" else successor,
            state=state,
            errcode=code,
            again_on=timezone.now() if state == "later" else None,
        )
    HandoverGroup.objects.create(
        plan=plan, chat_id="wr1", title="老客群", successor=successor, state="failed", errcode=90501
    )
    return plan


def test_who_got_whom_and_why_not(client: Client, hq_ops: User, plan: HandoverPlan) -> None:
    assert client.login(username="hq", password=PASSWORD)
    client.cookies["django_language"] = "en"
    assert f"{LIST}{plan.pk}/file/" in client.get(f"{LIST}{plan.pk}/").content.decode()

    answer = client.get(f"{LIST}{plan.pk}/file/")

    assert answer.status_code == 200
    day = timezone.localdate(plan.created_at)
    named = f'attachment; filename="hand-over-{plan.leaver.userid}-{day}.xlsx"'
    assert answer["Content-Disposition"] == named
    rows = [row.values for row in read_table(io.BytesIO(answer.content), filename="a.xlsx").rows]
    assert [(row["Customer or group"], row["Successor"], row["State"]) for row in rows] == [
        ("王小明", "赵敏", "handed over"),
        ("=1+1", "赵敏", "refused by the customer"),
        ("张三丰", "赵敏", "WeCom refused"),
        ("陈静", "赵敏", "protected by WeCom, asked again later"),
        ("李四", "", "nobody has room"),
        ("老客群", "赵敏", "WeCom refused"),
    ]
    assert [bool(row["Reason"]) for row in rows] == [False, True, True, True, False, True]
    assert rows[0]["Old guide"] == "李娜"
    entry = AuditEntry.objects.get(action="inheritance.results_export")
    assert (entry.actor, entry.target) == (hq_ops, f"handover:{plan.pk}")
    # and the file says whose copy it is, on a sheet and at the foot of every page
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames[1] == "About this file"
    cells = [cell.value for line in book.worksheets[1].iter_rows() for cell in line]
    assert any(str(cell).startswith("hq · ") for cell in cells)
    assert str(book.worksheets[0].oddFooter.center.text).startswith("hq · ")


def test_the_file_names_customers_as_the_page_does(
    client: Client, hq_ops: User, plan: HandoverPlan
) -> None:
    Role.objects.filter(code="hq_ops").update(masks=["phone", "name"])
    assert client.login(username="hq", password=PASSWORD)
    assert "王***" in client.get(f"{LIST}{plan.pk}/").content.decode()

    answer = client.get(f"{LIST}{plan.pk}/file/")

    rows = read_table(io.BytesIO(answer.content), filename="a.xlsx").rows
    assert "王***" in next(iter(rows)).values.values()


def test_a_large_file_needs_a_second_person(
    client: Client, hq_ops: User, plan: HandoverPlan, settings: object
) -> None:
    settings.EXPORT_ROWS_ALONE = 5  # type: ignore[attr-defined]
    assert client.login(username="hq", password=PASSWORD)

    answer = client.get(f"{LIST}{plan.pk}/file/")
    assert (answer.status_code, answer["Content-Type"][:9]) == (200, "text/html")
    client.post(f"{LIST}{plan.pk}/file/", {"reason": "给门店对账"})

    assert Approval.objects.get().payload["rows"] == 6
    assert AuditEntry.objects.filter(action="inheritance.results_export").count() == 0


def test_another_branch_gets_none(client: Client, outsider: User, plan: HandoverPlan) -> None:
    assert client.login(username="outsider", password=PASSWORD)

    assert client.get(f"{LIST}{plan.pk}/file/").status_code == 404
    assert AuditEntry.objects.filter(action="inheritance.results_export").count() == 0


def test_who_may_take_no_customers_out_gets_none(
    client: Client, auditor: User, plan: HandoverPlan
) -> None:
    assert client.login(username="auditor", password=PASSWORD)
    assert f"{plan.pk}/file/" not in client.get(f"{LIST}{plan.pk}/").content.decode()

    assert client.get(f"{LIST}{plan.pk}/file/").status_code == 403
    assert AuditEntry.objects.filter(action="inheritance.results_export").count() == 0
