"""Chains under errors: one bad member, expired cursors, refusals for their number, a run that stops and goes on."""

from typing import Any

import pytest

from customers.relations.models import FollowRelation
from customers.sync import services
from customers.sync.models import MemberRead, SyncChain, SyncFault
from customers.sync.reading import Superseded, links, store
from customers.sync.words import fault_words
from scrm.core.exceptions import Conflict
from scrm.core.jobs import services as jobs
from scrm.wecom import errors
from tests.customers.sync.corp import again, job_of, synced
from tests.customers.sync.fakes import Gateway
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def relations() -> set[tuple[str, str]]:
    """Return the living pairs."""
    rows = FollowRelation.objects.filter(status="active")
    return set(rows.values_list("member__userid", "contact__external_userid"))


@pytest.mark.parametrize(
    ("errcode", "error"),
    [
        (60111, errors.WeComPermanent(60111, "userid not found", "x")),
        (84074, errors.WeComPermission(84074, "no external contact permission", "x")),
        (60011, errors.WeComPermission(60011, "no privilege", "x")),
    ],
)
def test_one_bad_member_blocks_nobody_else_of_the_chain(
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
    errcode: int,
    error: errors.WeComError,
) -> None:
    # given five members of one chain, the fourth of whom WeCom refuses
    gateway = Gateway(a=[["wm1"]], b=[["wm2"]], c=[["wm3"]], d=[["wm4"]], e=[["wm5"]])
    gateway.use(monkeypatch).bad["d"] = error

    # when
    sync = synced(django_capture_on_commit_callbacks)

    # then
    assert relations() == {("a", "wm1"), ("b", "wm2"), ("c", "wm3"), ("e", "wm5")}
    assert sync.outcome == "partial"
    fault = SyncFault.objects.get()
    assert (fault.userid, fault.errcode) == ("d", errcode)
    assert f"[{errcode}]" in fault_words(fault)
    job = job_of(sync)
    assert (job.state, job.total, job.succeeded, job.failed) == ("done", 5, 4, 1)
    assert bytes(job.error_file)[:2] == b"PK"
    assert set(MemberRead.objects.values_list("member__userid", flat=True)) == set("abce")


