"""The welcome pages: who may, whose welcomes, and what they change."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attribution.welcome.models import WelcomeDelivery, WelcomeTemplate
from contacts.directory.models import Member
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from tests.cast import Company, person
from tests.factories.attribution import WelcomeTemplateFactory

pytestmark = pytest.mark.django_db


def logged_in(user: User) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


@pytest.fixture
def agency(company: Company) -> User:
    """An agency that may change the welcomes of the eastern branch."""
    return person("agency", "agency", company.east)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("hq_ops", [200, 200, 200, 200]),
        ("agency", [200, 200, 404, 200]),
        ("branch_ops", [200, 403, 403, 403]),
        ("auditor", [200, 403, 403, 403]),
        ("it_admin", [403, 403, 403, 403]),
    ],
)
def test_each_role_opens_what_it_may(
    request: pytest.FixtureRequest, company: Company, who: str, expected: list[int]
) -> None:
    default = WelcomeTemplateFactory()
    store = WelcomeTemplateFactory(store=company.store_a)
    client = logged_in(request.getfixturevalue(who))

    urls = [reverse("welcome:list"), reverse("welcome:create")]
    urls += [reverse("welcome:edit", args=[template.pk]) for template in (default, store)]
    assert [client.get(url).status_code for url in urls] == expected


def test_hq_writes_the_default_and_a_stores_welcome(hq_ops: User, company: Company) -> None:
    client = logged_in(hq_ops)

    client.post(reverse("welcome:create"), {"text": "你好\r\n{guide}", "is_active": "on"})
    client.post(reverse("welcome:create"), {"store_code": "S1", "text": "店", "is_active": "on"})
    again = client.post(
        reverse("welcome:create"), {"store_code": "S1", "text": "又一个", "is_active": "on"}
    )

    stored = set(WelcomeTemplate.objects.values_list("store__code", "text"))
    assert stored == {(None, "你好\n{guide}"), ("S1", "店")}
    assert "has a welcome already" in again.content.decode()
    assert AuditEntry.objects.filter(action="welcome.save").count() == 2


def test_a_second_default_is_refused(hq_ops: User) -> None:
    WelcomeTemplateFactory()
    answer = logged_in(hq_ops).post(reverse("welcome:create"), {"text": "二", "is_active": "on"})

    assert answer.status_code == 422
    assert WelcomeTemplate.objects.count() == 1


@pytest.mark.parametrize("form", [{"text": "x"}, {"store_code": "S3", "text": "x"}])
def test_a_branch_agency_cannot_write_the_default_or_another_branchs(
    agency: User, form: dict[str, Any]
) -> None:
    answer = logged_in(agency).post(reverse("welcome:create"), {**form, "is_active": "on"})

    assert answer.status_code == 422
    assert WelcomeTemplate.objects.count() == 0


def test_an_agency_changes_its_own_store_only(agency: User, company: Company) -> None:
    default = WelcomeTemplateFactory(text="旧")
    own = WelcomeTemplateFactory(text="旧", store=company.store_a)
    client = logged_in(agency)

    assert (
        client.post(
            reverse("welcome:edit", args=[own.pk]), {"text": "新", "is_active": "on"}
        ).status_code
        == 302
    )
    assert (
        client.post(
            reverse("welcome:edit", args=[default.pk]), {"text": "新", "is_active": "on"}
        ).status_code
        == 404
    )
    own.refresh_from_db()
    default.refresh_from_db()
    assert (own.text, default.text) == ("新", "旧")


def test_a_text_with_an_unknown_variable_is_refused(hq_ops: User) -> None:
    answer = logged_in(hq_ops).post(
        reverse("welcome:create"), {"text": "{name}", "is_active": "on"}
    )

    assert "There is no variable {name}." in answer.content.decode()
    assert WelcomeTemplate.objects.count() == 0


@pytest.mark.parametrize(("who", "seen"), [("hq_ops", 2), ("branch_ops", 1), ("outsider", 0)])
def test_outcomes_are_scoped_by_the_member(
    request: pytest.FixtureRequest, guide_li: Member, who: str, seen: int
) -> None:
    for number, userid in enumerate(["guide_li", "nobody_known"]):
        WelcomeDelivery.objects.create(
            code_hash=str(number),
            userid=userid,
            external_userid="wm1",
            source="none",
            occurred_at=timezone.now(),
        )
    client = logged_in(request.getfixturevalue(who))

    answer = client.get(reverse("welcome:list"))

    assert len(answer.context["list"].rows) == seen
    assert answer.context["counts"] == {"due": seen, "sent": 0, "missed": 0, "unset": seen}
    for outcome in ("sent", "missed"):
        assert client.get(reverse("welcome:list"), {"outcome": outcome}).context["list"].rows == []
