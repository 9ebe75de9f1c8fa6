"""wechatpy's own client classes, with the host overridden and nothing else."""

import io
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from wechatpy.work import WeChatClient

from tests.wecom_sandbox.client import TINY_PNG
from wecom_sandbox import defaults
from wecom_sandbox.testing import Running

WECOM = "https://qyapi.weixin.qq.com"


class ToSandbox(HTTPAdapter):
    """Sends what is meant for WeCom to the sandbox (wechatpy has gettoken's host in its code)."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        request.url = str(request.url).replace(WECOM, self._base_url)
        return super().send(request, *args, **kwargs)


def client(running: Running, secret: str) -> WeChatClient:
    """An unmodified wechatpy client of that secret."""
    found = WeChatClient(defaults.CORP_ID, secret)
    found._http.mount(WECOM, ToSandbox(running.base_url))
    return found


def test_wechatpy_runs_a_whole_scenario(running: Running) -> None:
    contacts, app = client(running, defaults.CONTACT_SECRET), client(running, defaults.APP_SECRET)

    department = contacts.department.create("华东大区", parent_id=1)["id"]
    contacts.user.create("lisi", "李四", department=[department], mobile="13800000009")
    running.control.post("activate", {"all": True})
    assert app.user.get("lisi")["name"] == "李四"
    assert app.external_contact.get_follow_user_list()["follow_user"] == ["lisi"]
    way = app.external_contact.add_contact_way(1, 2, None, "收银台", True, "s1", ["lisi"])
    scan = {"config_id": way["config_id"], "person_id": "p000001"}
    added = running.control.post("scan", scan)
    welcome = {"welcome_code": added["welcome_code"], "text": {"content": "您好"}}
    assert app.external_contact.send_welcome_msg(welcome)["errcode"] == 0
    assert app.external_contact.list("lisi")["external_userid"] == [added["external_userid"]]
    seen = app.external_contact.get(added["external_userid"])
    assert seen["follow_user"][0]["state"] == "s1"
    assert len(app.external_contact.batch_get_by_user("lisi")["external_contact_list"]) == 1
    group = app.external_contact.add_corp_tag(None, "渠道", 1, [{"name": "门店"}])["tag_group"]
    tag_id = group["tag"][0]["id"]
    app.external_contact.mark_tag("lisi", added["external_userid"], add_tag=[tag_id])
    assert running.control.get("ledger/relations")[0]["tags"] == [tag_id]
    assert app.message.send_text(defaults.AGENT_ID, ["lisi"], content="早会")["invaliduser"] == ""
    assert app.media.upload("image", ("a.png", io.BytesIO(TINY_PNG)))["type"] == "image"
    code = running.control.post("oauth_code", {"userid": "lisi"})["code"]
    assert app.oauth.get_user_info(code)["UserId"] == "lisi"
    assert app.jsapi.get_jsapi_ticket() == app.jsapi.get_jsapi_ticket()
