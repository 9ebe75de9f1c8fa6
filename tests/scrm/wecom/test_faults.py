"""Whatever WeCom or the network does becomes a typed outcome within eight seconds, without a secret in it."""

import logging
import socket
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from scrm.wecom.client import WeComClient
from scrm.wecom.errors import (
    WeComAuth,
    WeComError,
    WeComPermanent,
    WeComPermission,
    WeComQuota,
    WeComRetryable,
    WeComUnknownOutcome,
)
from tests.scrm.wecom.conftest import (
    SECRET,
    Behaviour,
    Server,
    answer,
    drip_body,
    drip_head,
    new_client,
    reset,
    says,
    stall,
)

HTML = answer(b"<html><body>502 from a proxy, with a smile</body></html>", kind="text/html")
CASES: list[tuple[str, Behaviour, type[WeComError], type[WeComError]]] = [
    # (what happens, behaviour, a read's outcome, a write's outcome)
    ("html with 200", HTML, WeComRetryable, WeComUnknownOutcome),
    (
        "truncated json",
        answer(b'{"errcode": 0, "external_cont'),
        WeComRetryable,
        WeComUnknownOutcome,
    ),
    ("a list", answer(b"[]"), WeComRetryable, WeComUnknownOutcome),
    ("empty", answer(b""), WeComRetryable, WeComUnknownOutcome),
    ("errcode missing", says({"follow_user": []}), WeComRetryable, WeComUnknownOutcome),
    ("errcode as text", says({"errcode": "0"}), WeComRetryable, WeComUnknownOutcome),
    ("errcode true", says({"errcode": True}), WeComRetryable, WeComUnknownOutcome),
    (
        "wrong charset",
        answer('{"errcode":0,"name":"张"}'.encode("gb18030")),
        WeComRetryable,
        WeComUnknownOutcome,
    ),
    (
        "body shorter than promised",
        answer(b'{"errcode":0}', length=400),
        WeComRetryable,
        WeComUnknownOutcome,
    ),
    ("reset", reset, WeComRetryable, WeComUnknownOutcome),
    (
        "http 500",
        answer(b"{}", status="500 Internal Server Error"),
        WeComRetryable,
        WeComUnknownOutcome,
    ),
    ("http 429", answer(b"{}", status="429 Too Many Requests"), WeComRetryable, WeComRetryable),
    ("redirect", answer(b"", status="302 Found"), WeComRetryable, WeComUnknownOutcome),
    ("busy", says({"errcode": -1, "errmsg": "system busy"}), WeComRetryable, WeComUnknownOutcome),
    ("conflict", says({"errcode": 6000, "errmsg": "x"}), WeComRetryable, WeComRetryable),
    (
        "redirect to a portal that speaks GBK",
        answer(b"", status="302 Found\r\nLocation: http://portal/\xb5\xc7\xc2\xbc"),
        WeComRetryable,
        WeComUnknownOutcome,
    ),
    ("concurrency", says({"errcode": 45033, "errmsg": "x"}), WeComRetryable, WeComRetryable),
    ("frequency", says({"errcode": 45009, "errmsg": "x"}), WeComQuota, WeComQuota),
    ("lasting 42001", says({"errcode": 42001, "errmsg": "x"}), WeComAuth, WeComAuth),
    ("lasting 40014", says({"errcode": 40014, "errmsg": "x"}), WeComAuth, WeComAuth),
    ("ip not allowed", says({"errcode": 60020, "errmsg": "x"}), WeComPermission, WeComPermission),
    ("api not allowed", says({"errcode": 48002, "errmsg": "x"}), WeComPermission, WeComPermission),
    ("no relation", says({"errcode": 84061, "errmsg": "x"}), WeComPermanent, WeComPermanent),
    ("unknown code", says({"errcode": 999999, "errmsg": "x"}), WeComPermanent, WeComPermanent),
]


