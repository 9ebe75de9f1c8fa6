"""Systems that are asked: paged, signed, mapped, incremental; a reading that breaks off takes nothing over."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from customers.crm.models import CrmMember, Order
from customers.crm.rows import MemberRow
from customers.crm.services import members_upsert
from customers.intake import importing, pulling, sources
from customers.intake.kinds import KINDS
from customers.intake.models import FactFile, PullSource
from customers.intake.selectors import failures_of
from scrm.accounts.models import User
from scrm.core.alerts.models import Alert
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict
from scrm.core.jobs.models import JobRun
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
MAPPING = {
    "order_no": "no",
    "paid_at": "paid.at",
    "amount": "paid.sum",
    "member_no": "buyer.card",
    "sku": "code",
    "quantity": "n",
    "line_amount": "sum",
}


@dataclass
class System:
    """A till's system: what it has, what it was asked."""

    origin: str = ""
    orders: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    breaks_at: int = 0
    total: int | None = None
    page: tuple[int, str] | None = None

    def answer(self, path: str) -> tuple[int, Any]:
        self.asked.append(path)
        query = parse_qs(urlsplit(path).query)
        page, size = int(query.get("page", ["1"])[0]), int(query.get("size", ["2"])[0])
        if page == self.breaks_at:
            return 500, {"error": "disk full"}
        rows = self.orders[(page - 1) * size : page * size]
        total = len(self.orders) if self.total is None else self.total
        return 200, {"code": 0, "data": {"items": rows, "total": total}}


@pytest.fixture
def system(settings: Any) -> Iterator[System]:
    """Run the system on a free port, allowed by IT."""
    found = System(orders=[order(number) for number in range(5)])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") != "Bearer s3cret":
                status, body = 401, {"error": "who are you"}
            else:
                status, body = found.answer(self.path)
            content = json.dumps(body).encode()
            if found.page is not None:
                status, content = found.page[0], found.page[1].encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.origin = f"http://127.0.0.1:{server.server_port}"
    settings.CRM_HOSTS = [found.origin]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


def order(number: int, amount: str = "30.00") -> dict[str, Any]:
    return {
        "no": f"O{number}",
        "paid": {"at": "2026-11-01 10:00:00", "sum": amount},
        "buyer": {"card": f"M{number}"},
        "items": [{"code": "A", "n": 1, "sum": "10.00"}, {"code": "B", "n": 2, "sum": "20.00"}],
    }


def source(system: System, **changes: Any) -> PullSource:
    """Return a stored source."""
    options = {
        "origin": system.origin, "paths": {"all": "/orders"}, "auth": "bearer", "header": "", "key_id": "",
        "rows_path": "data.items", "ok_check": "code=0", "paging": "page", "page_param": "page",
        "size_param": "size", "size": 2, "first_page": 1, "cursor_path": "", "total_path": "data.total",
    }  # fmt: skip
    values = {"name": "till", "kind": "orders", "mapping": MAPPING, "lines_path": "items"} | changes
    return sources.source_save(PullSource(options=options, **values), actor=None, secret="s3cret")


def read(row: PullSource) -> JobRun:
    """Read a source and run what it started."""
    job = sources.source_read(row, actor=None)
    pulling.run_read(job.pk)
    for started in JobRun.objects.filter(kind="intake.import", state="queued"):
        importing.run_import(started.pk)
    job.refresh_from_db()
    row.refresh_from_db()
    return job


def test_all_pages_become_orders_with_lines(system: System) -> None:
    row = source(system)

    job = read(row)

    assert (job.state, job.result["records"], row.last_records) == ("done", 5, 5)
    assert Order.objects.count() == 5
    first = Order.objects.get(order_no="O0")
    assert [
        (line.sku, line.quantity, str(line.amount)) for line in first.lines.order_by("position")
    ] == [
        ("A", 1, "10.00"),
        ("B", 2, "20.00"),
    ]
    # the same again is not imported again; a change is
    read(row)
    assert FactFile.objects.count() == 1
    system.orders[3] = order(3, "31.00")
    read(row)
    assert str(Order.objects.get(order_no="O3").amount) == "31.00"
    assert FactFile.objects.count() == 2


@pytest.mark.parametrize("fault", ["breaks", "short"])
def test_a_reading_that_breaks_off_takes_nothing_over(system: System, fault: str) -> None:
    row = source(system)
    system.breaks_at, system.total = (2, None) if fault == "breaks" else (0, 9)

    job = read(row)

    assert (job.state, row.read_from) == ("failed", None)
    assert job.message == row.last_problem != ""
    assert (Order.objects.count(), FactFile.objects.count()) == (0, 0)


def test_only_what_changed_since_the_last_reading_is_asked_for(system: System) -> None:
    row = source(system, since_param="updated_since")

    read(row)
    assert "updated_since" not in system.asked[0]
    began, system.asked = row.read_from, []
    read(row)

    since = parse_qs(urlsplit(system.asked[0]).query)["updated_since"][0]
    assert since == (began - timedelta(minutes=10)).isoformat(timespec="seconds")


