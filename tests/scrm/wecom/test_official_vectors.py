"""The vectors of WeCom's own pages: envelopes (docs 90968, 91144), page signatures (90506, 96909), log-in (91022, 98171)."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpy.work import parse_message
from wechatpy.work.client.api import WeChatJSAPI
from wechatpy.work.crypto import WeChatCrypto

from scrm.wecom.callbacks import BadSignature, CallbackCrypto, OtherCorp, parse_event
from scrm.wecom.client import WeComClient
from scrm.wecom.jssdk import sign
from scrm.wecom.local import LocalBucket, LocalLock, LocalTokens
from tests.scrm.wecom.conftest import Server, says
from wecom_sandbox import crypto

# The sample program that WeCom publishes with its crypto library, in all languages.
TOKEN, CORP = "QDG6eK", "wx5823bf96d3bd56c7"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
ECHO = {
    "msg_signature": "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
    "timestamp": "1409659589",
    "nonce": "263014780",
    "echostr": "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
}
MESSAGE = {
    "msg_signature": "477715d11cdb4164915debcba66cb864d751f3e6",
    "timestamp": "1409659813",
    "nonce": "1372623149",
}
ENCRYPTED = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/"
    "sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+"
    "LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8"
    "V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDA"
    "Ve0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
)
BODY = (
    f"<xml>\n<ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{ENCRYPTED}]]></Encrypt>\n"
    "<AgentID><![CDATA[218]]></AgentID>\n</xml>"
).encode()
OURS = CallbackCrypto(TOKEN, AES_KEY, CORP)


def test_the_address_is_verified_as_in_wecoms_sample() -> None:
    assert OURS.verify_url(**ECHO) == "1616140317555161061"


def test_a_message_is_read_as_in_wecoms_sample() -> None:
    assert parse_event(OURS.decrypt(**MESSAGE, body=BODY)) == {
        "ToUserName": CORP,
        "FromUserName": "mycreate",
        "CreateTime": "1409659813",
        "MsgType": "text",
        "Content": "hello",
        "MsgId": "4561255354251345929",
        "AgentID": "218",
    }


def test_wecoms_sample_opens_with_its_own_key_and_corp_only() -> None:
    with pytest.raises(BadSignature):
        OURS.decrypt(**{**MESSAGE, "nonce": "1372623148"}, body=BODY)
    with pytest.raises(BadSignature):
        CallbackCrypto("QDG6eL", AES_KEY, CORP).decrypt(**MESSAGE, body=BODY)
    with pytest.raises(OtherCorp):
        CallbackCrypto(TOKEN, AES_KEY, CORP[:-1] + "8").decrypt(**MESSAGE, body=BODY)


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z][A-Za-z]{2,12}", fullmatch=True),
        st.text(
            st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="]"), max_size=80
        ),
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_wechatpy_and_we_read_the_same_from_what_the_simulator_locks(
    fields: dict[str, str],
) -> None:
    # given an event as the simulator locks it
    head = {"MsgType": "event", "Event": "change_external_contact"}
    texts = {name: value.strip() for name, value in {**fields, **head}.items()}
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in texts.items())
    locked = crypto.encrypt(f"<xml>{inner}</xml>".encode(), AES_KEY, CORP)
    query = {"timestamp": "1700000000", "nonce": "42"}
    signature = crypto.signature(TOKEN, query["timestamp"], query["nonce"], locked)
    body = crypto.envelope(CORP, 218, locked)

    # when both open it
    theirs = WeChatCrypto(TOKEN, AES_KEY, CORP).decrypt_message(
        body, signature, query["timestamp"], query["nonce"]
    )
    ours = OURS.decrypt(signature, **query, body=body)

    # then the bytes are the same, and the fields
    assert ours.decode() == theirs
    assert parse_event(ours) == texts
    wechatpys = {name: value or "" for name, value in parse_message(theirs)._data.items()}
    assert wechatpys == texts


# Docs 90506 and 96909 (2024-11-14), and WeChat's older page with the same ticket.
TICKET = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
SIGNED = {
    "http://mp.weixin.qq.com?params=value": "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
    "http://mp.weixin.qq.com": "f4d90daf4b3bca3078ab155816175ba34c443a7b",
}


@pytest.mark.parametrize("url", SIGNED)
def test_a_page_is_signed_as_in_wecoms_example(url: str) -> None:
    for address in (url, f"{url}#part", f"{url}#"):
        signed = sign(TICKET, address, nonce="Wm3WZYTPz0wzccnW", timestamp=1_414_587_457)
        assert signed.signature == SIGNED[url]


def test_a_page_is_signed_as_wechatpy_signs_it() -> None:
    url = "https://scrm.example.com/h5/c/?entry=single_chat_tools&name=%E5%BC%A0&a=1"
    theirs = WeChatJSAPI(None).get_jsapi_signature("nonce", TICKET, 1_700_000_000, url)

    assert sign(TICKET, url, nonce="nonce", timestamp=1_700_000_000).signature == theirs


def test_corp_and_app_have_tickets_of_their_own(server: Server, client: WeComClient) -> None:
    server.does("get_jsapi_ticket", says({"errcode": 0, "ticket": TICKET, "expires_in": 7200}))
    server.does("ticket/get", says({"errcode": 0, "ticket": "of the app", "expires_in": 7200}))
    url = "https://scrm.example.com/h5/"

    corp, app = client.jsapi.config_signature(url), client.jsapi.agent_signature(url)

    for found, ticket in ((corp, TICKET), (app, "of the app")):
        again = sign(ticket, url, nonce=found.nonce, timestamp=found.timestamp)
        assert found.signature == again.signature
    assert corp.nonce != app.nonce
    assert any("type=agent_config" in request for request in server.requests)


def of(corp_id: str, agent_id: int) -> Any:
    return WeComClient(
        corp_id,
        "s" * 43,
        agent_id=agent_id,
        tokens=LocalTokens(),
        lock=LocalLock(),
        bucket=LocalBucket(),
    ).oauth


def test_the_log_in_in_wecom_has_the_address_of_wecoms_example() -> None:
    # The example of doc 91022 has lower-case escapes and no agentid, which its table of parameters advises.
    example = (
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wxCorpId"
        "&redirect_uri=http%3a%2f%2fapi.3dept.com%2fcgi-bin%2fquery%3faction%3dget"
        "&response_type=code&scope=snsapi_base&state=STATE&agentid=1000002#wechat_redirect"
    )

    url = of("wxCorpId", 1_000_002).authorize_url(
        "http://api.3dept.com/cgi-bin/query?action=get", "STATE"
    )

    assert url == example.replace("%3a", "%3A").replace("%2f", "%2F").replace("%3f", "%3F").replace(
        "%3d", "%3D"
    )


def test_the_log_in_by_qr_code_has_the_parameters_of_wecoms_page() -> None:
    # The form of doc 98171, with the optional agentid of a corp's own app and the language.
    url = of("ww9f873af04f32479e", 1_000_134).qr_login_url(
        "https://developer.example.com/", "WWLogin", "en"
    )

    assert url == (
        "https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&appid=ww9f873af04f32479e"
        "&agentid=1000134&redirect_uri=https%3A%2F%2Fdeveloper.example.com%2F&state=WWLogin&lang=en"
    )


def test_an_address_with_anything_in_it_comes_back_as_it_was() -> None:
    back = "https://scrm.example.com/h5/log-in/?next=/h5/c/?a=1&b=张 三+%2F"

    for url in (of("ww1", 7).authorize_url(back, "a1"), of("ww1", 7).qr_login_url(back, "a1")):
        assert dict(parse_qsl(urlsplit(url).query))["redirect_uri"] == back
        assert "+" not in urlsplit(url).query


@pytest.mark.parametrize(
    ("back", "state"),
    [
        ("https://scrm.example.com/", ""),
        ("https://scrm.example.com/", "a" * 129),
        ("https://scrm.example.com/", "a-b"),
        ("https://scrm.example.com/", "a\n"),
        ("https://scrm.example.com/#top", "a"),
        ("//scrm.example.com/", "a"),
        ("javascript:alert(1)", "a"),
    ],
)
def test_what_wecom_would_refuse_is_refused_before_a_person_is_sent_there(
    back: str, state: str
) -> None:
    with pytest.raises(ValueError, match="must be"):
        of("ww1", 7).authorize_url(back, state)
    with pytest.raises(ValueError, match="must be"):
        of("ww1", 7).qr_login_url(back, state)


def test_a_scope_needs_what_wecom_needs_for_it() -> None:
    back = "https://scrm.example.com/"
    assert "scope=snsapi_privateinfo" in of("ww1", 7).authorize_url(back, "a", "snsapi_privateinfo")
    for agent, scope in ((0, "snsapi_privateinfo"), (7, "snsapi_everything")):
        with pytest.raises(ValueError, match="scope must be"):
            of("ww1", agent).authorize_url(back, "a", scope)
    with pytest.raises(ValueError, match="lang must be"):
        of("ww1", 7).qr_login_url(back, "a", "fr")
