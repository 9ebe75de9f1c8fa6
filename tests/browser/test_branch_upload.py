"""A branch sends in a file with errors, repairs the refused rows in the file it gets back, and headquarters binds both."""

import io

import pytest
from openpyxl import Workbook, load_workbook
from playwright.sync_api import expect

from contacts.org.models import BindingImport, StoreBinding
from contacts.roles import services
from contacts.roles.models import Role
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_console import faults_of
from tests.factories.accounts import UserFactory
from tests.factories.contacts import MemberFactory, StoreFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a branch types: a code too short, an account nobody has, an order in words.
ROWS = [
    ("S001", "guide1", "1", "早班"),
    ("S01", "guide2", "1", "晚班"),
    ("S003", "nobody", "1", ""),
    ("S004", "guide4", "第一", ""),
]
REPAIRS = {"S01": ("门店编码", "S002"), "nobody": ("工号或账号", "guide3"), "第一": ("顺序", "1")}


@pytest.fixture
def stores(people):
    """Four stores of the eastern branch with a guide each, one of the southern, and who runs the east."""
    east = StoreFactory(kind="branch", code="B1", name="华东分公司", path="/910001/", pk=910001)
    south = StoreFactory(kind="branch", code="B2", name="华南分公司", path="/910002/", pk=910002)
    for number in range(1, 5):
        StoreFactory(
            code=f"S00{number}", name=f"门店{number}", parent=east, path=f"/910001/92000{number}/",
            pk=920000 + number,
        )  # fmt: skip
        MemberFactory(userid=f"guide{number}", name=f"导购{number}")
    StoreFactory(code="S900", name="天河店", parent=south, path="/910002/920900/", pk=920900)
    user = UserFactory(username="east", name="华东运营")
    services.grant(user=user, role=Role.objects.get(code="branch_ops"), org_unit=east, actor=None)


def workbook(rows):
    """Return an upload as the branch keeps it, with a column of its own."""
    book = Workbook()
    for row in [("门店编码", "工号或账号", "顺序", "备注"), *rows]:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def send(branch, content):
    """Send in a file by the form; leaves the preview on the screen."""
    branch.visit("/console/org/units/")
    branch.page.get_by_role("link", name="提交绑定").click()
    branch.page.set_input_files(
        "input[type=file]", {"name": "绑定.xlsx", "mimeType": XLSX, "buffer": content}
    )
    branch.page.get_by_role("button", name="校验文件").click()
    branch.page.wait_for_url("**/console/org/imports/*/")


def repaired(path):
    """Repair the refused rows where they stand; returns the file as it is sent in again."""
    book = load_workbook(path)
    sheet = book.active
    headers = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        for cell in list(row):
            if cell.value in REPAIRS:
                header, value = REPAIRS[cell.value]
                assert headers[cell.column - 1] == header
                cell.value = value
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_refused_rows_are_repaired_and_sent_in_again(visitor, stores, tmp_path):
    # given the branch's file with three wrong rows of four
    branch = visitor(size=DESKTOP, language="zh-hans")
    branch.log_in("east")
    send(branch, workbook(ROWS))
    expect(branch.page.get_by_text("S01", exact=True)).to_be_visible()

    # when it downloads what was refused
    with branch.page.expect_download() as told:
        branch.page.get_by_role("link", name="下载未通过的行").click()
    path = tmp_path / "refused.xlsx"
    told.value.save_as(path)

    # then those rows come back as they were sent, its own column too, each with a reason
    sheet = load_workbook(path).active
    back = [tuple(cell or "" for cell in row) for row in sheet.iter_rows(values_only=True)]
    assert back[0][:4] == ("门店编码", "工号或账号", "顺序", "备注")
    assert [row[:4] for row in back[1:]] == ROWS[1:]
    assert all(row[4] for row in back[1:])

    # and repaired they all pass
    send(branch, repaired(path))
    expect(branch.page.get_by_role("link", name="下载未通过的行")).to_have_count(0)
    assert StoreBinding.objects.count() == 0

    # when headquarters approves both files
    hq = visitor(size=DESKTOP, language="zh-hans")
    hq.log_in("hq")
    hq.page.on("dialog", lambda dialog: dialog.accept())
    for batch in BindingImport.objects.order_by("pk"):
        hq.visit(f"/console/org/imports/{batch.pk}/")
        hq.page.get_by_role("button", name="审核通过并绑定").click()
        expect(hq.page.get_by_role("button", name="审核通过并绑定")).to_have_count(0)

    # then the bindings stand
    bound = StoreBinding.objects.filter(state="active").values_list("store__code", "member__userid")
    assert sorted(bound) == [(f"S00{number}", f"guide{number}") for number in range(1, 5)]
    branch.visit("/console/org/units/")
    expect(branch.page.locator(".kpi", has_text="绑定率").locator(".kpi-value")).to_have_text(
        "100.0%"
    )
    expect(branch.page.get_by_text("天河店")).to_have_count(0)
    assert branch.complaints == []
    assert hq.complaints == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_pages_of_a_branch_lie_right(visitor, stores, size, language):
    branch = visitor(size=size, language=language)
    branch.log_in("east")
    pages = [
        "",
        "units/",
        "units/910001/",
        "imports/",
        "imports/new/",
        "changes/",
        "stores/920001/",
    ]

    found = []
    for path in pages:
        found += faults_of(branch, f"/console/org/{path}")

    assert found == []
    assert branch.complaints == []
