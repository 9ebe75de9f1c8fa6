"""The door: what is stored, what is answered, what it costs."""

import time
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections
from django.test import Client

from scrm.inbox import ingest
from scrm.inbox.models import InboxEvent
from scrm.inbox.payload import unseal
from tests.factories.inbox import delivery, event_xml
from wecom_sandbox import crypto, defaults

pytestmark = pytest.mark.django_db


def test_event_is_stored_before_success_is_answered(client: Client) -> None:
    # given
    xml = event_xml("add_external_contact", at=1_760_000_000, WelcomeCode="CODE")

    # when
    answer = delivery(xml).post(client)

    # then
    assert (answer.status_code, answer.content) == (200, b"success")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    row = InboxEvent.objects.get()
    assert (row.app, row.event, row.change_type) == (
        "scrm",
        "change_external_contact",
        "add_external_contact",
    )
    assert (row.lane, row.state) == ("welcome", "pending")
    assert row.occurred_at == datetime.fromtimestamp(1_760_000_000, tz=UTC)
    assert row.subject > 0
    assert unseal(bytes(row.digest), row.payload) == xml


def test_nothing_personal_lies_in_clear(client: Client) -> None:
    # given
    xml = event_xml(UserID="zhangsan", ExternalUserID="wmSECRET", WelcomeCode="CODE", State="chan")

    # when
    delivery(xml).post(client)

    # then
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(e)::text, e.payload FROM inbox_inboxevent e")
        words, payload = cursor.fetchone()
    assert all(secret not in words for secret in ("zhangsan", "wmSECRET", "CODE", "chan<"))
    assert b"wmSECRET" not in bytes(payload)


@pytest.mark.parametrize(
    ("event", "fields", "lane"),
    [
        ("change_external_contact", {"WelcomeCode": "C"}, "welcome"),
        ("change_external_contact", {}, "event"),
        ("change_contact", {}, "sync"),
        # a leaver's sessions must end within a minute
        ("change_contact", {"change_type": "delete_user"}, "event"),
        ("something_new", {}, "event"),
    ],
)
def test_lane_follows_from_the_event(
    client: Client, event: str, fields: dict[str, str], lane: str
) -> None:
    delivery(event_xml(event=event, **fields)).post(client)

    assert InboxEvent.objects.get().lane == lane


def test_one_query_and_no_session_on_a_kept_connection(
    client: Client, django_assert_num_queries: Any
) -> None:
    # given
    ready = delivery()
    ingest.doorbell.due("event")

    # when, then
    with django_assert_num_queries(1):
        answer = ready.post(client)
    assert answer.status_code == 200
    assert not answer.cookies


def test_ringing_is_part_of_the_one_statement(
    client: Client, django_assert_num_queries: Any
) -> None:
    # given
    ready = delivery()

    # when, then
    with (
        patch.object(ingest.doorbell, "due", return_value=True),
        django_assert_num_queries(1) as queries,
    ):
        assert ready.post(client).status_code == 200
    assert "pg_notify" in queries.captured_queries[0]["sql"]
    assert InboxEvent.objects.count() == 1


def test_same_callback_three_times_is_one_row(client: Client) -> None:
    # given
    xml = event_xml()

    # when: WeCom encrypts afresh for each retry
    answers = [delivery(xml).post(client) for _ in range(3)]

    # then
    assert [answer.content for answer in answers] == [b"success"] * 3
    assert InboxEvent.objects.count() == 1


def test_two_customers_in_the_same_second_are_two_rows(client: Client) -> None:
    # given
    now = int(time.time())

    # when
    delivery(event_xml(at=now, UserID="li", ExternalUserID="wm1")).post(client)
    delivery(event_xml(at=now, UserID="li", ExternalUserID="wm2")).post(client)

    # then
    assert InboxEvent.objects.count() == 2


def test_same_xml_for_two_apps_is_two_rows(client: Client) -> None:
    xml = event_xml(event="change_contact")

    delivery(xml, app="scrm").post(client)
    delivery(xml, app="contacts").post(client)

    assert sorted(InboxEvent.objects.values_list("app", flat=True)) == ["contacts", "scrm"]


def test_genuine_callback_replayed_a_month_later_changes_nothing(
    client: Client, caplog: Any
) -> None:
    # given
    old = str(int(time.time()) - 30 * 86_400)
    replayed = delivery(event_xml(at=int(old)), timestamp=old)
    replayed.post(client)
    InboxEvent.objects.update(state="done", payload=None)

    # when
    answer = replayed.post(client)

    # then
    assert answer.status_code == 200
    assert list(InboxEvent.objects.values_list("state", flat=True)) == ["done"]