@pytest.mark.parametrize(
    ("behaviour", "read", "write"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_every_fault_has_its_type(
    server: Server, behaviour: Behaviour, read: type[WeComError], write: type[WeComError]
) -> None:
    server.does("externalcontact/get_follow_user_list", behaviour)
    server.does("externalcontact/remark", behaviour)

    with pytest.raises(WeComError) as reading:
        new_client(server.base_url).external_contact.get_follow_user_list()
    with pytest.raises(WeComError) as writing:
        new_client(server.base_url).external_contact.remark("li", "wm1", remark="x")

    assert type(reading.value) is read
    assert type(writing.value) is write
    assert reading.value.endpoint == "externalcontact/get_follow_user_list"
    assert reading.value.words("zh-hans")
    assert reading.value.words("en")


def test_a_slow_server_never_holds_a_call_longer_than_eight_seconds(server: Server) -> None:
    slow = {"stall": stall, "drip_head": drip_head, "drip_body": drip_body}
    for name, behaviour in slow.items():
        server.does(f"{name}/gettoken", behaviour)
        server.does(f"{name}/externalcontact/remark", behaviour)
        server.does(
            f"{name}-later/gettoken", says({"errcode": 0, "access_token": "t", "expires_in": 7200})
        )
        server.does(f"{name}-later/externalcontact/remark", behaviour)

    def ask(name: str) -> tuple[type[WeComError], float]:
        client = new_client(f"{server.base_url}/{name}")
        started = time.monotonic()
        with pytest.raises(WeComError) as caught:
            client.external_contact.remark("li", "wm1", remark="x")
        return type(caught.value), time.monotonic() - started

    with ThreadPoolExecutor(6) as pool:
        at_token = [pool.submit(ask, name) for name in slow]
        at_call = [pool.submit(ask, f"{name}-later") for name in slow]
        outcomes = [future.result() for future in at_token + at_call]

    assert max(seconds for _kind, seconds in outcomes) < 8.5
    # A token that never came leaves nothing undone; a remark that was sent may have been written.
    assert [kind for kind, _seconds in outcomes] == [WeComRetryable] * 3 + [WeComUnknownOutcome] * 3


def test_a_write_that_was_never_sent_is_simply_retryable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = new_client(f"http://127.0.0.1:{port}")

    with pytest.raises(WeComRetryable):
        client.external_contact.remark("li", "wm1", remark="x")


def test_a_lasting_42001_costs_one_renewal_and_no_storm_of_gettoken(
    server: Server, client: WeComClient
) -> None:
    server.does(
        "externalcontact/get_follow_user_list", says({"errcode": 42001, "errmsg": "expired"})
    )

    with pytest.raises(WeComAuth):
        client.external_contact.get_follow_user_list()
    assert server.count("gettoken") == 2
    assert server.count("externalcontact/get_follow_user_list") == 2

    for _attempt in range(5):
        with pytest.raises(WeComAuth):
            client.external_contact.get_follow_user_list()
    assert server.count("gettoken") == 2
    assert server.count("externalcontact/get_follow_user_list") == 7


def test_an_expired_token_is_renewed_once_and_the_call_succeeds(
    server: Server, client: WeComClient
) -> None:
    server.does(
        "externalcontact/get_follow_user_list",
        says({"errcode": 42001, "errmsg": "expired"}),
        says({"errcode": 0, "follow_user": ["li", "wang"]}),
    )

    assert client.external_contact.get_follow_user_list() == ("li", "wang")
    assert server.count("gettoken") == 2


def test_no_secret_is_in_any_exception_or_log(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")
    behaviours = [
        HTML,
        reset,
        answer(b"[]"),
        says({"errcode": 60020, "errmsg": "access_token=token-1-abcdef"}),
    ]
    texts = []
    for endpoint in ("gettoken", "externalcontact/get_follow_user_list"):
        for behaviour in behaviours:
            server.behaviours.clear()
            server.does("externalcontact/get_follow_user_list", says({"errcode": 0}))
            server.does(endpoint, behaviour)
            client = new_client(server.base_url)
            with pytest.raises(WeComError) as caught:
                client.external_contact.get_follow_user_list()
            assert caught.value.__context__ is None
            assert caught.value.__cause__ is None
            texts += [
                "".join(traceback.format_exception(caught.value)),
                repr(caught.value),
                repr(client),
            ]
    with socket.create_server(("127.0.0.1", 0)) as free:
        gone = new_client(f"http://127.0.0.1:{free.getsockname()[1]}")
    with pytest.raises(WeComRetryable) as refused:
        gone.external_contact.get_follow_user_list()
    texts += ["".join(traceback.format_exception(refused.value)), caplog.text]

    assert "gettoken" in caplog.text
    for text in texts:
        assert SECRET not in text
        assert "token-1-abcdef" not in text


def test_a_refused_frequency_is_probed_at_most_once_a_minute(
    server: Server, client: WeComClient
) -> None:
    server.does("externalcontact/get_follow_user_list", says({"errcode": 45009, "errmsg": "freq"}))
    server.does("user/get", says({"errcode": 0, "userid": "li", "name": None}))

    for _attempt in range(4):
        with pytest.raises(WeComQuota) as caught:
            client.external_contact.get_follow_user_list()
        assert 0 < caught.value.retry_after <= 60

    assert server.count("externalcontact/get_follow_user_list") == 1
    # Another API of the same corp goes on.
    assert client.user.get("li").userid == "li"


def test_raw_control_characters_in_a_customers_name_do_not_stop_a_sync(
    server: Server, client: WeComClient
) -> None:
    body = b'{"errcode":0,"external_contact":{"external_userid":"wm1","name":"a\x01b"},"follow_user":[]}'
    server.does("externalcontact/get", answer(body))

    assert client.external_contact.get("wm1").contact.name == "a\x01b"


def test_half_a_character_in_a_request_is_typed_and_nothing_is_sent(
    server: Server, client: WeComClient
) -> None:
    with pytest.raises(WeComPermanent) as caught:
        client.welcome.send("CANARYWELCOME", "x\ud83d")

    assert caught.value.__context__ is None
    assert "CANARYWELCOME" not in str(caught.value)
    assert server.requests == []


def test_half_a_character_in_an_address_is_typed_and_not_sent(server: Server) -> None:
    with pytest.raises(WeComError) as caught:
        new_client(server.base_url).user.delete("x\ud83d")

    assert type(caught.value) is WeComRetryable
    assert server.count("user/delete") == 0
