"""The page of a run: what it says where the files could not be read."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.oa_sync.models import OaRun
from contacts.oa_sync.selectors import items_of
from contacts.oa_sync.services import run_upload
from contacts.oa_sync.sources import SourceFile
from scrm.accounts.models import User
from scrm.core.jobs.models import JobRun
from tests.contacts.oa_sync.desk import Desk, desk
from tests.contacts.oa_sync.oa_files import TREE, departments_file

__all__ = ["desk"]
HALF = "What is done stays done"

pytestmark = pytest.mark.django_db


def page_of(client: Client, user: User, run: OaRun) -> str:
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client.get(reverse("oa_sync:detail", args=[run.pk])).content.decode()


def test_a_file_without_the_needed_columns_is_said_to_be_unreadable(
    desk: Desk, client: Client, hq_ops: User, django_capture_on_commit_callbacks
) -> None:
    # when
    with django_capture_on_commit_callbacks(execute=True):
        run = run_upload(
            departments=departments_file(TREE),
            employees=SourceFile("people.csv", b"a,b\n1,2\n"),
            actor=desk.user,
        )
    run.refresh_from_db()

    # then
    assert run.status == OaRun.Status.FAILED
    page = page_of(client, hq_ops, run)
    assert run.message
    assert HALF not in page
    assert items_of(run).count() == 0


def test_a_file_that_is_no_table_is_named_beside_its_field(client: Client, hq_ops: User) -> None:
    # given
    good = departments_file(TREE)
    client.cookies["django_language"] = "en"
    client.force_login(hq_ops)

    # when
    answer = client.post(
        reverse("oa_sync:upload"),
        {
            "departments": SimpleUploadedFile(good.filename, good.content),
            "employees": SimpleUploadedFile("员工.xlsx", b"no workbook"),
        },
    )

    # then
    assert answer.status_code == 422
    ((field, words),) = answer.context["form"].errors.items()
    assert field == "employees"
    assert words[0].startswith("员工.xlsx cannot be read")
    assert not OaRun.objects.exists()


@pytest.mark.parametrize(("age", "said"), [(timedelta(days=5), True), (timedelta(hours=2), False)])
def test_a_run_says_that_what_was_read_is_old(
    desk: Desk, client: Client, hq_ops: User, age: timedelta, said: bool
) -> None:
    # given a run of today, from a file of this age
    of = timezone.now() - age
    run = OaRun.objects.create(created_by=desk.user, status="unchanged", as_of=of)

    # then
    words = f"What was read is of {timezone.localtime(of):%Y-%m-%d %H:%M}"
    assert (words in page_of(client, hq_ops, run)) == said


def test_a_reading_that_broke_is_not_said_to_have_done_half(
    desk: Desk, client: Client, hq_ops: User
) -> None:
    # given a job that ended while its run still says that it reads
    run = OaRun.objects.create(created_by=desk.user)
    job = JobRun.objects.create(kind="oa_sync.plan", key="oa_sync", state="failed", message="It broke.")  # fmt: skip
    OaRun.objects.filter(pk=run.pk).update(status="reading", plan_job_id=job.pk)
    run.refresh_from_db()

    # when
    page = page_of(client, hq_ops, run)

    # then
    assert "The files could not be read; nothing was changed. It broke." in page
    assert HALF not in page
