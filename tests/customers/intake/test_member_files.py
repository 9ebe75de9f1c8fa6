"""Member files: understood, shown with an error beside each wrong cell, imported by who may, one at a time."""

import io
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.translation import override

from contacts.roles.models import Role
from customers.crm.models import CrmMember
from customers.intake import importing, services
from customers.intake.kinds import KINDS
from customers.intake.models import FactFile
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.excel import write_workbook
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs.models import JobRun
from tests.cast import PASSWORD, Company, person
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/console/crm-sources/files/members/"
HEADERS = ("会员号", "姓名", "手机号", "手机已验证", "unionid", "生日")
FILE = "会员号,姓名,手机\nM1,张三,13800138000\nM2,李四,12\n".encode("gb18030")


def workbook(rows: Iterable[tuple[str, ...]]) -> bytes:
    """Return an XLSX file of members."""
    columns = [(header, header) for header in HEADERS]
    return write_workbook(columns, (dict(zip(HEADERS, cells, strict=True)) for cells in rows))


def good(number: int) -> tuple[str, ...]:
    """Return a good row."""
    return (f"{number:06d}", f"会员{number}", f"138{number:08d}", "是", f"ou{number}", "1990-01-01")


def kept(rows: Iterable[tuple[str, ...]], actor: User | None = None) -> FactFile:
    """Keep a workbook of members as it was sent in."""
    return services.file_create(
        kind="members", filename="members.xlsx", content=workbook(rows), actor=actor
    )


def run(upload: FactFile, commits: Any) -> JobRun:
    """Start the import and let its task run."""
    with commits(execute=True):
        job = services.file_start(upload, actor=None)
    job.refresh_from_db()
    return job


# --- how a file is understood ----------------------------------------------------------------------------------


def test_headers_of_both_languages_are_known() -> None:
    assert KINDS["members"].fields_of(["会员号", "Phone Verified", "手机号", "生日"]) == {
        "会员号": "member_no",
        "Phone Verified": "phone_verified",
        "手机号": "phone",
    }


@pytest.mark.parametrize(
    ("language", "headers", "words"),
    [
        (
            "en",
            ["姓名", "手机"],
            "The file has no column for member_no. Its header may be: member_no, member number, 会员号, 会员编号, 会员卡号.",
        ),
        (
            "en",
            ["会员号", "member_no"],
            "Two columns of the file mean the same: 会员号, member_no.",
        ),
        (
            "zh-hans",
            ["姓名", "手机"],
            "文件缺少 会员号 列，表头可以是：member_no, member number, 会员号, 会员编号, 会员卡号。",
        ),
    ],
)
def test_files_without_number_or_with_two_are_refused(
    language: str, headers: list[str], words: str
) -> None:
    with override(language), pytest.raises(ValidationFailed) as refused:
        KINDS["members"].fields_of(headers)

    assert refused.value.message == words


def test_a_preview_shows_twenty_rows_and_every_error() -> None:
    rows = [good(number) for number in range(25)]
    rows[3] = ("000003", "x", "12", "perhaps", "", "")
    upload = kept(rows, UserFactory())

    preview = services.file_preview(upload)

    assert len(preview.items) == 20
    assert preview.ignored == ["生日"]
    bad = [item for item in preview.items if item.row is None]
    assert [(list(item.words_beside()), item.numbers) for item in bad] == [
        (["手机号", "手机已验证"], [5])
    ]
    assert bad[0].words_but(bad[0].words_beside()) == ""


# --- the job ---------------------------------------------------------------------------------------------------


def test_an_import_counts_and_returns_what_failed(django_capture_on_commit_callbacks: Any) -> None:
    # given 2,500 rows with a bad phone, a missing number and a repeated one
    rows = [good(number) for number in range(2500)]
    rows[10] = ("000010", "bad", "12", "", "", "")
    rows[1200] = ("", "nobody", "", "", "", "")
    rows[2400] = good(7)
    upload = kept(rows, UserFactory())

    # when
    with override("en"):
        job = run(upload, django_capture_on_commit_callbacks)

    # then
    assert (job.state, job.message) == ("done", "")
    assert (job.processed, job.succeeded, job.skipped, job.failed) == (2500, 2497, 0, 3)
    assert job.result == {"created": 2497, "updated": 0, "unchanged": 0, "failed": 3}
    assert CrmMember.objects.count() == 2497
    sheet = openpyxl.load_workbook(io.BytesIO(job.error_file)).active
    assert sheet is not None
    failed = list(sheet.iter_rows(values_only=True))
    assert failed[0][:6] == HEADERS
    assert [line[0] for line in failed[1:]] == ["000010", None, "000007"]
    assert [line[6] for line in failed[1:]] == [
        "手机号: This is not a phone number.",
        "会员号: This is needed.",
        "Row 9 has the same number already.",
    ]
    upload.refresh_from_db()
    assert upload.content is None

    # and the corrected file alone changes only what it corrects
    with pytest.raises(Conflict):
        services.file_start(upload, actor=None)
    rows[10] = good(10)
    job = run(kept(rows[:1200]), django_capture_on_commit_callbacks)
    assert job.result == {"created": 1, "updated": 0, "unchanged": 1199, "failed": 0}


