"""The sync's pages: who may start, stop and release; what was missed as each scope sees it."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.directory.models import Member
from customers.relations.models import FollowRelation
from customers.sync import services
from customers.sync.failures import Moment
from customers.sync.models import MissedChange, SyncChain, SyncFault, SyncRun
from customers.sync.progress import Progress
from customers.sync.throttle import Throttle
from customers.sync.words import wait_words
from scrm.accounts.models import User
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from tests.cast import PASSWORD
from tests.customers.sync.corp import job_of
from tests.factories.customers import ContactFactory, MemberFactory, RelationFactory, TagFactory

pytestmark = pytest.mark.django_db
RUNS = "/console/customer-sync/"
MISSED = "/console/customer-sync/missed/"


def login(client: Client, username: str) -> None:
    """Log in as one of the cast, in English."""
    assert client.login(username=username, password=PASSWORD)
    client.cookies["django_language"] = "en"


def missed(relation: FollowRelation, kind: str = "added", **fields: Any) -> MissedChange:
    """Return a change found by a run of its own."""
    run = SyncRun.objects.create(job_id=uuid4())
    found_at = timezone.now() - timedelta(minutes=1)
    return MissedChange.objects.create(
        run=run, relation=relation, kind=kind, found_at=found_at, **fields
    )


@pytest.mark.parametrize("username", ["branch", "outsider", "it", "auditor"])
def test_only_who_syncs_sees_runs_and_touches_them(
    client: Client,
    hq_ops: User,
    branch_ops: User,
    outsider: User,
    it_admin: User,
    auditor: User,
    username: str,
) -> None:
    # given a run that is under way
    sync = services.sync_start(actor=hq_ops)
    login(client, username)

    # then neither list nor run is shown, and nothing can be done to it
    own = {"pk": sync.pk}
    assert client.get(RUNS).status_code == 403
    assert client.get(reverse("customer_sync:detail", kwargs=own)).status_code == 403
    assert client.get(reverse("customer_sync:live", kwargs=own)).status_code == 403
    assert client.post(reverse("customer_sync:start")).status_code == 403
    for act in ("cancel", "resume", "release"):
        address = reverse(f"customer_sync:{act}", kwargs=own)
        assert client.post(address, {"reason": "x"}).status_code == 403
    assert JobRun.objects.count() == 1
    assert job_of(sync).state == "queued"


def test_hq_starts_stops_and_resumes(client: Client, hq_ops: User) -> None:
    login(client, "hq")

    # when
    started = client.post(reverse("customer_sync:start"))

    # then there is one run, and its page says how it stands
    sync = SyncRun.objects.get()
    assert started["Location"] == reverse("customer_sync:detail", args=[sync.pk])
    assert sync.started_by == hq_ops
    assert "Stop" in client.get(started["Location"]).content.decode()
    assert client.get(RUNS).status_code == 200

    # when another one is asked for
    client.post(reverse("customer_sync:start"))

    # then it is refused in words
    assert SyncRun.objects.count() == 1
    assert "already under way" in client.get(RUNS).content.decode()

    # when it is stopped and resumed
    client.post(reverse("customer_sync:cancel", args=[sync.pk]))
    assert job_of(sync).state == "cancelled"
    assert "Go on from where it stopped" in client.get(started["Location"]).content.decode()
    client.post(reverse("customer_sync:resume", args=[sync.pk]))
    assert job_of(sync).state == "queued"


def test_a_run_says_what_it_waits_for_and_who_could_not_be_read(
    client: Client, hq_ops: User
) -> None:
    # given a run that waits for WeCom until 14:32 tomorrow by the wall clock, with one bad member
    sync = services.sync_start(actor=hq_ops)
    tomorrow = timezone.localtime() + timedelta(days=1)
    until = tomorrow.replace(hour=14, minute=32, second=5, microsecond=0)
    SyncRun.objects.filter(pk=sync.pk).update(waits_for="quota", waits_until=until)
    SyncFault.objects.create(run=sync, userid="e0099", errcode=60111, kind="permanent")
    login(client, "hq")

    page = client.get(reverse("customer_sync:detail", args=[sync.pk])).content.decode()

    assert "call rate until 14:32:05" in page.replace("&#x27;", "'")
    assert "e0099" in page
    assert "The member does not exist" in page


def test_a_wait_that_is_over_is_not_shown_any_more(client: Client, hq_ops: User) -> None:
    # given a run that gave its worker back for WeCom's rate, until a moment that is over
    sync = services.sync_start(actor=hq_ops)
    over = timezone.now() - timedelta(seconds=10)
    words = wait_words("quota", over)
    SyncRun.objects.filter(pk=sync.pk).update(waits_for="quota", waits_until=over)
    JobRun.objects.filter(pk=sync.job_id).update(
        state="waiting", waiting_for=words, not_before=over
    )
    login(client, "hq")

    page = client.get(reverse("customer_sync:live", args=[sync.pk])).content.decode()

    # then it goes on, and the clock of then stands nowhere
    assert f"{timezone.localtime(over):%H:%M:%S}" not in page
    assert "it goes on in a moment" in page


def test_a_run_that_works_again_does_not_say_what_it_waited_for(
    client: Client, hq_ops: User
) -> None:
    sync = services.sync_start(actor=hq_ops)
    JobRun.objects.filter(pk=sync.job_id).update(state="running", waiting_for="until 03:18:31")
    login(client, "hq")

    page = client.get(reverse("customer_sync:live", args=[sync.pk])).content.decode()

    assert "03:18:31" not in page


def test_a_run_takes_its_words_back_once_it_goes_on(hq_ops: User) -> None:
    # given a run at work that WeCom makes wait ten seconds
    sync, seconds = services.sync_start(actor=hq_ops), [100.0]
    with jobs.running(sync.job_id) as run:
        progress = Progress(run, sync, Throttle(clock=lambda: seconds[0]))
        progress.waited(Moment(10, "quota"))
        progress.tick(1)
        assert job_of(sync).waiting_for

        # when they are over, before any page is stored
        seconds[0] += 11
        progress.tick(1)

        # then the job waits for nothing
        assert job_of(sync).waiting_for == ""


@pytest.mark.parametrize(
    ("read", "worked", "words"),
    [
        (600, 60.0, "600 a minute"),
        (0, 0.2, "1,200 a minute last time"),
        (1200, 60.0, "1,200 a minute"),
    ],
)
def test_a_waiting_run_still_says_how_fast_it_is_and_when_it_is_over(
    client: Client, hq_ops: User, read: int, worked: float, words: str
) -> None:
    # given a run of 1,200 relations that waits until noon tomorrow, and one of yesterday
    sync = services.sync_start(actor=hq_ops)
    SyncRun.objects.create(
        job_id=uuid4(), outcome="complete", finished_at=timezone.now(), read=1200, worked_seconds=60
    )
    tomorrow = timezone.localtime() + timedelta(days=1)
    until = tomorrow.replace(hour=12, minute=0, second=0, microsecond=0)
    SyncRun.objects.filter(pk=sync.pk).update(
        expected=1200, read=read, worked_seconds=worked, waits_for="quota", waits_until=until
    )
    login(client, "hq")

    page = client.get(reverse("customer_sync:live", args=[sync.pk])).content.decode()

    # then it is over when what is left is read behind the wait
    assert words in page
    left = "12:00" if read == 1200 else "12:01"
    assert f"over at about {left}" in page


def test_a_first_run_says_that_nobody_knows_its_end_yet(client: Client, hq_ops: User) -> None:
    sync = services.sync_start(actor=hq_ops)
    login(client, "hq")

    page = client.get(reverse("customer_sync:live", args=[sync.pk])).content.decode()

    assert "nobody can tell yet when it is over" in page


def test_every_figure_of_a_chain_names_itself_where_the_head_of_the_table_is_away(
    client: Client, hq_ops: User
) -> None:
    sync = services.sync_start(actor=hq_ops)
    SyncChain.objects.create(run=sync, number=1, userids=["e0001"])
    login(client, "hq")

    page = client.get(reverse("customer_sync:detail", args=[sync.pk])).content.decode()

    table = page.partition('id="chains-title"')[2].partition("</table>")[0]
    heads = re.findall(r"<th[^>]*>([^<]+)</th>", table)
    assert re.findall(r'<td[^>]*data-label="([^"]+)">', table) == heads
    assert len(heads) == 6


def test_each_scope_sees_what_was_missed_of_its_own_customers(
    client: Client,
    hq_ops: User,
    branch_ops: User,
    outsider: User,
    guide_li: Member,
    it_admin: User,
) -> None:
    # given a change at a guide of the branch, and one elsewhere
    ours = missed(RelationFactory(member=guide_li, contact=ContactFactory(name="Ours")))
    missed(RelationFactory(member=MemberFactory(), contact=ContactFactory(name="Elsewhere")))

    def shown(username: str) -> tuple[int, bool, bool]:
        login(client, username)
        answer = client.get(MISSED)
        page = answer.content.decode()
        return answer.status_code, "Ours" in page, "Elsewhere" in page

    # then
    assert shown("hq") == (200, True, True)
    assert shown("branch") == (200, True, False)
    assert shown("it")[0] == 403
    login(client, "outsider")
    assert "Ours" not in client.get(MISSED).content.decode()

    # and an ex-employee sees nothing
    login(client, "branch")
    User.objects.filter(pk=branch_ops.pk).update(is_active=False)
    assert client.get(MISSED).status_code in (302, 403)
    assert ours.told_at is None


def test_filters_tags_by_name_and_those_told_late(
    client: Client, hq_ops: User, guide_li: Member
) -> None:
    tag = TagFactory(name="Gold")
    relation = RelationFactory(member=guide_li, contact=ContactFactory(name="Tagged"))
    first = missed(relation, "tags", detail={"added": [tag.tag_id], "removed": ["et-gone"]})
    late = RelationFactory(member=guide_li, contact=ContactFactory(name="Late"))
    missed(late, "lost", told_at=timezone.now())
    login(client, "hq")

    def page(**query: str) -> str:
        return client.get(MISSED, query).content.decode()

    assert "+ Gold" in page()
    assert "Late" not in page()
    assert "Late" in page(told="all")
    assert "Tagged" not in page(kind="added")
    assert "Tagged" in page(run=str(first.run_id), q=guide_li.userid)


def test_queries_do_not_grow_with_the_list(
    client: Client, hq_ops: User, guide_li: Member, django_assert_max_num_queries: Any
) -> None:
    for _number in range(15):
        missed(RelationFactory(member=guide_li))
    login(client, "hq")
    client.get(MISSED)

    with django_assert_max_num_queries(22):
        client.get(MISSED)
    with django_assert_max_num_queries(24):
        client.get(RUNS)
