"""Canary secrets: whatever goes wrong, no log, error, repr or traceback holds one, local variables included."""

import io
import logging
import pickle
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from scrm.wecom.callbacks import CallbackCrypto
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComError
from scrm.wecom.local import LocalBucket, LocalLock, LocalTokens
from scrm.wecom.ports import Token
from scrm.wecom.robot import WebhookRobot
from scrm.wecom.scrub import scrub
from scrm.wecom.secret import Secret
from tests.scrm.wecom.conftest import Behaviour, Server, answer, reset, says

CANARIES = {
    "secret": "canary-corpsecret-4f1d9a",
    "token": "canary-access-token-77b2",
    "second token": "canary-access-token-88c3",
    "ticket": "canary-jsapi-ticket-91aa",
    "welcome code": "canary-welcome-code-03fe",
    "oauth code": "canary-oauth-code-52d0",
    "robot key": "canary-robot-key-1b7c",
}
FOLLOWERS, WELCOME = "externalcontact/get_follow_user_list", "externalcontact/send_welcome_msg"

# What WeCom or a proxy may say back holds what it was asked, secrets included.
ECHO = orjson.dumps(
    {
        "errcode": 60020,
        "errmsg": f"not allow ip, access_token={CANARIES['token']}&corpsecret={CANARIES['secret']}",
    }
)


def quotes(connection: socket.socket, path: str) -> None:
    """Refuse a token, or whatever came, and repeat it without its name."""
    given = " ".join(
        value for values in parse_qs(urlsplit(path).query).values() for value in values
    )
    says({"errcode": 42001, "errmsg": f"what is {given} ?"})(connection, path)


