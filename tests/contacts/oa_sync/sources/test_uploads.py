"""Uploaded files whose columns nobody knows: a person says which is which, once."""

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts.oa_sync.models import OaRowError, OaRun
from contacts.oa_sync.services import run_upload
from contacts.oa_sync.sources import SourceFile
from contacts.oa_sync.sources.mapping import FieldMapping
from contacts.oa_sync.sources.models import OaConnector
from contacts.oa_sync.sources.services import mapping_set, upload_connector
from scrm.accounts.models import User
from scrm.core.excel import read_table
from scrm.core.exceptions import ValidationFailed
from tests.contacts.oa_sync.desk import Desk, desk
from tests.contacts.oa_sync.oa_files import TREE, csv_file, employee

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]

DEPARTMENT_COLUMNS = ("机构号", "机构名", "上级[机构]", "类型", "门店编码")
EMPLOYEE_COLUMNS = ("人员号", "姓名", "性别", "联系[电话]", "岗位", "机构号", "上级工号", "状态码", "生效日期")  # fmt: skip
PATHS = {
    "departments": {
        "code": "机构号", "name": "机构名", "parent_code": "['上级[机构]']", "kind": "类型", "store_code": "门店编码",
    },
    "employees": {
        "job_number": "人员号", "name": "姓名", "phone": "['联系[电话]']", "post": "岗位", "department_code": "机构号",
        "state": "状态码",
    },
}  # fmt: skip
WORDS = {"employees": {"state": {"9": "left"}}}
PEOPLE = [employee(n) for n in range(1, 4)]


def handed_in(desk: Desk, people: Any = PEOPLE, encoding: str = "gbk") -> OaRun:
    """Upload files with the company's own columns and return the run."""
    with desk._commit(execute=True):
        run = run_upload(
            departments=csv_file("机构.csv", DEPARTMENT_COLUMNS, TREE, encoding),
            employees=csv_file("人员.csv", EMPLOYEE_COLUMNS, people, encoding),
            actor=desk.user,
        )
    run.refresh_from_db()
    return run


def sent() -> dict[str, str]:
    """Return the mapping as the page sends it."""
    fields = {
        f"{role}-{name}": path for role, paths in PATHS.items() for name, path in paths.items()
    }
    return fields | {"employees-words": "state: 9 = left"}


@pytest.fixture
def hq(client: Client, hq_ops: User) -> Client:
    client.cookies["django_language"] = "en"
    client.force_login(hq_ops)
    return client


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig", "utf-16"])
def test_columns_are_said_once_and_remembered(
    desk: Desk, hq: Client, encoding: str, django_capture_on_commit_callbacks: Any
) -> None:
    # given files nobody understands
    run = handed_in(desk, encoding=encoding)
    assert (run.status, run.needs_columns) == (OaRun.Status.FAILED, True)
    page = hq.get(reverse("oa_sync:detail", args=[run.pk])).content.decode()
    assert "Say which column is which" in page

    # when HQ goes where the columns are mapped, they are offered as the file spells them
    answer = hq.post(reverse("oa_sync:columns"))
    kept = OaConnector.objects.get(kind="upload")
    mapping = reverse("oa_sync:source_mapping", args=[kept.pk])
    assert answer.headers["Location"] == mapping
    page = hq.get(mapping).content.decode()
    assert "[&#x27;联系[电话]&#x27;]" in page

    # and the preview shows the rows before anything is kept
    shown = hq.post(reverse("oa_sync:source_preview", args=[kept.pk, "employees"]), sent())
    assert "E0003" in shown.content.decode()
    assert "Every row shown would pass." in shown.content.decode()

    # when she saves and plans the upload again
    hq.post(mapping, sent())
    with django_capture_on_commit_callbacks(execute=True):
        answer = hq.post(reverse("oa_sync:source_read", args=[kept.pk]))
    again = OaRun.objects.order_by("-created_at")[0]

    # then it is a plan, and so is the next upload at once, with her word for leavers
    assert answer.headers["Location"] == reverse("oa_sync:detail", args=[again.pk])
    assert (again.status, again.source, again.item_counts["member_create"]) == (
        "planned",
        "file",
        3,
    )
    left = handed_in(desk, [*PEOPLE, employee(4, state="9")], encoding)
    assert (left.status, left.error_count, left.item_counts["member_create"]) == ("planned", 0, 3)
    assert OaConnector.objects.filter(kind="upload").count() == 1


def test_a_refused_row_comes_back_in_the_companys_own_columns(desk: Desk, hq: Client) -> None:
    # given columns that were said, and a row without a phone
    handed_in(desk)
    mapping_set(connector=upload_connector(actor=desk.user), mapping=FieldMapping(PATHS, WORDS), actor=desk.user)  # fmt: skip
    run = handed_in(desk, [*PEOPLE, employee(4, phone="")])

    # then
    error = OaRowError.objects.get(run=run)
    assert (error.row_number, error.code, error.column) == (5, "phone_blank", "联系[电话]")
    assert set(error.detail["row"]) == set(EMPLOYEE_COLUMNS)
    # and the file to repair has them in the order they came in
    file = hq.get(reverse("oa_sync:errors", args=[run.pk, "employees"])).content
    table = read_table(io.BytesIO(file), filename="refused.xlsx")
    assert tuple(table.headers)[: len(EMPLOYEE_COLUMNS)] == EMPLOYEE_COLUMNS


def test_files_with_known_columns_need_no_mapping_and_keep_theirs(desk: Desk) -> None:
    # given a mapping of other files
    handed_in(desk)
    mapping_set(connector=upload_connector(actor=desk.user), mapping=FieldMapping(PATHS, WORDS), actor=desk.user)  # fmt: skip

    # then the template's columns are read as ever
    assert desk.read(PEOPLE).item_counts["member_create"] == 3


def test_other_columns_let_the_waiting_plan_expire(desk: Desk) -> None:
    # given a plan of files read by a mapping
    handed_in(desk)
    kept = mapping_set(connector=upload_connector(actor=desk.user), mapping=FieldMapping(PATHS, WORDS), actor=desk.user)  # fmt: skip
    run = handed_in(desk)

    # when the mapping is saved as it was, then nothing happens
    mapping_set(connector=kept, mapping=FieldMapping(PATHS, WORDS), actor=desk.user)
    run.refresh_from_db()
    assert run.status == OaRun.Status.PLANNED

    # when it changes
    mapping_set(connector=kept, mapping=FieldMapping(PATHS), actor=desk.user)

    # then what was planned by it must not be applied
    run.refresh_from_db()
    assert run.status == OaRun.Status.EXPIRED


def test_without_an_upload_there_is_nothing_to_map(desk: Desk, hq: Client) -> None:
    answer = hq.post(reverse("oa_sync:columns"), follow=True)
    assert "Upload both files first" in answer.content.decode()

    # and nothing where its files were deleted meanwhile
    handed_in(desk).files.all().delete()
    with pytest.raises(ValidationFailed):
        upload_connector(actor=desk.user)
    assert not OaConnector.objects.exists()


def test_a_file_that_is_no_table_offers_no_columns(desk: Desk, hq: Client) -> None:
    with desk._commit(execute=True):
        file = SourceFile("people.xlsx", b"PK\x03\x04 not a workbook")
        run = run_upload(departments=file, employees=file, actor=desk.user)
    run.refresh_from_db()
    page = hq.get(reverse("oa_sync:detail", args=[run.pk])).content.decode()
    assert (run.status, run.needs_columns) == (OaRun.Status.FAILED, False)
    assert "Say which column is which" not in page
