"""One token a secret and expiry, whoever asks."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from scrm.wecom import tokens
from scrm.wecom.client import WeComClient
from scrm.wecom.deadline import Deadline
from scrm.wecom.errors import WeComAuth, WeComRetryable
from scrm.wecom.local import LocalBucket, LocalLock, LocalTokens
from scrm.wecom.ports import Token
from tests.scrm.wecom.conftest import Server, new_client, says

FOLLOWERS = "externalcontact/get_follow_user_list"


def test_sixteen_cold_threads_make_one_gettoken(server: Server, client: WeComClient) -> None:
    server.does(FOLLOWERS, says({"errcode": 0, "follow_user": []}))
    barrier = threading.Barrier(16)

    def ask(_number: int) -> tuple[str, ...]:
        barrier.wait()
        return client.external_contact.get_follow_user_list()

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(16))) == [()] * 16

    assert server.count("gettoken") == 1
    assert server.count(FOLLOWERS) == 16


def test_several_processes_sharing_a_store_make_one_gettoken(server: Server) -> None:
    server.does(FOLLOWERS, says({"errcode": 0, "follow_user": []}))
    store, lock = LocalTokens(), LocalLock()
    # A client of its own has a memory of its own, as a process has.
    clients = [new_client(server.base_url, tokens=store, lock=lock) for _process in range(8)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda client: client.external_contact.get_follow_user_list(), clients))

    assert server.count("gettoken") == 1


def test_after_a_revocation_only_one_of_many_asks_again(server: Server) -> None:
    store, lock = LocalTokens(), LocalLock()
    clients = [new_client(server.base_url, tokens=store, lock=lock) for _process in range(8)]
    server.does(FOLLOWERS, says({"errcode": 0, "follow_user": []}))
    for client in clients:
        client.external_contact.get_follow_user_list()

    def judge(connection, path: str) -> None:  # type: ignore[no-untyped-def]
        code = 40014 if "token-1-" in path else 0
        says({"errcode": code, "errmsg": "", "follow_user": []})(connection, path)

    server.does(FOLLOWERS, judge)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda client: client.external_contact.get_follow_user_list(), clients))

    assert server.count("gettoken") == 2


def test_two_secrets_with_the_same_beginning_have_two_tokens(server: Server) -> None:
    server.does(FOLLOWERS, says({"errcode": 0, "follow_user": []}))
    store, lock, bucket = LocalTokens(), LocalLock(), LocalBucket()
    for secret in ("same-beginning-A", "same-beginning-B"):
        client = WeComClient(
            "ww0corp", secret, api_base=server.base_url, tokens=store, lock=lock, bucket=bucket
        )
        client.external_contact.get_follow_user_list()

    assert server.count("gettoken") == 2


def test_a_wrong_secret_is_not_offered_again_and_again(server: Server, client: WeComClient) -> None:
    server.does("gettoken", says({"errcode": 40001, "errmsg": "invalid credential"}))

    for _attempt in range(10):
        with pytest.raises(WeComAuth):
            client.external_contact.get_follow_user_list()

    assert server.count("gettoken") == 1


def test_a_token_is_renewed_when_it_ends(server: Server, client: WeComClient) -> None:
    server.does(FOLLOWERS, says({"errcode": 0, "follow_user": []}))
    server.does(
        "gettoken",
        says({"errcode": 0, "access_token": "short", "expires_in": 1}),
        says({"errcode": 0, "access_token": "next", "expires_in": 7200}),
    )
    client.external_contact.get_follow_user_list()
    client.external_contact.get_follow_user_list()
    assert server.count("gettoken") == 1

    time.sleep(1.05)
    client.external_contact.get_follow_user_list()

    assert server.count("gettoken") == 2
    assert server.requests[-1].endswith("access_token=next")


def test_tickets_are_kept_like_tokens(server: Server, client: WeComClient) -> None:
    server.does(
        "get_jsapi_ticket", says({"errcode": 0, "ticket": "corp-ticket", "expires_in": 7200})
    )
    server.does("ticket/get", says({"errcode": 0, "ticket": "app-ticket", "expires_in": 7200}))

    assert [client.jsapi.ticket() for _time in range(3)] == ["corp-ticket"] * 3
    assert client.jsapi.agent_ticket() == "app-ticket"
    assert client.in_lane("sync").jsapi.ticket() == "corp-ticket"

    assert server.count("get_jsapi_ticket") == 1
    assert server.count("ticket/get") == 1
    assert server.requests[-1].startswith("/cgi-bin/ticket/get?type=agent_config")


def test_the_same_token_with_its_life_counting_down_is_not_asked_for_again_and_again(
    server: Server, client: WeComClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given WeCom, which gives the same token until it ends, and then another one
    passed, begun = [0.0], time.time()
    moments: list[float] = []

    def token(connection: socket.socket, path: str) -> None:
        moments.append(passed[0])
        left = int(7200 - passed[0])
        life = {"access_token": "same", "expires_in": left}
        if left <= 0:
            life = {"access_token": "next", "expires_in": 7200}
        says({"errcode": 0, **life})(connection, path)

    server.does("gettoken", token)
    clock = SimpleNamespace(time=lambda: begun + passed[0], monotonic=time.monotonic)
    monkeypatch.setattr(tokens, "time", clock)
    monkeypatch.setattr("scrm.wecom.client.time", clock)

    # when a token is wanted every half second around its end
    found = []
    for step in [0, *range(14_200, 14_420)]:
        passed[0] = step / 2
        found.append(client.access_token)

    # then it is asked for a minute before, and at the end
    assert moments == [0, 7140, 7200]
    assert set(found) == {"same", "next"}
    assert found[-1] == "next"


def test_a_token_that_ends_at_once_is_not_kept(server: Server, client: WeComClient) -> None:
    server.does(
        "gettoken",
        says({"errcode": 0, "access_token": "last", "expires_in": 0}),
        says({"errcode": 0, "access_token": "next", "expires_in": 7200}),
    )

    assert client.access_token == "last"
    time.sleep(1.05)
    assert client.access_token == "next"


def test_who_waits_too_long_for_a_token_is_told_so_in_a_type(server: Server) -> None:
    class Slow(LocalTokens):
        def get(self, key: str) -> Token | None:
            time.sleep(0.1)
            return None

    client = new_client(server.base_url, tokens=Slow())

    with pytest.raises(WeComRetryable) as caught:
        client._token_source().current(Deadline(0.05))

    assert caught.value.__context__ is None


def test_a_life_that_is_no_number_is_wecoms_usual_one() -> None:
    assert tokens.lasting("t", None, 100.0).expires_at == 7300.0
    assert tokens.lasting("t", True, 100.0).expires_at == 7300.0
    assert tokens.lasting("t", 600, 100.0).expires_at == 700.0