def test_a_killed_import_goes_on_behind_its_last_chunk(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given an import that dies in its second chunk
    upload = kept(good(number) for number in range(1500))
    calls: list[int] = []
    whole = KINDS["members"]

    def dies_once(rows: Any) -> Any:
        calls.append(len(rows))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole.store(rows)

    monkeypatch.setitem(importing.KINDS, "members", replace(whole, store=dies_once))  # type: ignore[index]
    with pytest.raises(KeyboardInterrupt):
        run(upload, django_capture_on_commit_callbacks)
    job = JobRun.objects.get()
    assert (job.processed, job.cursor["row"]) == (1000, 1001)

    # when it is run again
    importing.run_import(job.pk)

    # then
    job.refresh_from_db()
    assert calls == [1000, 500, 500]
    assert (job.state, job.processed, job.result["created"]) == ("done", 1500, 1500)
    assert CrmMember.objects.count() == 1500


# --- the pages -------------------------------------------------------------------------------------------------


def upload(client: Client, content: bytes = FILE, name: str = "members.csv") -> Any:
    """Send a file in."""
    return client.post(PAGE, {"file": SimpleUploadedFile(name, content)})


def test_a_file_goes_in_by_upload_preview_and_start(
    client: Client, hq_ops: User, django_capture_on_commit_callbacks: Any
) -> None:
    assert client.login(username="hq", password=PASSWORD)

    # when it is uploaded
    preview = upload(client)["Location"]

    # then its preview shows the error beside the cell, and nothing is stored yet
    page = client.get(preview).content.decode()
    assert "张三" in page
    assert page.count('class="field-error"') == 1
    assert '<td>12<div class="field-error">' in page
    assert CrmMember.objects.count() == 0

    # and when it is started
    with django_capture_on_commit_callbacks(execute=True):
        started = client.post(f"{preview}start/")
    job = JobRun.objects.get()
    assert started["Location"] == f"/console/jobs/{job.pk}/"
    assert (job.state, job.succeeded, job.failed) == ("done", 1, 1)
    assert [each.name for each in CrmMember.objects.all()] == ["张三"]
    entry = AuditEntry.objects.get(action="intake.import")
    assert (entry.actor, entry.target) == (hq_ops, f"fact_file:{FactFile.objects.get().pk}")

    # and a second click does not import twice
    assert client.post(f"{preview}start/")["Location"] == f"/console/jobs/{job.pk}/"
    assert JobRun.objects.count() == 1


def test_a_second_file_waits_until_the_first_is_imported(
    client: Client, hq_ops: User, django_capture_on_commit_callbacks: Any
) -> None:
    # given one import that is under way
    assert client.login(username="hq", password=PASSWORD)
    client.cookies["django_language"] = "en"
    first, second = (upload(client, FILE + row)["Location"] for row in (b"M3,A,\n", b"M4,B,\n"))
    client.post(f"{first}start/")
    job = JobRun.objects.get()

    # when a second one is started
    answer = client.post(f"{second}start/", follow=True)

    # then it is refused in words on its own page and changes nothing
    assert answer.redirect_chain == [(second, 302)]
    words = f"Import members is already under way; see job {job.short_id}."
    assert words in answer.content.decode()
    assert (JobRun.objects.count(), CrmMember.objects.count()) == (1, 0)
    assert AuditEntry.objects.filter(action="intake.import").count() == 1

    # and it goes in when the first has ended
    importing.run_import(job.pk)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{second}start/")
    assert set(CrmMember.objects.values_list("member_no", flat=True)) == {"M1", "M3", "M4"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("members.csv", "姓名,手机\n张三,1\n".encode()),
        ("members.xlsx", b"not a workbook"),
        ("members.exe", b"MZ"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(
    client: Client, hq_ops: User, name: str, content: bytes
) -> None:
    assert client.login(username="hq", password=PASSWORD)

    answer = upload(client, content, name)

    assert answer.status_code == 422
    assert 'class="field-error"' in answer.content.decode()
    assert FactFile.objects.count() == 0


@pytest.mark.parametrize("who", ["branch", "it"])
def test_who_may_not_import_does_not(
    client: Client, branch_ops: User, it_admin: User, who: str
) -> None:
    assert client.login(username=who, password=PASSWORD)

    assert upload(client).status_code == 403
    assert client.get(PAGE).status_code == 403
    assert client.get(f"{PAGE}template/").status_code == 403
    assert FactFile.objects.count() == 0


def test_whose_scope_is_a_branch_sees_no_file_of_others(
    client: Client, company: Company, hq_ops: User
) -> None:
    # given one at a branch who may import, and a file of headquarters
    role = Role.objects.get(code="branch_ops")
    role.permissions = [*role.permissions, "crm.import"]
    role.save()
    person("importer", "branch_ops", company.east)
    theirs = kept([good(1)], hq_ops)
    assert client.login(username="importer", password=PASSWORD)

    # then they see their own file only
    own = upload(client)["Location"]
    assert client.get(own).status_code == 200
    foreign = f"/console/crm-sources/preview/{theirs.pk}/"
    assert foreign not in client.get(PAGE).content.decode()
    assert client.get(foreign).status_code == 404
    assert client.post(f"{foreign}start/").status_code == 404
    assert JobRun.objects.count() == 0


def test_imports_of_former_versions_stay_in_the_list_of_jobs(client: Client, hq_ops: User) -> None:
    # given a job whose file and task are gone
    job = JobRun.objects.create(
        kind="crm.import", task="customers.members_import", title="Import members", state="done",
        params={"import_id": "01a1ffde-1a8b-7e87-a814-96da025fa6f0"}, started_by=hq_ops,
    )  # fmt: skip
    assert client.login(username="hq", password=PASSWORD)
    client.cookies["django_language"] = "en"

    for path in ("/console/jobs/", f"/console/jobs/{job.pk}/"):
        assert "Import members" in client.get(path).content.decode()
