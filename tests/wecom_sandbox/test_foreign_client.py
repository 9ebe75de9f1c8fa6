"""wechatpy's own client classes, with the host overridden and nothing else."""

import io
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from wechatpy.exceptions import WeChatClientException
from wechatpy.work import WeChatClient

from tests.wecom_sandbox.client import TINY_PNG, Receiver
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


def guides(running: Running, members: int = 3) -> list[str]:
    """Guides who can receive customers; their userids."""
    userids: list[str] = running.control.post("seed_org", {"members": members})["userids"]
    return userids


def customer(running: Running, userid: str, person_id: str = "p000001") -> str:
    """A customer of the guide; the external_userid."""
    added = running.control.post("add", {"userid": userid, "person_id": person_id})
    return str(added["external_userid"])


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


def test_wechatpy_keeps_the_address_book(running: Running) -> None:
    contacts, app = client(running, defaults.CONTACT_SECRET), client(running, defaults.APP_SECRET)

    # departments
    east = contacts.department.create("华东", parent_id=1, order=5)["id"]
    shop = contacts.department.create("南京路店", parent_id=east)["id"]
    contacts.department.update(shop, name="南京西路店")
    assert app.department.get(shop)["name"] == "南京西路店"
    assert [one["id"] for one in app.department.list(east)] == [east, shop]
    assert [one["id"] for one in app.department.simple_list(east)] == [east, shop]
    # members
    for number, name in enumerate(("张一", "张二", "张三"), 1):
        phone = f"1380000000{number}"
        contacts.user.create(f"zhang{number}", name, department=[shop], mobile=phone)
    contacts.user.update("zhang1", name="张一一")
    assert [one["userid"] for one in app.department.get_users(shop)] == [
        "zhang1",
        "zhang2",
        "zhang3",
    ]
    assert [one["name"] for one in app.user.list(east, fetch_child=True)] == [
        "张一一",
        "张二",
        "张三",
    ]
    assert app.user.getuserid("13800000002") == "zhang2"
    contacts.user.delete("zhang2")
    contacts.user.batch_delete(["zhang3"])
    assert [one["userid"] for one in app.user.list(shop, simple=True)] == ["zhang1"]
    # an openid and back
    running.control.post("activate", {"all": True})
    openid = app.user.convert_to_openid("zhang1")["openid"]
    assert app.user.convert_to_user_id(openid) == "zhang1"
    # tags
    tag_id = contacts.tag.create("早班")["tagid"]
    contacts.tag.add_users(tag_id, ["zhang1"])
    contacts.tag.update(tag_id, "晚班")
    assert [one["userid"] for one in contacts.tag.get_users(tag_id)["userlist"]] == ["zhang1"]
    assert "晚班" in [one["tagname"] for one in contacts.tag.list()]
    contacts.tag.delete_users(tag_id, ["zhang1"])
    contacts.tag.delete(tag_id)
    # what goes wrong has WeCom's code
    with pytest.raises(WeChatClientException) as failed:
        contacts.department.delete(east)
    assert failed.value.errcode == 60006


def test_wechatpy_imports_and_exports_the_address_book(
    running: Running, receiver: Receiver
) -> None:
    contacts = client(running, defaults.CONTACT_SECRET)
    contacts.department.create("门店", parent_id=1, id=7)
    head = (
        "姓名,帐号,手机号,邮箱,所在部门,职位,性别,是否部门领导,排序,别名,地址,座机,禁用,禁用项说明"
    )
    csv = f"{head}\n王六,wangliu,13800000066,,7,导购,1,0,1,,,,0,\n"
    media_id = contacts.media.upload("file", ("users.csv", io.BytesIO(csv.encode())))["media_id"]

    told = (f"{receiver.url}?app=contacts", defaults.CONTACT_CALLBACK_TOKEN)
    key = defaults.CONTACT_CALLBACK_AES_KEY
    job = contacts.batch.sync_user(*told, key, media_id, to_invite=False)["jobid"]
    running.control.post("clock", {"advance": 60})
    running.control.post("wait_idle", {"timeout": 10})
    assert receiver.events[-1]["BatchJob"]["JobId"] == job
    result = contacts.batch.get_result(job)
    assert (result["status"], result["type"], result["percentage"]) == (3, "sync_user", 100)
    assert [(one["userid"], one["errcode"]) for one in result["result"]] == [("wangliu", 0)]
    assert contacts.batch.invite(user=["wangliu"])["errcode"] == 0

    # exports are an app's, who may read members
    app = client(running, defaults.APP_SECRET)
    running.control.post("activate", {"all": True})
    job = app.export.export_simple_user(key)
    running.control.post("clock", {"advance": 60})
    assert app.export.get_result(job)["status"] == 2


