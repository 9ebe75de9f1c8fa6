"""Files of every kind: understood, previewed, imported, with what failed as the same rows and the reason."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.translation import override

from customers.crm.fact_models import Asset, MemberTags, ServiceReceived
from customers.crm.models import CrmMember, Order, Refund
from customers.goods.models import Goods, StoreStock
from customers.intake import importing, services
from customers.intake.kinds import KINDS
from customers.intake.models import FactFile
from customers.intake.tasks import intake_files_purge
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.excel import read_table
from scrm.core.exceptions import ValidationFailed
from scrm.core.jobs.models import JobRun
from tests.cast import PASSWORD
from tests.factories.customers import CrmMemberFactory

pytestmark = pytest.mark.django_db
PAGE = "/console/crm-sources/files/"


def imported(kind: str, text: str, filename: str = "a.csv") -> JobRun:
    """Import a CSV text and return the job."""
    upload = services.file_create(kind=kind, filename=filename, content=text.encode(), actor=None)
    job = services.file_start(upload, actor=None)
    importing.run_import(job.pk)
    job.refresh_from_db()
    return job


def figures(job: JobRun) -> tuple[int, ...]:
    """Return created, updated, unchanged, failed."""
    return tuple(job.result[name] for name in ("created", "updated", "unchanged", "failed"))


def failed_rows(job: JobRun) -> list[dict[str, str]]:
    """Return the rows that came back."""
    table = read_table(io.BytesIO(bytes(job.error_file)), filename="errors.xlsx")
    return [row.values for row in table.rows]


def test_chinese_headers_words_and_dates_are_understood() -> None:
    CrmMemberFactory(member_no="M1")

    goods = imported("goods", "货号,品名,颜色,售价,上架状态\nC1,羊毛大衣,驼色,1299,在售\n")
    stock = imported("stock", "货号,门店编码,库存,盘点时间\nC1,S1,5,2025/11/1 9:30\n")
    assets = imported(
        "assets", "会员号,类型,券码,面值,状态,到期日\nM1,优惠券,K1,200,未使用,2026/12/31\n"
    )
    tags = imported("tags", "会员号,标签\nM1,VIP、爱猫；新居\n")
    served = imported(
        "services", "服务单号,服务类型,服务时间,会员号,评分\nF1,安装,2026年11月2日,M1,5\n"
    )

    assert [figures(job) for job in (goods, stock, assets, tags, served)] == [(1, 0, 0, 0)] * 5
    assert Goods.objects.get().state == "on_sale"
    assert StoreStock.objects.get().observed_at.isoformat() == "2025-11-01T01:30:00+00:00"
    asset = Asset.objects.get()
    assert (asset.kind, asset.state, str(asset.expires_on)) == ("coupon", "usable", "2026-12-31")
    assert MemberTags.objects.get().tags == ["VIP", "新居", "爱猫"]
    service = ServiceReceived.objects.get()
    assert (service.served_at.isoformat(), service.rating, service.member.member_no) == (
        "2026-11-01T16:00:00+00:00",
        5,
        "M1",
    )


def test_rows_that_stand_together_are_one_order_and_bad_ones_come_back_whole() -> None:
    text = (
        "订单号,支付时间,订单金额,会员号,货号,数量,行金额\n"
        "O1,2026-11-01 10:00:00,30.00,M1,A,1,10.00\n"
        ",,,,B,2,20.00\n"
        "O2,2026-11-01 10:00:00,5.00,M1,A,1,5.00\n"
        "O3,2026-11-01 10:00:00,8.00,M1,A,1,x\n"
        "O3,2026-11-01 10:00:00,8.00,M1,B,1,3.00\n"
        "O4,2026-11-01 10:00:00,8.00,M1,A,1,4.00\n"
        "O4,2026-11-01 10:00:00,9.00,M1,B,1,4.00\n"
        "O1,2026-11-01 10:00:00,30.00,M1,A,1,10.00\n"
    )

    job = imported("orders", text)

    assert figures(job) == (2, 0, 0, 3)
    order = Order.objects.get(order_no="O1")
    assert [(line.sku, line.quantity) for line in order.lines.order_by("position")] == [
        ("A", 1),
        ("B", 2),
    ]
    back = failed_rows(job)
    assert [(row["订单号"], row["货号"]) for row in back] == [
        ("O3", "A"),
        ("O3", "B"),
        ("O4", "A"),
        ("O4", "B"),
        ("O1", "A"),
    ]
    reasons = [next(reversed(row.values())) for row in back]
    # by the file's own headers, as whoever repairs it knows them
    assert reasons[0].startswith("行金额: ")
    assert reasons[2].startswith("订单金额: ")
    assert ("2" in reasons[4], ":" in reasons[4]) == (True, False)
    # and the first look says the same
    upload = FactFile(kind="orders", filename="a.csv", content=text.encode())
    assert [item.words for item in services.file_preview(upload).items if item.row is None] == [
        reasons[0],
        reasons[2],
        reasons[4],
    ]
    # and nothing is kept of the file
    assert FactFile.objects.get().content is None


def test_what_cannot_be_stored_beside_the_others_comes_back_too() -> None:
    text = (
        "refund_no,order_no,refunded_at,amount\n"
        "R1,O1,2026-11-01,9999999999.99\n"
        "R2,O1,2026-11-01,1.00\n"
        "R3,O1,2026-11-01,0\n"
    )

    job = imported("refunds", text)

    assert figures(job) == (1, 0, 0, 2)
    assert [row["refund_no"] for row in failed_rows(job)] == ["R2", "R3"]
    assert Refund.objects.get().refund_no == "R1"


def test_a_job_that_dies_half_way_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "sku,name\n" + "".join(f"C{number:04d},Coat\n" for number in range(2500))
    upload = services.file_create(kind="goods", filename="a.csv", content=text.encode(), actor=None)
    job = services.file_start(upload, actor=None)
    whole, calls = KINDS["goods"].store, []

    def dies_once(rows: Any) -> Any:
        calls.append(len(rows))
        if len(calls) == 2:
            raise RuntimeError("power cut")
        return whole(rows)

    monkeypatch.setitem(
        importing.KINDS,
        "goods",
        _with_store(dies_once),  # type: ignore[index]
    )
    with pytest.raises(RuntimeError):
        importing.run_import(job.pk)
    assert Goods.objects.count() == 1000

    JobRun.objects.filter(pk=job.pk).update(state="queued")
    importing.run_import(job.pk)

    job.refresh_from_db()
    assert (figures(job), calls) == ((2500, 0, 0, 0), [1000, 1000, 1000, 500])


def _with_store(store: Any) -> Any:
    from dataclasses import replace

    return replace(KINDS["goods"], store=store)


def test_a_file_without_a_needed_column_is_refused_and_not_kept() -> None:
    with pytest.raises(ValidationFailed) as refused:
        services.file_create(
            kind="stock", filename="a.csv", content=b"sku,quantity\nC1,2\n", actor=None
        )

    assert refused.value.code == "column_missing"
    assert FactFile.objects.count() == 0


def test_pages_lead_from_the_file_to_its_job(
    client: Client, hq_ops: User, django_capture_on_commit_callbacks: Any
) -> None:
    assert client.login(username="hq", password=PASSWORD)
    for kind in KINDS:
        assert client.get(f"{PAGE}{kind}/").status_code == 200
        template = client.get(f"{PAGE}{kind}/template/")
        headers = read_table(io.BytesIO(b"".join(template)), filename="t.xlsx").headers if template.streaming else read_table(io.BytesIO(template.content), filename="t.xlsx").headers  # fmt: skip
        assert len(KINDS[kind].fields_of(headers)) == len(KINDS[kind].fields)
    # A Chinese file has Chinese headers wherever we know one.
    chinese = [header for _name, header in KINDS["members"].template("zh-hans")]
    assert [header for header in chinese if header.isascii()] == []
    file = SimpleUploadedFile(
        "a.csv", "member_no,name,phone\nM1,张三,13800138000\nM2,李四,12\n".encode()
    )

    preview = client.post(f"{PAGE}members/", {"file": file}).url
    html = client.get(preview).content.decode()
    assert ("张三" in html, "field-error" in html) == (True, True)
    with django_capture_on_commit_callbacks(execute=True):
        job = client.post(f"{preview}start/").url

    assert "/console/jobs/" in job
    assert CrmMember.objects.get().member_no == "M1"
    assert AuditEntry.objects.filter(action="intake.import").count() == 1


def test_who_may_not_import_keeps_no_file(client: Client, auditor: User) -> None:
    assert client.login(username=auditor.username, password=PASSWORD)

    file = SimpleUploadedFile("a.csv", b"sku,name\nC1,Coat\n")
    assert client.post(f"{PAGE}goods/", {"file": file}).status_code == 403

    assert (FactFile.objects.count(), Goods.objects.count()) == (0, 0)


def test_bytes_are_kept_a_day_also_of_jobs_that_broke_off_but_never_taken_from_one_at_work() -> (
    None
):
    # given old files: never started, broken off, waiting for its job, and a young one
    goods, stock = (
        ("goods", b"SKU,name\nC1,Coat\n"),
        ("stock", b"sku,store_code,quantity\nC1,S1,2\n"),
    )
    sent = {"idle": goods, "broken": goods, "waiting": stock, "young": goods}
    files = {
        name: services.file_create(kind=kind, filename=f"{name}.csv", content=content, actor=None)
        for name, (kind, content) in sent.items()
    }
    jobs = {name: services.file_start(files[name], actor=None) for name in ("broken", "waiting")}
    JobRun.objects.filter(pk=jobs["broken"].pk).update(state="failed")
    JobRun.objects.filter(pk=jobs["waiting"].pk).update(state="queued")
    FactFile.objects.exclude(pk=files["young"].pk).update(created_at="2020-01-01T00:00:00Z")

    # when
    intake_files_purge()

    # then
    kept = {each.filename[:-4] for each in FactFile.objects.all() if each.content is not None}
    assert kept == {"waiting", "young"}

    # and who starts the broken one again is told why it cannot go on
    JobRun.objects.filter(pk=jobs["broken"].pk).update(state="queued")
    with override("en"):
        importing.run_import(jobs["broken"].pk)
    jobs["broken"].refresh_from_db()
    assert jobs["broken"].state == "failed"
    assert "Send it again" in jobs["broken"].message
    assert Goods.objects.count() == 0