def test_a_host_it_did_not_list_is_never_asked(system: System, settings: Any) -> None:
    row = source(system)
    settings.CRM_HOSTS = []

    job = read(row)

    assert (job.state, system.asked) == ("failed", [])
    assert "SCRM_CRM_HOSTS" in job.message


def test_sources_are_read_when_their_time_has_come(system: System) -> None:
    due = source(system, rhythm="hourly")
    source(system, name="later", rhythm="daily")
    past = timezone.now() - timedelta(minutes=1)
    PullSource.objects.filter(pk=due.pk).update(next_read_at=past)

    assert (sources.sources_due_start(), sources.sources_due_start()) == (1, 0)

    job = JobRun.objects.get(kind="intake.read")
    assert job.params == {"source_id": str(due.pk)}


def test_pages_connect_map_and_try_without_showing_a_customer(
    client: Client, it_admin: User, system: System
) -> None:
    assert client.login(username=it_admin.username, password=PASSWORD)
    form = {
        "name": "till", "kind": "orders", "origin": system.origin, "path": "/orders", "auth": "bearer",
        "secret": "s3cret", "rows_path": "data.items", "paging": "page", "page_param": "page", "size_param": "size",
        "size": 2, "first_page": 1, "total_path": "data.total", "lines_path": "items", "rhythm": "hourly",
        "daily_at": "03:00",
    }  # fmt: skip

    mapping = client.post("/console/crm-sources/sources/new/", form).url
    assert client.get(mapping).status_code == 200
    page = client.post(mapping, MAPPING).url
    tried = client.post(f"{page}test/").content.decode()

    row = PullSource.objects.get()
    assert (row.secret, row.mapping, row.next_read_at is not None) == ("s3cret", MAPPING, True)
    # As a word: two letters stand in every third token of a form.
    shown = set(re.findall(r"[\w.]+", tried))
    assert ("订单号" in shown, "M1" in shown, "30.00" in shown) == (True, False, False)
    assert "s3cret" not in client.get(f"{page}edit/").content.decode()
    assert all("s3cret" not in str(entry.after) for entry in AuditEntry.objects.all())
    # IT connects; taking customers' data in is for whoever may import
    assert client.post(f"{page}read/").status_code == 403
    assert JobRun.objects.count() == 0


def test_what_failed_in_the_last_reading_is_said_until_it_came_in(
    client: Client, hq_ops: User, system: System, django_assert_num_queries: Any
) -> None:
    # given a reading of which two records are wrong, and another source in order
    system.orders[1]["paid"]["sum"] = system.orders[3]["paid"]["sum"] = "much"
    row, other = source(system), source(system, name="web")
    read(row)
    client.cookies["django_language"] = "en"
    assert client.login(username="hq", password=PASSWORD)
    job = JobRun.objects.get(kind="intake.import")
    read(other)
    JobRun.objects.exclude(pk=job.pk).update(failed=0)

    # then the list and its page say so, with the way to the job
    page = reverse("intake:source", args=[row.pk])
    link = f'<a href="/console/jobs/{job.pk}/">2 records could not be taken over</a>'
    listed = client.get("/console/crm-sources/").content.decode()
    shown = client.get(page).content.decode()
    assert [(text.count(link), text.count("Read in part")) for text in (listed, shown)] == [
        (1, 1)
    ] * 2
    assert listed.count("In order") == 1
    with django_assert_num_queries(3):
        failures_of([row, other])

    # and still when it is read again and says the same, until it is put right
    read(row)
    assert link in client.get(page).content.decode()
    system.orders[1] = order(1)
    system.orders[3] = order(3)
    read(row)
    assert "In order" in client.get(page).content.decode()


@pytest.mark.parametrize("status", [401, 404])
def test_a_page_of_the_other_system_is_told_by_its_words(system: System, status: int) -> None:
    # given a system that answers with a page
    system.page = (
        status,
        "<!doctype html><html><head><style>b { color: red }</style><title>Not&nbsp;here</title>"
        "<script>alert(1)</script></head><body><!-- v2 --><h1 class='x'>No such <b>desk</b></h1></body>",
    )

    row = source(system)
    read(row)

    # then the alert says its words, and nothing of its markup
    row.refresh_from_db()
    alert = Alert.objects.get(kind="intake.source")
    for words in (row.last_problem, alert.text):
        assert f"{status}" in words
        assert words.endswith("Not here No such desk")


def test_who_may_not_connect_changes_nothing(client: Client, hq_ops: User, system: System) -> None:
    row = source(system)
    assert client.login(username="hq", password=PASSWORD)

    assert client.get("/console/crm-sources/").status_code == 200
    assert client.post(f"/console/crm-sources/sources/{row.pk}/delete/").status_code == 403
    assert client.get("/console/crm-sources/sources/new/").status_code == 403

    assert PullSource.objects.count() == 1


