"""Guides, customers, tags, media and one of each thing, for the samples of marketing."""

from typing import Any

from wecom_sandbox.conformance.samples import Request, Sample
from wecom_sandbox.conformance.world import World, answers, setting

_PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
_MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(64)
ROOT = "externalcontact"
_EACH_KIND: list[dict[str, Any]] = [
    {"msgtype": "image", "image": {"media_id": "", "pic_url": "https://example.com/a.png"}},
    {
        "msgtype": "link",
        "link": {"title": "一", "url": "https://a", "picurl": "https://b", "desc": "二"},
    },
    {
        "msgtype": "miniprogram",
        "miniprogram": {"title": "一", "pic_media_id": "", "appid": "wx1", "page": "a"},
    },
    {"msgtype": "video", "video": {"media_id": ""}},
]


@setting
def shop(world: World) -> None:
    """A corp of the medical trade with guides, two shops and customers who have tags."""
    control = world.control
    control.post("behaviour", {"medical": True, "moment_seconds": 0})
    seeded = control.post("seed_org", {"members": 4, "departments": 2})
    world.ids["guides"], world.ids["shops"] = seeded["userids"], seeded["departments"]
    made = control.post(
        "console_tag", {"action": "create", "group_name": "门店", "names": ["一", "二", "三"]}
    )
    world.ids["tags"] = made["tag_ids"]
    world.ids["customers"] = [
        control.post("add", {"userid": "guide0001", "person_id": f"p{number:06d}"})[
            "external_userid"
        ]
        for number in (1, 2, 3)
    ]
    for number in (1, 2, 3):
        control.post(
            "edit_remark",
            {"userid": "guide0001", "person_id": f"p{number:06d}", "tags": world.ids["tags"]},
        )


def swap(world: World) -> dict[str, Any]:
    """What members, departments and tags of the samples are called here."""
    guides, shops, tags = world.ids["guides"], world.ids["shops"], world.ids["tags"]
    return {
        "zhangsan": guides[0], "zhangshan": guides[0], "lisi": guides[1], "wangwu": guides[2],
        "tom": guides[0], "xxx": guides[0], "zhangsan ": guides[0], "2": shops[0], "3": shops[1],
        "etXXXXXXXXXX": tags[0], "etYYYYYYYYYY": tags[1], "ete19278asuMT123109rBAAAA": tags[0],
        "ete19MT12278109UYteaBAAAA": tags[1], "eteIlKKHSDfuMT18Kg9rBAAAA": tags[2],
    }  # fmt: skip


def _media(world: World, kind: str) -> str:
    content = _MP4 if kind == "video" else _PNG
    answer = world.upload(
        "media/upload", f"a.{'mp4' if kind == 'video' else 'png'}", content, type=kind
    )
    return str(answer["media_id"])


def attached(world: World, purpose: int, kind: str = "image") -> str:
    answer = world.upload(
        "media/upload_attachment", "a.png", _PNG, media_type=kind, attachment_type=purpose
    )
    return str(answer["media_id"])


def _sections(world: World, sections: dict[str, Any]) -> dict[str, Any]:
    """Sections of attachments with media of this world in place of the samples' names."""
    found = {}
    for kind, content in sections.items():
        if isinstance(content, dict):
            content = dict(content)
            for name in ("media_id", "pic_media_id"):
                if name in content:
                    upload = "image" if kind in ("image", "link", "miniprogram") else kind
                    content[name] = _media(world, upload)
        found[kind] = content
    return found


def _attachments(world: World, sample: Sample) -> list[dict[str, Any]]:
    return [_sections(world, item) for item in sample.body["attachments"]]


def now(world: World) -> int:
    return int(world.control.get("clock")["now"])


def span(world: World, sample: Sample, **fields: Any) -> Request:
    """The sample with the last hour as its time; pages begin at their beginning."""
    moment = now(world)
    return sample.request(
        swap(world), start_time=moment - 3600, end_time=moment + 60, **page(sample), **fields
    )


