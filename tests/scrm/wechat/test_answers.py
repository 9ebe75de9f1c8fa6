"""What odd or late answers of WeChat's become."""

import pytest

from scrm.wechat.client import WeChatClient
from scrm.wechat.errors import WeChatError, WeChatPermanent, WeChatRetryable, WeChatUnknownOutcome
from scrm.wechat.limits import DAY_REST
from scrm.wechat.types import OAuthGrant
from scrm.wecom.local import LocalBucket, LocalLock, LocalTokens
from tests.scrm.wecom.conftest import Server, answer, says, server

__all__ = ["server"]
TOKEN = says({"access_token": "token-of-wechat", "expires_in": 7200})
GRANT = OAuthGrant("o", None, "snsapi_userinfo", False, "a", "r")


class Clock:
    """A clock that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def account(server: Server, clock: Clock | None = None) -> WeChatClient:
    server.does("stable_token", TOKEN)
    return WeChatClient(
        "wxA",
        "secret-of-wechat",
        api_base=server.base_url,
        tokens=LocalTokens(),
        lock=LocalLock(),
        bucket=LocalBucket(clock=clock or Clock()),
    )


def outcome(client: WeChatClient) -> str:
    try:
        client.template.send("o", "t", {})
    except WeChatError as failure:
        return f"{failure.kind} {failure.errcode}"
    return "sent"


@pytest.mark.parametrize("final", [43004, 48001])
def test_a_probe_that_was_refused_for_its_own_sake_ends_the_block(
    server: Server, final: int
) -> None:
    # given the day's quota was used up
    clock = Clock()
    client = account(server, clock)
    server.does(
        "message/template/send",
        says({"errcode": 45009, "errmsg": "quota"}),
        says({"errcode": final, "errmsg": "no"}),
        says({"errcode": 0, "msgid": 1}),
    )
    assert outcome(client) == "quota 45009"
    assert outcome(client) == "quota None"

    # when the probe is answered by a refusal of that message
    clock.now += DAY_REST + 1
    assert outcome(client).endswith(str(final))

    # then the next message goes out at once
    assert outcome(client) == "sent"


@pytest.mark.parametrize("again", [45009, -1])
def test_a_probe_that_says_nothing_of_the_quota_keeps_the_block(server: Server, again: int) -> None:
    clock = Clock()
    client = account(server, clock)
    server.does(
        "message/template/send",
        says({"errcode": 45009, "errmsg": "quota"}),
        says({"errcode": again, "errmsg": "busy"}),
        says({"errcode": 0, "msgid": 1}),
    )
    outcome(client)
    clock.now += DAY_REST + 1
    outcome(client)

    assert outcome(client) == "quota None"
    assert sum("template/send" in path for path in server.requests) == 2


def test_raw_control_characters_in_a_name_are_read(server: Server) -> None:
    server.does("sns/userinfo", answer(b'{"openid":"o","nickname":"a\x01b"}'))

    assert account(server).oauth.userinfo(GRANT).nickname == "a\x01b"


def test_half_a_character_is_refused_before_anything_is_sent(server: Server) -> None:
    with pytest.raises(WeChatPermanent, match="JSON"):
        account(server).custom.send_text("o", "x\ud83d")

    assert server.requests == []


def test_a_busy_wechat_may_have_done_a_write_and_has_not_read(server: Server) -> None:
    client = account(server)
    server.does("message/template/send", says({"errcode": -1, "errmsg": "system error"}))
    server.does("user/info", says({"errcode": -1, "errmsg": "system error"}))

    with pytest.raises(WeChatUnknownOutcome) as unknown:
        client.template.send("o", "t", {})
    with pytest.raises(WeChatRetryable) as busy:
        client.user.info("o")

    assert unknown.value.errcode == busy.value.errcode == -1
    assert "may or may not" in str(unknown.value)
    assert "by itself" not in str(busy.value)
    assert sum("template/send" in path for path in server.requests) == 1
