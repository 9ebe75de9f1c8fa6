"""A company as a carried-out plan leaves it, without calling WeCom 20,000 times; imported once Django stands."""

import time
from datetime import datetime
from typing import Any

import psutil
from django.db import connection, transaction
from django.utils import timezone

from contacts.directory.models import (
    ROOT_DEPARTMENT_ID,
    Department,
    Employee,
    Member,
    MemberWritten,
)
from contacts.directory.services import employees_recorded
from contacts.oa_sync.adoption import Known
from contacts.oa_sync.models import OaFile, OaPlanItem, OaRun
from contacts.oa_sync.plan_items import PlanRules
from contacts.oa_sync.selectors import source_of
from contacts.oa_sync.services.planning import facts_of, plan_kept
from contacts.oa_sync.snapshots import take_snapshot
from scrm.core.crypto import blind_index

Kind = OaPlanItem.Kind
# Every table an unchanged plan must leave alone.
TABLES = (Department, Employee, Member, MemberWritten)
# What the first run needs once (imports, connections) is not counted: it is there already.
FIRST_ID = 2


def cpu_seconds() -> float:
    """Return the CPU of this process and of its PostgreSQL backend."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        (pid,) = cursor.fetchone()
    times = psutil.Process(pid).cpu_times()
    return time.process_time() + times.user + times.system


def open_company() -> None:
    """Make the mirror of a WeCom that was just opened."""
    Department.objects.create(
        department_id=ROOT_DEPARTMENT_ID, name="Company", parent_department_id=0
    )


def plan(departments: bytes, employees: bytes) -> OaRun:
    """Keep both files, read, check and plan them, as the job does."""
    run = OaRun.objects.create(source_name="bench")
    for role, content in (("departments", departments), ("employees", employees)):
        OaFile.objects.create(run=run, role=role, filename=f"{role}.csv", content=content)
    rules = PlanRules()
    snapshot = take_snapshot(source_of(run), rules)
    with transaction.atomic():
        plan_kept(run, snapshot, rules, today=timezone.localdate(), known=Known())
    return run


def apply(run: OaRun) -> None:
    """Take over what a plan says, as if WeCom had done it all."""
    now = timezone.now()
    employees_recorded(facts_of(take_snapshot(source_of(run), PlanRules())))
    ids: dict[str, int] = {}
    for item in run.items.filter(kind__startswith="department").order_by("position").iterator(2000):
        _department(item, ids)
    employees = dict(Employee.objects.values_list("job_number", "pk"))
    for start in range(0, run.items.count(), 2000):
        batch = run.items.filter(kind=Kind.MEMBER_CREATE).order_by("position")[start : start + 2000]
        pairs = [_account(item, ids, employees, now) for item in batch]
        Member.objects.bulk_create([member for member, _written in pairs])
        MemberWritten.objects.bulk_create([written for _member, written in pairs])
    OaRun.objects.filter(pk=run.pk).update(status=OaRun.Status.APPLIED)


def _account(
    item: OaPlanItem, ids: dict[str, int], employees: dict[str, Any], now: datetime
) -> tuple[Member, MemberWritten]:
    after = item.after
    place = ids[after["department_code"]]
    member = Member(
        userid=item.key, name=after["name"], department_ids=[place], main_department_id=place,
        position=after["position"], employee_id=employees[after["job_number"]], observed_at=now,
    )  # fmt: skip
    written = MemberWritten(
        member=member, phone=after["phone"], phone_index=blind_index("phone", after["phone"]),
        gender=after["gender"], position=after["position"], leader_userid=after["leader"], written_at=now,
    )  # fmt: skip
    return member, written


def _department(item: OaPlanItem, ids: dict[str, int]) -> None:
    after = item.after
    facts = {"oa_code": item.key, "oa_kind": after["kind"], "store_code": after["store_code"]}
    if item.kind == Kind.DEPARTMENT_ADOPT:
        ids[item.key] = int(after["department_id"])
        Department.objects.filter(department_id=ids[item.key]).update(**facts)
        return
    ids[item.key] = FIRST_ID + len(ids)
    parent = ids.get(after["parent_code"], ROOT_DEPARTMENT_ID)
    Department.objects.create(
        department_id=ids[item.key], name=after["name"], parent_department_id=parent, **facts
    )


def row_marks() -> list[tuple[object, ...]]:
    """Return count and sum of the writing transactions of each table: they differ once a row is written."""
    marks = []
    with connection.cursor() as cursor:
        for model in TABLES:
            cursor.execute(f"select count(*), sum(xmin::text::bigint) from {model._meta.db_table}")
            marks.append(tuple(cursor.fetchone()))
    return marks
