"""One token a secret and expiry, whoever asks."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComAuth
from scrm.wecom.local import LocalBucket, LocalLock, LocalTokens
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


def test_a_token_is_renewed_before_it_ends(server: Server, client: WeComClient) -> None:
    server.does(FOLLOWERS, says({"errcode": 0, "follow_user": []}))
    server.does(
        "gettoken",
        says({"errcode": 0, "access_token": "short", "expires_in": 1}),
        says({"errcode": 0, "access_token": "next", "expires_in": 7200}),
    )
    client.external_contact.get_follow_user_list()
    client.external_contact.get_follow_user_list()
    assert server.count("gettoken") == 1

    time.sleep(0.6)
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
