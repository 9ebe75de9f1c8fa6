"""Refused log-ins and refused pages leave a row in the audit, and a flood of them leaves few."""

from itertools import count

import pytest
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Member
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.audit.words import action_words, target_words
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
# Counts are kept by address, beside the test's transaction: each test has its own.
_hosts = count(1)


@pytest.fixture
def browser() -> Client:
    return Client(REMOTE_ADDR=f"198.51.100.{next(_hosts)}")


def refusals(action: str = "accounts.log_in_refused") -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("at", "id"))


def test_a_wrong_password_is_audited_with_the_account_it_was_for(
    browser: Client, it_admin: User
) -> None:
    browser.post(LOGIN, {"username": "it", "password": "wrong-password"})

    (row,) = refusals()
    assert (row.actor, row.target) == (None, f"user:{it_admin.pk}")
    assert row.after == {"face": "console", "way": "password", "count": 1}
    assert row.ip.startswith("198.51.100.")
    assert "wrong-password" not in str(vars(row))
    assert (action_words(row.action), target_words("page:audit:list")) != (
        row.action, "page audit:list",
    )  # fmt: skip


def test_what_was_typed_for_a_name_nobody_has_is_not_kept(browser: Client, it_admin: User) -> None:
    browser.post(LOGIN, {"username": PASSWORD, "password": "it"})

    (row,) = refusals()
    assert row.target == "user:*"
    assert PASSWORD not in str(vars(row))


def test_a_flood_leaves_few_rows_with_how_many_there_were(browser: Client, it_admin: User) -> None:
    for n in range(105):
        browser.post(LOGIN, {"username": f"nobody{n}", "password": "wrong"})

    assert [(row.target, row.after["count"]) for row in refusals()] == [
        ("user:*", 1), ("user:*", 10), ("user:*", 100),
    ]  # fmt: skip


def test_an_empty_form_and_a_right_password_are_no_refusal(
    browser: Client, it_admin: User, settings
) -> None:
    settings.SECOND_STEP_REQUIRED = False
    browser.post(LOGIN, {"username": "", "password": ""})
    browser.post(LOGIN, {"username": "it", "password": PASSWORD})

    assert refusals() == []


def test_who_wecom_names_but_may_not_come_in_is_audited(
    browser: Client, guide_li: Member, wecom_sandbox_world, monkeypatch
) -> None:
    monkeypatch.setattr("scrm.accounts.wecom_login.userid_of", lambda _code: guide_li.userid)
    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.DISABLED)
    start = browser.get("/h5/login/", headers={"User-Agent": "wxwork"}).url
    state = start.split("state=")[1].split("&")[0].split("#")[0]

    assert browser.get("/h5/login/callback/", {"state": state, "code": "c"}).status_code == 403

    (row,) = refusals()
    assert (row.target, row.after) == (
        f"member:{guide_li.pk}", {"face": "phone", "way": "wecom", "count": 1},
    )  # fmt: skip
    assert row.reason != ""


def test_a_refused_page_is_audited_with_who_and_which(browser: Client, branch_ops: User) -> None:
    browser.force_login(branch_ops)
    for _each in range(3):
        assert browser.get(reverse("audit:list")).status_code == 403

    (row,) = refusals("access.refused")
    assert (row.actor, row.target) == (branch_ops, "page:audit:list")
    assert row.after == {"permissions": ["audit.view"], "count": 1}


def test_who_is_not_logged_in_is_asked_to_and_leaves_no_row(browser: Client, company) -> None:
    assert browser.get(reverse("audit:list")).status_code == 302

    assert refusals("access.refused") == []
