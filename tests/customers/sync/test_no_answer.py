"""Members and customers for whom WeCom never answers: found, named, and no end of everybody else's run."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import override

from customers.relations.models import FollowRelation
from customers.relations.reading_models import ListedPage
from customers.sync import services
from customers.sync.models import SyncChain, SyncFault, Unlisted
from customers.sync.reading import Reader
from scrm.core.jobs.models import JobRun
from scrm.wecom import errors
from tests.customers.sync.corp import again, job_of, synced
from tests.customers.sync.fakes import Gateway

pytestmark = pytest.mark.django_db
SILENT = errors.WeComRetryable(None, "no usable answer", "x", retry_after=0)


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every rest give the worker back."""
    monkeypatch.setattr("customers.sync.progress.PATIENCE_SECONDS", 0.01)


def relations() -> set[tuple[str, str]]:
    """Return the living pairs."""
    rows = FollowRelation.objects.filter(status="active")
    return set(rows.values_list("member__userid", "contact__external_userid"))


def test_one_member_without_an_answer_is_found_in_the_chain_and_costs_nobody_else(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given the third of five is never answered for
    monkeypatch.setattr("customers.sync.throttle.LONGEST_REST_SECONDS", 0.01)
    monkeypatch.setattr("customers.sync.reading.MOST_TRIES", 3)
    gateway = Gateway(a=[["wm1"]], b=[["wm2"]], c=[["wm3"]], d=[["wm4"]], e=[["wm5"]])
    gateway.use(monkeypatch).bad["c"] = SILENT

    # when
    sync = synced(django_capture_on_commit_callbacks)

    # then
    assert relations() == {("a", "wm1"), ("b", "wm2"), ("d", "wm4"), ("e", "wm5")}
    assert list(SyncFault.objects.values_list("userid", "errcode")) == [("c", None)]
    assert (sync.outcome, job_of(sync).failed) == ("partial", 1)


def test_pauses_do_not_let_what_never_answers_begin_anew(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given a worker that gives itself back at every rest
    impatient(monkeypatch)
    monkeypatch.setattr("customers.sync.reading.MOST_TRIES", 12)
    gateway = Gateway(a=[["wm1"]]).use(monkeypatch)
    gateway.bad["a"] = SILENT

    # when it is started again and again
    sync = synced(django_capture_on_commit_callbacks)
    starts = 1
    while job_of(sync).state == "waiting" and starts < 20:
        services.sync_run(sync.job_id)
        starts += 1

    # then it comes to its end, by the tries of all starts together
    assert (again(sync).outcome, len(gateway.asked)) == ("partial", 12)
    assert starts > 2


def test_a_customer_without_an_answer_ends_the_second_looks_too(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    impatient(monkeypatch)
    monkeypatch.setattr("customers.sync.looking.MOST_TRIES", 12)
    gateway = Gateway(a=[["wm1", "wm2"]]).use(monkeypatch)
    synced(django_capture_on_commit_callbacks)
    gateway.customers["a"] = [["wm1"]]
    gateway.looks["wm2"] = SILENT

    sync = synced(django_capture_on_commit_callbacks)
    starts = 1
    while job_of(sync).state == "waiting" and starts < 20:
        services.sync_run(sync.job_id)
        starts += 1

    assert (again(sync).outcome, len(gateway.looked)) == ("partial", 12)
    assert Unlisted.objects.get().outcome == "unknown"
    assert relations() == {("a", "wm1"), ("a", "wm2")}


def test_every_page_counts_as_movement(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given a run that was given back often since its last page
    Gateway(a=[["wm1"], ["wm2"], ["wm3"]]).use(monkeypatch)
    settle, attempts = Reader._settle, []

    def told(reader: Reader, answers: Any) -> Any:
        JobRun.objects.update(attempts=7)
        going_on = settle(reader, answers)
        attempts.append(JobRun.objects.get().attempts)
        return going_on

    monkeypatch.setattr(Reader, "_settle", told)

    # when
    synced(django_capture_on_commit_callbacks)

    # then each page, not only a chain's end, begins the count of deaths without movement anew
    assert attempts == [0, 0, 0]


def test_a_walk_that_goes_on_for_a_day_is_neither_forgotten_nor_begun_anew(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given a run that waits behind its second page
    gateway = Gateway(a=[["wm1"], ["wm2"], ["wm3"]]).use(monkeypatch)
    gateway.broken["a", "2"] = [errors.WeComQuota(45009, "freq", "x", retry_after=60)]
    sync = synced(django_capture_on_commit_callbacks)
    assert job_of(sync).state == "waiting"

    # when it began yesterday, but stored a page an hour and a half ago
    now = timezone.now()
    SyncChain.objects.update(began_at=now - timedelta(hours=20))
    first, second = ListedPage.objects.order_by("observed_at")
    ListedPage.objects.filter(pk=first.pk).update(observed_at=now - timedelta(hours=19))
    ListedPage.objects.filter(pk=second.pk).update(observed_at=now - timedelta(hours=1.5))
    services.purge()
    assert ListedPage.objects.count() == 2
    asked = len(gateway.asked)
    services.sync_run(sync.job_id)

    # then it goes on where it stood
    assert gateway.asked[asked:] == [("a", "2")]
    assert (again(sync).outcome, Unlisted.objects.count()) == ("complete", 0)


def test_a_walk_that_stood_still_for_a_day_is_begun_anew(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    gateway = Gateway(a=[["wm1"], ["wm2"]]).use(monkeypatch)
    gateway.broken["a", "1"] = [errors.WeComQuota(45009, "freq", "x", retry_after=60)]
    sync = synced(django_capture_on_commit_callbacks)
    ListedPage.objects.update(observed_at=timezone.now() - timedelta(hours=13))

    services.purge()
    assert ListedPage.objects.count() == 0
    asked = len(gateway.asked)
    services.sync_run(sync.job_id)

    assert gateway.asked[asked:] == [("a", ""), ("a", "1")]
    assert (again(sync).outcome, SyncChain.objects.get().restarts) == ("complete", 1)
    assert Unlisted.objects.count() == 0


def test_a_wecom_that_names_nobody_is_an_error_in_words_and_no_complete_read(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    gateway = Gateway(a=[["wm1"]]).use(monkeypatch)
    synced(django_capture_on_commit_callbacks)
    gateway.unlisted.add("a")

    with override("en"):
        sync = synced(django_capture_on_commit_callbacks)

    assert (sync.outcome, job_of(sync).state) == ("running", "failed")
    assert "visible range" in job_of(sync).message
    assert relations() == {("a", "wm1")}
