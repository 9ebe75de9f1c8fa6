"""Web OAuth: the consent page, codes, grants, snapshots, one-time consents, signatures of pages."""

import hashlib
import hmac
import re
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.wecom_sandbox.phone import Phone
from tests.wecom_sandbox.wechat_client import WeChat
from wecom_sandbox.testing import Control
from wecom_sandbox.wechat.accounts import SERVICE
from wecom_sandbox.wechat.pictures import sign

BACK = "http://127.0.0.1:9/back?x=1"


def authorize(consent: str, **more: str) -> str:
    """The consent page's address."""
    query = {
        "appid": SERVICE.appid, "redirect_uri": BACK, "response_type": "code", "scope": consent, "state": "abc1",
    } | more  # fmt: skip
    return f"/wechat/connect/oauth2/authorize?{urlencode(query)}"


def phone_target(phone: Phone, path: str, form: dict[str, str] | None) -> dict[str, str]:
    """Where a page redirects, without going there."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: Any) -> None:
            return None

    opener = urllib.request.build_opener(Stay, *[
        one for one in phone._opener.handlers if isinstance(one, urllib.request.HTTPCookieProcessor)
    ])  # fmt: skip
    data = None if form is None else urlencode(form).encode()
    try:
        opener.open(phone.base_url + path, data=data, timeout=10)
    except urllib.error.HTTPError as answer:
        location = answer.headers["Location"]
    parts = urlsplit(location)
    assert location.startswith(BACK)
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


def exchange(service: WeChat, code: str, **more: str) -> Any:
    """The grant of a code."""
    query = {
        "appid": SERVICE.appid,
        "secret": SERVICE.secret,
        "code": code,
        "grant_type": "authorization_code",
    }
    return service.raw("/sns/oauth2/access_token", **(query | more))


@pytest.fixture
def phone(service: WeChat) -> Phone:
    """A phone that nobody has used yet."""
    return Phone(service.base_url.removesuffix("/wechat"))


def test_a_silent_login_gives_the_openid_only(
    service: WeChat, control: Control, phone: Phone
) -> None:
    phone.open("/phone/p/p000001/wechat")
    answer = phone_target(phone, authorize("snsapi_base"), None)
    assert (answer["state"], answer["x"]) == ("abc1", "1")

    grant = exchange(service, answer["code"])

    identity = control.get("wechat/identity", person_id="p000001")
    assert set(grant) == {"access_token", "expires_in", "refresh_token", "openid", "scope"}
    assert (grant["openid"], grant["scope"], grant["expires_in"]) == (
        identity["service"],
        "snsapi_base",
        7200,
    )
    who = {"access_token": grant["access_token"], "openid": grant["openid"]}
    assert service.raw("/sns/userinfo", **who)["errcode"] == 48001
    assert service.raw("/sns/auth", **who) == {"errcode": 0, "errmsg": "ok"}
    assert exchange(service, answer["code"])["errcode"] == 40163
    assert exchange(service, "0unknown")["errcode"] == 40029
    assert exchange(service, "")["errcode"] == 41008
    assert exchange(service, "x", secret="0" * 32)["errcode"] == 40001


def test_consent_gives_profile_and_unionid(service: WeChat, control: Control, phone: Phone) -> None:
    page = phone.open(authorize("snsapi_userinfo"))
    assert "申请获取你的昵称、头像。" in page
    form = {"sandbox_person": "p000002", "answer": "accept"}
    grant = exchange(service, phone_target(phone, authorize("snsapi_userinfo"), form)["code"])

    who = {"access_token": grant["access_token"], "openid": grant["openid"], "lang": "zh_CN"}
    profile = service.raw("/sns/userinfo", **who)
    person = control.get("people", q="p000002")[0]
    assert profile == {
        "openid": grant["openid"], "nickname": person["name"], "sex": 0, "province": "", "city": "",
        "country": "", "headimgurl": profile["headimgurl"], "privilege": [], "unionid": person["unionid"],
    }  # fmt: skip
    assert grant["unionid"] == person["unionid"]
    assert service.raw("/sns/userinfo", **(who | {"openid": "x"}))["errcode"] == 40003
    assert service.raw("/sns/userinfo", access_token="x", openid="x")["errcode"] == 40001
    kind, _content = service.fetch("/sns/userinfo", **who)
    assert kind.startswith("text/plain")
    # The grant's token opens nothing else.
    assert service.raw("/cgi-bin/user/get", access_token=grant["access_token"])["errcode"] == 40014


def test_a_grant_is_renewed_for_thirty_days(service: WeChat, control: Control) -> None:
    code = control.post("wechat/oauth_code", {"person_id": "p000001", "scope": "snsapi_userinfo"})[
        "code"
    ]
    grant = exchange(service, code)
    who = {"access_token": grant["access_token"], "openid": grant["openid"]}
    renew = {
        "appid": SERVICE.appid,
        "grant_type": "refresh_token",
        "refresh_token": grant["refresh_token"],
    }

    control.post("clock", {"advance": 7201})
    assert service.raw("/sns/userinfo", **who)["errcode"] == 42001
    renewed = service.raw("/sns/oauth2/refresh_token", **renew)
    assert renewed["access_token"] != grant["access_token"]
    assert (
        service.raw("/sns/auth", **(who | {"access_token": renewed["access_token"]}))["errcode"]
        == 0
    )
    assert (
        service.raw("/sns/oauth2/refresh_token", **(renew | {"refresh_token": "x"}))["errcode"]
        == 40030
    )
    control.post("clock", {"advance": 30 * 86_400})
    assert service.raw("/sns/oauth2/refresh_token", **renew)["errcode"] == 42002


def test_a_code_lives_five_minutes(service: WeChat, control: Control) -> None:
    code = control.post("wechat/oauth_code", {"person_id": "p000001"})["code"]
    control.post("clock", {"advance": 301})

    assert exchange(service, code)["errcode"] == 40029


def test_a_snapshot_is_nobody(service: WeChat, control: Control, phone: Phone) -> None:
    form = {"sandbox_person": "p000001", "answer": "snapshot"}
    grant = exchange(service, phone_target(phone, authorize("snsapi_userinfo"), form)["code"])

    assert grant["is_snapshotuser"] == 1
    assert "unionid" not in grant
    assert grant["openid"] != control.get("wechat/identity", person_id="p000001")["service"]
    who = {"access_token": grant["access_token"], "openid": grant["openid"]}
    assert service.raw("/sns/userinfo", **who)["errcode"] == 48001
    assert service.code("/cgi-bin/user/info", openid=grant["openid"]) == 40003


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"appid": "wx0000000000000000"}, "40013"),
        ({"redirect_uri": "https://evil.example.com/"}, "10003"),
        ({"redirect_uri": "javascript:1"}, "10003"),
        ({"scope": "snsapi_login"}, "10005"),
        ({"state": "a_b"}, "40035"),
    ],
)
def test_the_consent_page_refuses_in_its_own_words(
    phone: Phone, control: Control, change: dict[str, str], words: str
) -> None:
    control.post("wechat/settings", {"account": "service", "oauth_domains": ["127.0.0.1:9"]})
    with pytest.raises(OSError, match="400") as refused:
        phone.open(authorize("snsapi_base", **change))
    assert words in refused.value.read().decode()  # type: ignore[attr-defined]


def test_wecoms_address_of_the_page_serves_wechat_accounts_too(phone: Phone) -> None:
    path = authorize("snsapi_base", sandbox_person="p000003").removeprefix("/wechat")

    assert phone_target(phone, path, None)["state"] == "abc1"


def test_a_one_time_consent_allows_one_message_of_its_scene(
    service: WeChat, control: Control, phone: Phone
) -> None:
    query = {
        "action": "get_confirm", "appid": SERVICE.appid, "scene": "7", "template_id": "once-template",
        "redirect_url": BACK, "reserved": "r1",
    }  # fmt: skip
    path = f"/wechat/mp/subscribemsg?{urlencode(query)}"
    assert "申请就此向你发送一条消息。" in phone.open(path)
    refused = phone_target(phone, path, {"sandbox_person": "p000001", "answer": "refuse"})
    assert (refused["action"], "openid" in refused) == ("cancel", False)
    confirmed = phone_target(phone, path, {"sandbox_person": "p000001", "answer": "accept"})
    assert (confirmed["action"], confirmed["reserved"]) == ("confirm", "r1")
    message = {
        "touser": confirmed["openid"], "template_id": "once-template", "scene": "7", "title": "到货提醒",
        "url": "https://m.example.com", "data": {"content": {"value": "您要的商品到了"}},
    }  # fmt: skip
    send = "/cgi-bin/message/template/subscribe"

    assert service.code(send, message | {"scene": "8"}) == 43101
    assert service.code(send, message | {"title": "x" * 16}) == 47001
    assert service.code(send, message | {"data": {}}) == 47003
    assert service.code(send, message) == 0
    assert service.code(send, message) == 43101
    assert control.get("ledger/wechat_messages")[0]["content"]["title"] == "到货提醒"


def test_the_ticket_stays_two_hours_and_signs_pages(service: WeChat, control: Control) -> None:
    first = service.get("/cgi-bin/ticket/getticket", type="jsapi")
    assert service.get("/cgi-bin/ticket/getticket", type="jsapi")["ticket"] == first["ticket"]
    assert service.get("/cgi-bin/ticket/getticket", type="wx_card")["ticket"] != first["ticket"]
    assert service.code("/cgi-bin/ticket/getticket", type="x") == 40097
    page = {"url": "https://m.example.com/a?b=1", "nonce": "n1", "timestamp": "1700000000"}
    good = sign(first["ticket"], "n1", "1700000000", page["url"] + "#part")

    assert control.post("wechat/jssdk_check", page | {"signature": good}) == {"errMsg": "config:ok"}
    bad = control.post("wechat/jssdk_check", page | {"signature": "0" * 40})
    assert bad == {"errMsg": "config:invalid signature"}
    control.post("wechat/settings", {"account": "service", "js_domains": ["example.com"]})
    assert control.post("wechat/jssdk_check", page | {"signature": good})["errMsg"] == "config:ok"
    control.post("wechat/settings", {"account": "service", "js_domains": ["example.org"]})
    refused = control.post("wechat/jssdk_check", page | {"signature": good})
    assert refused == {"errMsg": "config:invalid url domain"}
    control.post("clock", {"advance": 7200})
    service._token = ""
    assert service.get("/cgi-bin/ticket/getticket", type="jsapi")["ticket"] != first["ticket"]


def test_the_published_vector_of_the_signature() -> None:
    ticket = (
        "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
    )

    signed = sign(ticket, "Wm3WZYTPz0wzccnW", "1414587457", "http://mp.weixin.qq.com?params=value")

    assert signed == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"


def test_a_mini_program_login_and_its_session(mini: WeChat, control: Control) -> None:
    account = mini.account

    def log_in(code: str, **more: str) -> Any:
        query = {
            "appid": account.appid,
            "secret": account.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        return mini.raw("/sns/jscode2session", **(query | more))

    code = control.post("wechat/login_code", {"person_id": "p000001"})["code"]
    session = log_in(code)
    identity = control.get("wechat/identity", person_id="p000001")
    assert session == {
        "session_key": session["session_key"], "openid": identity["mini"], "unionid": identity["unionid"],
    }  # fmt: skip
    assert log_in(code)["errcode"] == 40163
    assert log_in("x")["errcode"] == 40029
    assert log_in("")["errcode"] == 41008
    assert log_in("x", appid=SERVICE.appid, secret=SERVICE.secret)["errcode"] == 40013
    signature = hmac.new(session["session_key"].encode(), b"", hashlib.sha256).hexdigest()
    check = {"openid": session["openid"], "signature": signature, "sig_method": "hmac_sha256"}
    assert mini.code("/wxa/checksession", **check) == 0
    log_in(control.post("wechat/login_code", {"person_id": "p000001"})["code"])
    assert mini.code("/wxa/checksession", **check) == 87009

    control.post("wechat/settings", {"account": "mini", "risky": ["p000002"]})
    assert (
        log_in(control.post("wechat/login_code", {"person_id": "p000002"})["code"])["errcode"]
        == 40226
    )
    codes = [
        control.post("wechat/login_code", {"person_id": "p000003"})["code"] for _ in range(101)
    ]
    assert [log_in(one).get("errcode", 0) for one in codes].count(45011) >= 1
    control.post("wechat/settings", {"account": "mini", "bound": False})
    control.post("clock", {"advance": 61})
    again = log_in(control.post("wechat/login_code", {"person_id": "p000003"})["code"])
    assert set(again) == {"session_key", "openid"}


def test_a_phone_number_is_given_once_and_costs(mini: WeChat, control: Control) -> None:
    ask = "/wxa/business/getuserphonenumber"
    person = {"person_id": "p000001"}
    phone = control.get("people", limit=1)[0]["phone"]
    code = control.post("wechat/phone_code", person)["code"]
    info = mini.post(ask, {"code": code})["phone_info"]

    assert info == {
        "phoneNumber": phone, "purePhoneNumber": phone, "countryCode": 86,
        "watermark": {"timestamp": info["watermark"]["timestamp"], "appid": mini.account.appid},
    }  # fmt: skip
    assert mini.code(ask, {"code": code}) == 40029
    assert mini.code(ask, {"code": control.post("wechat/login_code", person)["code"]}) == 40029
    other = control.get("wechat/identity", person_id="p000002")["mini"]
    assert (
        mini.code(ask, {"code": control.post("wechat/phone_code", person)["code"], "openid": other})
        == 40003
    )
    control.post("people", {"id": "p000004", "phone": "+85291234567"})
    abroad = control.post("wechat/phone_code", {"person_id": "p000004"})["code"]
    found = mini.post(ask, {"code": abroad})["phone_info"]
    assert (found["countryCode"], found["purePhoneNumber"], found["phoneNumber"]) == (
        852,
        "91234567",
        "85291234567",
    )
    old = control.post("wechat/phone_code", person)["code"]
    control.post("clock", {"advance": 301})
    assert mini.code(ask, {"code": old}) == 40029
    settings = next(one for one in control.get("wechat/accounts") if one["name"] == "mini")[
        "settings"
    ]
    assert settings["phone_balance"] == 996
    control.post("wechat/settings", {"account": "mini", "phone_balance": 0})
    with pytest.raises(Exception, match="errno 1400001"):
        control.post("wechat/phone_code", person)


def test_who_has_just_paid_is_known(mini: WeChat, control: Control) -> None:
    paid = control.post("wechat/pay", {"person_id": "p000001", "out_trade_no": "A1"})

    query = {"openid": paid["openid"], "transaction_id": paid["transaction_id"]}
    identity = control.get("wechat/identity", person_id="p000001")
    assert mini.get("/wxa/getpaidunionid", **query)["unionid"] == identity["unionid"]
    by_order = {"openid": paid["openid"], "mch_id": "1900000109", "out_trade_no": "A1"}
    assert mini.get("/wxa/getpaidunionid", **by_order)["unionid"] == identity["unionid"]
    assert mini.code("/wxa/getpaidunionid", openid=paid["openid"], transaction_id="x") == 40097
    control.post("clock", {"advance": 301})
    assert mini.code("/wxa/getpaidunionid", **query) == 40097


def test_the_scripts_stand_in_can_be_loaded(service: WeChat) -> None:
    kind, content = service.fetch("/open/js/jweixin-1.6.0.js")

    assert kind.startswith("text/javascript")
    assert re.search(rb"window\.wx = \{", content)
