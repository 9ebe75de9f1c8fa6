"""A hand-over by clicks: choose, look at what it would do, confirm, read what the customers said, take the file."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from customers.groups.reading import group_observed
from customers.inheritance.models import HandoverPlan
from scrm.core.excel import read_table
from scrm.core.gateway import wecom
from tests.browser.conftest import DESKTOP, Visitor
from tests.cast import person
from tests.conftest import Sandbox
from tests.customers.inheritance.shop import DAY, Shop
from tests.customers.inheritance.shop import shop as handover_shop

__all__ = ["handover_shop"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NOTICE = "您好,以后由我的同事为您服务"


@pytest.fixture
def store(transactional_db: None, company: Any, wecom_sandbox_world: Sandbox, handover_shop: Shop) -> Shop:  # fmt: skip
    """The leaver's shop, her group, and headquarters."""
    made = handover_shop.control.post(
        "group", {"owner": "guide0001", "name": "老客福利群", "people": ["p000001", "p000002"]}
    )
    group_observed(wecom().group_chat.get(made["chat_id"]))
    person("hq", "hq_ops")
    return handover_shop


def test_from_the_plan_to_the_results(store: Shop, visitor: Callable[..., Visitor]) -> None:
    # given
    hq = visitor(size=DESKTOP, language="en")
    page = hq.page
    hq.log_in("hq")

    # when HQ looks the guide up and chooses who takes over
    hq.visit("/console/inheritance/?q=guide0001")
    page.click(".steps-list a.btn-primary")
    page.wait_for_selector("#id_message")
    expect(page.locator("input[name=successors]:checked")).to_have_count(2)
    expect(page.locator("#id_with_groups")).to_be_checked()
    page.fill("#id_message", NOTICE)
    page.click("form.card button[type=submit]")

    # then what it would do is shown, and nothing was asked of WeCom
    page.wait_for_selector("#preview-title")
    said = page.locator(".handover-preview")
    expect(said).to_contain_text("5 customers are asked")
    expect(said).to_contain_text("1 group gets a new owner")
    expect(page.locator("[aria-labelledby=preview-title] tbody tr")).to_have_count(2)
    expect(page.locator(".handover-bubble")).to_have_text(NOTICE)
    assert store.control.get("ledger/transfers") == []

    # when it is confirmed, one customer refuses and a day goes by
    page.click("form[action$='/confirm/'] button")
    page.wait_for_selector("#groups-title")
    asked = store.control.get("ledger/transfers")
    assert (len(asked), {row["message"] for row in asked}) == (5, {NOTICE})
    expect(page.locator("[aria-labelledby=groups-title] tbody")).to_contain_text("Handed over")
    refuser = asked[0]["person_id"]
    store.control.post("transfer_answer", {"person_id": refuser, "answer": "refuse"})
    store.later(DAY)
    page.click("form[action$='/results/'] button")

    # then the results are there, who refused in words
    expect(page.locator(".alert-success")).to_contain_text("5 customers settled")
    expect(page.locator(".kpi-value").nth(1)).to_have_text("4")
    expect(page.locator("body")).to_contain_text("The customer chose to stay with the old guide.")
    expect(page.locator("#kept-title")).to_contain_text("1 customer stayed behind")

    # and the file says who got whom
    plan = HandoverPlan.objects.get()
    with page.expect_download() as taken:
        page.click(f"a[href='/console/inheritance/{plan.pk}/file/']")
    content = io.BytesIO(taken.value.path().read_bytes())
    rows = [row.values for row in read_table(content, filename="a.xlsx").rows]
    states = sorted(row["State"] for row in rows)
    assert states == ["handed over"] * 5 + ["refused by the customer"]
    assert hq.complaints == []
