"""What an app sends, shows and hears: limits of messages, internal groups, its page, menu, workbench, inputs."""

import threading
from typing import Any

import pytest

from tests.wecom_sandbox.client import TINY_PNG, Api, Receiver, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, ControlError, Running

AGENT = defaults.AGENT_ID
HEAD: dict[str, Any] = {"touser": "guide0001", "agentid": AGENT}


def send(app: Api, msgtype: str, content: dict[str, Any], **more: Any) -> Any:
    """One message to the first guide."""
    return app.post("message/send", HEAD | {"msgtype": msgtype, msgtype: content} | more)


@pytest.mark.parametrize(
    ("msgtype", "content", "code"),
    [
        ("textcard", {"title": "t", "description": "d"}, 40058),
        ("textcard", {"title": "t", "description": "d", "url": "u" * 2049}, 40066),
        ("news", {"articles": [{"title": "t", "url": "u"}] * 9}, 45008),
        ("news", {"articles": []}, 44004),
        ("news", {"articles": [{"title": "t", "appid": "wx1"}]}, 40058),
        ("mpnews", {"articles": [{"title": "t", "thumb_media_id": "x", "content": "c"}]}, 40007),
        ("miniprogram_notice", {"appid": "wx1", "title": "短"}, 40058),
        ("interactive_taskcard", {"title": "t", "description": "d", "task_id": "a b", "btn": []}, 40058),
        ("markdown", {"content": ""}, 44004),
        ("voice", {"media_id": "none"}, 40007),
    ],
)  # fmt: skip
def test_each_type_is_checked(
    app: Api, control: Control, msgtype: str, content: dict[str, Any], code: int
) -> None:
    shop(control)

    assert send(app, msgtype, content)["errcode"] == code
    assert control.get("ledger/messages") == []


def test_texts_are_cut_where_wecom_cuts(app: Api, control: Control) -> None:
    shop(control)
    send(app, "text", {"content": "字" * 700})
    send(app, "textcard", {"title": "题" * 50, "description": "d", "url": "https://x.cn", "btntxt": "查看详情吧"})  # fmt: skip

    text, card = (one["content"] for one in control.get("ledger/messages"))
    assert text["content"] == "字" * 682
    assert (card["title"], card["btntxt"]) == ("题" * 42, "查看详情")


def test_departments_and_tags_reach_who_is_in_range(
    app: Api, contacts: Api, control: Control
) -> None:
    shop(control, 4)
    contacts.post("tag/create", {"tagname": "店长", "tagid": 77})
    contacts.post("tag/addtagusers", {"tagid": 77, "userlist": ["guide0002", "guide0004"]})

    sent = send(app, "text", {"content": "x"}, touser="", totag="77|78")
    assert sent["invalidtag"] == "78"
    control.post("scope", {"departments": [2]})
    everybody = send(app, "text", {"content": "y"}, touser="@all")
    assert everybody["errcode"] == 0
    out = send(app, "text", {"content": "z"}, touser="guide0002", toparty="3")
    assert out["errcode"] == 81013
    got = [[r["userid"] for r in one["receivers"]] for one in control.get("ledger/messages")]
    assert got == [["guide0002", "guide0004"], ["guide0001", "guide0003"]]
    assert send(app, "text", {"content": "x"}, totag="|".join(map(str, range(101))))["errcode"] == 82003  # fmt: skip
    assert send(app, "text", {"content": "x"}, toparty="|".join(map(str, range(101))))["errcode"] == 82002  # fmt: skip


