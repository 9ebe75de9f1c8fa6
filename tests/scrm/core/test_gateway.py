"""The gateway's ports over PostgreSQL and Redis: one token for all processes, buckets that survive Redis."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import DataError, connection, transaction
from django.utils import translation

from scrm.core import gateway
from scrm.core.exceptions import NotFound
from scrm.core.gateway_models import WeComToken
from scrm.core.wecom_ports import PostgresPorts, RedisBucket
from scrm.wecom.deadline import Deadline
from scrm.wecom.errors import WeComPermission, error_for
from scrm.wecom.ports import Limit, LockTimeout, Token
from scrm.wecom.tokens import TokenSource

TEN = (Limit(20, 60),)


def living(value: str) -> Token:
    now = time.time()
    return Token(value, now + 7200, now)


@pytest.mark.django_db(transaction=True)
def test_the_token_is_ciphertext_in_the_row_and_plain_in_the_port() -> None:
    ports = PostgresPorts()
    ports.put("k1", living("very-secret-token"))
    ports.put("k1", living("second-secret-token"))

    assert ports.get("k1") is not None
    assert ports.get("k1").value == "second-secret-token"  # type: ignore[union-attr]
    assert ports.get("k2") is None
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT value FROM {WeComToken._meta.db_table} WHERE key = %s", ["k1"])
        rows = [bytes(row[0]) for row in cursor.fetchall()]
    assert len(rows) == 1
    assert b"secret-token" not in rows[0]
    assert "secret" not in str(ports.get("k1"))


@pytest.mark.django_db(transaction=True)
def test_many_processes_ask_wecom_once() -> None:
    asked: list[int] = []

    def fetch(_deadline: Deadline) -> Token:
        asked.append(1)
        time.sleep(0.2)
        return living(f"token-{len(asked)}")

    ports = PostgresPorts()
    # A source of its own is what a process has: no memory in common, only the row and the lock.
    sources = [TokenSource("k", ports, ports, fetch) for _process in range(8)]
    barrier = threading.Barrier(8)

    def ask(source: TokenSource) -> str:
        barrier.wait()
        try:
            return source.current(Deadline())
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, sources)) == {"token-1"}
    assert len(asked) == 1


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_caller_does_not_take_the_token_away() -> None:
    ports = PostgresPorts()
    source = TokenSource("k", ports, ports, lambda _deadline: living("kept"))

    with transaction.atomic():
        source.current(Deadline())
        transaction.set_rollback(True)

    assert ports.get("k") is not None


@pytest.mark.django_db(transaction=True)
def test_a_held_lock_is_waited_for_no_longer_than_allowed() -> None:
    ports = PostgresPorts()
    started = time.monotonic()

    with ports.hold("k", 1.0), pytest.raises(LockTimeout), ports.hold("k", 0.2):
        pytest.fail("both held it")

    assert time.monotonic() - started < 5.0
    with ports.hold("k", 1.0):
        pass


@pytest.mark.django_db(transaction=True)
def test_a_ticket_is_kept_by_all_though_its_token_is_got_within_and_the_caller_rolls_back(
    wecom_sandbox_world: Any,
) -> None:
    # given nothing is stored, and two processes
    control = wecom_sandbox_world.control

    # when each gets a ticket within a transaction that fails
    tickets = []
    for _process in range(2):
        gateway.forget_clients()
        with transaction.atomic():
            tickets.append(gateway.wecom().jsapi.ticket())
            transaction.set_rollback(True)

    # then WeCom was asked once for either
    assert tickets[0] == tickets[1]
    assert len(control.get("ledger/calls", api="get_jsapi_ticket")) == 1
    assert len(control.get("ledger/calls", api="gettoken")) == 1


@pytest.mark.django_db(transaction=True)
def test_a_lock_within_a_lock_leaves_the_outer_one_its_connection() -> None:
    ports = PostgresPorts()

    with transaction.atomic():
        with ports.hold("outer", 1.0):
            with ports.hold("inner", 1.0):
                ports.put("inner", living("i"))
            ports.put("outer", living("o"))
            with ports._connection().cursor() as cursor:
                cursor.execute("SHOW statement_timeout")
                timeout = cursor.fetchone()[0]
        transaction.set_rollback(True)

    assert timeout == "5s"
    assert (ports.get("inner").value, ports.get("outer").value) == ("i", "o")  # type: ignore[union-attr]


@pytest.mark.django_db(transaction=True)
def test_a_token_is_got_from_within_a_transaction_that_has_failed() -> None:
    ports = PostgresPorts()
    source = TokenSource("k", ports, ports, lambda _deadline: living("got"))

    with transaction.atomic():
        with connection.cursor() as cursor, pytest.raises(DataError):
            cursor.execute("SELECT 1 / 0")
        assert source.current(Deadline()) == "got"
        transaction.set_rollback(True)


def fresh_bucket(url: str = "") -> RedisBucket:
    return RedisBucket(url or settings.REDIS_URL)


def taken(bucket: RedisBucket, key: str, lane: str) -> int:
    count = 0
    while bucket.take(key, lane, TEN) == 0.0:
        count += 1
    return count


def test_lanes_share_a_bucket_in_redis() -> None:
    bucket, key = fresh_bucket(), f"corp:{time.monotonic_ns()}"

    assert taken(bucket, key, "sync") == 6
    # A second process sees the same bucket.
    assert taken(fresh_bucket(), key, "event") == 3
    assert taken(bucket, key, "welcome") == 1
    assert 0 < bucket.take(key, "welcome", TEN) <= 6.0


def test_a_block_in_redis_holds_for_every_process_and_lets_one_probe_through() -> None:
    bucket, other, key = fresh_bucket(), fresh_bucket(), f"corp:{time.monotonic_ns()}"
    bucket.block(key, 0.3)

    assert 0 < other.take(key, "welcome", TEN) <= 0.3
    time.sleep(0.35)
    assert other.take(key, "welcome", TEN) == 0.0
    assert bucket.take(key, "welcome", TEN) > 0
    # Only who holds the probe may end it.
    bucket.clear(key)
    assert bucket.take(key, "welcome", TEN) > 0
    other.clear(key)
    assert bucket.take(key, "welcome", TEN) == 0.0


def test_a_block_met_while_redis_was_away_is_told_to_it_later() -> None:
    # given a process that cannot reach Redis when WeCom refuses it
    key, good = f"corp:{time.monotonic_ns()}", fresh_bucket()
    bucket = fresh_bucket("redis://127.0.0.1:1/0")
    assert bucket.take(key, "welcome", TEN) == 0.0
    bucket.block(key, 60)

    # when Redis is back
    bucket._client, bucket._take, bucket._rest_until = good._client, good._take, 0.0

    # then neither this process nor another one calls
    assert 55 < bucket.take(key, "welcome", TEN) <= 60
    assert 55 < fresh_bucket().take(key, "welcome", TEN) <= 60


def test_a_probe_that_comes_through_ends_a_block_another_process_set() -> None:
    # given a block set by a process that is gone
    fresh_bucket().block("foreign-block", 0.2)
    time.sleep(0.25)

    # when the one probe of another process succeeds
    bucket = fresh_bucket()
    assert bucket.take("foreign-block", "event", TEN) == 0
    assert bucket.take("foreign-block", "event", TEN) > 0
    bucket.clear("foreign-block")

    # then calls flow again for all
    assert fresh_bucket().take("foreign-block", "event", TEN) == 0
    assert bucket.take("foreign-block", "event", TEN) == 0


def test_a_take_that_is_refused_for_its_lane_leaves_the_probe_to_others() -> None:
    # given a block that is over, and a bucket in which only the welcome lane has something left
    bucket, key = fresh_bucket(), f"corp:{time.monotonic_ns()}"
    taken(bucket, key, "event")
    bucket.block(key, 0.2)
    time.sleep(0.25)

    # when, then
    assert bucket.take(key, "sync", TEN) > 0
    assert bucket.take(key, "welcome", TEN) == 0.0


def test_without_redis_each_process_goes_on_with_a_quarter() -> None:
    bucket = fresh_bucket("redis://127.0.0.1:1/0")
    started = time.monotonic()

    assert taken(bucket, "corp:api", "welcome") == 2
    assert time.monotonic() - started < 5.0


def test_the_client_comes_from_the_settings() -> None:
    client = gateway.wecom("contacts", lane="sync")

    assert client.lane == "sync"
    assert client.api_base == settings.WECOM_API_BASE
    assert gateway.wecom("contacts", lane="sync") is client
    with pytest.raises(NotFound):
        gateway.wecom("nothing")
    assert gateway.callback_ciphers("nothing") == ()


def test_a_failure_is_told_in_the_readers_language() -> None:
    failure = error_for(60020, "not allow to access from your ip", "user/get")

    assert isinstance(failure, WeComPermission)
    with translation.override("zh-hans"):
        assert "可信IP" in gateway.words(failure)
    with translation.override("en"):
        assert "trusted IP" in gateway.words(failure)
        assert gateway.as_external_failure(failure).data == {"errcode": 60020, "kind": "permission"}
