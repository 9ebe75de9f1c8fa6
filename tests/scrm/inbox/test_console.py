"""The inbox's pages: who sees them, what they show, replay."""

from typing import Any

import pytest
from django.test import Client

from scrm.core.audit.models import AuditEntry
from scrm.event_routes import EVENT_ROUTES
from scrm.inbox.models import InboxEvent
from scrm.inbox.words import event_words
from tests.factories.accounts import UserFactory
from tests.factories.inbox import quarantined, stored

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def permissions_by_name(settings: Any) -> None:
    """Let the username list the permissions."""
    settings.SCOPE_RESOLVER = "tests.factories.core.scope_from_username"


def logged_in(permissions: str) -> Client:
    client = Client()
    client.force_login(
        UserFactory(username=permissions), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


def test_list_shows_routing_and_error_words_only() -> None:
    # given
    event = quarantined(UserID="zhangsan", ExternalUserID="wmSECRET")

    # when
    page = logged_in("inbox.view").get("/console/inbox/?state=quarantined")

    # then
    words = page.content.decode()
    assert page.status_code == 200
    assert f"/console/inbox/{event.pk}/" in words
    assert "change_external_contact/add_external_contact" in words
    assert "it broke" in words
    assert "zhangsan" not in words
    assert "wmSECRET" not in words


def test_page_opens_on_the_quarantine_when_it_is_not_empty() -> None:
    quarantined()

    answer = logged_in("inbox.view").get("/console/inbox/")

    assert (answer.status_code, answer["Location"]) == (302, "/console/inbox/?state=quarantined")


def test_queries_do_not_grow_with_the_rows(django_assert_max_num_queries: Any) -> None:
    # given
    client = logged_in("inbox.view")
    for _ in range(20):
        stored()

    # when, then
    with django_assert_max_num_queries(10):
        assert client.get("/console/inbox/?state=pending").status_code == 200


def test_detail_shows_no_payload() -> None:
    # given
    event = quarantined(UserID="zhangsan")

    # when
    page = logged_in("inbox.view").get(f"/console/inbox/{event.pk}/")

    # then
    words = page.content.decode()
    assert "it broke" in words
    assert bytes(event.digest).hex() in words
    assert "zhangsan" not in words
    assert "/replay/" not in words


def test_replay_of_one_event() -> None:
    # given
    event = quarantined()
    client = logged_in("inbox.view+inbox.replay")
    assert (
        f"/console/inbox/{event.pk}/replay/"
        in client.get(f"/console/inbox/{event.pk}/").content.decode()
    )

    # when
    answer = client.post(f"/console/inbox/{event.pk}/replay/", {"reason": "mended"})

    # then
    assert (answer.status_code, answer["Location"]) == (302, f"/console/inbox/{event.pk}/")
    assert InboxEvent.objects.get().state == "pending"
    assert AuditEntry.objects.get().reason == "mended"


def test_replay_of_all() -> None:
    for _ in range(2):
        quarantined()

    answer = logged_in("inbox.view+inbox.replay").post(
        "/console/inbox/replay/", {"reason": "mended"}
    )

    assert answer.status_code == 302
    assert InboxEvent.objects.filter(state="pending").count() == 2


@pytest.mark.parametrize("path", ["/console/inbox/{pk}/replay/", "/console/inbox/replay/"])
@pytest.mark.parametrize(
    ("permissions", "reason", "status"),
    [("inbox.view", "mended", 403), ("inbox.view+inbox.replay", "", 302)],
)
def test_replay_without_permission_or_reason_changes_nothing(
    path: str, permissions: str, reason: str, status: int
) -> None:
    event = quarantined()

    answer = logged_in(permissions).post(path.format(pk=event.pk), {"reason": reason})

    assert answer.status_code == status
    assert InboxEvent.objects.get().state == "quarantined"
    assert not AuditEntry.objects.exclude(action="access.refused").exists()


@pytest.mark.parametrize("path", ["/console/inbox/", "/console/inbox/{pk}/"])
def test_pages_need_the_permission(path: str) -> None:
    event = stored()

    assert logged_in("home.view").get(path.format(pk=event.pk)).status_code == 403
    assert Client().get(path.format(pk=event.pk)).status_code == 302


def test_event_that_is_not_there_is_not_found() -> None:
    client = logged_in("inbox.view+inbox.replay")

    assert client.get("/console/inbox/404/").status_code == 404
    assert client.post("/console/inbox/404/replay/", {"reason": "x"}).status_code == 404


def test_short_way_leads_to_the_door_only(client: Client) -> None:
    """The middleware in front of all others lets nothing else past them."""
    assert client.get("/wecom/callback/scrm/extra/").status_code == 404
    assert client.get("/wecom/callback//").status_code == 404
    assert client.get("/console/inbox//wecom/callback/scrm/").status_code in {302, 403, 404}


def test_every_event_we_handle_has_words() -> None:
    assert all(event_words(*route) for route in EVENT_ROUTES)
    assert event_words("unknown", "") == ""
