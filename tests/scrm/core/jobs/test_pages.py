"""Pages of long work."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from scrm.core.audit.models import AuditEntry
from scrm.core.jobs.models import JobRun, JobState
from tests.factories.accounts import UserFactory
from tests.factories.core import JobRunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def scopes(settings: Settings, client: Client) -> None:
    """Rights by username; English pages."""
    settings.SCOPE_RESOLVER = "tests.factories.core.scope_from_username"
    client.cookies["django_language"] = "en"


def login(client: Client, username: str) -> Any:
    user = UserFactory.create(username=username)
    client.force_login(user)
    return user


def test_without_the_right_there_are_no_jobs(client: Client) -> None:
    login(client, "tags.view")
    job = JobRunFactory.create()

    paths = ["", "bar/", f"{job.pk}/", f"{job.pk}/live/", f"{job.pk}/errors/"]
    assert [client.get(f"/console/jobs/{path}").status_code for path in paths] == [403] * 5
    assert [
        client.post(f"/console/jobs/{job.pk}/{verb}/").status_code for verb in ("cancel", "restart")
    ] == [403] * 2
    job.refresh_from_db()
    assert (job.state, job.cancel_requested) == ("queued", False)


def test_the_list_shows_jobs_with_words_and_costs_the_same_for_many(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    login(client, "jobs.view+*")
    JobRunFactory.create_batch(25, state="done", title="Jobs", succeeded=1200)

    with django_assert_max_num_queries(6):
        response = client.get("/console/jobs/")

    text = response.content.decode()
    assert response.status_code == 200
    assert text.count("status-dot tone-ok") == 20
    assert "1,200" in text
    assert "25 in total" in text


def test_without_the_whole_company_others_jobs_are_not_there(client: Client) -> None:
    # given a branch's own job and somebody else's
    user = login(client, "jobs.view")
    own, other = JobRunFactory.create(started_by=user), JobRunFactory.create()

    # then the list holds the own one and the other cannot be opened
    assert "1 in total" in client.get("/console/jobs/").content.decode()
    assert client.get(f"/console/jobs/{own.pk}/").status_code == 200
    assert client.get(f"/console/jobs/{other.pk}/").status_code == 404


def test_an_active_job_polls_and_a_finished_one_does_not(client: Client) -> None:
    login(client, "jobs.view+*")
    job = JobRunFactory.create(state="running", total=200, processed=50, succeeded=48, failed=2)

    live = client.get(f"/console/jobs/{job.pk}/live/").content.decode()
    assert f'hx-get="/console/jobs/{job.pk}/live/"' in live
    assert 'aria-live="polite"' in live
    assert "50 of 200 (25%)" in live
    JobRun.objects.update(state="done")
    assert "hx-get" not in client.get(f"/console/jobs/{job.pk}/live/").content.decode()
    assert client.get(f"/console/jobs/{job.pk}/").status_code == 200


def test_a_job_that_does_not_move_says_so(client: Client) -> None:
    login(client, "jobs.view+*")
    job = JobRunFactory.create(state="running")
    JobRun.objects.update(moved_at=timezone.now() - timedelta(seconds=61))

    assert "No movement since" in client.get(f"/console/jobs/{job.pk}/").content.decode()
    JobRun.objects.update(waiting_for="WeCom asks us to wait.")
    text = client.get(f"/console/jobs/{job.pk}/").content.decode()
    assert "WeCom asks us to wait." in text
    assert "No movement since" not in text


def test_the_bar_shows_own_jobs_and_tells_of_those_that_just_ended(client: Client) -> None:
    user = login(client, "jobs.view")
    JobRunFactory.create()
    assert client.get("/console/jobs/bar/").content.decode().strip() == ""

    JobRunFactory.create_batch(2, started_by=user)
    assert "2 jobs under way" in client.get("/console/jobs/bar/").content.decode()

    JobRunFactory.create(started_by=user, title="Jobs", state="done", finished_at=timezone.now())
    JobRunFactory.create(
        started_by=user,
        title="Old",
        state="done",
        finished_at=timezone.now() - timedelta(seconds=7),
    )
    response = client.get("/console/jobs/bar/")
    assert json.loads(response["HX-Trigger"]) == {"console:notify": {"text": "Jobs: Done"}}


def test_ones_own_job_can_be_stopped_another_persons_only_with_the_right_for_the_whole_company(
    client: Client,
) -> None:
    user = login(client, "jobs.view")
    own, other = JobRunFactory.create(started_by=user), JobRunFactory.create()

    assert client.post(f"/console/jobs/{other.pk}/cancel/").status_code == 404
    assert client.post(f"/console/jobs/{own.pk}/cancel/").status_code == 302
    assert client.get(f"/console/jobs/{own.pk}/cancel/").status_code == 405
    other.refresh_from_db()
    own.refresh_from_db()
    assert (own.state, other.state) == ("cancelled", "queued")

    login(client, "jobs.view+jobs.decide+*")
    assert client.post(f"/console/jobs/{other.pk}/cancel/").status_code == 302
    assert client.post(f"/console/jobs/{other.pk}/cancel/").status_code == 409
    assert AuditEntry.objects.filter(action="job.cancel").count() == 2


def test_a_failed_job_goes_on(client: Client) -> None:
    user = login(client, "jobs.view")
    job = JobRunFactory.create(started_by=user, state="failed", cursor=7, message="broken")

    assert "Go on from where it stopped" in client.get(f"/console/jobs/{job.pk}/").content.decode()
    client.post(f"/console/jobs/{job.pk}/restart/")

    job.refresh_from_db()
    assert (job.state, job.cursor, job.message) == (JobState.QUEUED, 7, "")


def test_the_failed_rows_are_for_whoever_sent_them_and_the_download_is_audited(
    client: Client,
) -> None:
    user = login(client, "jobs.view+*")
    own = JobRunFactory.create(started_by=user, state="done", error_file=b"PK-rows")
    other = JobRunFactory.create(state="done", error_file=b"PK-rows")

    assert client.get(f"/console/jobs/{other.pk}/errors/").status_code == 404
    assert AuditEntry.objects.count() == 0
    response = client.get(f"/console/jobs/{own.pk}/errors/")
    assert (response.status_code, response.content) == (200, b"PK-rows")
    assert response["Content-Disposition"] == f'attachment; filename="errors-{own.short_id}.xlsx"'
    assert [(entry.action, entry.target) for entry in AuditEntry.objects.all()] == [
        ("job.errors_download", f"job:{own.pk}")
    ]


def test_the_figures_of_a_job_have_names(client: Client) -> None:
    login(client, "jobs.view+*")
    job = JobRunFactory.create(state="done", result={"updated": 2, "created": 10_000})

    text = client.get(f"/console/jobs/{job.pk}/").content.decode()

    assert "<dt>New</dt><dd>10,000</dd><dt>Changed</dt><dd>2</dd></dl>" in text


def test_what_a_job_leaves_without_a_name_is_not_shown(client: Client) -> None:
    # given a job whose result is more than figures
    login(client, "jobs.view+*")
    job = JobRunFactory.create(
        state="done",
        result={
            "guides": {"7": ["7654321.09", "0"]},
            "moved": "7654321.09",
            "created": ["7654321.09"],
        },
    )

    pages = [client.get(f"/console/jobs/{job.pk}/{part}") for part in ("", "live/")]

    assert [page.status_code for page in pages] == [200, 200]
    for page in pages:
        text = page.content.decode()
        assert ("7654321" in text, "guides" in text, "<dl" in text) == (False, False, False)


@pytest.mark.parametrize(
    ("verb", "state"), [("cancel", "running"), ("cancel", "queued"), ("restart", "failed")]
)
def test_who_may_only_see_all_jobs_decides_on_none_of_the_others(
    client: Client, verb: str, state: str
) -> None:
    # given an auditor, who sees the jobs of the whole company
    user = login(client, "jobs.view+*")
    other = JobRunFactory.create(state=state, message="words")
    own = JobRunFactory.create(state=state, started_by=user)

    # then another person's job has no button and is not decided on
    action = f'action="/console/jobs/{other.pk}/{verb}/"'
    assert action not in client.get(f"/console/jobs/{other.pk}/").content.decode()
    assert client.post(f"/console/jobs/{other.pk}/{verb}/").status_code == 403
    other.refresh_from_db()
    assert (other.state, other.cancel_requested, other.message) == (state, False, "words")
    assert AuditEntry.objects.exclude(action="access.refused").count() == 0

    # and the own one is
    assert f"/{own.pk}/{verb}/" in client.get(f"/console/jobs/{own.pk}/").content.decode()
    assert client.post(f"/console/jobs/{own.pk}/{verb}/").status_code == 302
    assert AuditEntry.objects.exclude(action="access.refused").get().target == f"job:{own.pk}"


def test_with_the_right_for_the_whole_company_anothers_job_goes_on(client: Client) -> None:
    login(client, "jobs.view+jobs.decide+*")
    job = JobRunFactory.create(state="failed")

    page = client.get(f"/console/jobs/{job.pk}/").content.decode()
    assert f'action="/console/jobs/{job.pk}/restart/"' in page
    assert client.post(f"/console/jobs/{job.pk}/restart/").status_code == 302

    job.refresh_from_db()
    assert job.state == JobState.QUEUED
