"""A whole reading: from a connected OA to the plan; what breaks off leaves nothing behind."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import time as time_of
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from werkzeug.wrappers import Request, Response

from contacts.oa_sync.models import OaFile, OaRowError, OaRun
from contacts.oa_sync.selectors import oa_is_trusted
from contacts.oa_sync.services import run_plan_again
from contacts.oa_sync.sources.mapping import FieldMapping
from contacts.oa_sync.sources.models import OaConnector
from contacts.oa_sync.sources.services import (
    ConnectorValues,
    connector_add,
    connector_change,
    connector_read,
    connector_test,
    connectors_read_due,
    mapping_set,
)
from scrm.accounts.models import User
from scrm.core.alerts.models import Alert
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs.models import JobRun
from tests.contacts.oa_sync.oa_files import TREE, departments_file, employee, employees_file
from tests.contacts.oa_sync.sources.small_oa import (
    DEPARTMENTS,
    MAPPING,
    SmallOa,
    person,
    running,
    told,
)
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
Commit = Callable[..., Any]


@pytest.fixture
def oa(settings: Any, wecom_sandbox_world: Any) -> Iterator[SmallOa]:
    with running() as small:
        settings.OA_HOSTS = [small.origin, "https://other.example.com"]
        small.give("/departments", DEPARTMENTS)
        small.give("/people", [person(n) for n in range(1, 6)])
        yield small


@pytest.fixture
def user() -> User:
    return UserFactory()


def values(oa: SmallOa, **changes: Any) -> ConnectorValues:
    options = {
        "origin": oa.origin, "paths": {"departments": "/departments", "employees": "/people"},
        "auth": "bearer", "rows_path": "data",
    }  # fmt: skip
    known = {
        "name": "OA", "options": options, "secret": "t0ken", "rhythm": "off", "daily_at": time(3),
        **changes,
    }  # fmt: skip
    return ConnectorValues(**known)


@pytest.fixture
def source(oa: SmallOa, user: User) -> OaConnector:
    made = connector_add(kind="rest", values=values(oa), actor=user)
    return mapping_set(connector=made, mapping=FieldMapping(MAPPING), actor=user)


@pytest.fixture
def read(
    source: OaConnector, user: User, django_capture_on_commit_callbacks: Commit
) -> Callable[[], JobRun]:
    """Read the source, jobs running at once; returns the reading's job."""

    def act() -> JobRun:
        with django_capture_on_commit_callbacks(execute=True):
            job: JobRun = connector_read(connector=source, actor=user)
        job.refresh_from_db()
        source.refresh_from_db()
        return job

    return act


def test_a_reading_becomes_a_plan(oa: SmallOa, source: OaConnector, read: Any, user: User) -> None:
    # when
    job = read()

    # then
    run = OaRun.objects.get()
    assert (run.status, run.source, run.employee_count, run.error_count) == (
        "planned",
        "rest",
        5,
        0,
    )
    assert run.item_counts == {
        "department_adopt": 1, "department_create": 2, "member_create": 5,
    }  # fmt: skip
    assert (job.state, job.processed, source.last_run, source.last_problem) == ("done", 8, run, "")
    assert run.created_by == user
    assert {request.headers["Authorization"] for request in oa.asked} == {"Bearer t0ken"}
    assert AuditEntry.objects.filter(action="oa_sync.source_read").count() == 1


def paged(
    oa: SmallOa, source: OaConnector, user: User, pages: Callable[[int], list[Any]]
) -> list[str]:
    """Give people in pages of two with their total; `pages` tells who is there at which request."""
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(request.args["offset"])
        begin, there = int(asked[-1]), pages(len(asked))
        return told({"data": there[begin : begin + 2], "total": len(there)})

    oa.answers["/people"] = answer
    oa.answers["/departments"] = lambda request: told(
        {"data": DEPARTMENTS[int(request.args["offset"]) :], "total": len(DEPARTMENTS)}
    )
    known = values(oa)
    options = {
        **known.options,
        "paging": "offset",
        "page_param": "offset",
        "size": 2,
        "total_path": "total",
    }
    connector_change(connector=source, values=replace(known, options=options), actor=user)
    return asked


