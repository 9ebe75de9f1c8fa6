"""A role from wish to work: headquarters makes it, a second person approves, the operator sees those menus and stores only."""

from collections.abc import Callable
from typing import Any

import pytest

from contacts.roles.models import Role
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, Visitor
from tests.cast import Company, guide, person
from tests.factories.accounts import UserFactory
from tests.factories.attribution import LiveCodeFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAME = "双十一代运营"


@pytest.fixture
def codes(transactional_db: None, company: Company) -> None:
    """A live code in each of three stores, and the people who play."""
    for store, userid, name in (
        (company.store_a, "guide_li", "李娜"),
        (company.store_b, "guide_wang", "王芳"),
        (company.store_south, "guide_zhao", "赵敏"),
    ):
        LiveCodeFactory(name=f"{store.name}台卡", members=[guide(userid, name, store)])
    person("hq", "hq_ops")
    person("hq2", "hq_ops")
    agent = UserFactory(username="agent", name="agent")
    agent.set_password(PASSWORD)
    agent.save()


def test_an_agency_gets_two_stores_and_the_menus_that_two_people_agreed_on(
    visitor: Callable[..., Visitor], codes: None
) -> None:
    maker = visitor(size=DESKTOP, language="zh-hans")
    maker.log_in("hq")
    agency = Role.objects.get(code="agency")

    # given a copy of the preset, with fewer menus
    maker.visit(f"/console/roles/make/?like={agency.pk}")
    maker.page.fill("#id_name", NAME)
    maker.page.fill("#id_reason", "双十一活动")
    for box in maker.page.query_selector_all("input[name=permissions]:checked"):
        box.uncheck()
    for code in ("home.view", "live_codes.view"):
        maker.page.check(f"input[name=permissions][value='{code}']")
    maker.page.click("form.role-form button[type=submit]")

    # when what it gives was looked at, then asked for
    maker.page.wait_for_selector("button[name=step][value=ask]")
    assert maker.page.locator(".role-gained").count() == 2
    assert not Role.objects.filter(name=NAME).exists()
    maker.page.click("button[name=step][value=ask]")
    maker.page.wait_for_url("**/console/approvals/**")
    approval = maker.page.url.removeprefix(maker.base)
    # who asked does not decide
    assert maker.page.locator("input[name=decision]").count() == 0

    # and a second person, called by the number in the menu, agrees
    checker = visitor(size=DESKTOP, language="zh-hans")
    checker.log_in("hq2")
    assert checker.page.locator(".side-badge [aria-hidden]").inner_text() == "1"
    checker.visit(approval)
    checker.page.check("input[name=decision][value=approve]")
    checker.page.click("form.card button[type=submit]")
    checker.page.wait_for_selector(".alert-success")
    assert checker.page.locator(".side-badge").count() == 0

    # and the role is given over two stores
    made = Role.objects.get(name=NAME)
    maker.visit("/console/roles/new/")
    maker.page.fill("#id_username", "agent")
    maker.page.select_option("#id_role", str(made.pk))
    maker.page.fill("#id_org_code", "S1, S3")
    maker.page.click("form.card button[type=submit]")
    maker.page.wait_for_url("**/console/roles/")

    # then the operator sees these menus and the codes of these stores, on the desk and on the phone
    for size in (DESKTOP, PHONE):
        operator = visitor(size=size, language="zh-hans")
        operator.log_in("agent")
        links = operator.page.eval_on_selector_all(
            ".side-link", "links => links.map(link => link.getAttribute('href'))"
        )
        assert links == ["/console/", "/console/live-codes/"]
        assert operator.visit("/console/live-codes/") == 200
        words = operator.page.inner_text("#content")
        shown = {name: f"{name}台卡" in words for name in ("人民路店", "滨江店", "天河店")}
        assert shown == {"人民路店": True, "滨江店": False, "天河店": True}
        assert operator.visit("/console/roles/") == 403
        assert operator.visit("/console/customers/") == 403
    assert no_complaints(maker, checker)


def no_complaints(*visitors: Any) -> bool:
    """Whether no console of a browser had anything to say."""
    return [said for one in visitors for said in one.complaints] == []