def test_a_member_without_customers_is_read_and_no_error(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    gateway = Gateway(a=[["wm1"]], b=[]).use(monkeypatch)
    gateway.bad["b"] = errors.WeComPermanent(84061, "not external contact", "x")

    sync = synced(django_capture_on_commit_callbacks)

    assert (sync.outcome, sync.faults.count()) == ("complete", 0)
    assert relations() == {("a", "wm1")}


def test_an_app_that_may_call_nothing_fails_in_words_and_blames_no_member(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    gateway = Gateway(**{f"m{n}": [["wm1"]] for n in range(12)}).use(monkeypatch)
    gateway.bad = {
        userid: errors.WeComPermission(48002, "api forbidden", "x") for userid in gateway.customers
    }

    job = job_of(synced(django_capture_on_commit_callbacks))

    assert job.state == "failed"
    assert "48002" in job.message
    assert FollowRelation.objects.count() == 0


def test_an_expired_cursor_begins_its_chain_again_and_no_other(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given two chains, one of which has an expired cursor at its second page
    monkeypatch.setattr(services, "CHAIN_MEMBERS", 1)
    gateway = Gateway(a=[["wm1"], ["wm2"]], b=[["wm3"], ["wm4"]]).use(monkeypatch)
    gateway.broken["b", "1"] = [errors.WeComPermanent(40058, "invalid cursor", "x")]

    # when
    sync = synced(django_capture_on_commit_callbacks)

    # then
    assert sorted(gateway.asked) == [
        ("a", ""), ("a", "1"), ("b", ""), ("b", ""), ("b", "1"), ("b", "1"),
    ]  # fmt: skip
    assert list(sync.chains.order_by("number").values_list("restarts", flat=True)) == [0, 1]
    assert relations() == {("a", "wm1"), ("a", "wm2"), ("b", "wm3"), ("b", "wm4")}
    assert sync.outcome == "complete"


def test_a_cursor_that_leads_in_a_circle_is_no_end(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given a member whose page says that the next one is itself
    gateway = Gateway(a=[["wm1"]]).use(monkeypatch)
    first = gateway.batch_get_by_user

    def circle(userids: list[str], cursor: str = "", limit: int = 100) -> Any:
        page = first(userids, "", limit)
        return type(page)(page.rows, "0", page.observed_at)

    monkeypatch.setattr(gateway, "batch_get_by_user", circle)
    monkeypatch.setattr("customers.sync.reading.MOST_TRIES", 2)
    monkeypatch.setattr("customers.sync.throttle.LONGEST_REST_SECONDS", 0.01)

    # when
    sync = synced(django_capture_on_commit_callbacks)

    # then nothing passes for completely read
    assert (sync.outcome, sync.faults.count(), MemberRead.objects.count()) == ("partial", 1, 0)


def test_wecoms_rate_makes_the_run_wait_in_words_and_go_on_where_every_chain_stood(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given WeCom refuses the second page of a chain for a minute
    monkeypatch.setattr(services, "CHAIN_MEMBERS", 1)
    gateway = Gateway(a=[["wm1"]], b=[["wm2"], ["wm3"], ["wm4"]]).use(monkeypatch)
    gateway.broken["b", "1"] = [errors.WeComQuota(45009, "freq", "x", retry_after=60)]

    # when
    sync = synced(django_capture_on_commit_callbacks)

    # then it waits, and says until when
    job = job_of(sync)
    assert (job.state, sync.waits_for, sync.refusals) == ("waiting", "quota", 1)
    assert sync.waits_until is not None
    assert job.not_before == sync.waits_until
    assert sync.waits_until.astimezone().strftime("%M:%S") in job.waiting_for
    assert relations() == {("a", "wm1"), ("b", "wm2")}

    # when it goes on
    asked = len(gateway.asked)
    services.sync_run(job.pk)

    # then no page but the refused one is asked for again
    assert gateway.asked[asked:] == [("b", "1"), ("b", "2")]
    assert again(sync).outcome == "complete"
    assert (sync.read, sync.created, sync.waits_for) == (4, 4, "")


def test_too_many_at_once_is_tried_again_with_fewer(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(services, "CHAIN_MEMBERS", 1)
    gateway = Gateway(a=[["wm1"]], b=[["wm2"]]).use(monkeypatch)
    crowded = errors.WeComRetryable(45033, "concurrent out of limit", "x", retry_after=2)
    gateway.broken["a", ""] = [crowded, crowded]

    sync = synced(django_capture_on_commit_callbacks)

    assert (sync.outcome, sync.refusals, sync.calls) == ("complete", 2, 4)
    assert relations() == {("a", "wm1"), ("b", "wm2")}


def test_a_stopped_run_goes_on_with_every_chain_where_it_stands(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given a person stops the run while the second page is on its way
    gateway = Gateway(a=[["wm1"], ["wm2"], ["wm3"]]).use(monkeypatch)
    actor = UserFactory()
    stops: list[str] = []
    monkeypatch.setattr("customers.sync.crew.TICK_SECONDS", 0.0)
    check = jobs.Run.check_cancelled

    def stopped(run: jobs.Run) -> None:
        if SyncChain.objects.get().pages == 2 and not stops:
            stops.append("stop")
            jobs.cancel(run.job, actor=actor)
        check(run)

    monkeypatch.setattr(jobs.Run, "check_cancelled", stopped)

    # when
    sync = synced(django_capture_on_commit_callbacks)

    # then
    assert (job_of(sync).state, sync.outcome) == ("cancelled", "running")
    assert SyncChain.objects.get().cursor == "2"

    # when it is resumed
    asked = len(gateway.asked)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.restart(job_of(sync), actor=actor)

    # then at most the page that was in flight is asked for twice
    assert gateway.asked[asked:] == [("a", "2")]
    assert again(sync).outcome == "complete"
    assert relations() == {("a", "wm1"), ("a", "wm2"), ("a", "wm3")}


def test_an_attempt_that_was_overtaken_stores_nothing(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given a chain that another attempt has moved on
    gateway = Gateway(a=[["wm1"], ["wm2"]]).use(monkeypatch)
    sync = synced(django_capture_on_commit_callbacks)
    SyncChain.objects.update(state="open", pages=1, cursor="1")
    (link,) = links(list(SyncChain.objects.all()))
    SyncChain.objects.update(pages=2)
    page = gateway.batch_get_by_user(["a"], "0")
    FollowRelation.objects.all().delete()

    # when, then
    progress: Any = type("P", (), {"sync": sync})()
    with pytest.raises(Superseded):
        store(progress, [(link, page)])
    assert FollowRelation.objects.count() == 0


def test_two_syncs_at_once_are_refused(django_capture_on_commit_callbacks: Any) -> None:
    services.sync_start(actor=None)

    with pytest.raises(Conflict):
        services.sync_start(actor=None)
