"""The first synchronisation by clicks: IT hands in two files with bad rows, HQ reads the plan, approves and watches."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Page, expect

from contacts.oa_sync import tasks
from contacts.oa_sync.models import OaRun
from contacts.oa_sync.services import applying
from tests.browser.conftest import DESKTOP, Visitor
from tests.contacts.oa_sync.oa_files import TREE, departments_file, employee, employees_file

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GOOD = [employee(n, "D1" if n % 2 else "D2") for n in range(1, 13)]
# No phone; a department nobody has; the same job number twice with other data.
BAD = [
    employee(13, phone=""),
    employee(14, "D9"),
    employee(15, phone="13900000015"),
    employee(15, phone="13900000016"),
]
# The company is WeCom's root; three departments and twelve accounts are made.
ITEMS, STOP_AFTER = 16, 8


@dataclass
class Worker:
    """Another process's part: applies in a thread of its own, and stands still half-way until it is let go."""

    half_way: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def apply_async(self, kwargs: dict[str, str], **_options: Any) -> None:
        thread = threading.Thread(target=self._work, kwargs=kwargs)
        self.threads.append(thread)
        thread.start()

    def _work(self, job_id: str) -> None:
        try:
            applying.run_apply(job_id)
        finally:
            connections.close_all()

    def end(self) -> None:
        self.go_on.set()
        for thread in self.threads:
            thread.join(timeout=60)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker that stops before the ninth item."""
    made, original = Worker(), applying._apply_item

    def slowly(item: Any, *rest: Any) -> None:
        if item.position == STOP_AFTER + 1:
            made.half_way.set()
            assert made.go_on.wait(60)
        original(item, *rest)

    monkeypatch.setattr(applying, "_apply_item", slowly)
    monkeypatch.setattr(tasks.oa_sync_apply, "apply_async", made.apply_async)
    yield made
    made.end()


@pytest.fixture
def seat(visitor: Callable[..., Visitor], people: None) -> Callable[[str], Visitor]:
    """Sit down at the console as somebody; every question is answered with yes."""

    def sit(username: str) -> Visitor:
        me = visitor(size=DESKTOP, language="en")
        me.log_in(username)
        me.page.on("dialog", lambda asked: asked.accept())
        return me

    return sit


def hand_in(page: Page) -> None:
    """Choose both files and send them."""
    files = {"departments": departments_file(TREE), "employees": employees_file([*GOOD, *BAD])}
    for name, file in files.items():
        page.set_input_files(
            f"[name={name}]",
            {"name": file.filename, "mimeType": "text/csv", "buffer": file.content},
        )
    page.get_by_role("button", name="Read and plan").click()


def figure(page: Page, label: str) -> Any:
    """Return the figure that stands under a label."""
    return page.locator(".kpi", has_text=label).locator(".kpi-value")


def test_two_files_become_accounts_and_the_bad_rows_do_not(
    wecom_sandbox_world: Any, seat: Callable[[str], Visitor], worker: Worker
) -> None:
    control = wecom_sandbox_world.control
    before = {row["userid"] for row in control.get("ledger/members")}

    # when IT hands in both files
    it = seat("it")
    it.visit("/console/oa-sync/")
    hand_in(it.page)

    # then the plan and the refused rows stand there, and IT may not approve
    expect(figure(it.page, "Employees")).to_have_text("16")
    expect(figure(it.page, "Refused rows")).to_have_text("4")
    expect(figure(it.page, "Member: create")).to_have_text("12")
    expect(it.page.get_by_role("button", name="Approve and apply")).to_have_count(0)
    it.page.get_by_role("link", name="Refused rows").click()
    rows = it.page.locator("table tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.nth(0)).to_contain_text("The phone is blank")
    expect(rows.nth(1)).to_contain_text('No department has the code "D9"')
    expect(rows.nth(2)).to_contain_text("stands in rows 16, 17 with different data")
    with it.page.expect_download() as download:
        it.page.get_by_role("link", name="Employees", exact=True).last.click()
    assert download.value.suggested_filename == "oa-employees-refused.xlsx"
    assert {row["userid"] for row in control.get("ledger/members")} == before

    # when HQ looks at the plan and approves it
    hq = seat("hq")
    hq.visit(it.page.url.split("?")[0].removeprefix(it.base))
    expect(hq.page.locator("main")).to_contain_text("takes about 1 minute")
    expect(hq.page.locator("table")).to_contain_text("Employed in the OA, no account in WeCom.")
    hq.page.get_by_role("button", name="Approve and apply").click()

    # then she sees how far it is while it works
    assert worker.half_way.wait(60)
    expect(hq.page.locator("#run-live")).to_contain_text(f"{STOP_AFTER} of {ITEMS} (50%)")
    worker.go_on.set()

    # and the page turns by itself once it is through
    expect(hq.page.locator("main")).to_contain_text("Carried out", ignore_case=True, timeout=60_000)
    expect(hq.page.locator("main")).to_contain_text("approved by HQ")
    expect(hq.page.locator("table tbody tr").last).to_contain_text("Done")
    assert OaRun.objects.get().status == OaRun.Status.APPLIED

    # and WeCom's own books have exactly the good rows
    made = {
        row["userid"]: row["name"]
        for row in control.get("ledger/members")
        if row["userid"] not in before
    }
    assert made == {f"e{n:04d}": f"员工{n}" for n in range(1, 13)}
    assert it.complaints == hq.complaints == []
