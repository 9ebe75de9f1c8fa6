"""Canary secrets of a WeChat account: no log, error, repr or traceback holds one, whatever WeChat says back."""

import io
from collections.abc import Callable

import orjson
import pytest

from scrm.wechat.callbacks import WeChatCallbacks
from scrm.wechat.client import WeChatClient
from scrm.wechat.errors import WeChatError
from scrm.wechat.types import OAuthGrant
from scrm.wecom.callbacks import BadCallback
from scrm.wecom.local import LocalBucket, LocalLock, LocalTokens
from scrm.wecom.secret import Secret
from tests.scrm.wecom.conftest import Behaviour, Server, answer, reset, says, server
from tests.scrm.wecom.test_secrets import everything_logged, shown

__all__ = ["everything_logged", "server"]

CANARIES = {
    "secret": "canary-appsecret-0c41e7",
    "token": "canary-stable-token-9d2",
    "ticket": "canary-jsapi-ticket-66f0",
    "oauth code": "canary-oauth-code-71a5",
    "person token": "canary-person-token-e80b",
    "refresh token": "canary-refresh-token-2f6d",
    "js code": "canary-js-code-48bb",
    "session key": "canary-session-key-05dc",
    "phone code": "canary-phone-code-d13a",
    "phone": "13900009999",
}
ENDPOINTS = (
    "tags/get", "ticket/getticket", "sns/oauth2/access_token", "sns/oauth2/refresh_token", "sns/userinfo",
    "sns/jscode2session", "wxa/checksession", "wxa/business/getuserphonenumber", "wxa/getwxacodeunlimit",
)  # fmt: skip
EVERYTHING = " ".join(CANARIES.values())
GOOD = {
    "errcode": 0,
    "ticket": CANARIES["ticket"],
    "expires_in": 7200,
    "openid": "oA",
    "access_token": CANARIES["person token"],
    "refresh_token": CANARIES["refresh token"],
    "session_key": CANARIES["session key"],
    "phone_info": {"countryCode": "86", "purePhoneNumber": CANARIES["phone"]},
}
BEHAVIOURS: dict[str, Behaviour] = {
    "html": answer(f"<html>{EVERYTHING}</html>".encode(), kind="text/html"),
    "named": says({"errcode": 40013, "errmsg": "&".join(f"{n}={CANARIES[c]}" for n, c in (
        ("access_token", "token"), ("js_code", "js code"), ("refresh_token", "refresh token"),
        ("code", "oauth code"), ("secret", "secret"), ("session_key", "session key"),
        ("ticket", "ticket"))) + ' rid: 1'}),
    "cut": answer(orjson.dumps(GOOD)[:40], length=500),
    "reset": reset,
    "500": answer(EVERYTHING.encode(), status="500 Internal Server Error"),
    "minute": says({"errcode": 45011, "errmsg": "freq"}),
    "good": says(GOOD),
}  # fmt: skip


def account(server: Server) -> WeChatClient:
    return WeChatClient(
        "wxA",
        CANARIES["secret"],
        api_base=server.base_url,
        tokens=LocalTokens(),
        lock=LocalLock(),
        bucket=LocalBucket(),
    )


def acts(client: WeChatClient) -> dict[str, Callable[[], object]]:
    """Calls that carry a secret each, by what they carry."""
    grant = OAuthGrant(
        "oA", None, "snsapi_userinfo", False,
        Secret(CANARIES["person token"]), Secret(CANARIES["refresh token"]),
    )  # fmt: skip
    code, js_code = Secret(CANARIES["oauth code"]), Secret(CANARIES["js code"])
    phone_code = Secret(CANARIES["phone code"])
    return {
        "token": client.tag.get,
        "ticket": client.jsapi.ticket,
        "oauth code": lambda: client.oauth.access_token(code),
        "refresh token": lambda: client.oauth.refresh_token(grant),
        "person token": lambda: client.oauth.userinfo(grant),
        "js code": lambda: client.program.jscode2session(js_code),
        "phone code": lambda: client.program.getuserphonenumber(phone_code),
        "picture": lambda: client.link.getwxacodeunlimit("a=1"),
    }


def run(client: WeChatClient) -> tuple[int, list[str]]:
    """Return how many calls failed, and every text they left."""
    failures, texts = 0, []
    for act in acts(client).values():
        try:
            texts.append(repr(act()))
        except WeChatError as failure:
            failures += 1
            texts += shown(failure)
    return failures, [*texts, repr(client), repr(vars(client)), repr(client._sources)]


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_no_output_holds_a_secret(
    server: Server, everything_logged: io.StringIO, behaviour: str
) -> None:
    # given a WeChat that behaves so, first with a good token, then at the token too
    token = says({"access_token": CANARIES["token"], "expires_in": 7200})
    texts, failures = [], 0
    for endpoint in ENDPOINTS:
        server.does(endpoint, BEHAVIOURS[behaviour])
    for given in (token, BEHAVIOURS[behaviour]):
        server.does("stable_token", given)
        failed, left = run(account(server))
        failures += failed
        texts += left
    texts.append(everything_logged.getvalue())

    # then
    assert failures > 0 or behaviour == "good"
    assert "sns/jscode2session" in everything_logged.getvalue()
    for name, canary in CANARIES.items():
        assert not [text[:1500] for text in texts if canary in text], name


@pytest.mark.parametrize("carried", ["oauth code", "refresh token", "person token", "js code", "phone code"])  # fmt: skip
def test_what_a_call_carried_is_taken_out_of_an_answer_that_quotes_it(
    server: Server, carried: str
) -> None:
    quotes = says({"errcode": 40029, "errmsg": f"invalid >{CANARIES[carried]}< rid: 1"})
    for endpoint in ENDPOINTS:
        server.does(endpoint, quotes)
    server.does("stable_token", says({"access_token": CANARIES["token"], "expires_in": 7200}))

    with pytest.raises(WeChatError) as failed:
        acts(account(server))[carried]()

    assert failed.value.errmsg == "invalid >***< rid: 1"


def test_the_app_secret_is_taken_out_of_a_refused_token(server: Server) -> None:
    quotes = says({"errcode": 40125, "errmsg": f"invalid appsecret >{CANARIES['secret']}< rid: 1"})
    server.does("stable_token", quotes)

    with pytest.raises(WeChatError) as failed:
        account(server).tag.get()

    assert failed.value.errmsg == "invalid appsecret >***< rid: 1"


def test_keys_of_callbacks_show_nowhere() -> None:
    token, key = "canary-callback-token", "canaryCallbackAesKey0123456789abcdefABCDEFx"
    good = WeChatCallbacks(token, key, "wxA")
    shows = [repr(vars(good)), repr(vars(good._crypto))]
    with pytest.raises(ValueError, match="43 characters") as refused:
        WeChatCallbacks(Secret(token), Secret(key + "-too-long"), "wxA")
    shows += shown(refused.value)
    with pytest.raises(BadCallback) as bad:
        good.read({"encrypt_type": "aes"}, b"<xml/>")
    shows += shown(bad.value)

    assert len(key) == 43
    for text in shows:
        assert token not in text
        assert key not in text