def test_limits_count_per_app_and_statistics_name_each(
    app: Api, running: Running, control: Control
) -> None:
    shop(control)
    second = Api(running, defaults.SECOND_SECRET)
    for number in range(31):
        send(app, "text", {"content": str(number)})
    other = HEAD | {
        "agentid": defaults.SECOND_AGENT_ID,
        "msgtype": "text",
        "text": {"content": "x"},
    }
    msgid = second.post("message/send", other)["msgid"]

    dropped = [one["receivers"][0]["dropped"] for one in control.get("ledger/messages")]
    assert dropped == [""] * 30 + ["rate", ""]
    counts = app.post("message/get_statistics", {"time_type": 0})["statistics"]
    assert [(one["agentid"], one["count"]) for one in counts] == [
        (AGENT, 30), (defaults.SECOND_AGENT_ID, 1),
    ]  # fmt: skip
    assert app.post("message/get_statistics", {"time_type": 1})["statistics"] == []
    assert app.code("message/recall", {"msgid": msgid}) == 40058
    assert second.code("message/recall", {"msgid": msgid}) == 0


def test_an_app_reaches_two_hundred_times_the_accounts_a_day(app: Api, control: Control) -> None:
    shop(control, 1, departments=1)
    codes = []
    for number in range(201):
        codes.append(send(app, "text", {"content": str(number)})["errcode"])
        if number % 25 == 24:
            control.post("clock", {"advance": 61})

    assert codes == [0] * 200 + [45009]


def test_internal_groups(app: Api, running: Running, control: Control) -> None:
    shop(control)
    second = Api(running, defaults.SECOND_SECRET)
    body = {"name": "群" * 60, "userlist": ["guide0001", "guide0002"], "chatid": "C1"}
    create = "appchat/create"
    assert app.code(create, body | {"chatid": "no way"}) == 86001
    assert app.code(create, body | {"userlist": ["guide0001"]}) == 86006
    assert app.code(create, body | {"userlist": ["guide0001", "nobody"]}) == 86007
    assert app.code(create, body | {"owner": "guide0003"}) == 86005
    assert app.code(create, body | {"owner": "guide0002"}) == 0
    assert app.code(create, body) == 86215

    change = {"chatid": "C1", "add_user_list": ["guide0003"], "del_user_list": ["guide0002"]}
    assert app.code("appchat/update", change) == 0
    info = app.get("appchat/get", chatid="C1")["chat_info"]
    assert (info["name"], info["userlist"]) == ("群" * 50, ["guide0001", "guide0003"])
    assert info["owner"] == "guide0001"
    text = {"chatid": "C1", "msgtype": "text", "text": {"content": "x"}}
    assert app.code("appchat/send", text) == 0
    assert app.code("appchat/send", text | {"msgtype": "template_card"}) == 40008
    assert app.code("appchat/send", text | {"chatid": "none"}) == 86003
    assert second.code("appchat/send", text) == 86008
    control.post("scope", {"departments": [2]})
    assert app.code("appchat/send", text) == 60011


def test_an_app_changes_its_own_page(app: Api, control: Control) -> None:
    logo = app.upload("media/upload", TINY_PNG, type="image")["media_id"]
    fields = {
        "agentid": AGENT,
        "name": "导购助手",
        "description": "门店工作台",
        "logo_mediaid": logo,
    }
    assert app.code("agent/set", fields | {"name": "x" * 33}) == 45022
    assert app.code("agent/set", fields | {"description": "短"}) == 45004
    assert app.code("agent/set", fields | {"home_url": "ftp://x"}) == 40066
    assert app.code("agent/set", fields | {"agentid": 1}) == 301002
    assert app.code("agent/set", fields) == 0

    read = app.get("agent/get", agentid=AGENT)
    assert (read["name"], read["description"]) == ("导购助手", "门店工作台")
    assert app.get("agent/list")["agentlist"] == [
        {"agentid": AGENT, "name": "导购助手", "square_logo_url": read["square_logo_url"]}
    ]
    assert read["square_logo_url"].startswith(app.base_url)
    control.post("seed_org", {"members": 1})
    control.post("app_admins", {"admins": [{"userid": "guide0001"}]})
    assert {"userid": "guide0001", "auth_type": 1} in app.post("agent/get_admin_list")["admin"]
    before = app.post("agent/get_permissions")["app_permissions"]
    assert any(one.startswith("externalcontact") for one in before)


