"""Tokens by WeChat's rules, limits, refused requests."""

import re

import pytest

from tests.wecom_sandbox.wechat_client import WeChat
from wecom_sandbox.testing import Control
from wecom_sandbox.wechat.accounts import MINI, SERVICE

_RID = re.compile(r".+ rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}")


def test_a_plain_token_is_new_each_time_and_the_former_lives_five_minutes(
    service: WeChat, control: Control
) -> None:
    first, second = service.plain(), service.plain()

    assert first["access_token"] != second["access_token"]
    assert (first["expires_in"], set(first)) == (7200, {"access_token", "expires_in"})
    for token in (first, second):
        answer = service.raw("/cgi-bin/tags/get", access_token=token["access_token"])
        assert "tags" in answer
    control.post("clock", {"advance": 301})
    old = service.raw("/cgi-bin/tags/get", access_token=first["access_token"])
    assert old["errcode"] == 40001
    assert old["errmsg"].startswith(
        "invalid credential, access_token is invalid or not latest rid: "
    )
    assert "tags" in service.raw("/cgi-bin/tags/get", access_token=second["access_token"])
    control.post("clock", {"advance": 7200})
    expired = service.raw("/cgi-bin/tags/get", access_token=second["access_token"])
    assert expired["errcode"] == 42001


def test_the_stable_token_stays_until_five_minutes_before_its_end(
    service: WeChat, control: Control
) -> None:
    first = service.stable()

    control.post("clock", {"advance": 6800})
    assert service.stable()["access_token"] == first["access_token"]
    control.post("clock", {"advance": 150})
    second = service.stable()
    assert second["access_token"] != first["access_token"]
    assert second["expires_in"] == 7200
    # Both hold in the five minutes.
    assert "tags" in service.raw("/cgi-bin/tags/get", access_token=first["access_token"])
    # A plain token retires neither.
    service.plain()
    assert service.stable()["access_token"] == second["access_token"]


def test_forcing_a_refresh_kills_at_once_is_slow_and_scarce(
    service: WeChat, control: Control
) -> None:
    first = service.stable()["access_token"]

    assert service.stable(force_refresh=True)["access_token"] == first
    control.post("clock", {"advance": 31})
    second = service.stable(force_refresh=True)["access_token"]
    assert second != first
    assert service.raw("/cgi-bin/tags/get", access_token=first)["errcode"] == 40001
    for _ in range(19):
        control.post("clock", {"advance": 31})
        assert "access_token" in service.stable(force_refresh=True)
    control.post("clock", {"advance": 31})
    refused = service.stable(force_refresh=True)
    assert refused["errcode"] == 45009
    assert refused["errmsg"].startswith("reach max api daily quota limit")
    assert "access_token" in service.stable()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": "short"}, 40125),
        ({"secret": "0" * 32}, 40001),
        ({"grant_type": "password"}, 40002),
    ],
)
def test_wrong_credentials_are_refused_with_their_code(
    service: WeChat, change: dict[str, str], code: int
) -> None:
    assert service.stable(**change)["errcode"] == code
    answer = service.plain(**change)
    assert answer["errcode"] == code
    assert _RID.fullmatch(answer["errmsg"])


def test_the_owner_can_freeze_the_secret_list_addresses_and_kill_tokens(
    service: WeChat, control: Control
) -> None:
    token = service.token
    control.post("wechat/settings", {"account": "service", "ips": ["203.0.113.7"]})
    refused = service.plain()
    assert refused["errcode"] == 40164
    assert refused["errmsg"].startswith(
        "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: "
    )
    control.post("wechat/settings", {"account": "service", "ips": None, "frozen": True})
    assert service.stable()["errcode"] == 40243
    assert service.code("/cgi-bin/tags/get") == 0

    control.post("wechat/kill_tokens", {"account": "service"})
    assert service.code("/cgi-bin/tags/get") == 40001
    control.post("wechat/settings", {"account": "service", "frozen": False})
    assert service.stable()["access_token"] != token


def test_tokens_of_the_two_accounts_are_not_interchangeable(service: WeChat, mini: WeChat) -> None:
    assert service.code("/wxa/generatescheme", {}) == 45063
    assert mini.code("/cgi-bin/user/get") == 48001
    assert service.raw("/cgi-bin/user/get")["errcode"] == 41001
    assert service.raw("/cgi-bin/user/get", access_token="x")["errcode"] == 40014