def test_wechatpy_serves_customers(running: Running) -> None:
    app = client(running, defaults.APP_SECRET)
    external = app.external_contact
    first, second, _ = guides(running)
    wanted = customer(running, first)

    # contact ways
    config_id = external.add_contact_way(1, 2, None, "收银台", True, "s1", [first])["config_id"]
    assert external.update_contact_way(config_id, remark="门口", state="s2")["errcode"] == 0
    way = external.get_contact_way(config_id)["contact_way"]
    assert (way["remark"], way["state"]) == ("门口", "s2")
    assert external.del_contact_way(config_id)["errcode"] == 0
    # corp tags
    group = external.add_corp_tag(None, "意向", 1, [{"name": "高"}, {"name": "低"}])["tag_group"]
    high, low = (tag["id"] for tag in group["tag"])
    external.edit_corp_tag(high, name="很高")
    assert external.get_corp_tag_list([high])["tag_group"][0]["tag"][0]["name"] == "很高"
    external.mark_tag(first, wanted, add_tag=[high, low])
    external.mark_tag(first, wanted, remove_tag=[low])
    assert [tag["tag_id"] for tag in external.get(wanted)["follow_user"][0]["tags"]] == [high]
    external.del_corp_tag(tag_id=[low])
    # every page of everything
    for number in range(2, 8):
        customer(running, first, f"p{number:06d}")
    assert len(list(external.gen_all_by_user(first, limit=2))) == 7
    # figures of yesterday
    running.control.post("clock", {"advance": 86_400})
    now = int(running.control.get("clock")["now"])
    figures = external.get_user_behavior_data([first], now - 86_400, now - 86_400)
    assert figures["behavior_data"][0]["new_contact_cnt"] == 7
    # a mass send that the guide confirms
    template = {
        "chat_type": "single", "external_userid": [wanted], "sender": first, "text": {"content": "新品"},
    }  # fmt: skip
    sent = external.add_msg_template(template)
    assert sent["fail_list"] == []
    assert sent["msgid"]
    assert second not in external.get(wanted)["follow_user"][0]["userid"]


def test_wechatpy_reads_groups(running: Running) -> None:
    app = client(running, defaults.APP_SECRET)
    owner = guides(running)[0]
    customer(running, owner)
    made = running.control.post("group", {"owner": owner, "name": "会员群", "people": ["p000001"]})
    chat_id = made["chat_id"]

    chats = app.external_contact_group_chat
    assert [one["chat_id"] for one in chats.list_all(owner_userid_list=[owner])] == [chat_id]
    assert chats.get(chat_id)["group_chat"]["name"] == "会员群"
    assert app.external_contact.get_group_chat_info(chat_id)["group_chat"]["owner"] == owner
    listed = app.external_contact.get_group_chat_list(10)["group_chat_list"]
    assert [one["chat_id"] for one in listed] == [chat_id]
    running.control.post("clock", {"advance": 86_400})
    yesterday = int(running.control.get("clock")["now"]) - 86_400
    figures = chats.statistic(yesterday, owner_userid_list=[owner])
    assert figures["items"][0]["data"]["new_chat_cnt"] == 1
    # welcome of groups
    template = {"text": {"content": "亲爱的%NICKNAME%用户，你好"}}
    template_id = app.external_contact.add_group_welcome_template(template)["template_id"]
    changed = {"text": {"content": "欢迎"}}
    app.external_contact.update_group_welcome_template(changed, template_id)
    kept = app.external_contact.get_group_welcome_template(template_id)
    assert kept["text"]["content"] == "欢迎"
    assert app.external_contact.del_group_welcome_template(template_id)["errcode"] == 0


def test_wechatpy_sends_every_kind_of_message(running: Running) -> None:
    app = client(running, defaults.APP_SECRET)
    first, second, _ = guides(running)
    picture = app.media.upload("image", ("a.png", io.BytesIO(TINY_PNG)))["media_id"]
    paper = app.media.upload("file", ("a.txt", io.BytesIO(b"hello world")))["media_id"]
    agent, send = defaults.AGENT_ID, app.message

    send.send_text(agent, [first], "早会")
    send.send_image(agent, [first], picture)
    send.send_file(agent, [first], paper)
    send.send_markdown(agent, [first], "**早会**")
    send.send_text_card(agent, [first], "标题", "描述", "https://example.com/", btntxt="详情")
    news = {"title": "新品", "description": "春季", "url": "https://example.com/", "image": ""}
    send.send_articles(agent, [first], [news])
    kinds = [row["msgtype"] for row in running.control.get("ledger/messages")]
    assert kinds == ["text", "image", "file", "markdown", "textcard", "news"]
    with pytest.raises(WeChatClientException) as failed:
        send.send_text(agent, ["nobody"], "早会")
    assert failed.value.errcode in (81013, 82001)
    # a group of the app
    chat_id = app.appchat.create(name="早班", owner=first, user_list=[first, second])["chatid"]
    app.appchat.send_text(chat_id, "早")
    app.appchat.update(chat_id, name="晚班")
    chat = app.appchat.get(chat_id)
    assert (chat["name"], chat["owner"], chat["userlist"]) == ("晚班", first, [first, second])


def test_wechatpy_sets_up_the_app(running: Running) -> None:
    app = client(running, defaults.APP_SECRET)
    agent = defaults.AGENT_ID

    menu = {"button": [{"type": "click", "name": "今日", "key": "today"}]}
    app.menu.create(agent, menu)
    assert app.menu.get(agent)["button"][0]["key"] == "today"
    menu["button"][0]["key"] = "tomorrow"
    app.menu.update(agent, menu)
    assert app.menu.get(agent)["button"][0]["key"] == "tomorrow"
    app.menu.delete(agent)
    assert [one["agentid"] for one in app.agent.list()] == [agent]
    app.agent.set(agent, name="客户助手", redirect_domain="scrm.example.com")
    seen = app.agent.get(agent)
    assert (seen["name"], seen["redirect_domain"]) == ("客户助手", "scrm.example.com")
    assert app.jsapi.get_agent_jsapi_ticket() == app.jsapi.get_agent_jsapi_ticket()
    assert app.misc.get_wechat_ips() == ["127.0.0.1"]
