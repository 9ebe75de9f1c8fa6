"""CRM data by clicks: a file whose bad rows come back with the reason, and a till that is asked for its orders."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from customers.crm.models import CrmMember, Order
from scrm.core.excel import read_table
from tests.browser.conftest import DESKTOP, Visitor
from tests.cast import person
from tests.customers.intake.test_pulling import System, system

__all__ = ["system"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FILE = (
    "会员号,姓名,手机号\nM1,王小美,138 0013 8000\nM2,李雷,1380013\nM3,韩梅梅,\n,无名,13900139000\n"
)
PATHS = {
    "order_no": "no",
    "paid_at": "paid.at",
    "amount": "paid.sum",
    "member_no": "buyer.card",
}


@pytest.fixture
def desk(transactional_db: None, company: Any, visitor: Callable[..., Visitor]) -> Visitor:
    """Headquarters at the desk."""
    person("hq", "hq_ops")
    hq = visitor(size=DESKTOP, language="en")
    hq.log_in("hq")
    return hq


def test_a_file_whose_bad_rows_come_back(desk: Visitor, tmp_path: Path) -> None:
    # given
    page = desk.page
    file = tmp_path / "members.csv"
    file.write_bytes(FILE.encode("gbk"))

    # when it is sent in
    desk.visit("/console/crm-sources/files/members/")
    page.set_input_files("#id_file", str(file))
    page.click("form.card button[type=submit]")

    # then each bad row is shown before anything is stored
    page.wait_for_url("**/console/crm-sources/preview/**")
    expect(page.locator("body")).to_contain_text("This is not a phone number.")
    expect(page.locator("body")).to_contain_text("王小美")
    assert CrmMember.objects.count() == 0

    # when it is imported
    page.click("form[action$='/start/'] button")
    page.wait_for_url("**/console/jobs/**")

    # then the good rows are there, and the bad ones come back as they were, with the reason
    expect(page.locator("a[href$='/errors/']")).to_be_visible()
    assert dict(CrmMember.objects.values_list("member_no", "phone_verified")) == {
        "M1": False,
        "M3": False,
    }
    assert CrmMember.objects.get(member_no="M1").phone == "+8613800138000"
    with page.expect_download() as taken:
        page.click("a[href$='/errors/']")
    content = io.BytesIO(taken.value.path().read_bytes())
    back = [row.values for row in read_table(content, filename="errors.xlsx").rows]
    assert [(row["会员号"], row["姓名"], row["手机号"]) for row in back] == [
        ("M2", "李雷", "1380013"),
        ("", "无名", "13900139000"),
    ]
    reasons = [next(reversed(row.values())) for row in back]
    assert ("手机号" in reasons[0], "会员号" in reasons[1]) == (True, True)
    assert desk.complaints == []


def test_a_till_is_connected_tried_and_read(
    desk: Visitor, visitor: Callable[..., Visitor], system: System
) -> None:
    # given IT, who connects systems
    person("it", "it_admin")
    it = visitor(size=DESKTOP, language="en")
    it.log_in("it")
    page = it.page
    it.visit("/console/crm-sources/sources/new/")
    page.fill("#id_name", "till")
    page.select_option("#id_kind", "orders")
    page.select_option("#id_origin", system.origin)
    page.fill("#id_path", "/orders")
    page.select_option("#id_auth", "bearer")
    page.fill("#id_secret", "s3cret")
    page.fill("#id_rows_path", "data.items")
    page.fill("#id_ok_check", "code=0")
    page.select_option("#id_paging", "page")
    page.fill("#id_size", "2")
    page.fill("#id_total_path", "data.total")
    page.click("form.card button[type=submit]")

    # when its fields are mapped
    page.wait_for_url("**/mapping/")
    for name, path in PATHS.items():
        page.fill(f"#id_{name}", path)
    page.click("form.card button[type=submit]")
    page.wait_for_selector("form[action$='/test/']")
    assert Order.objects.count() == 0

    # then a try says what it found, and takes nothing over
    page.click("form[action$='/test/'] button")
    expect(page.locator("body")).to_contain_text("5")
    assert Order.objects.count() == 0

    # and headquarters, reading it, gets all pages
    desk.visit(page.url.removeprefix(it.base).replace("test/", ""))
    desk.page.click("form[action$='/read/'] button")
    desk.page.wait_for_url("**/console/jobs/**")
    assert sorted(Order.objects.values_list("order_no", flat=True)) == [f"O{n}" for n in range(5)]
    assert desk.complaints + it.complaints == []

    # when the till is down, the page says so in words
    system.breaks_at = 1
    it.visit("/console/crm-sources/")
    page.click("text=till")
    page.click("form[action$='/test/'] button")
    expect(page.locator("body")).to_contain_text("The system answered 500")
