"""wechatpy's own clients of both accounts, unchanged: only the host's address is another."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient, WeChatOAuth
from wechatpy.client.api import WeChatWxa
from wechatpy.exceptions import WeChatClientException

from wecom_sandbox.testing import Control, Running
from wecom_sandbox.wechat.accounts import MINI, SERVICE


class Elsewhere(HTTPAdapter):
    """Carries requests for a host to another address, with the name of the host they were for."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send it there."""
        parts = urlsplit(request.url or "")
        request.headers["Host"] = parts.netloc
        request.url = f"{self._address}{parts.path}?{parts.query}"
        return super().send(request, *args, **kwargs)


@pytest.fixture
def session(running: Running, monkeypatch: pytest.MonkeyPatch) -> requests.Session:
    """Connections on which api.weixin.qq.com is the sandbox, also for requests.get."""
    session = requests.Session()
    session.mount("https://api.weixin.qq.com", Elsewhere(running.base_url))
    monkeypatch.setattr(requests, "get", session.get)
    monkeypatch.setattr(requests, "post", session.post)
    monkeypatch.setattr(requests, "request", session.request)
    return session


def client(session: requests.Session, appid: str, secret: str) -> WeChatClient:
    """A client of an account on these connections."""
    found = WeChatClient(appid, secret)
    found._http = session
    return found


def test_the_service_account(session: requests.Session, control: Control) -> None:
    wechat = client(session, SERVICE.appid, SERVICE.secret)
    openid = control.post("wechat/follow", {"person_id": "p000001"})["openid"]

    assert wechat.user.get(openid)["subscribe"] == 1
    assert list(wechat.user.iter_followers()) == [openid]
    assert wechat.user.get_batch([openid])[0]["unionid"]
    tag = wechat.tag.create("会员")
    wechat.tag.tag_user(tag["id"], [openid])
    assert wechat.tag.get_tag_users(tag["id"])["data"]["openid"] == [openid]
    code = wechat.qrcode.create(
        {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "s1"}}}
    )
    assert code["ticket"]
    wechat.menu.create({"button": [{"type": "click", "name": "导购", "key": "g"}]})
    assert wechat.menu.get()["menu"]["button"][0]["key"] == "g"
    wechat.message.send_text(openid, "您好")
    data = {
        "character_string1": {"value": "SO1"}, "thing2": {"value": "大衣"}, "amount3": {"value": "¥1"},
        "time4": {"value": "15:01"},
    }  # fmt: skip
    sent = wechat.message.send_template(openid, "SIMTMPL_order_0001", data)
    assert sent["msgid"]
    assert wechat.jsapi.get_ticket()["ticket"]
    with pytest.raises(WeChatClientException) as refused:
        wechat.tag.delete(999)
    assert refused.value.errcode == 45159
    kinds = [one["kind"] for one in control.get("ledger/wechat_messages")]
    assert kinds == ["custom", "template"]


def test_web_oauth(session: requests.Session, control: Control) -> None:
    oauth = WeChatOAuth(
        SERVICE.appid, SERVICE.secret, "https://m.example.com/", scope="snsapi_userinfo"
    )
    oauth._http = session
    code = control.post("wechat/oauth_code", {"person_id": "p000001", "scope": "snsapi_userinfo"})[
        "code"
    ]

    grant = oauth.fetch_access_token(code)

    identity = control.get("wechat/identity", person_id="p000001")
    assert (grant["openid"], grant["unionid"]) == (identity["service"], identity["unionid"])
    assert oauth.get_user_info()["nickname"]
    assert oauth.check_access_token()


def test_the_mini_program(session: requests.Session, control: Control) -> None:
    wxa: WeChatWxa = client(session, MINI.appid, MINI.secret).wxa
    code = control.post("wechat/login_code", {"person_id": "p000001"})["code"]

    assert (
        wxa.code_to_session(code)["openid"]
        == control.get("wechat/identity", person_id="p000001")["mini"]
    )
    assert wxa.get_wxa_code_unlimited("a=1").content[:4] == b"\x89PNG"