BEHAVIOURS: dict[str, Behaviour] = {
    "html": answer(f"<html>{CANARIES['token']} {CANARIES['secret']}</html>".encode()),
    "echo": answer(ECHO),
    "cut": answer(ECHO[:40], length=len(ECHO)),
    "list": answer(b"[]"),
    "reset": reset,
    "500": answer(b"{}", status="500 Internal Server Error"),
    "quoted": quotes,
    "frequency": says({"errcode": 45009, "errmsg": "freq"}),
    "busy": says({"errcode": -1, "errmsg": "busy"}),
    "good": says({"errcode": 0, "follow_user": [], "UserId": "li", "ticket": CANARIES["ticket"]}),
}


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """All loggers at DEBUG into one text, other libraries' too."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root, http = logging.getLogger(), logging.getLogger("urllib3.connectionpool")
    before = (root.level, http.level)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    http.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before[0])
    http.setLevel(before[1])


def acts(client: WeComClient, robot: WebhookRobot) -> dict[str, Callable[[], object]]:
    """Calls that carry a secret each."""
    return {
        "gettoken": lambda: client.access_token,
        "read": client.external_contact.get_follow_user_list,
        "welcome": lambda: client.welcome.send(Secret(CANARIES["welcome code"]), "hello"),
        "oauth": lambda: client.oauth.get_user_info(Secret(CANARIES["oauth code"])),
        "ticket": client.jsapi.ticket,
        "agent ticket": client.jsapi.agent_ticket,
        "signature": lambda: client.jsapi.config_signature("https://example.com/"),
        "robot": lambda: robot.send_text("hello"),
    }


def shown(failure: BaseException) -> list[str]:
    """Every way an error reaches people: its texts, its traceback, and that with all local variables."""
    whole = traceback.TracebackException.from_exception(failure, capture_locals=True)
    # The frames of this test hold the canaries themselves.
    frames = [frame for frame in whole.stack if "/tests/" not in frame.filename]
    local = [f"{frame.name}: {frame.locals}" for frame in frames]
    return [
        str(failure),
        repr(failure),
        repr(failure.args),
        repr(vars(failure)),
        "".join(traceback.format_exception(failure)),
        *local,
    ]


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_no_output_holds_a_secret(
    server: Server, everything_logged: io.StringIO, behaviour: str
) -> None:
    good = says({"errcode": 0, "access_token": CANARIES["token"], "expires_in": 7200})
    renewed = says({"errcode": 0, "access_token": CANARIES["second token"], "expires_in": 7200})
    for endpoint in (FOLLOWERS, WELCOME, "auth/getuserinfo", "get_jsapi_ticket", "ticket/get",
                     "webhook/send"):  # fmt: skip
        server.does(endpoint, BEHAVIOURS[behaviour])
    texts, failures = [], 0
    out = io.StringIO()
    for token in (good, good if behaviour == "good" else BEHAVIOURS[behaviour]):
        server.does("gettoken", token, renewed)
        client = WeComClient(
            "ww0corp",
            CANARIES["secret"],
            api_base=server.base_url,
            tokens=LocalTokens(),
            lock=LocalLock(),
            bucket=LocalBucket(),
        )
        url = f"{server.base_url}/cgi-bin/webhook/send?key={CANARIES['robot key']}"
        robot = WebhookRobot(url, api_base=server.base_url)
        for act in acts(client, robot).values():
            with redirect_stdout(out), redirect_stderr(out):
                try:
                    act()
                except WeComError as failure:
                    failures += 1
                    texts += shown(failure)
        texts += [repr(client), repr(robot), repr(vars(client)), repr(vars(robot))]
        texts += [repr(client._sources), repr(client._tokens.get("")), repr(client.access_token)
                  if behaviour == "good" and token is good else ""]  # fmt: skip
    texts += [everything_logged.getvalue(), out.getvalue()]

    assert failures > 0 or behaviour == "good"
    assert "urllib3" in everything_logged.getvalue() or "/cgi-bin/" in everything_logged.getvalue()
    for name, canary in CANARIES.items():
        for text in texts:
            assert canary not in text, (name, text[:2000])


def test_what_a_body_carried_is_taken_out_of_an_answer_that_quotes_it(server: Server) -> None:
    ports = {"tokens": LocalTokens(), "lock": LocalLock(), "bucket": LocalBucket()}
    client = WeComClient("ww0corp", CANARIES["secret"], api_base=server.base_url, **ports)
    server.does(
        WELCOME, says({"errcode": 41050, "errmsg": f"invalid >{CANARIES['welcome code']}<"})
    )

    with pytest.raises(WeComError) as failed:
        client.welcome.send(Secret(CANARIES["welcome code"]), "hello")

    assert failed.value.errmsg == "invalid >***<"


def test_every_name_of_a_secret_is_known_in_an_address_and_in_json() -> None:
    for name in ("access_token", "corpsecret", "secret", "appsecret", "welcome_code", "js_code", "code",
                 "refresh_token", "ticket", "session_key", "auth_code", "permanent_code", "key"):  # fmt: skip
        assert scrub(f"https://x/y?a=1&{name}=canary&b=2") == f"https://x/y?a=1&{name}=***&b=2"
        assert scrub(f'{{"{name}": "canary"}}') == f'{{"{name}":"***"}}'
    assert scrub("errcode=40001&encode=1") == "errcode=40001&encode=1"


def test_the_keys_of_callbacks_show_nowhere() -> None:
    token, key = "canary-callback-token", "canaryCallbackAesKey0123456789abcdefABCDEFx"
    texts = [repr(vars(CallbackCrypto(token, key, "ww0corp")))]
    with pytest.raises(ValueError, match="43 characters") as refused:
        CallbackCrypto(token, key + "-too-long", "ww0corp")
    texts += shown(refused.value)

    assert not [text for text in texts if token in text or key in text]


def test_a_secret_works_as_the_text_it_is_and_hides_in_reprs() -> None:
    secret = Secret("canary")

    assert secret == "canary"
    assert f"{secret}" == str(secret) == "".join([secret]) == "canary"
    assert orjson.dumps({"key": secret}) == b'{"key":"canary"}'
    assert hash(secret) == hash("canary")
    assert "canary" not in repr([secret, {"a": secret}, Token(secret, 1.0, 0.0)])
    assert Token("canary", 1.0, 0.0).value == "canary"
    assert pickle.loads(pickle.dumps(secret)) == "canary"
