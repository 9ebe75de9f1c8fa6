"""Members, files and sent messages for the samples of app messages, media, menu, workbench and robots."""

import base64
import hashlib
import threading
from typing import Any

from wecom_sandbox import defaults
from wecom_sandbox.apps import menus
from wecom_sandbox.conformance.samples import Request, Sample, Upload
from wecom_sandbox.conformance.world import World, answers, raises, setting

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
AGENT = defaults.AGENT_ID
_SOMEBODY = {"touser": "guide0001", "agentid": AGENT}
_MENU = [
    {"type": "click", "name": "今日", "key": "K"},
    {"type": "view", "name": "官网", "url": "https://work.weixin.qq.com"},
    {"type": "scancode_push", "name": "扫码", "key": "S"},
]


@setting
def office(world: World) -> None:
    """Three members, a picture, a file, a voice and a video."""
    world.control.post("seed_org", {"members": 3, "departments": 2})
    files = {
        "image": ("a.png", PNG), "file": ("a.txt", b"hello world"),
        "voice": ("a.amr", b"#!AMR\n" + bytes([0x3C]) + bytes(31)),
        "video": ("a.mp4", bytes(4) + b"ftypisom" + bytes(64)),
    }  # fmt: skip
    for kind, (name, content) in files.items():
        world.ids[kind] = world.upload("media/upload", name, content, type=kind)["media_id"]


@answers("message/send")
def send(world: World, sample: Sample) -> Request:
    """To members, some of whom are unknown."""
    return sample.request(touser="guide0001|guide0002|nobody", toparty="2|99", totag="98|99", agentid=AGENT)  # fmt: skip


@answers("message/recall")
def recall(world: World, sample: Sample) -> Request:
    """A message just sent."""
    return sample.request(msgid=_sent(world, "text", {"content": "x"})["msgid"])


@answers("message/get_statistics")
def get_statistics(world: World, sample: Sample) -> Request:
    """After one message."""
    _sent(world, "text", {"content": "x"})
    return sample.request()


@answers("message/update_taskcard")
def update_taskcard(world: World, sample: Sample) -> Request:
    """A task card of one member, and somebody who has none."""
    card = {
        "title": "礼物",
        "description": "茶具",
        "task_id": "t1",
        "btn": [{"key": "k", "name": "批准"}],
    }
    _sent(world, "interactive_taskcard", card)
    return sample.request(userids=["guide0001", "nobody"], agentid=AGENT, task_id="t1")


@answers("message/update_template_card")
def update_template_card(world: World, sample: Sample) -> Request:
    """A card of one member, and somebody who has none."""
    code = _sent(world, "template_card", _card())["response_code"]
    swap = {"文件的media_id": world.ids["file"], "2": 2, "3": 3}
    return sample.request(swap, userids=["guide0001", "nobody"], agentid=AGENT, response_code=code)


@answers("appchat/create")
def appchat_create(world: World, sample: Sample) -> Request:
    """Three members."""
    return sample.request(_USERS)


@answers("appchat/update")
def appchat_update(world: World, sample: Sample) -> Request:
    """A group there is."""
    _chat(world)
    return sample.request(
        _USERS, owner="guide0002", add_user_list=["guide0003"] * 3, del_user_list=["guide0001", "x"]
    )


@answers("appchat/send", "appchat/get")
def appchat_use(world: World, sample: Sample) -> Request:
    """A group there is."""
    _chat(world)
    return sample.request(query={"chatid": "CHATID"})


@answers("media/upload")
def upload(world: World, sample: Sample) -> Request:
    """A picture."""
    return sample.request(query={"type": "image"}, upload=Upload("a.png", PNG))


@answers("media/uploadimg")
def uploadimg(world: World, sample: Sample) -> Request:
    """A picture for ever."""
    return sample.request(upload=Upload("a.png", PNG))


@answers("media/upload_attachment")
def upload_attachment(world: World, sample: Sample) -> Request:
    """A picture for a moment."""
    query = {"media_type": "image", "attachment_type": 1}
    return sample.request(query=query, upload=Upload("a.png", PNG))


@answers("media/upload_by_url")
def upload_by_url(world: World, sample: Sample) -> Request:
    """A video the sandbox itself serves."""
    return sample.request(**_fetched(world))


@answers("media/get_upload_by_url_result")
def upload_result(world: World, sample: Sample) -> Request:
    """A job that is done."""
    return sample.request(jobid=_job(world))


@answers(
    "agent/get", "agent/list", "agent/get_permissions", "agent/get_admin_list", "menu/get", "menu/delete"
)  # fmt: skip
def look(world: World, sample: Sample) -> Request:
    """The app with a menu, named in the address, its range and administrators."""
    world.control.post("scope", {"users": ["guide0001"], "departments": [1], "tags": [9001]})
    world.control.post("app_admins", {"admins": [{"userid": "guide0001"}]})
    if sample.api.startswith("menu/"):
        shown = sample.json().get("button", _MENU)[: menus.MOST_TOP]
        world.post("menu/create", {"button": shown}, agentid=AGENT)
    return sample.request(query={"agentid": AGENT})


@answers("menu/create")
def menu_create(world: World, sample: Sample) -> Request:
    """The first three buttons: the sample shows more at once than a menu takes."""
    return sample.request(query={"agentid": AGENT}, button=sample.body["button"][: menus.MOST_TOP])


@answers("agent/set")
def agent_set(world: World, sample: Sample) -> Request:
    """With a logo there is."""
    return sample.request(agentid=AGENT, logo_mediaid=world.ids["image"])


