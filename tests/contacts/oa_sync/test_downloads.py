"""Files of a run: the uploader's rows come back as sent, for everybody else phones stay masked; each is on record."""

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from contacts.oa_sync.models import OaFile, OaRowError, OaRun
from scrm.accounts.models import User
from scrm.core.approvals import services as approvals
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from tests.cast import person

pytestmark = pytest.mark.django_db
PHONE, WRONG = "13800138000", "138001390001"
TEXTS = {
    "departments": "code,name\nD1,x\n",
    "employees": f"job_number,name,phone,note\n1,,{PHONE},{PHONE}\n2,x,{WRONG},\n",
}


def run_of(user: User | None, source: str = OaRun.UPLOADED) -> OaRun:
    """Return a planned run with two refused employees."""
    run = OaRun.objects.create(status="planned", created_by=user, source=source)
    for role, text in TEXTS.items():
        OaFile.objects.create(run=run, role=role, filename=f"{role}.csv", content=text.encode())
    for number, field, code, value, row in (
        (2, "name", "blank", "", {"job_number": "1", "name": "", "phone": PHONE, "note": PHONE}),
        (3, "phone", "phone_invalid", WRONG, {"job_number": "2", "name": "x", "phone": WRONG}),
    ):
        OaRowError.objects.create(
            run=run, role="employees", row_number=number, field=field, code=code,
            detail={"value": value, "params": {}, "row": row},
        )  # fmt: skip
    return run


def cells(content: bytes) -> list[Any]:
    """Return all cells of a file."""
    return [cell.value for row in load_workbook(io.BytesIO(content)).active for cell in row]


def refused(run: OaRun) -> str:
    """Return where a run's refused employees are downloaded."""
    return reverse("oa_sync:errors", args=[run.pk, "employees"])


@pytest.mark.parametrize("who", ["it_admin", "hq_ops"])
@pytest.mark.parametrize("source", ["file", "rest"])
def test_refused_rows_are_masked_and_on_record(
    client: Client, request: Any, who: str, source: str
) -> None:
    # given rows that a colleague uploaded, or a connector read
    user = request.getfixturevalue(who)
    run = run_of(person("colleague", "it_admin"), source)
    client.force_login(user)

    content = client.get(refused(run)).content
    page = client.get(reverse("oa_sync:detail", args=[run.pk]), {"tab": "errors"}).content.decode()

    # then no phone is in the file or on the page, whatever its column and though it is a wrong one
    found = cells(content)
    assert found.count("138****8000") == 2
    assert not [cell for cell in found if PHONE in str(cell) or WRONG in str(cell)]
    assert WRONG not in page
    entry = AuditEntry.objects.get(action="oa_sync.refused_export")
    assert (entry.actor, entry.after) == (user, {"role": "employees", "rows": 2, "masked": True})


def test_who_uploaded_the_file_repairs_it_as_it_was(client: Client, it_admin: User) -> None:
    run = run_of(it_admin)
    client.force_login(it_admin)

    found = cells(client.get(refused(run)).content)

    assert (found.count(PHONE), found.count(WRONG)) == (2, 1)
    entry = AuditEntry.objects.get(action="oa_sync.refused_export")
    assert (entry.after["masked"], entry.target) == (False, f"oa_run:{run.pk}")


def test_the_plan_is_on_record_and_a_large_one_takes_two(
    client: Client, auditor: User, hq_ops: User, settings: Any
) -> None:
    run = run_of(hq_ops)
    client.force_login(auditor)
    plan = reverse("oa_sync:plan", args=[run.pk])
    assert client.get(plan).content.startswith(b"PK")
    assert AuditEntry.objects.get(action="oa_sync.plan_export").after == {"rows": 0}

    # when it has more rows than anybody takes alone
    settings.EXPORT_ROWS_ALONE = -1
    asks = client.get(plan)
    assert (asks.status_code, "spreadsheet" in asks["Content-Type"]) == (200, False)
    assert client.post(plan, {"reason": "for the meeting"}).status_code == 302
    assert not client.get(plan).content.startswith(b"PK")
    approvals.approve(Approval.objects.get(), actor=hq_ops)

    # then it is taken once
    assert client.get(plan).content.startswith(b"PK")
    assert not client.get(plan).content.startswith(b"PK")
    assert AuditEntry.objects.filter(action="oa_sync.plan_export").count() == 2