def test_an_unverified_account_may_do_little(service: WeChat, control: Control) -> None:
    control.post("wechat/settings", {"account": "service", "verified": False})

    assert service.code("/cgi-bin/qrcode/create", {"action_name": "QR_SCENE"}) == 48001
    assert service.code("/cgi-bin/getcallbackip") == 0


def test_the_day_has_a_limit_that_can_be_seen_and_cleared_ten_times_a_month(
    service: WeChat, control: Control
) -> None:
    path = "/cgi-bin/user/get"
    limits = {"account": "service", "daily_limits": {path: 2}}
    control.post("wechat/settings", limits)

    assert [service.code(path) for _ in range(3)] == [0, 0, 45009]
    quota = service.post("/cgi-bin/openapi/quota/get", {"cgi_path": path})["quota"]
    assert quota == {"daily_limit": 2, "used": 2, "remain": 0}
    assert service.code("/cgi-bin/openapi/quota/clear", {"cgi_path": path}) == 0
    assert service.code(path) == 0
    control.post("clock", {"advance": 86_400})
    service._token = ""
    codes = [service.code("/cgi-bin/clear_quota", {"appid": SERVICE.appid}) for _ in range(10)]
    assert codes == [0] * 9 + [48006]
    by_secret = {"appid": SERVICE.appid, "appsecret": SERVICE.secret}
    assert service.raw("/cgi-bin/clear_quota/v2", by_secret)["errcode"] == 48006
    assert service.code("/cgi-bin/clear_quota", {"appid": MINI.appid}) == 40013
    assert service.code("/cgi-bin/openapi/quota/get", {"cgi_path": "/nothing"}) == 40097


def test_a_refused_request_can_be_asked_for_by_its_rid(service: WeChat, control: Control) -> None:
    refused = service.post("/cgi-bin/tags/delete", {"tag": {"id": 999}})
    assert refused["errcode"] == 45159
    rid = refused["errmsg"].rpartition("rid: ")[2]

    found = service.post("/cgi-bin/openapi/rid/get", {"rid": rid})["request"]

    assert found["request_url"] == "/cgi-bin/tags/delete"
    assert (found["request_body"], found["client_ip"]) == ('{"tag": {"id": 999}}', "127.0.0.1")
    assert '"errcode": 45159' in found["response_body"]
    control.post("clock", {"advance": 8 * 86_400})
    service._token = ""
    assert service.code("/cgi-bin/openapi/rid/get", {"rid": rid}) == 40097


def test_method_body_and_path_are_checked(service: WeChat) -> None:
    assert service.code("/cgi-bin/user/get", {}) == 43001
    assert service.code("/cgi-bin/tags/create") == 43002
    request = service.raw("/cgi-bin/stable_token", ["no", "object"])
    assert request["errcode"] == 47001
    create = "/cgi-bin/tags/create"
    assert service.code(create, b'{"tag": {"name": "\\u4f1a"}}') == 40033
    assert service.code(create, b'{"tag": {"name": "\\\\u4f1a"}}') == 0
    with pytest.raises(OSError, match="404"):
        service.get("/cgi-bin/nothing")


def test_the_api_also_answers_under_wechats_own_host_name(service: WeChat) -> None:
    wish = {"grant_type": "client_credential", "appid": SERVICE.appid, "secret": SERVICE.secret}

    answer = service.raw("/cgi-bin/token", host="api.weixin.qq.com", **wish)

    assert answer["expires_in"] == 7200
    # Without the host the same path is WeCom's.
    assert "corpid" not in answer


def test_the_ledger_names_the_account_and_hides_what_is_secret(
    service: WeChat, control: Control
) -> None:
    service.get("/cgi-bin/tags/get")

    calls = control.get("ledger/calls")
    assert [(one["api"], one["app"], one["errcode"]) for one in calls] == [
        ("wechat/cgi-bin/stable_token", "", 0),
        ("wechat/cgi-bin/tags/get", "wechat.service", 0),
    ]
    assert SERVICE.secret not in str(calls)
    assert service.token not in str(calls)