def page(sample: Sample) -> dict[str, Any]:
    """Page sizes that leave a second page, and the cursor of a first call."""
    paged = {"limit": 1} if "limit" in sample.body else {}
    return paged | ({"cursor": ""} if "cursor" in sample.body else {})


@answers(f"{ROOT}/add_contact_way")
def add_contact_way(world: World, sample: Sample) -> Request:
    """A QR of one guide: type 1 takes exactly one."""
    body = sample.body
    conclusions = _sections(world, body["conclusions"])
    return sample.request(
        swap(world), scene=2, user=world.ids["guides"][:1], party=[], conclusions=conclusions
    )


def _way(world: World, **fields: Any) -> str:
    body = {
        "type": 1, "scene": 2, "user": world.ids["guides"][:1], "is_temp": True, "state": "teststate",
        "unionid": world.control.get("people", limit=1)[0]["unionid"], **fields,
    }  # fmt: skip
    return str(world.post(f"{ROOT}/add_contact_way", body)["config_id"])


@answers(f"{ROOT}/get_contact_way")
def get_contact_way(world: World, sample: Sample) -> Request:
    """A temporary one with a text and a picture as its conclusion."""
    conclusions = {"text": {"content": "再见"}, "image": {"media_id": _media(world, "image")}}
    return sample.request(config_id=_way(world, conclusions=conclusions))


@answers(f"{ROOT}/update_contact_way")
def update_contact_way(world: World, sample: Sample) -> Request:
    """A temporary one."""
    conclusions = _sections(world, sample.body["conclusions"])
    return sample.request(
        swap(world), config_id=_way(world), user=world.ids["guides"][:1], party=[],
        conclusions=conclusions,
    )  # fmt: skip


@answers(f"{ROOT}/list_contact_way")
def list_contact_way(world: World, sample: Sample) -> Request:
    """Two lasting ones, a page each."""
    for _ in range(2):
        _way(world, is_temp=False)
    return span(world, sample)


@answers(f"{ROOT}/del_contact_way")
def del_contact_way(world: World, sample: Sample) -> Request:
    """Any."""
    return sample.request(config_id=_way(world))


@answers(f"{ROOT}/close_temp_chat")
def close_temp_chat(world: World, sample: Sample) -> Request:
    """Somebody who came by a temporary way."""
    config_id = _way(world, unionid="")
    added = world.control.post("scan", {"config_id": config_id, "person_id": "p000009"})
    return sample.request(userid=added["userid"], external_userid=added["external_userid"])


@answers(f"{ROOT}/add_msg_template")
def add_msg_template(world: World, sample: Sample) -> Request:
    """Customers of the sender and one nobody knows."""
    wanted = [world.ids["customers"][0], "wmqfasd1e1927831123109rBAAAA"]
    return sample.request(
        swap(world), external_userid=wanted, attachments=_attachments(world, sample)
    )


def _mass(world: World, *, sent: bool = False) -> str:
    link = {"msgtype": "link", "link": {"title": "一", "url": "https://example.com"}}
    body = {
        "external_userid": world.ids["customers"],
        "text": {"content": "您好"},
        "attachments": [link],
    }
    msgid = str(world.post(f"{ROOT}/add_msg_template", body)["msgid"])
    if sent:
        world.control.post("mass_confirm", {"msgid": msgid})
    return msgid


@answers(f"{ROOT}/get_groupmsg_list_v2")
def get_groupmsg_list(world: World, sample: Sample) -> Request:
    """Two that a guide wrote himself with one of each attachment, a page each."""
    attached = [_sections(world, item) for item in _EACH_KIND]
    for _ in range(2):
        world.control.post(
            "mass_write",
            {
                "userid": "guide0001", "external_userids": world.ids["customers"][:1], "text": "您好",
                "attachments": attached,
            },
        )  # fmt: skip
    return span(world, sample, creator="guide0001")


@answers(f"{ROOT}/get_groupmsg_task", f"{ROOT}/get_groupmsg_send_result")
def mass_result(world: World, sample: Sample) -> Request:
    """One that was sent."""
    return sample.request(swap(world), msgid=_mass(world, sent=True), **page(sample))


