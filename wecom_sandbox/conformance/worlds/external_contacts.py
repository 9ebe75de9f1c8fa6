"""Two guides and their customers for the samples of external contacts."""

from typing import Any

from wecom_sandbox.china_time import DAY
from wecom_sandbox.conformance.samples import Request, Sample
from wecom_sandbox.conformance.world import World, answers, raises, setting

_PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
_VIDEO_CHANNEL = 10
_PROFILE = {
    "external_corp_name": "腾讯",
    "external_attr": [
        {"type": 0, "name": "文本名称", "text": {"value": "文本"}},
        {"type": 1, "name": "网页名称", "web": {"url": "http://www.test.com", "title": "标题"}},
        {
            "type": 2, "name": "测试app",
            "miniprogram": {"appid": "wx8bd80126147df384", "pagepath": "/index", "title": "mini"},
        },
    ],
}  # fmt: skip
_SAMPLE_MEMBERS = ("zhangsan", "lisi", "rocky", "tommy")
_PHONES = ["13800000001", "13000000002"]


@setting
def shop(world: World) -> None:
    """Four members, a customer from another corp whom two of them follow, and one from WeChat; tags; a rule group."""
    for number, userid in enumerate(_SAMPLE_MEMBERS):
        body = {
            "userid": userid,
            "name": userid,
            "mobile": f"1380000020{number}",
            "department": [1],
        }
        world.post("user/create", body, app="contacts")
    world.control.post("activate", {"all": True})
    people = world.control.get("people", limit=3)
    other = {"type": 2, "corp_name": "腾讯", "position": "Manager", "external_profile": _PROFILE}
    world.ids["other"] = world.control.post("people", {"id": people[0]["id"], **other})
    world.ids["wechat"], world.ids["stranger"] = people[1], people[2]
    for userid in ("rocky", "zhangsan", "lisi"):
        known = {"userid": userid, "add_way": _VIDEO_CHANNEL, "channel": "视频号名称"}
        world.control.post("add", {**known, "person_id": people[0]["id"]})
    world.ids["tags"] = _tags(world, "externalcontact/add_corp_tag", "意向")
    world.ids["others"] = _tags(world, "externalcontact/add_corp_tag", "渠道")
    for userid, person in (("zhangsan", people[1]), ("rocky", people[1]), ("tommy", people[0])):
        way = {"type": 1, "scene": 2, "user": [userid], "state": "外联二维码1"}
        config_id = world.post("externalcontact/add_contact_way", way)["config_id"]
        world.control.post("scan", {"config_id": config_id, "person_id": person["id"]})
    for person in (world.ids["other"], world.ids["wechat"]):
        for userid in ("rocky", "zhangsan"):
            _note(world, userid, person["external_userid"])


def _tags(world: World, api: str, group: str, **fields: Any) -> dict[str, Any]:
    body = {"group_name": group, "tag": [{"name": f"{group}{number}"} for number in range(4)]}
    found: dict[str, Any] = world.post(api, body | fields)["tag_group"]
    return found


def _note(world: World, userid: str, external_userid: str) -> None:
    pair = {"userid": userid, "external_userid": external_userid}
    tag = world.ids["tags"]["tag"][0]["id"]
    answer = world.send(
        "POST", "/cgi-bin/externalcontact/mark_tag", Request({**pair, "add_tag": [tag]})
    )
    if answer["errcode"] == 0:
        noted = {"remark": "李部长", "description": "采购", "remark_mobiles": _PHONES}
        world.control.post("edit_remark", {
            "userid": userid, "person_id": _person_id(world, external_userid), "remark_company": "腾讯科技",
            **noted,
        })  # fmt: skip


def _person_id(world: World, external_userid: str) -> str:
    people = (world.ids["other"], world.ids["wechat"])
    return str(next(one["id"] for one in people if one["external_userid"] == external_userid))


def _strategy(world: World) -> int:
    """A rule group over everybody, made by the app."""
    body = {
        "strategy_name": "规则组", "admin_list": ["zhangsan", "lisi"],
        "range": [{"type": 1, "userid": "zhangsan"}, {"type": 2, "partyid": 1}],
    }  # fmt: skip
    return int(world.post("externalcontact/customer_strategy/create", body)["strategy_id"])


def _cursor(world: World, api: str, **fields: Any) -> str:
    """A cursor of ours that goes on from the first row."""
    return str(world.post(api, {"limit": 1, **fields})["next_cursor"])


@answers("externalcontact/get_follow_user_list")
def follow_users(world: World, sample: Sample) -> Request:
    """As it is."""
    return sample.request()