def test_an_oa_that_changes_while_it_is_read_is_read_from_the_start(
    oa: SmallOa, source: OaConnector, read: Any, user: User
) -> None:
    # given the first of five is deleted after the first page was given
    people = [person(n) for n in range(1, 6)]
    asked = paged(oa, source, user, lambda request: people if request == 1 else people[1:])

    # when
    job = read()

    # then the third, who moved onto the first page, is there
    assert asked == ["0", "2", "0", "2"]
    assert (job.state, OaRun.objects.get().employee_count) == ("done", 4)
    kept = OaFile.objects.get(role="employees").content.decode("utf-8-sig")
    assert [f"E{n:04d}" in kept for n in range(1, 6)] == [False, True, True, True, True]


def test_an_oa_that_never_stands_still_leaves_no_plan(
    oa: SmallOa, source: OaConnector, read: Any, user: User
) -> None:
    # given every answer has another total
    people = [person(n) for n in range(1, 40)]
    asked = paged(oa, source, user, lambda request: people[: 40 - request])

    # when
    job = read()

    # then
    assert asked == ["0", "2"] * 3
    assert (job.state, OaRun.objects.count()) == ("failed", 0)
    assert "changed while its pages were read" in source.last_problem


def test_a_file_that_nobody_replaces_grows_old(
    settings: Any, tmp_path: Path, user: User, wecom_sandbox_world: Any,
    django_capture_on_commit_callbacks: Commit,
) -> None:  # fmt: skip
    # given files in the drop folder, five days old
    settings.OA_FOLDER = str(tmp_path)
    for name, file in (("dept", departments_file(TREE)), ("staff", employees_file([employee(1)]))):
        kept = tmp_path / f"{name}.csv"
        kept.write_bytes(file.content)
        os.utime(kept, (time_of() - 5 * 86_400,) * 2)
    prefixes = {"departments": "dept", "employees": "staff"}
    folder = connector_add(
        kind="folder",
        values=ConnectorValues("Folder", {"prefixes": prefixes}, None, "off", time(3)),
        actor=user,
    )
    folder = connector_test(connector=folder, actor=user)

    # when they are read today
    with django_capture_on_commit_callbacks(execute=True):
        connector_read(connector=folder, actor=user)
    OaRun.objects.update(status=OaRun.Status.UNCHANGED)
    run = OaRun.objects.get()

    # then what they say is five days old
    assert (run.was_old, oa_is_trusted(timedelta(days=6)), oa_is_trusted(timedelta(days=3))) == (
        True, True, False,
    )  # fmt: skip

    # and planning the same files again makes them no younger
    with django_capture_on_commit_callbacks(execute=True):
        again = run_plan_again(run=run, actor=user)
    assert (again.pk == run.pk, again.as_of) == (False, run.as_of)


def test_a_refused_row_keeps_its_place_in_the_source(oa: SmallOa, read: Any) -> None:
    # given the third of five has no phone, the second is empty
    people = [person(n) for n in range(1, 6)]
    people[2]["contact"] = None
    people[1] = {}
    oa.give("/people", people)

    # when
    read()

    # then it is record 3, row 4 below headers
    found = OaRowError.objects.values_list("role", "row_number", "field", "code")
    assert list(found) == [("employees", 4, "phone", "phone_blank")]


def test_the_same_content_leaves_a_waiting_plan_alone(read: Any) -> None:
    # given
    read()
    run = OaRun.objects.get()

    # when
    job = read()

    # then
    assert (job.state, OaRun.objects.get(), OaRun.objects.get().status) == ("done", run, "planned")


def test_other_content_takes_the_waiting_plans_place(oa: SmallOa, read: Any) -> None:
    # given
    read()
    oa.give("/people", [person(n) for n in range(1, 4)])

    # when
    read()

    # then
    assert list(OaRun.objects.order_by("created_at").values_list("status", flat=True)) == [
        "expired", "planned",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["/departments", "/people"])
def test_a_reading_that_breaks_off_leaves_no_run(
    oa: SmallOa, source: OaConnector, read: Any, path: str
) -> None:
    # given
    read()
    oa.answers[path] = lambda _request: told({"error": "down"}, 503)
    before = OaRun.objects.values_list("pk", "status").get()

    # when
    job = read()

    # then
    assert job.state == "failed"
    assert "503" in job.message
    assert job.message == source.last_problem
    assert (OaRun.objects.values_list("pk", "status").get(), OaFile.objects.count()) == (before, 2)
    assert Alert.objects.get(kind="oa_sync.source").key == str(source.pk)