@answers(f"{ROOT}/remind_groupmsg_send", f"{ROOT}/cancel_groupmsg_send")
def one_mass(world: World, sample: Sample) -> Request:
    """One that waits."""
    return sample.request(msgid=_mass(world))


@answers(f"{ROOT}/send_welcome_msg")
def send_welcome_msg(world: World, sample: Sample) -> Request:
    """The code of somebody who was just added."""
    added = world.control.post("add", {"userid": "guide0002", "person_id": "p000009"})
    return sample.request(
        welcome_code=added["welcome_code"], attachments=_attachments(world, sample)
    )


@answers(f"{ROOT}/group_welcome_template/add")
def add_template(world: World, sample: Sample) -> Request:
    """With media of this world."""
    return sample.request(**_sections(world, sample.body))


@answers(f"{ROOT}/group_welcome_template/edit")
def edit_template(world: World, sample: Sample) -> Request:
    """One of the app."""
    return sample.request(**_sections(world, sample.body) | {"template_id": _template(world)})


@answers(f"{ROOT}/group_welcome_template/get", f"{ROOT}/group_welcome_template/del")
def one_template(world: World, sample: Sample) -> Request:
    """One of the app."""
    return sample.request(template_id=_template(world))


def _template(world: World) -> str:
    body = {"text": {"content": "您好"}, "image": {"media_id": _media(world, "image")}}
    return str(world.post(f"{ROOT}/group_welcome_template/add", body)["template_id"])


def _picture(world: World) -> list[dict[str, Any]]:
    return [{"type": "image", "image": {"media_id": attached(world, 2)}}]


def _product(world: World) -> str:
    body = {
        "description": "沙发",
        "price": 1,
        "product_sn": "a1",
        "attachments": _picture(world),
    }
    return str(world.post(f"{ROOT}/add_product_album", body)["product_id"])


@answers(f"{ROOT}/add_product_album")
def add_product(world: World, sample: Sample) -> Request:
    """With a picture of this world."""
    return sample.request(attachments=_picture(world))


@answers(f"{ROOT}/update_product_album")
def update_product(world: World, sample: Sample) -> Request:
    """One of the app."""
    return sample.request(product_id=_product(world), attachments=_picture(world))


@answers(f"{ROOT}/get_product_album", f"{ROOT}/delete_product_album")
def one_product(world: World, sample: Sample) -> Request:
    """One of the app."""
    return sample.request(product_id=_product(world))


@answers(f"{ROOT}/get_product_album_list")
def list_products(world: World, sample: Sample) -> Request:
    """Two, a page each."""
    _product(world)
    _product(world)
    return sample.request(**page(sample))


def _rule(world: World) -> str:
    body = {
        "rule_name": "一",
        "word_list": ["转账"],
        "semantics_list": [1],
        "intercept_type": 1,
        "applicable_range": {
            "user_list": world.ids["guides"][1:3],
            "department_list": world.ids["shops"],
        },
    }
    return str(world.post(f"{ROOT}/add_intercept_rule", body)["rule_id"])


@answers(f"{ROOT}/add_intercept_rule")
def add_rule(world: World, sample: Sample) -> Request:
    """As it is."""
    return sample.request(applicable_range=_range(world))


@answers(f"{ROOT}/update_intercept_rule")
def update_rule(world: World, sample: Sample) -> Request:
    """One of the app."""
    return sample.request(
        rule_id=_rule(world), add_applicable_range=_range(world),
        remove_applicable_range=_range(world),
    )  # fmt: skip


def _range(world: World) -> dict[str, Any]:
    return {"user_list": world.ids["guides"][:1], "department_list": world.ids["shops"]}


@answers(
    f"{ROOT}/get_intercept_rule_list", f"{ROOT}/get_intercept_rule", f"{ROOT}/del_intercept_rule"
)
def one_rule(world: World, sample: Sample) -> Request:
    """One of the app."""
    rule_id = _rule(world)
    return sample.request(rule_id=rule_id) if "rule_id" in sample.body else sample.request()