@answers("agent/set_workbench_template", "agent/get_workbench_template")
def workbench_template(world: World, sample: Sample) -> Request:
    """The app's template, the same before it is read."""
    if sample.api == "agent/get_workbench_template" and sample.kind == "response":
        world.post("agent/set_workbench_template", sample.json() | {"agentid": AGENT})
    return sample.request(agentid=AGENT)


@answers("agent/set_workbench_data", "agent/batch_set_workbench_data")
def workbench_data(world: World, sample: Sample) -> Request:
    """Figures of members under a template of that type."""
    face = {"type": "keydata", "keydata": {"items": [{"key": "x", "data": "1"}]}}
    world.post("agent/set_workbench_template", face | {"agentid": AGENT})
    return sample.request(_USERS | {"test": "guide0001"}, agentid=AGENT)


@answers("webhook/send")
def robot(world: World, sample: Sample) -> Request:
    """The corp's robot; a file of its own, a true picture."""
    key = {"key": defaults.ROBOT_KEY}
    swap: dict[str, Any] = {"www.qq.com": "https://www.qq.com"}
    if "image" in sample.body:
        swap |= {"DATA": base64.b64encode(PNG).decode()}
        swap |= {"MD5_OF_RAW_BYTES": hashlib.md5(PNG, usedforsecurity=False).hexdigest()}
    if "file" in sample.body:
        kept = world.upload("webhook/upload_media", "a.txt", b"hello world", **key, type="file")
        swap |= {"3a8asd892asd8asd": kept["media_id"]}
    return sample.request(swap, app="", query=key)


@raises("template_card_event")
def template_card_event(world: World) -> None:
    """A member answers two questions of a card."""
    message = _sent(world, "template_card", _card())
    selected = {"q1": ["a"], "q2": ["b"]}
    body = {"userid": "guide0001", "msgid": message["msgid"], "key": "send", "selected": selected}
    world.control.post("card_press", body)


@raises("taskcard_click")
def taskcard_click(world: World) -> None:
    """A member presses a button of a task card."""
    card = {
        "title": "礼物",
        "description": "茶具",
        "task_id": "t1",
        "btn": [{"key": "k", "name": "批准"}],
    }
    message = _sent(world, "interactive_taskcard", card)
    world.control.post("card_press", {"userid": "guide0001", "msgid": message["msgid"], "key": "k"})


@raises("upload_media_job_finish")
def upload_media_job_finish(world: World) -> None:
    """WeCom has fetched a file."""
    _job(world)


@raises("enter_agent", "LOCATION")
def enter(world: World) -> None:
    """A member opens the app and gives his place."""
    world.post("agent/set", {"agentid": AGENT, "isreportenter": 1, "report_location_flag": 1})
    _input(world, "enter", location={"latitude": 23.1, "longitude": 113.3, "precision": 65})


@raises("click", "view", "scancode_push")
def menu(world: World) -> None:
    """A member presses every button of the menu."""
    world.post("menu/create", {"button": _MENU}, agentid=AGENT)
    for place in ("0", "1", "2"):
        _input(world, "menu", place=place, result="1")


@raises("subscribe", "unsubscribe")
def subscribe(world: World) -> None:
    """A member comes into the app's range and goes."""
    world.control.post("scope", {"departments": [], "users": []})
    for add in (True, False):
        world.control.post("app_range", {"userid": "guide0001", "add": add})


@raises(
    "message.text", "message.image", "message.voice", "message.video", "message.location", "message.link"
)  # fmt: skip
def written(world: World) -> None:
    """A member sends the app one of each."""
    _input(world, "text", content="在吗")
    for kind in ("image", "voice", "video"):
        _input(world, kind, media_id=world.ids[kind])
    _input(world, "location", latitude=23.1, longitude=113.3, label="门店")
    _input(world, "link", title="周报", url="https://work.weixin.qq.com")


_USERS = {"userid1": "guide0001", "userid2": "guide0002", "userid3": "guide0003"}


def _card() -> dict[str, Any]:
    questions = [
        {"question_key": key, "title": "?", "option_list": [{"id": one, "text": one} for one in "ab"]}
        for key in ("q1", "q2")
    ]  # fmt: skip
    return {
        "card_type": "multiple_interaction", "main_title": {"title": "问"}, "task_id": "t2",
        "select_list": questions, "submit_button": {"text": "提交", "key": "send"},
    }  # fmt: skip


def _sent(world: World, msgtype: str, content: dict[str, Any]) -> Any:
    return world.post("message/send", _SOMEBODY | {"msgtype": msgtype, msgtype: content})


def _chat(world: World) -> None:
    body = {"chatid": "CHATID", "name": "群", "userlist": list(_USERS.values())}
    world.post("appchat/create", body)


def _fetched(world: World) -> dict[str, Any]:
    """A file the sandbox serves in pieces, and its md5."""
    row = world.sandbox.store.row("SELECT body FROM media WHERE media_id = ?", world.ids["video"])
    body = bytes(row["body"]) if row else b""
    url = f"{world.running.base_url}/cgi-bin/media/get?access_token={world.token('scrm')}&media_id={world.ids['video']}"
    return {"url": url, "md5": hashlib.md5(body, usedforsecurity=False).hexdigest()}


def _job(world: World) -> str:
    """A finished job; waits for it without asking the clock."""
    jobid = str(world.post("media/upload_by_url", {"scene": 1, "type": "video", "filename": "a.mp4", **_fetched(world)})["jobid"])  # fmt: skip
    for thread in threading.enumerate():
        if thread.name == jobid[:12]:
            thread.join(timeout=30)
    return jobid


def _input(world: World, action: str, **fields: object) -> None:
    world.control.post("app_input", {"userid": "guide0001", "action": action, **fields})