@answers("externalcontact/list")
def list_customers(world: World, sample: Sample) -> Request:
    """A member with customers."""
    return sample.request(query={"userid": "rocky"})


@answers("externalcontact/get")
def get(world: World, sample: Sample) -> Request:
    """The customer from another corp; three members follow him, so no further page."""
    return sample.request(query={"external_userid": world.ids["other"]["external_userid"]})


@answers("externalcontact/batch/get_by_user")
def batch(world: World, sample: Sample) -> Request:
    """A member with everything."""
    return sample.request()


@answers("externalcontact/contact_list")
def served(world: World, sample: Sample) -> Request:
    """From a cursor of ours: customers, one whom a member without customer contact knows, and a group, with more to come."""
    world.control.post("console_member", {"userid": "lisi", "can_follow": False})
    people = [world.ids["wechat"]["id"], world.ids["other"]["id"]]
    world.control.post("group", {"owner": "zhangsan", "name": "外联群1", "people": people})
    rows = len(world.post(sample.api)["info_list"])
    return sample.request(cursor=_cursor(world, sample.api), limit=rows - 2)


@answers("externalcontact/remark")
def remark(world: World, sample: Sample) -> Request:
    """Of a customer, with a picture."""
    media = world.upload("media/upload", "a.png", _PNG, type="image")["media_id"]
    external = world.ids["wechat"]["external_userid"]
    return sample.request({"MEDIAID": media}, external_userid=external)


@answers("externalcontact/mark_tag")
def mark_tag(world: World, sample: Sample) -> Request:
    """Tags of ours."""
    ids = [tag["id"] for tag in world.ids["tags"]["tag"]]
    swap = {f"TAGID{number + 1}": one for number, one in enumerate(ids)}
    return sample.request(swap, external_userid=world.ids["wechat"]["external_userid"])


@answers("externalcontact/unionid_to_external_userid")
def unionid(world: World, sample: Sample) -> Request:
    """Of a customer."""
    openid = {"openid": world.ids["wechat"]["openid"]} if "openid" in sample.body else {}
    return sample.request(unionid=world.ids["wechat"]["unionid"], **openid)


@answers("externalcontact/convert_to_openid")
def openid(world: World, sample: Sample) -> Request:
    """Of a customer from WeChat."""
    return sample.request(external_userid=world.ids["wechat"]["external_userid"])


@answers("idconvert/unionid_to_external_userid")
def converted(world: World, sample: Sample) -> Request:
    """Of a customer."""
    person = world.ids["wechat"]
    return sample.request(unionid=person["unionid"], openid=person["openid"])


@answers("idconvert/batch/external_userid_to_pending_id")
def pending(world: World, sample: Sample) -> Request:
    """Of two people who were asked for before they came into a group of ours."""
    people = world.control.get("people", offset=3, limit=2)
    for person in people:
        asked = {"unionid": person["unionid"], "openid": person["openid"]}
        world.post("idconvert/unionid_to_external_userid", asked)
        world.control.post("add", {"userid": "zhangsan", "person_id": person["id"]})
    group = world.control.post(
        "group", {"owner": "zhangsan", "people": [one["id"] for one in people]}
    )
    external = [person["external_userid"] for person in people]
    return sample.request(chat_id=group["chat_id"], external_userid=external)


@answers("idconvert/convert_tmp_external_userid")
def temporary(world: World, sample: Sample) -> Request:
    """Two customers seen in a meeting."""
    swap = {
        name: world.control.post("temporary_id", {"person_id": world.ids[who]["id"]})["tmp_external_userid"]
        for name, who in (("ouXXX1", "wechat"), ("ouXXX2", "other"))
    }  # fmt: skip
    return sample.request(swap)


@answers("externalcontact/add_corp_tag")
def add_corp_tag(world: World, sample: Sample) -> Request:
    """To a group of ours."""
    return sample.request(group_id=world.ids["tags"]["group_id"])


@answers("externalcontact/get_corp_tag_list")
def corp_tags(world: World, sample: Sample) -> Request:
    """Groups and tags of ours."""
    return sample.request(_tag_swap(world.ids["tags"], world.ids["others"]))


@answers("externalcontact/edit_corp_tag", "externalcontact/del_corp_tag")
def change_corp_tag(world: World, sample: Sample) -> Request:
    """Groups and tags of ours."""
    return sample.request(_tag_swap(world.ids["tags"], world.ids["others"]))