@pytest.mark.parametrize("path", ["/wecom/callback/scrm", "/wecom/callback/scrm/"])
def test_both_slash_forms_are_answered_without_a_redirect(client: Client, path: str) -> None:
    ready = delivery()

    answer = client.post(
        f"{path}?{ready.path.partition('?')[2]}", data=ready.body, content_type="text/xml"
    )

    assert (answer.status_code, answer.content) == (200, b"success")


def test_message_is_stored_by_its_type(client: Client) -> None:
    # given
    xml = b"<xml><CreateTime>1760000000</CreateTime><MsgType>text</MsgType><Content>hi</Content><MsgId>1</MsgId></xml>"

    # when
    delivery(xml).post(client)

    # then
    row = InboxEvent.objects.get()
    assert (row.event, row.change_type, row.subject) == ("message", "text", 0)


@pytest.mark.parametrize("failure", [OperationalError, InterfaceError])
def test_database_away_is_never_a_success(client: Client, failure: type[Exception]) -> None:
    # given
    ready = delivery()

    # when
    with (
        patch("scrm.inbox.ingest._insert", side_effect=failure("gone")),
        patch.object(connection, "close"),
    ):
        answer = ready.post(client)

    # then
    assert (answer.status_code, answer.content) == (503, b"not stored, deliver again")
    assert InboxEvent.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_connection_that_died_since_the_last_request_is_replaced(client: Client) -> None:
    # given: PostgreSQL ended our session
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    ready = delivery()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()

    # when
    answer = ready.post(client)

    # then
    assert answer.status_code == 200
    assert InboxEvent.objects.count() == 1


def echo(text: bytes = b"1616140317555161061") -> tuple[dict[str, str], str]:
    encrypted = crypto.encrypt(text, defaults.CALLBACK_AES_KEY, defaults.CORP_ID)
    query = {
        "timestamp": "1760000000",
        "nonce": "n",
        "msg_signature": crypto.signature(defaults.CALLBACK_TOKEN, "1760000000", "n", encrypted),
    }
    return query, encrypted


def echo_with_plus() -> tuple[dict[str, str], str]:
    return next(pair for pair in iter(echo, None) if "+" in pair[1])


def test_url_verification_answers_the_plain_text(client: Client) -> None:
    query, encrypted = echo()

    answer = client.get("/wecom/callback/scrm/", {**query, "echostr": encrypted})

    assert (answer.status_code, answer.content) == (200, b"1616140317555161061")
    assert answer["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("encode", [True, False])
def test_plus_in_echostr_survives(client: Client, encode: bool) -> None:
    # given
    query, encrypted = echo_with_plus()
    words = (
        encrypted.replace("+", "%2B").replace("=", "%3D").replace("/", "%2F")
        if encode
        else encrypted
    )
    pairs = "&".join(f"{name}={value}" for name, value in query.items())

    # when
    answer = client.get(f"/wecom/callback/scrm/?{pairs}&echostr={words}")

    # then
    assert (answer.status_code, answer.content) == (200, b"1616140317555161061")


def test_url_verification_refuses_a_wrong_signature(client: Client) -> None:
    query, encrypted = echo()

    answer = client.get(
        "/wecom/callback/scrm/", {**query, "msg_signature": "0" * 40, "echostr": encrypted}
    )

    assert (answer.status_code, answer.content) == (400, b"refused")


@pytest.mark.parametrize("app", ["nobody", "silent"])
def test_app_without_keys_does_not_exist(client: Client, app: str) -> None:
    ready = delivery()

    answer = client.post(ready.path.replace("scrm", app), data=ready.body, content_type="text/xml")

    assert answer.status_code == 404
    assert InboxEvent.objects.count() == 0


def test_other_methods_are_refused(client: Client) -> None:
    assert client.put("/wecom/callback/scrm/").status_code == 405
    assert client.delete("/wecom/callback/scrm/").status_code == 405


@pytest.mark.django_db(transaction=True)
def test_a_held_table_gives_no_success_and_no_second_wait(client: Client) -> None:
    # given somebody who holds the inbox, and a patience of 50 ms instead of 3 s
    holder = connections.create_connection(DEFAULT_DB_ALIAS)
    holder.set_autocommit(False)
    try:
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE inbox_inboxevent IN ACCESS EXCLUSIVE MODE")

        # when
        with (
            patch.object(ingest, "PATIENCE", "SET LOCAL lock_timeout = '50ms';"),
            patch.object(ingest, "_insert", wraps=ingest._insert) as tried,
        ):
            answer = delivery().post(client)
    finally:
        holder.rollback()
        holder.close()

    # then
    assert (answer.status_code, tried.call_count) == (503, 1)
    assert InboxEvent.objects.count() == 0