def members_source(system: System, **changes: Any) -> PullSource:
    """Return a source of members that knows number and name only."""
    mapping = {"member_no": "card", "name": "who"}
    return source(system, kind="members", mapping=mapping, lines_path="", **changes)


def test_what_a_source_does_not_know_is_not_taken_away(system: System) -> None:
    # given a member with what the API told of her, and a source that knows less
    values = {"unionid": "ou1", "store_code": "S1", "level": "gold", "phone": "+8613800138000"}
    members_upsert(
        [MemberRow("M1", {"member_no": "M1", "name": "Old", "phone_verified": True, **values})],
        source="api",
    )
    system.orders = [{"card": "M1", "who": "New"}]

    # when
    job = read(members_source(system))

    # then her name is new, and the rest as it was
    assert job.state == "done"
    found = CrmMember.objects.get()
    assert (found.name, found.phone_verified) == ("New", True)
    assert {name: getattr(found, name) for name in values} == values


def test_a_source_that_moves_while_it_is_read_is_read_from_the_start(system: System) -> None:
    # given the first of five goes away behind the first page
    row = source(system)
    first = system.answer

    def moving(path: str) -> tuple[int, Any]:
        answer = first(path)
        if len(system.asked) == 1:
            del system.orders[0]
        return answer

    system.answer = moving  # type: ignore[method-assign]

    # when
    job = read(row)

    # then the third, who moved onto the first page, is there, and who went is not
    pages = [parse_qs(urlsplit(path).query)["page"][0] for path in system.asked]
    assert (job.state, pages) == ("done", ["1", "2", "1", "2"])
    assert sorted(Order.objects.values_list("order_no", flat=True)) == ["O1", "O2", "O3", "O4"]


def test_a_source_that_never_stands_still_takes_nothing_over(system: System) -> None:
    row = source(system)
    first = system.answer

    def moving(path: str) -> tuple[int, Any]:
        answer = first(path)
        system.orders.pop()
        return answer

    system.orders = [order(number) for number in range(40)]
    system.answer = moving  # type: ignore[method-assign]

    with override("en"):
        job = read(row)

    assert (job.state, len(system.asked), row.read_from) == ("failed", 6, None)
    assert "changed while its pages were read" in row.last_problem
    assert (Order.objects.count(), FactFile.objects.count()) == (0, 0)


def test_after_an_import_that_broke_off_everything_is_asked_for_again(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a source that is asked for changes, whose second import fails
    row = source(system, since_param="since")
    read(row)
    system.orders = [order(7)]

    def broken(_rows: Any) -> Any:
        raise Conflict("disk full")

    kind = replace(KINDS["orders"], store=broken)
    with monkeypatch.context() as patch:
        patch.setattr("customers.intake.importing.KINDS", {**KINDS, "orders": kind})
        read(row)
    assert not Order.objects.filter(order_no="O7").exists()

    # when it is read again
    system.asked = []
    read(row)

    # then not only what changed since is asked for, and what was lost comes
    assert "since" not in system.asked[0]
    assert Order.objects.filter(order_no="O7").exists()

    # and once all is imported only changes are asked for
    system.asked = []
    read(row)
    assert "since" in system.asked[0]


def test_another_mapping_is_filled_by_asking_for_everything(system: System) -> None:
    row = source(system, since_param="since")
    read(row)

    sources.source_save(row, actor=None, secret=None)
    assert PullSource.objects.get().read_from is not None
    row.mapping = {**MAPPING, "channel": "till"}
    sources.source_save(row, actor=None, secret=None)

    assert PullSource.objects.get().read_from is None


@pytest.mark.parametrize("what", ["changed", "removed"])
def test_a_source_that_is_changed_while_it_is_read_takes_nothing_over(
    system: System, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    # given somebody maps it anew, or removes it, between two pages
    row = source(system, since_param="since")
    records = list(pulling.feed_of(row).records("all"))
    stored = PullSource.objects.filter(pk=row.pk)

    class Changing:
        def records(self, _role: str) -> Iterator[Any]:
            yield from records[:2]
            if what == "removed":
                stored.delete()
            else:
                stored.update(mapping={**MAPPING, "channel": "till"})
            yield from records[2:]

    monkeypatch.setattr(pulling, "feed_of", lambda _source: Changing())

    # when
    job = sources.source_read(row, actor=None)
    with override("en"):
        pulling.run_read(job.pk)

    # then nothing of the reading is kept
    job.refresh_from_db()
    assert job.state == "failed"
    assert "changed or removed" in job.message
    assert (FactFile.objects.count(), Order.objects.count()) == (0, 0)
    assert not PullSource.objects.exclude(read_from=None).exists()
