"""Members by chunks: new, changed, unchanged; and files as jobs."""

import io
import random
from collections.abc import Iterable

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.crm import services
from customers.crm.models import CrmMember, MemberImport
from customers.crm.rows import MemberRow, read_row
from customers.crm.tasks import member_files_purge, members_import
from customers.relations.models import RecordChange
from scrm.core.crypto import blind_index
from scrm.core.excel import read_table, write_workbook
from scrm.core.exceptions import Conflict
from scrm.core.jobs.models import JobRun
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
PHONE = "+8613800138000"


def row(member_no: str, **cells: object) -> MemberRow:
    """Return a checked row."""
    read = read_row({"member_no": member_no, **cells})
    assert read.row is not None, read.errors
    return read.row


def upsert(*rows: MemberRow) -> tuple[int, int, int]:
    """Store rows; return (created, updated, unchanged)."""
    result = services.members_upsert(rows, source="api")
    return result.created, result.updated, result.unchanged


def test_new_changed_and_unchanged_rows() -> None:
    # given
    first = [
        row("M1", name="张三", phone="13800138000", phone_verified=True, level="gold"),
        row("M2"),
    ]
    assert upsert(*first) == (2, 0, 0)
    member = CrmMember.objects.get(member_no="M1")
    assert (member.name, member.phone, member.phone_verified) == ("张三", PHONE, True)
    assert bytes(member.phone_index or b"") == blind_index("phone", PHONE)
    assert (member.state, member.level, member.source) == ("active", "gold", "api")

    # when the same comes again, with one level changed and one new number
    assert upsert(row("M1", name="张三", level="platinum"), row("M2"), row("M3")) == (1, 1, 1)

    # then what was not given stayed
    member.refresh_from_db()
    assert (member.name, member.phone, member.level) == ("张三", PHONE, "platinum")


def test_a_new_phone_is_not_verified_by_the_old_ones_verification() -> None:
    # given a member with a verified phone
    upsert(row("M1", phone="13800138000", phone_verified=True))

    # when a partial row brings another phone and says nothing of a verification
    assert upsert(row("M1", phone="13900139000")) == (0, 1, 0)

    # then the new one is not verified, and the old one given again is not either
    member = CrmMember.objects.get(member_no="M1")
    assert (member.phone, member.phone_verified) == ("+8613900139000", False)


