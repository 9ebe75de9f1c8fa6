"""Where the gateway's ids and secrets come from."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from scrm.core import credentials, gateway
from scrm.core.exceptions import NotFound
from scrm.core.setup_models import WeComCallbackKey, WeComCredential

pytestmark = pytest.mark.django_db
AES = "a" * 43
ENVIRONMENT = {
    "scrm": {"agent_id": 7, "secret": "from-the-environment", "token": "t", "aes_key": AES},
    "contacts": {"agent_id": 0, "secret": "", "token": "", "aes_key": ""},
}


@pytest.fixture(autouse=True)
def console_counts(settings: Any) -> Iterator[None]:
    settings.WECOM_CONSOLE_CREDENTIALS = True
    settings.WECOM_CORP_ID = ""
    settings.WECOM_APPS = {name: {} for name in ENVIRONMENT}
    credentials.forget()
    yield
    credentials.forget()


def stored(**values: str) -> None:
    for name, value in values.items():
        WeComCredential.objects.create(name=name.replace("__", "."), value=value)


def test_what_the_console_holds_is_used() -> None:
    # given credentials entered in the console
    stored(corp_id="ww1", scrm__agent_id="1000002", scrm__secret="console-secret-0001")
    WeComCallbackKey.objects.create(app="scrm", token="tok", aes_key=AES)

    # then the gateway speaks with them, and callbacks are opened with the key
    client = gateway.wecom()
    assert (client.corp_id, client.secret, client.agent_id) == (
        "ww1",
        "console-secret-0001",
        1000002,
    )
    assert len(gateway.callback_ciphers("scrm")) == 1
    assert credentials.apps_with_secret() == ["scrm"]
    # and an app nobody named is still unknown
    with pytest.raises(NotFound):
        gateway.wecom("nothing")


def test_the_environment_wins_value_by_value(settings: Any) -> None:
    # given both
    stored(corp_id="ww-console", scrm__secret="console-secret-0001", contacts__secret="c" * 20)
    WeComCallbackKey.objects.create(app="scrm", token="console", aes_key="b" * 43)
    settings.WECOM_CORP_ID = "ww-environment"
    settings.WECOM_APPS = ENVIRONMENT

    # then what the environment sets counts, and the console fills the rest
    assert credentials.corp_id() == "ww-environment"
    assert credentials.value_of("scrm.secret") == "from-the-environment"
    assert credentials.value_of("contacts.secret") == "c" * 20
    assert [pair.token for pair in credentials.callback_keys("scrm")] == ["t"]
    assert [
        name
        for name in ("corp_id", "scrm.secret", "contacts.secret")
        if credentials.in_environment(name)
    ] == ["corp_id", "scrm.secret"]


def test_a_complete_environment_asks_the_database_nothing(
    settings: Any, django_assert_num_queries: Any
) -> None:
    settings.WECOM_CORP_ID = "ww1"
    settings.WECOM_APPS = ENVIRONMENT

    with django_assert_num_queries(0):
        assert credentials.corp_id() == "ww1"
        assert gateway.wecom().secret == "from-the-environment"
        assert len(gateway.callback_ciphers("scrm")) == 1


def test_a_change_counts_within_five_seconds_without_a_restart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given a value another process has already read
    stored(corp_id="ww1")
    clock = [100.0]
    monkeypatch.setattr(credentials.time, "monotonic", lambda: clock[0])
    assert credentials.corp_id() == "ww1"

    # when it is changed elsewhere
    row = WeComCredential.objects.get()
    row.value = "ww2"
    row.save()

    # then the old one is trusted for a moment, and no longer
    clock[0] = 104.9
    assert credentials.corp_id() == "ww1"
    clock[0] = 105.1
    assert credentials.corp_id() == "ww2"


def test_without_a_database_the_last_known_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    # given values that were read
    stored(corp_id="ww1")
    assert credentials.corp_id() == "ww1"

    # when they are due again and the database is away
    def away() -> Any:
        from django.db import OperationalError

        raise OperationalError("away")

    monkeypatch.setattr(credentials, "_read", away)
    monkeypatch.setattr(credentials, "FRESH_SECONDS", 0.0)

    # then nothing changes
    assert credentials._stored(0.0).values == {"corp_id": "ww1"}


def test_a_value_of_a_lost_field_key_counts_as_missing(settings: Any) -> None:
    # given a value and a ring that lost its key
    stored(corp_id="ww1", scrm__secret="console-secret-0001")
    settings.FIELD_KEYS = "2:" + "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="
    credentials.forget()

    # then it is missing, and the process lives
    assert credentials.corp_id() == ""


def test_the_console_may_be_shut_out(settings: Any) -> None:
    stored(corp_id="ww1")
    settings.WECOM_CONSOLE_CREDENTIALS = False

    assert credentials.corp_id() == ""


def test_at_rest_it_is_ciphertext_and_never_printed() -> None:
    # given a stored secret
    stored(corp_id="ww1", scrm__secret="console-secret-0001")
    WeComCallbackKey.objects.create(app="scrm", token="tokentoken", aes_key=AES)

    # then the tables hold no plain text
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM core_wecomcredential")
        held = b"".join(bytes(row[0]) for row in cursor.fetchall())
        cursor.execute("SELECT token, aes_key FROM core_wecomcallbackkey")
        held += b"".join(bytes(part) for row in cursor.fetchall() for part in row)
    assert b"console-secret" not in held
    assert b"tokentoken" not in held
    assert AES.encode() not in held
    # and neither does what a log line would print
    printed = repr([credentials.app_credentials("scrm"), credentials.callback_keys("scrm")])
    printed += repr([*WeComCredential.objects.all(), *WeComCallbackKey.objects.all()])
    assert "console-secret" not in printed
    assert "tokentoken" not in printed


def test_one_current_and_one_previous_pair_at_most() -> None:
    from django.db import IntegrityError

    WeComCallbackKey.objects.create(app="scrm", token="a", aes_key=AES)
    with pytest.raises(IntegrityError):
        WeComCallbackKey.objects.create(app="scrm", token="b", aes_key=AES)