def test_an_unmapped_source_is_not_read(oa: SmallOa, user: User) -> None:
    # given
    bare = connector_add(kind="rest", values=values(oa), actor=user)

    # then
    with pytest.raises(ValidationFailed) as refusal:
        connector_read(connector=bare, actor=user)
    assert refusal.value.code == "mapping_incomplete"
    assert JobRun.objects.count() == 0


def test_two_readings_do_not_run_at_once(source: OaConnector, user: User) -> None:
    # given one that has not begun yet
    connector_read(connector=source, actor=user)

    # then
    with pytest.raises(Conflict):
        connector_read(connector=source, actor=user)
    assert JobRun.objects.count() == 1


def test_a_test_notes_what_it_found_and_guesses_the_mapping(oa: SmallOa, user: User) -> None:
    # given an OA that speaks in words we know
    oa.give("/people", [{"job_number": "E1", "name": "a", "mobile": "b", "department": "c"}])
    made = connector_add(kind="rest", values=values(oa), actor=user)

    # when
    connector_test(connector=made, actor=user)

    # then
    made.refresh_from_db()
    assert (made.test_problem, made.mapping["paths"]["employees"]["phone"]) == ("", "mobile")
    oa.answers.clear()
    connector_test(connector=made, actor=user)
    made.refresh_from_db()
    assert "404" in made.test_problem


def test_a_secret_never_goes_to_another_host(oa: SmallOa, source: OaConnector, user: User) -> None:
    # given
    moved = values(oa, secret=None)
    moved.options["origin"] = "https://other.example.com"

    # then
    with pytest.raises(ValidationFailed) as refusal:
        connector_change(connector=source, values=moved, actor=user)
    assert refusal.value.code == "secret_needed"
    source.refresh_from_db()
    assert (source.options["origin"], source.secret) == (oa.origin, "t0ken")


def test_a_name_is_taken_once(oa: SmallOa, source: OaConnector, user: User) -> None:
    with pytest.raises(Conflict):
        connector_add(kind="rest", values=values(oa), actor=user)
    assert OaConnector.objects.count() == 1


def test_the_audit_has_everything_but_the_secret(source: OaConnector) -> None:
    entry = AuditEntry.objects.get(action="oa_sync.source_save")
    assert entry.after["name"] == "OA"
    assert entry.after["secret_changed"] is True
    assert "t0ken" not in str(entry.after)


def test_what_is_due_is_read_once(
    oa: SmallOa, source: OaConnector, user: User, django_capture_on_commit_callbacks: Commit
) -> None:
    # given
    connector_change(connector=source, values=values(oa, rhythm="hourly", secret=None), actor=user)
    started = timezone.now()

    # then it is not due at once, but an hour later, once
    assert connectors_read_due() == 0
    with time_machine.travel(started + timedelta(minutes=61), tick=False):
        with django_capture_on_commit_callbacks(execute=True):
            assert connectors_read_due() == 1
        assert connectors_read_due() == 0
    run = OaRun.objects.get()
    assert (run.status, run.created_by) == ("planned", None)


def test_a_due_source_that_cannot_start_says_why_and_waits(
    oa: SmallOa, source: OaConnector, user: User
) -> None:
    # given another reading is under way
    connector_change(connector=source, values=values(oa, rhythm="hourly", secret=None), actor=user)
    OaConnector.objects.update(next_read_at=timezone.now())
    connector_read(connector=source, actor=user)

    # when
    assert connectors_read_due() == 0

    # then
    source.refresh_from_db()
    assert source.last_problem
    assert source.next_read_at is not None
    assert source.next_read_at > timezone.now()


@pytest.mark.parametrize(
    ("rhythm", "expected"),
    [
        ("off", None),
        ("hourly", datetime(2026, 3, 1, 20, 0, tzinfo=UTC)),
        ("six_hours", datetime(2026, 3, 2, 1, 0, tzinfo=UTC)),
        # 03:30 in Shanghai is 19:30 UTC: already over, so the day after.
        ("daily", datetime(2026, 3, 2, 19, 30, tzinfo=UTC)),
    ],
)
def test_when_it_is_read_next(rhythm: str, expected: datetime | None) -> None:
    connector = OaConnector(rhythm=rhythm, daily_at=time(3, 30))
    assert (
        connector.next_after(datetime(2026, 3, 1, 19, 0 if rhythm != "daily" else 45, tzinfo=UTC))
        == expected
    )
