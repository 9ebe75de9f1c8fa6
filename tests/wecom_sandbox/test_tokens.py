from tests.wecom_sandbox.client import Api
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control


def test_the_same_token_comes_until_it_expires(app: Api, control: Control) -> None:
    first = app.raw("gettoken", corpid=defaults.CORP_ID, corpsecret=defaults.APP_SECRET)
    control.post("clock", {"advance": 7000})
    second = app.raw("gettoken", corpid=defaults.CORP_ID, corpsecret=defaults.APP_SECRET)
    control.post("clock", {"advance": 201})
    third = app.raw("gettoken", corpid=defaults.CORP_ID, corpsecret=defaults.APP_SECRET)

    assert (first["errcode"], first["errmsg"], first["expires_in"]) == (0, "ok", 7200)
    assert second["access_token"] == first["access_token"]
    assert 198 <= second["expires_in"] <= 200
    assert third["access_token"] != first["access_token"]
    assert app.raw("getcallbackip", access_token=first["access_token"])["errcode"] == 42001


def test_bad_credentials_have_their_codes(app: Api) -> None:
    good, bad = defaults.CORP_ID, "nobody"

    assert app.raw("gettoken", corpid=good, corpsecret="wrong")["errcode"] == 40001
    assert app.raw("gettoken", corpid=bad, corpsecret=defaults.APP_SECRET)["errcode"] == 40013
    assert app.raw("gettoken", corpsecret=defaults.APP_SECRET)["errcode"] == 41002
    assert app.raw("gettoken", corpid=good)["errcode"] == 41004
    assert app.raw("getcallbackip")["errcode"] == 41001
    assert app.raw("getcallbackip", access_token="made-up")["errcode"] == 40014


def test_an_error_text_carries_hint_and_address(app: Api) -> None:
    text = app.raw("getcallbackip", access_token="made-up")["errmsg"]

    assert text.startswith("invalid access_token, hint: [")
    assert ", from ip: 127.0.0.1, more info at " in text
    assert text.endswith("https://open.work.weixin.qq.com/devtool/query?e=40014")


def test_revoking_ends_tokens_at_once(app: Api, control: Control) -> None:
    old = app.token

    assert control.post("revoke_tokens") == {"ok": True, "revoked": 1}

    assert app.code("getcallbackip") == 40014
    fresh = app.raw("gettoken", corpid=defaults.CORP_ID, corpsecret=defaults.APP_SECRET)
    assert fresh["access_token"] != old
    assert app.raw("getcallbackip", access_token=fresh["access_token"])["errcode"] == 0
    control.post("revoke_tokens", {"errcode": 42001})
    assert app.raw("getcallbackip", access_token=fresh["access_token"])["errcode"] == 42001


def test_each_secret_reaches_only_its_endpoints(app: Api, contacts: Api) -> None:
    assert app.token != contacts.token
    assert app.code("department/create", {"name": "门店", "parentid": 1}) == 48002
    assert app.code("user/list_id", {}) == 48002
    assert contacts.code("externalcontact/get_follow_user_list") == 48002
    assert contacts.code("user/get", userid="guide0001") == 48002
    assert contacts.code("message/send", {"touser": "a"}) == 48002


def test_tickets_stay_the_same_and_are_two(app: Api) -> None:
    corp, agent = app.get("get_jsapi_ticket"), app.get("ticket/get", type="agent_config")

    assert app.get("get_jsapi_ticket")["ticket"] == corp["ticket"]
    assert app.get("ticket/get", type="agent_config")["ticket"] == agent["ticket"]
    assert corp["ticket"] != agent["ticket"]
    assert corp["expires_in"] == 7200
    assert app.code("ticket/get", type="other") == 91040
