"""Pages of the audit."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils.translation import override
from pytest_django import Settings

from scrm.core.audit.services import record
from scrm.core.audit.words import ACTIONS, target_words
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
ACTION = re.compile(r'action="([a-z_]+\.[a-z_]+)"')


@pytest.fixture(autouse=True)
def scopes(settings: Settings, client: Client) -> None:
    """Rights by username; English pages."""
    settings.SCOPE_RESOLVER = "tests.factories.core.scope_from_username"
    client.cookies["django_language"] = "en"


def login(client: Client, username: str) -> None:
    client.force_login(UserFactory.create(username=username))


def test_only_auditors_read_the_audit(client: Client) -> None:
    login(client, "jobs.view")
    entry = record(actor=None, action="tag.create", target="tag:1")

    assert client.get("/console/audit/").status_code == 403
    assert client.get(f"/console/audit/{entry.pk}/").status_code == 403


def test_the_list_is_filtered_by_who_what_and_object(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    login(client, "audit.view")
    actor = UserFactory.create(username="li")
    for number in range(25):
        record(
            actor=actor if number % 5 == 0 else None,
            action=f"tag.act{number % 2}",
            target=f"tag:{number}",
        )

    with django_assert_max_num_queries(6):
        text = client.get("/console/audit/").content.decode()
    assert "25 in total" in text
    assert "5 in total" in client.get("/console/audit/?actor_name=li").content.decode()
    assert "12 in total" in client.get("/console/audit/?action=tag.act1").content.decode()
    assert "1 in total" in client.get("/console/audit/?target=tag:7").content.decode()


def test_an_entry_shows_what_changed_and_escapes_what_people_wrote(client: Client) -> None:
    login(client, "audit.view")
    entry = record(
        actor=None, action="a.b", target="c:1", before={"name": "<script>alert(1)</script>", "same": 1},
        after={"name": "new", "same": 1, "more": 2}, reason="<img src=x onerror=alert(1)>",
    )  # fmt: skip

    text = client.get(f"/console/audit/{entry.pk}/").content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "<strong>new</strong>" in text
    assert "<strong>2</strong>" in text
    assert "<strong>1</strong>" not in text


def test_acts_and_objects_have_words(client: Client) -> None:
    login(client, "audit.view")
    entry = record(
        actor=None, action="crm.import", target="member_import:01a1ffde-1a8b-7e87-a814-96da025fa6f0"
    )

    listed = client.get("/console/audit/").content.decode()
    shown = client.get(f"/console/audit/{entry.pk}/").content.decode()

    for page in (listed, shown):
        assert "CRM members imported" in page
        assert "crm.import" in page
        assert "Member file 025fa6f0" in page


def test_every_act_of_the_product_has_words() -> None:
    packages = ("scrm", "contacts", "customers", "attribution")
    sources = [
        path.read_text(encoding="utf-8")
        for package in packages
        for path in (settings.BASE_DIR / package).rglob("*.py")
    ]
    acts = {act for text in sources for act in ACTION.findall(text)}

    assert len(acts) > 30
    assert acts - set(ACTIONS) == set()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("live_code:1", "Live code 1"),
        ("org_units", "Stores"),
        ("inbox_event:*", "Event"),
        ("new:1", "new 1"),
    ],
)
def test_an_object_is_named_with_the_short_form_of_its_id(target: str, words: str) -> None:
    with override("en"):
        assert target_words(target) == words