@pytest.mark.parametrize(
    ("buttons", "code"),
    [
        ([], 40016),
        ([{"name": "a", "type": "click", "key": "k"}] * 4, 40016),
        ([{"name": "很长的名字啊", "type": "click", "key": "k"}], 40018),
        ([{"name": "a", "type": "jump", "key": "k"}], 40017),
        ([{"name": "a", "type": "click", "key": "k" * 129}], 40019),
        ([{"name": "a", "type": "view", "url": "u" * 1025}], 40020),
        ([{"name": "a", "sub_button": [{"name": "b", "type": "click", "key": "k"}] * 6}], 40023),
        ([{"name": "a", "sub_button": [{"name": "", "type": "click", "key": "k"}]}], 40025),
    ],
)
def test_menus_are_checked(app: Api, buttons: list[Any], code: int) -> None:
    assert app.code("menu/create", {"button": buttons}, agentid=AGENT) == code
    assert app.code("menu/get", agentid=AGENT) == 46003


def test_a_menu_is_read_as_it_was_set_and_goes(app: Api) -> None:
    menu = [{"name": "a", "sub_button": [{"name": "b", "type": "click", "key": "k"}]}]
    assert app.code("menu/create", {"button": menu}) == 41011
    assert app.code("menu/create", {"button": menu}, agentid=1) == 40056
    assert app.code("menu/create", {"button": menu}, agentid=AGENT) == 0
    assert app.get("menu/get", agentid=AGENT)["button"] == menu
    assert app.code("menu/delete", agentid=AGENT) == 0
    assert app.code("menu/get", agentid=AGENT) == 46003


def test_the_workbench_follows_its_template(app: Api, control: Control) -> None:
    shop(control)
    data = {"agentid": AGENT, "userid": "guide0001", "type": "keydata", "keydata": {"items": [{"key": "a", "data": "1"}]}}  # fmt: skip
    own = "agent/set_workbench_data"
    assert app.code(own, data) == 40058
    face = {"agentid": AGENT, "type": "keydata", "keydata": {"items": [{"data": "0"}] * 5}}
    template = "agent/set_workbench_template"
    assert app.code(template, face) == 40058
    assert app.code(template, face | {"keydata": {"items": [{"data": "0"}]}}) == 0
    assert app.code(own, data) == 0
    assert app.code(own, data | {"userid": "nobody"}) == 60111
    assert [app.code(own, data) for _ in range(10)][-1] == 45009
    body = {"agentid": AGENT, "userid_list": ["guide0002", "guide0003"], "data": data}
    assert app.code("agent/batch_set_workbench_data", body) == 0
    assert app.code("agent/batch_set_workbench_data", body | {"userid_list": []}) == 40032
    read = app.post("agent/get_workbench_template", {"agentid": AGENT})
    assert (read["type"], read["replace_user_data"]) == ("keydata", False)


def test_a_member_comes_into_range_and_goes(control: Control, receiver: Receiver) -> None:
    shop(control)
    control.post("scope", {"departments": [], "users": []})
    for add in (True, True, False):
        control.post("app_range", {"userid": "guide0001", "add": add})
    assert control.post("wait_idle", {"timeout": 20})["idle"]

    assert sorted(one["Event"] for one in receiver.events) == ["subscribe", "unsubscribe"]
    with pytest.raises(ControlError):
        control.post("app_input", {"userid": "guide0001", "action": "menu", "place": "0"})


