"""The health page."""

import pytest
from django.test import Client
from pytest_django import Settings

from scrm.core.health import probes
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def scopes(settings: Settings, client: Client) -> None:
    """Rights by username; English pages."""
    settings.SCOPE_RESOLVER = "tests.factories.core.scope_from_username"
    client.cookies["django_language"] = "en"


def test_the_page_loads_at_once_and_the_findings_into_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [probes.Finding("redis", probes.Outcome.WARNING, "no answer", "Start Redis.")]
    monkeypatch.setattr(probes, "examine", lambda: found)
    client.force_login(UserFactory.create(username="health.view"))

    page = client.get("/console/health/").content.decode()
    findings = client.get("/console/health/findings/").content.decode()

    assert 'hx-get="/console/health/findings/"' in page
    assert "no answer" not in page
    assert "Start Redis." in findings
    assert "status-dot tone-warn" in findings


def test_it_is_for_it_only(client: Client) -> None:
    client.force_login(UserFactory.create(username="jobs.view"))

    assert client.get("/console/health/").status_code == 403
    assert client.get("/console/health/findings/").status_code == 403


def test_the_api_docs_are_for_those_who_are_logged_in(client: Client) -> None:
    assert client.get("/api/docs/").status_code == 302
    assert client.get("/api/schema/").status_code == 302

    client.force_login(UserFactory.create(username="nothing"))

    assert client.get("/api/docs/").status_code == 200
    schema = client.get("/api/schema/").json()
    assert schema["info"]["title"] == "SCRM partner API"
    assert "partnerKey" in schema["components"]["securitySchemes"]
