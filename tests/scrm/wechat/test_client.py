"""Tokens, refusals, limits, and what never shows."""

import logging
import threading
import traceback
from typing import Any

import pytest

from scrm.wechat.client import WeChatClient
from scrm.wechat.errors import (
    WeChatAuth,
    WeChatError,
    WeChatPermanent,
    WeChatPermission,
    WeChatQuota,
    WeChatRetryable,
    WeChatUnknownOutcome,
    causes,
)
from scrm.wecom.errors import WeComQuota, WeComRetryable
from scrm.wecom.local import LocalBucket, LocalLock, LocalTokens
from tests.scrm.wechat.conftest import new_client
from wecom_sandbox.testing import Control, Running
from wecom_sandbox.wechat import errors as theirs
from wecom_sandbox.wechat.accounts import MINI, SERVICE


def fetches(control: Control) -> int:
    """How often the stable token was asked for."""
    return len(control.get("ledger/calls", api="wechat/cgi-bin/stable_token"))


def gateway_frames(failure: BaseException) -> str:
    """The traceback with all local variables, from where the gateway begins."""
    frame = failure.__traceback__
    while frame is not None and "/tests/" in frame.tb_frame.f_code.co_filename:
        frame = frame.tb_next
    told = traceback.TracebackException(type(failure), failure, frame, capture_locals=True)
    text = "".join(told.format())
    assert "scrm/wechat/client.py" in text
    return text


def test_many_clients_of_an_account_ask_for_one_token(sandbox: Running, control: Control) -> None:
    # given
    ports: dict[str, Any] = {"tokens": LocalTokens(), "lock": LocalLock()}
    clients = [new_client(sandbox.base_url, bucket=LocalBucket(), **ports) for _ in range(8)]
    ready, failures = threading.Barrier(8), []

    def ask(client: WeChatClient) -> None:
        ready.wait()
        try:
            client.tag.get()
        except WeChatError as failure:
            failures.append(failure)

    # when
    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # then
    assert failures == []
    assert fetches(control) == 1


def test_a_killed_token_is_renewed_once_without_force(
    service: WeChatClient, control: Control
) -> None:
    service.tag.get()
    control.post("wechat/kill_tokens", {"account": "service"})

    assert service.tag.get()[0].id == 2
    assert fetches(control) == 2
    asked = control.get("ledger/calls", api="wechat/cgi-bin/stable_token")
    assert all("force_refresh" not in one["body"] for one in asked)


def test_a_token_that_stays_refused_is_not_asked_for_again_and_again(
    service: WeChatClient, control: Control
) -> None:
    service.tag.get()
    control.post(
        "faults", {"endpoint": "/wechat/cgi-bin/tags/*", "kind": "errcode", "value": 40001}
    )

    for _ in range(5):
        with pytest.raises(WeChatAuth) as refused:
            service.tag.get()
        assert refused.value.errcode == 40001
    assert fetches(control) == 2


@pytest.mark.parametrize(
    ("settings", "kind", "code", "words"),
    [
        ({"frozen": True}, WeChatAuth, 40243, "frozen"),
        ({"ips": ["203.0.113.7"]}, WeChatPermission, 40164, "address list"),
        ({"verified": False}, WeChatPermission, 48001, "not verified"),
    ],
)
def test_a_refusal_names_its_cause_in_both_languages(
    service: WeChatClient, control: Control, settings: dict[str, Any], kind: type[WeChatError],
    code: int, words: str,
) -> None:  # fmt: skip
    control.post("wechat/settings", {"account": "service", **settings})

    with pytest.raises(kind) as refused:
        service.tag.get()
    assert refused.value.errcode == code
    assert words in str(refused.value)
    assert refused.value.words("zh-hans").endswith(f"[{code}]")
    assert not refused.value.words("zh-hans").isascii()


def test_wrong_credentials_are_an_auth_error(sandbox: Running, control: Control) -> None:
    ports: dict[str, Any] = {"tokens": LocalTokens(), "lock": LocalLock(), "bucket": LocalBucket()}
    client = WeChatClient(SERVICE.appid, "0" * 32, api_base=f"{sandbox.base_url}/wechat", **ports)

    for _ in range(3):
        with pytest.raises(WeChatAuth, match="AppSecret"):
            client.tag.get()
    assert fetches(control) == 1


def test_the_other_accounts_token_does_not_fit(service: WeChatClient, mini: WeChatClient) -> None:
    with pytest.raises(WeChatAuth) as refused:
        service.link.generatescheme()
    assert refused.value.errcode == 45063
    with pytest.raises(WeChatPermission) as other:
        mini.user.get()
    assert other.value.errcode == 48001