def test_voices_videos_and_pieces(app: Api, control: Control) -> None:
    frame = bytes([0x3C]) + bytes(31)
    minute = b"#!AMR\n" + frame * 3000
    assert app.upload("media/upload", minute, "a.amr", type="voice")["errcode"] == 0
    assert app.upload("media/upload", minute + frame, "a.amr", type="voice")["errcode"] == 45007
    assert app.upload("media/upload", bytes(64), "a.mp4", type="video")["errcode"] == 40005
    kept = app.upload("media/upload_attachment", TINY_PNG, media_type="image", attachment_type=1)
    assert type(kept["created_at"]) is int
    assert app.code("media/get", media_id=kept["media_id"]) == 40007
    wrong = app.upload("media/upload_attachment", TINY_PNG, media_type="video", attachment_type=2)
    assert wrong["errcode"] == 40004
    bad = app.upload("media/upload_attachment", TINY_PNG, media_type="image", attachment_type=3)
    assert bad["errcode"] == 40058
    voice = control.post("jssdk_voice", {"speex": "c3BlZXg="})["media_id"]
    assert app.code("media/get", media_id=voice) == 40007
    assert app.code("media/get/jssdk", media_id=kept["media_id"]) == 40007


def fetched(app: Api, job: dict[str, Any]) -> dict[str, Any]:
    """The result of a job, once its thread has ended."""
    body = {"scene": 1, "type": "file", "filename": "a.bin"} | job
    jobid = str(app.post("media/upload_by_url", body)["jobid"])
    for thread in threading.enumerate():
        if thread.name == jobid[:12]:
            thread.join(timeout=30)
    return dict(app.post("media/get_upload_by_url_result", {"jobid": jobid}))


def test_wecom_fetches_a_file_by_address(app: Api, control: Control, receiver: Receiver) -> None:
    kept = app.upload("media/upload", TINY_PNG, type="image")["media_id"]
    url = f"{app.base_url}/cgi-bin/media/get?access_token={app.token}&media_id={kept}"

    good = fetched(app, {"url": url})
    assert (good["status"], good["detail"]["errcode"]) == (2, 0)
    assert app.code("message/send", HEAD) == 40008
    other = fetched(app, {"url": url, "md5": "0" * 32})
    assert (other["status"], other["detail"]["errcode"]) == (3, 301019)
    whole = fetched(app, {"url": f"{app.base_url}/"})
    assert whole["detail"]["errcode"] == 830001
    nobody = fetched(app, {"url": "http://127.0.0.1:9/x"})
    assert nobody["detail"]["errcode"] == 830003
    assert app.code("media/get_upload_by_url_result", {"jobid": "x"}) == 40088
    bad = {"scene": 1, "type": "image", "filename": "a", "url": url}
    assert app.code("media/upload_by_url", bad) == 40058
    assert app.code("media/upload_by_url", bad | {"type": "file", "url": "ftp://x"}) == 830001
    assert control.post("wait_idle", {"timeout": 20})["idle"]
    assert [one["Event"] for one in receiver.events] == ["upload_media_job_finish"] * 4


def test_a_robot_checks_pictures_and_files(app: Api) -> None:
    key = {"key": defaults.ROBOT_KEY}
    api = "webhook/send"
    picture = {"msgtype": "image", "image": {"base64": "R0lGODlh", "md5": "x"}}
    assert app.raw(api, picture, **key)["errcode"] == 40005
    png = {"base64": "iVBORw0KGgo=", "md5": "x"}
    assert app.raw(api, picture | {"image": png}, **key)["errcode"] == 301019
    kept = app.upload("media/upload", b"hello world", "a.txt", type="file")["media_id"]
    foreign = {"msgtype": "file", "file": {"media_id": kept}}
    assert app.raw(api, foreign, **key)["errcode"] == 40007
    own = app.upload("webhook/upload_media", b"hello world", "a.txt", type="file", **key)
    assert app.raw(api, {"msgtype": "file", "file": {"media_id": own["media_id"]}}, **key)["errcode"] == 0  # fmt: skip
    card = {"msgtype": "template_card", "template_card": {"card_type": "vote_interaction"}}
    assert app.raw(api, card, **key)["errcode"] == 40058
