"""The outbox's pages: who sees them, what they show, decisions."""

from typing import Any

import pytest
from django.test import Client

from scrm.core.audit.models import AuditEntry
from scrm.core.outbox.models import OutboxMessage
from scrm.core.outbox.sending import Sender, kind_words, senders
from tests.factories.accounts import UserFactory
from tests.factories.inbox import message

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def permissions_by_name(settings: Any, senders: Any) -> None:
    """Let the username list the permissions."""
    settings.SCOPE_RESOLVER = "tests.factories.core.scope_from_username"


def logged_in(permissions: str) -> Client:
    client = Client()
    client.force_login(
        UserFactory(username=permissions), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


def uncertain() -> OutboxMessage:
    put = message(payload={"text": "SECRET"})
    OutboxMessage.objects.update(status="uncertain", error="no answer came")
    return put


def test_list_and_detail_show_words_but_no_content() -> None:
    # given
    put = uncertain()
    client = logged_in("outbox.view")

    # when
    pages = [
        client.get(path).content.decode()
        for path in ("/console/outbox/", f"/console/outbox/{put.pk}/")
    ]

    # then
    assert all(put.key in page and "no answer came" in page for page in pages)
    assert all("SECRET" not in page and "/decide/" not in page for page in pages)


@pytest.mark.parametrize(("decision", "status"), [("arrived", "sent"), ("again", "pending")])
def test_decision_is_recorded(decision: str, status: str) -> None:
    # given
    put = uncertain()
    client = logged_in("outbox.view+outbox.decide")
    assert (
        f"/console/outbox/{put.pk}/decide/"
        in client.get(f"/console/outbox/{put.pk}/").content.decode()
    )

    # when
    answer = client.post(
        f"/console/outbox/{put.pk}/decide/", {"decision": decision, "reason": "seen"}
    )

    # then
    assert (answer.status_code, answer["Location"]) == (302, f"/console/outbox/{put.pk}/")
    assert OutboxMessage.objects.get().status == status
    assert AuditEntry.objects.get().reason == "seen"


@pytest.mark.parametrize(
    ("permissions", "data", "status"),
    [
        ("outbox.view", {"decision": "again", "reason": "x"}, 403),
        ("outbox.view+outbox.decide", {"decision": "again", "reason": ""}, 302),
        ("outbox.view+outbox.decide", {"decision": "burn", "reason": "x"}, 302),
    ],
)
def test_denied_or_incomplete_decision_changes_nothing(
    permissions: str, data: dict[str, str], status: int
) -> None:
    put = uncertain()

    answer = logged_in(permissions).post(f"/console/outbox/{put.pk}/decide/", data)

    assert answer.status_code == status
    assert OutboxMessage.objects.get().status == "uncertain"
    assert not AuditEntry.objects.exclude(action="access.refused").exists()


def test_decision_that_came_too_late_is_a_conflict() -> None:
    put = uncertain()
    OutboxMessage.objects.update(status="sent")

    answer = logged_in("outbox.decide").post(
        f"/console/outbox/{put.pk}/decide/", {"decision": "again", "reason": "x"}
    )

    assert answer.status_code == 409
    assert OutboxMessage.objects.get().status == "sent"


@pytest.mark.parametrize("path", ["/console/outbox/", "/console/outbox/{pk}/"])
def test_pages_need_the_permission(path: str) -> None:
    put = message()

    assert logged_in("home.view").get(path.format(pk=put.pk)).status_code == 403
    assert Client().get(path.format(pk=put.pk)).status_code == 302


def test_a_message_is_named_in_words_and_its_key_is_short(senders: Any) -> None:
    # given
    senders["test.note"] = Sender(
        "test.note", lambda payload: {}, None, repeatable=True, label="Write a note"
    )
    put = message(key="test.note:1:39b2fb13a80edd9c1d667f823ccab23e:1")
    client = logged_in("outbox.view")

    # when
    listed = client.get("/console/outbox/").content.decode()
    shown = client.get(f"/console/outbox/{put.pk}/").content.decode()

    # then the whole key is only in the title and on the message's page
    assert ">Write a note<" in listed
    assert ">39b2fb13…<" in listed
    assert f"/console/outbox/{put.pk}/" in listed
    assert "<h1>Write a note</h1>" in shown
    assert f"<code>{put.key}</code>" in shown


def test_every_kind_that_is_sent_has_words() -> None:
    assert [kind for kind in senders() if kind_words(kind) == kind] == []