@answers(
    "externalcontact/get_strategy_tag_list", "externalcontact/edit_strategy_tag",
    "externalcontact/del_strategy_tag",
)  # fmt: skip
def strategy_tags(world: World, sample: Sample) -> Request:
    """Groups and tags of a rule group of ours."""
    number = _strategy(world)
    made = [
        _tags(world, "externalcontact/add_strategy_tag", name, strategy_id=number)
        for name in ("甲", "乙")
    ]
    return sample.request(_tag_swap(*made))


@answers("externalcontact/add_strategy_tag")
def add_strategy_tag(world: World, sample: Sample) -> Request:
    """To a group of a rule group of ours."""
    made = _tags(world, "externalcontact/add_strategy_tag", "甲", strategy_id=_strategy(world))
    return sample.request(group_id=made["group_id"])


def _tag_swap(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Ids of ours for those of the samples."""
    first, second = one["tag"][0]["id"], one["tag"][1]["id"]
    groups = (one["group_id"], two["group_id"])
    return {
        "etXXXXXXXXXX": first, "etYYYYYYYYYY": second, "TAG_ID": first, "TAG_ID_1": first, "TAG_ID_2": second,
        "etZZZZZZZZZZZZZ": groups[0], "etYYYYYYYYYYYYY": groups[1],
        "GROUP_ID_1": groups[0], "GROUP_ID_2": groups[1],
    }  # fmt: skip


@answers("externalcontact/get_unassigned_list")
def unassigned(world: World, sample: Sample) -> Request:
    """After a member with customers left."""
    world.control.post("console_member", {"userid": "zhangsan", "delete": True})
    return sample.request(page_size=1)


@answers("externalcontact/transfer_customer")
def transfer(world: World, sample: Sample) -> Request:
    """Two customers of the member."""
    return sample.request(external_userid=_customers(world))


@answers("externalcontact/resigned/transfer_customer")
def resigned_transfer(world: World, sample: Sample) -> Request:
    """Two customers of a member who left."""
    world.control.post("console_member", {"userid": "zhangsan", "delete": True})
    return sample.request(external_userid=_customers(world))


@answers("externalcontact/transfer_result")
def transfer_result(world: World, sample: Sample) -> Request:
    """One customer gone over, one asked; from a cursor of ours."""
    _ask(world, "externalcontact/transfer_customer")
    return sample.request(cursor=_results_cursor(world, sample))


@answers("externalcontact/resigned/transfer_result")
def resigned_result(world: World, sample: Sample) -> Request:
    """One customer of a member who left gone over, one asked; from a cursor of ours."""
    world.control.post("console_member", {"userid": "zhangsan", "delete": True})
    _ask(world, "externalcontact/resigned/transfer_customer")
    return sample.request(cursor=_results_cursor(world, sample))


def _customers(world: World) -> list[str]:
    return [world.ids[who]["external_userid"] for who in ("wechat", "other")]


def _ask(world: World, api: str) -> None:
    pair = {"handover_userid": "zhangsan", "takeover_userid": "lisi"}
    world.post(api, {**pair, "external_userid": _customers(world)})
    world.control.post(
        "transfer_answer", {"person_id": world.ids["other"]["id"], "answer": "accept"}
    )


def _results_cursor(world: World, sample: Sample) -> str:
    return _cursor(world, sample.api, handover_userid="zhangsan", takeover_userid="lisi")


@answers("externalcontact/get_user_behavior_data")
def behaviour(world: World, sample: Sample) -> Request:
    """Of two days on which a customer was answered."""
    for number in (2, 3):
        world.post("department/create", {"name": f"部门{number}", "parentid": 1, "id": number}, app="contacts")  # fmt: skip
    for sender in ("customer", "member"):
        world.control.post("chat", {
            "userid": "zhangsan", "person_id": world.ids["wechat"]["id"], "sender": sender,
            "message": {"msgtype": "text", "text": {"content": "您好"}},
        })  # fmt: skip
    now = int(world.control.get("clock")["now"])
    return sample.request({"1001": 2, "1002": 3}, start_time=now - DAY, end_time=now)


@answers("externalcontact/customer_strategy/create")
def create_strategy(world: World, sample: Sample) -> Request:
    """As it is."""
    return sample.request()


@answers(
    "externalcontact/customer_strategy/get", "externalcontact/customer_strategy/edit",
    "externalcontact/customer_strategy/del",
)  # fmt: skip
def one_strategy(world: World, sample: Sample) -> Request:
    """A rule group of ours."""
    return sample.request(strategy_id=_strategy(world))


@answers("externalcontact/customer_strategy/list")
def strategies(world: World, sample: Sample) -> Request:
    """From a cursor of ours, with more to come."""
    for _ in range(3):
        _strategy(world)
    return sample.request(cursor=_cursor(world, sample.api), limit=1)


@answers("externalcontact/customer_strategy/get_range")
def strategy_range(world: World, sample: Sample) -> Request:
    """From a cursor of ours, with more to come."""
    number = _strategy(world)
    more = [{"type": 1, "userid": userid} for userid in ("lisi", "rocky")]
    world.post("externalcontact/customer_strategy/edit", {"strategy_id": number, "range_add": more})
    return sample.request(
        strategy_id=number, cursor=_cursor(world, sample.api, strategy_id=number), limit=2
    )


@raises("change_external_contact.add_external_contact")
def added(world: World) -> None:
    """A customer scans a code with a state."""
    way = {"type": 1, "scene": 2, "user": ["lisi"], "state": "teststate"}
    config_id = world.post("externalcontact/add_contact_way", way)["config_id"]
    world.control.post("scan", {"config_id": config_id, "person_id": world.ids["stranger"]["id"]})


@raises("change_external_contact.add_half_external_contact")
def half_added(world: World) -> None:
    """A customer scans a code that waits for the member."""
    way = {"type": 1, "scene": 2, "user": ["lisi"], "state": "teststate", "skip_verify": False}
    config_id = world.post("externalcontact/add_contact_way", way)["config_id"]
    world.control.post("scan", {"config_id": config_id, "person_id": world.ids["stranger"]["id"]})


@raises("change_external_contact.edit_external_contact")
def edited(world: World) -> None:
    """A member writes a remark."""
    who = {"userid": "zhangsan", "person_id": world.ids["wechat"]["id"]}
    world.control.post("edit_remark", {**who, "remark": "李姐"})


@raises("change_external_contact.del_external_contact")
def deleted(world: World) -> None:
    """A member deletes a customer."""
    who = {"userid": "zhangsan", "person_id": world.ids["wechat"]["id"]}
    world.control.post("delete", {**who, "by": "member"})


@raises("change_external_contact.del_external_contact.by_transfer")
def handed_over(world: World) -> None:
    """A customer goes over to a successor who knows him already, so that the deletion is the last event."""
    world.control.post("add", {"userid": "lisi", "person_id": world.ids["wechat"]["id"]})
    asked = [world.ids["wechat"]["external_userid"]]
    pair = {"handover_userid": "zhangsan", "takeover_userid": "lisi"}
    world.post("externalcontact/transfer_customer", {**pair, "external_userid": asked})
    world.control.post(
        "transfer_answer", {"person_id": world.ids["wechat"]["id"], "answer": "accept"}
    )


@raises("change_external_contact.del_follow_user")
def left(world: World) -> None:
    """A customer deletes a member."""
    who = {"userid": "zhangsan", "person_id": world.ids["wechat"]["id"]}
    world.control.post("delete", {**who, "by": "customer"})


@raises("change_external_contact.transfer_fail")
def refused(world: World) -> None:
    """A customer does not want the successor."""
    asked = [world.ids["wechat"]["external_userid"]]
    pair = {"handover_userid": "zhangsan", "takeover_userid": "lisi"}
    world.post("externalcontact/transfer_customer", {**pair, "external_userid": asked})
    world.control.post(
        "transfer_answer", {"person_id": world.ids["wechat"]["id"], "answer": "refuse"}
    )


@raises("change_external_tag.create")
def tag_made(world: World) -> None:
    """The administrator makes a tag."""
    _console_tags(world)


@raises("change_external_tag.update")
def tag_renamed(world: World) -> None:
    """The administrator renames one."""
    made = _console_tags(world)
    world.control.post(
        "console_tag", {"action": "update", "id": made["tag_ids"][0], "name": "核心"}
    )


@raises("change_external_tag.delete")
def tag_deleted(world: World) -> None:
    """The administrator deletes one."""
    made = _console_tags(world)
    world.control.post("console_tag", {"action": "delete", "id": made["tag_ids"][0]})


@raises("change_external_tag.shuffle")
def tags_reordered(world: World) -> None:
    """The administrator puts those of a rule group into another order."""
    made = _console_tags(world, strategy_id=_strategy(world))
    world.control.post("console_tag", {"action": "shuffle", "ids": made["tag_ids"][::-1]})


def _console_tags(world: World, **fields: Any) -> dict[str, Any]:
    body = {"action": "create", "group_name": "总部", "names": ["重点", "普通"]}
    found: dict[str, Any] = world.control.post("console_tag", body | fields)
    return found