@pytest.mark.parametrize(
    ("fault", "read", "write"),
    [
        ({"kind": "reset"}, WeChatRetryable, WeChatUnknownOutcome),
        ({"kind": "html"}, WeChatRetryable, WeChatUnknownOutcome),
        ({"kind": "truncated"}, WeChatRetryable, WeChatUnknownOutcome),
        ({"kind": "http_500"}, WeChatRetryable, WeChatUnknownOutcome),
        ({"kind": "errcode", "value": -1}, WeChatRetryable, WeChatUnknownOutcome),
        ({"kind": "errcode", "value": 999_999}, WeChatPermanent, WeChatPermanent),
    ],
)
def test_every_fault_ends_in_its_class(
    service: WeChatClient, control: Control, fault: dict[str, Any], read: type[WeChatError],
    write: type[WeChatError],
) -> None:  # fmt: skip
    service.tag.get()
    control.post("faults", {"endpoint": "/wechat/cgi-bin/*", **fault})

    with pytest.raises(WeChatError) as failed:
        service.tag.get()
    assert type(failed.value) is read
    with pytest.raises(WeChatError) as failed:
        service.tag.create("会员")
    assert type(failed.value) is write


def test_one_family_of_errors_can_be_caught_for_both_gateways(
    service: WeChatClient, control: Control
) -> None:
    service.tag.get()
    control.post("faults", {"endpoint": "/wechat/cgi-bin/*", "kind": "reset"})

    with pytest.raises(WeComRetryable):
        service.tag.get()


def test_a_used_up_day_parks_this_api_alone(service: WeChatClient, control: Control) -> None:
    control.post(
        "wechat/settings", {"account": "service", "daily_limits": {"/cgi-bin/user/get": 1}}
    )
    service.user.get()

    with pytest.raises(WeChatQuota) as refused:
        service.user.get()
    assert (refused.value.errcode, refused.value.retry_after) == (45009, 600)
    before = len(control.get("ledger/calls", api="wechat/cgi-bin/user/get"))
    with pytest.raises(WeComQuota) as parked:
        service.user.get()
    assert parked.value.errcode is None
    assert len(control.get("ledger/calls", api="wechat/cgi-bin/user/get")) == before
    assert service.tag.get()
    assert service.quota.get("/cgi-bin/user/get").remain == 0


def test_schemes_and_links_share_a_bucket(mini: WeChatClient) -> None:
    from scrm.wechat.limits import bucket_of

    scheme = bucket_of(MINI.appid, "wxa/generatescheme")
    assert scheme == bucket_of(MINI.appid, "wxa/generate_urllink")
    assert (scheme[1][0].calls, scheme[1][0].seconds) == (400_000, 86_400)
    assert bucket_of(MINI.appid, "wxa/checksession") != bucket_of(SERVICE.appid, "wxa/checksession")


def test_a_refused_call_can_be_looked_up_by_its_rid(service: WeChatClient) -> None:
    with pytest.raises(WeChatPermanent) as refused:
        service.tag.delete(999)

    rid = refused.value.errmsg.rpartition("rid: ")[2]
    assert service.quota.rid_get(rid).request_url == "/cgi-bin/tags/delete"


def test_no_secret_shows_anywhere(
    service: WeChatClient, control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code = control.post("wechat/oauth_code", {"person_id": "p000001", "scope": "snsapi_userinfo"})[
        "code"
    ]
    grant = service.oauth.access_token(code)
    service.oauth.userinfo(grant)
    shown = [repr(service), repr(grant)]
    for fault in ("reset", "html"):
        control.post("faults", {"endpoint": "/wechat/*", "kind": fault})
        for call in (service.tag.get, lambda: service.oauth.access_token(code)):
            with pytest.raises(WeChatError) as failed:
                call()
            shown += [repr(failed.value), str(failed.value), gateway_frames(failed.value)]
        control.delete("faults")
    shown += [record.getMessage() for record in caplog.records]

    for secret in (SERVICE.secret, grant.access_token, grant.refresh_token, code):
        assert all(str(secret) not in text for text in shown)


def test_every_code_the_sandbox_can_give_has_a_cause_in_both_languages() -> None:
    table = causes()

    assert {str(code) for code in theirs.TEXTS} <= set(table)
    for code, cause in table.items():
        assert cause.hint.words("en").isascii(), code
        assert not cause.hint.words("zh").isascii(), code
        assert (cause.retry_after > 0) == (cause.kind in ("retryable", "quota")), code
