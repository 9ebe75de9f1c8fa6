"""What members do with the menus of an app and of its cards, for the events that no sample was recorded of."""

from typing import Any

from wecom_sandbox.conformance.world import World, raises, setting
from wecom_sandbox.defaults import AGENT_ID

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
BUTTONS: tuple[dict[str, Any], ...] = (
    {"type": "view_miniprogram", "name": "商城", "appid": "wx0", "pagepath": "pages/index", "url": "https://example.com/"},
    {"type": "scancode_waitmsg", "name": "扫码", "key": "wait"},
    {"type": "location_select", "name": "位置", "key": "place"},
)  # fmt: skip
PICTURES: tuple[dict[str, Any], ...] = (
    {"type": "pic_sysphoto", "name": "拍照", "key": "photo"},
    {"type": "pic_photo_or_album", "name": "照片", "key": "album"},
    {"type": "pic_weixin", "name": "相册", "key": "weixin"},
)
CARD: dict[str, Any] = {
    "card_type": "text_notice",
    "main_title": {"title": "日报"},
    "action_menu": {"desc": "更多", "action_list": [{"text": "不再提醒", "key": "mute"}]},
    "card_action": {"type": 1, "url": "https://example.com/"},
    "task_id": "task-1",
}


@setting
def an_app(world: World) -> None:
    """A member who sees the app."""
    world.ids["userid"] = world.control.post("seed_org", {"members": 2})["userids"][0]


def menu(world: World, place: str, buttons: Any = BUTTONS, **fields: Any) -> None:
    """The member presses a button of the menu."""
    world.post("menu/create", {"button": list(buttons)}, agentid=AGENT_ID)
    body = {"userid": world.ids["userid"], "app": "scrm", "action": "menu", "place": place}
    world.control.post("app_input", body | fields)


def picture(world: World) -> str:
    """A picture uploaded; its media_id."""
    return str(world.upload("media/upload", "a.png", PNG, type="image")["media_id"])


@raises("view_miniprogram")
def viewed_program(world: World) -> None:
    """A button with a mini program."""
    menu(world, "0")


@raises("scancode_waitmsg")
def scanned_waiting(world: World) -> None:
    """A button that scans and waits for a message."""
    menu(world, "1", result="https://example.com/1")


@raises("location_select")
def placed(world: World) -> None:
    """A button that asks for a place."""
    menu(world, "2", latitude=23.1, longitude=113.3, label="店", poiname="店")


@raises("pic_sysphoto")
def photographed(world: World) -> None:
    """A button that takes a photo."""
    menu(world, "0", PICTURES, media_ids=[picture(world)])


@raises("pic_photo_or_album")
def chose_picture(world: World) -> None:
    """A button that takes a photo or one of the album."""
    menu(world, "1", PICTURES, media_ids=[picture(world)])


@raises("pic_weixin")
def chose_album(world: World) -> None:
    """A button that opens the album."""
    menu(world, "2", PICTURES, media_ids=[picture(world)])


@raises("template_card_menu_event")
def used_card_menu(world: World) -> None:
    """The menu of a card."""
    body = {"touser": world.ids["userid"], "agentid": AGENT_ID, "msgtype": "template_card"}
    msgid = world.post("message/send", body | {"template_card": CARD})["msgid"]
    pressed = {"userid": world.ids["userid"], "msgid": msgid, "key": "mute"}
    world.control.post("card_press", pressed)