def test_unchanged_rows_are_not_written() -> None:
    upsert(row("M1", name="张三"), row("M2"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin FROM customers_crmmember ORDER BY member_no")
        before = cursor.fetchall()

    assert upsert(row("M1", name="张三"), row("M2")) == (0, 0, 2)

    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin FROM customers_crmmember ORDER BY member_no")
        assert cursor.fetchall() == before


def test_only_identity_changes_are_noted_for_oneid() -> None:
    upsert(row("M1"), row("M2"))
    assert RecordChange.objects.count() == 2
    RecordChange.objects.all().delete()

    upsert(row("M1", level="gold", name="x"))
    assert RecordChange.objects.count() == 0

    for change in (
        {"unionid": "ou1"},
        {"phone": "13800138000"},
        {"phone_verified": True},
        {"state": "closed"},
        # The store decides, together with who somebody is, whose their orders are.
        {"store_code": "S1"},
    ):
        upsert(row("M1", **change))
    changes = RecordChange.objects.values_list("record_kind", "record_id")
    member = CrmMember.objects.get(member_no="M1")
    assert list(changes) == [("member", member.pk)] * 5


def test_verified_without_a_phone_is_not_verified() -> None:
    upsert(row("M1", phone_verified=True))

    assert CrmMember.objects.get().phone_verified is False


def test_a_phone_that_is_cleared_takes_its_index_along() -> None:
    upsert(row("M1", phone="13800138000", phone_verified=True))

    upsert(row("M1", phone=""))

    member = CrmMember.objects.get()
    assert (member.phone, member.phone_index, member.phone_verified) == ("", None, False)


def test_queries_do_not_grow_with_the_batch() -> None:
    def cost(start: int, count: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            upsert(*(row(f"M{number}") for number in range(start, start + count)))
        return len(queries)

    assert cost(0, 3) == cost(1000, 900)


HEADERS = ("会员号", "姓名", "手机号", "手机已验证", "unionid", "生日")


def workbook(rows: Iterable[tuple[str, ...]]) -> bytes:
    """Return an XLSX file of members."""
    columns = [(header, header) for header in HEADERS]
    return write_workbook(columns, (dict(zip(HEADERS, cells, strict=True)) for cells in rows))


def good(number: int) -> tuple[str, ...]:
    """Return a good row."""
    return (f"{number:06d}", f"会员{number}", f"138{number:08d}", "是", f"ou{number}", "1990-01-01")


def test_a_preview_shows_twenty_rows_and_every_error() -> None:
    rows = [good(number) for number in range(25)]
    rows[3] = ("000003", "x", "12", "perhaps", "", "")
    upload = services.import_create(
        filename="members.xlsx", content=workbook(rows), actor=UserFactory()
    )

    preview = services.import_preview(upload)

    assert len(preview.rows) == 20
    assert preview.ignored == ["生日"]
    assert [list(each.read.errors) for each in preview.rows if each.read.errors] == [
        ["phone", "phone_verified"]
    ]
    assert preview.rows[3].number == 5


def run(upload: MemberImport, commits: object) -> JobRun:
    """Start the import and let its task run."""
    with commits(execute=True):  # type: ignore[operator]
        job = services.import_start(upload, actor=None)
    job.refresh_from_db()
    return job


def test_an_import_counts_and_returns_what_failed(
    django_capture_on_commit_callbacks: object,
) -> None:
    # given 2,500 rows with a bad phone, a missing number and a repeated one
    rows = [good(number) for number in range(2500)]
    rows[10] = ("000010", "bad", "12", "", "", "")
    rows[1200] = ("", "nobody", "", "", "", "")
    rows[2400] = good(7)
    upload = services.import_create(
        filename="members.xlsx", content=workbook(rows), actor=UserFactory()
    )

    # when
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
    assert "row 9" in str(failed[3][6]) or "9" in str(failed[3][6])
    upload.refresh_from_db()
    assert upload.content is None

    # and the corrected file alone changes only what it corrects
    with pytest.raises(Conflict):
        services.import_start(upload, actor=None)
    rows[10] = good(10)
    again = services.import_create(filename="again.xlsx", content=workbook(rows[:1200]), actor=None)
    job = run(again, django_capture_on_commit_callbacks)
    assert job.result == {"created": 1, "updated": 0, "unchanged": 1199, "failed": 0}


def test_a_killed_import_goes_on_behind_its_last_chunk(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    # given an import that dies in its second chunk
    upload = services.import_create(
        filename="members.xlsx",
        content=workbook(good(number) for number in range(1500)),
        actor=None,
    )
    calls: list[int] = []
    whole = services.members_upsert

    def dies_once(rows: list[MemberRow], *, source: str) -> services.UpsertResult:
        calls.append(len(rows))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(rows, source=source)

    monkeypatch.setattr("customers.crm.tasks.members_upsert", dies_once)
    with pytest.raises(KeyboardInterrupt):
        run(upload, django_capture_on_commit_callbacks)
    job = JobRun.objects.get()
    assert (job.processed, job.cursor["row"]) == (1000, 1001)

    # when it is run again
    members_import(str(job.pk))

    # then
    job.refresh_from_db()
    assert calls == [1000, 500, 500]
    assert (job.state, job.processed, job.result["created"]) == ("done", 1500, 1500)
    assert CrmMember.objects.count() == 1500


def test_files_nobody_imported_are_forgotten_after_a_day() -> None:
    upload = services.import_create(filename="a.xlsx", content=workbook([good(1)]), actor=None)
    MemberImport.objects.filter(pk=upload.pk).update(created_at="2020-01-01T00:00:00Z")
    young = services.import_create(filename="b.xlsx", content=workbook([good(1)]), actor=None)

    waiting = services.import_create(filename="c.xlsx", content=workbook([good(1)]), actor=None)
    services.import_start(waiting, actor=None)
    MemberImport.objects.filter(pk=waiting.pk).update(created_at="2020-01-01T00:00:00Z")

    member_files_purge()

    # a file whose job has not come to its turn is kept
    kept = {each.pk: each.content is not None for each in MemberImport.objects.all()}
    assert kept == {upload.pk: False, young.pk: True, waiting.pk: True}


def test_any_order_of_batches_gives_the_same_members() -> None:
    rows = [
        row(f"M{number % 40}", level=str(number % 40), unionid=f"ou{number % 40}")
        for number in range(120)
    ]
    chance = random.Random(7)
    chance.shuffle(rows)

    for start in range(0, 120, 10):
        unique = {each.member_no: each for each in rows[start : start + 10]}
        services.members_upsert(list(unique.values()), source="api")

    found = dict(CrmMember.objects.values_list("member_no", "level"))
    assert found == {f"M{number}": str(number) for number in range(40)}


def test_the_template_can_be_read_back() -> None:
    table = read_table(io.BytesIO(workbook([good(1)])), filename="a.xlsx")

    assert next(table.rows).values["手机号"] == "13800000001"
