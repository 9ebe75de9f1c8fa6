"""A small address book for the samples of contacts."""

from datetime import datetime, timedelta
from typing import Any

from wecom_sandbox.china_time import CHINA
from wecom_sandbox.conformance.samples import Request, Sample
from wecom_sandbox.conformance.world import World, answers, raises, setting

_PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
_MEMBERS = (
    "姓名,账号,手机号,邮箱,所在部门\n张三,zhangsan,13800000011,,1\n李四,lisi,13800000012,,2\n"
)
_PARTIES = "部门名称,部门ID,父部门ID,排序\n广州研发中心,2,1,10\n"
_ATTRIBUTES = ["文本名称", "网页名称", "爱好", "卡号"]
_EXTATTR = {
    "attrs": [
        {"type": 0, "name": "爱好", "text": {"value": "旅游"}},
        {"type": 1, "name": "卡号", "web": {"title": "企业微信", "url": "https://work.weixin.qq.com"}},
    ]
}  # fmt: skip
_PROFILE = {
    "external_corp_name": "企业简称",
    "wechat_channels": {"nickname": "视频号名称"},
    "external_attr": [
        {"type": 0, "name": "文本名称", "text": {"value": "文本"}},
        {"type": 1, "name": "网页名称", "web": {"url": "http://www.test.com", "title": "标题"}},
        {"type": 2, "name": "小程序", "miniprogram": {"appid": "wx1", "pagepath": "/index", "title": "mini"}},
    ],
}  # fmt: skip


@setting
def address_book(world: World) -> None:
    """A corp from before 2022 with three departments, leaders, a tag and members who logged in."""
    for app in ("scrm", "contacts"):
        world.control.post(
            "scope", {"app": app, "reads_sensitive": True, "contact_sync_reads": True}
        )
    world.control.post(
        "behaviour", {"member_attributes": _ATTRIBUTES, "full_contact_events": True, "job_seconds": 0}
    )  # fmt: skip
    for number in (2, 3, 4):
        body = {"name": f"部门{number}", "parentid": 1, "id": number, "order": number}
        world.post("department/create", body, app="contacts")
    for place, userid in enumerate(("lisi", "wangwu", "guide")):
        world.post("user/create", _member(userid, place), app="contacts")
    world.control.post("activate", {"all": True})
    world.post("tag/create", {"tagid": 1, "tagname": "大使"})
    people = {"tagid": 1, "userlist": ["lisi", "wangwu"], "partylist": [2, 3]}
    world.post("tag/addtagusers", people)


def _member(userid: str, place: int) -> dict[str, Any]:
    return {
        "userid": userid, "name": "导购", "mobile": f"1380000010{place}", "email": f"{userid}@example.com",
        "biz_mail": f"{userid}@corp.example.com", "department": [1, 2], "is_leader_in_dept": [1, 1],
        "order": [1, 2], "position": "导购", "gender": "1", "alias": userid, "telephone": "020-123456",
        "address": "广州市", "extattr": _EXTATTR, "external_profile": _PROFILE, "external_position": "导购",
        "direct_leader": ["lisi"] if userid != "lisi" else [],
    }  # fmt: skip


@answers("department/create")
def department_create(world: World, sample: Sample) -> Request:
    """Under an id not yet taken."""
    return sample.request(id=9, app="contacts")


@answers("department/update")
def department_update(world: World, sample: Sample) -> Request:
    """By the secret that writes."""
    return sample.request(app="contacts")


@answers("department/delete")
def department_delete(world: World, sample: Sample) -> Request:
    """An empty one."""
    return sample.request(app="contacts", query={"id": 4})


@answers("department/list", "department/simplelist", "department/get")
def department_read(world: World, sample: Sample) -> Request:
    """One with leaders."""
    return sample.request(query={"id": 2})


@answers("user/create", "user/update")
def user_write(world: World, sample: Sample) -> Request:
    """With leaders and a picture that exist."""
    uploaded = world.upload("media/upload", "a.png", _PNG, app="contacts", type="image")
    swap = {sample.body.get("avatar_mediaid", "-"): uploaded["media_id"]}
    if sample.api == "user/update":
        swap["zhangsan"] = "guide"
    return sample.request(swap, app="contacts")


@answers("user/get")
def user_get(world: World, sample: Sample) -> Request:
    """A member with everything."""
    return sample.request(query={"userid": "wangwu"})


@answers("user/list", "user/simplelist")
def user_list(world: World, sample: Sample) -> Request:
    """A department's members."""
    return sample.request(query={"department_id": 2})


@answers("user/list_id")
def user_list_id(world: World, sample: Sample) -> Request:
    """From a cursor of ours."""
    first = world.post("user/list_id", {"limit": 1}, app="contacts")
    return sample.request({"xxxxxxx": first["next_cursor"]}, limit=1, app="contacts")


@answers("user/delete", "user/authsucc")
def user_by_sync(world: World, sample: Sample) -> Request:
    """One of the members."""
    return sample.request(app="contacts", query={"userid": "guide"})


@answers("user/batchdelete")
def user_batchdelete(world: World, sample: Sample) -> Request:
    """Two of the members."""
    return sample.request({"zhangsan": "guide"}, app="contacts")


@answers("user/convert_to_openid")
def convert_to_openid(world: World, sample: Sample) -> Request:
    """Of a member who logged in."""
    return sample.request({"zhangsan": "lisi"})


@answers("user/convert_to_userid")
def convert_to_userid(world: World, sample: Sample) -> Request:
    """Of an openid of ours."""
    return sample.request(openid=world.post("user/convert_to_openid", {"userid": "lisi"})["openid"])


@answers("user/getuserid")
def getuserid(world: World, sample: Sample) -> Request:
    """Of a member's phone."""
    return sample.request(mobile="13800000100")


@answers("user/get_userid_by_email")
def get_userid_by_email(world: World, sample: Sample) -> Request:
    """Of a member's mail."""
    return sample.request(email="lisi@corp.example.com")


@answers("user/get_active_stat")
def get_active_stat(world: World, sample: Sample) -> Request:
    """The day before, which is over."""
    day = datetime.fromtimestamp(world.sandbox.clock.now(), CHINA).date() - timedelta(days=1)
    return sample.request(date=day.isoformat())


@answers("batch/invite")
def invite(world: World, sample: Sample) -> Request:
    """One of each exists."""
    return sample.request({"UserID3": "lisi"}, party=[2, 404], tag=[1, 404])


@answers("corp/get_join_qrcode")
def get_join_qrcode(world: World, sample: Sample) -> Request:
    """By the contact sync secret."""
    return sample.request(app="contacts", query={"size_type": 3})


@answers("tag/update")
def tag_update(world: World, sample: Sample) -> Request:
    """The tag there is."""
    return sample.request({"12": 1})


@answers("tag/delete", "tag/get")
def tag_by_id(world: World, sample: Sample) -> Request:
    """The tag there is."""
    return sample.request(query={"tagid": 1})


@answers("tag/addtagusers")
def tag_add(world: World, sample: Sample) -> Request:
    """One of the members and one of the departments exist."""
    return sample.request(
        {"12": 1, "user1": "guide"}, partylist=[2, 404] if sample.kind == "response" else [2]
    )


@answers("tag/deltagusers")
def tag_del(world: World, sample: Sample) -> Request:
    """One of the members and one of the departments have it."""
    return sample.request({"12": 1, "user1": "lisi"})


@answers("batch/syncuser", "batch/replaceuser", "batch/replaceparty")
def batch(world: World, sample: Sample) -> Request:
    """A file that was uploaded, and an address that can be."""
    content = _PARTIES if sample.api == "batch/replaceparty" else _MEMBERS
    callback = {"url": "http://127.0.0.1:9/", "token": "t", "encodingaeskey": "a" * 43}
    return sample.request(media_id=_file(world, content), callback=callback, app="contacts")


@answers("batch/getresult")
def batch_result(world: World, sample: Sample) -> Request:
    """A job that is done; the sample mixes the rows of two kinds."""
    return sample.request(app="contacts", query={"jobid": _job(world)})


@answers("export/taguser")
def export_taguser(world: World, sample: Sample) -> Request:
    """The tag there is."""
    return sample.request(tagid=1)


@answers("export/get_result")
def export_result(world: World, sample: Sample) -> Request:
    """A job that is done."""
    body = {"encoding_aeskey": "a" * 43}
    jobid = world.post("export/user", body)["jobid"]
    world.control.post("clock", {"advance": 1})
    return sample.request(query={"jobid": jobid})


@raises("change_contact.create_user")
def create_user(world: World) -> None:
    """An administrator makes a member."""
    body = {"create": True, **_member("fresh", 7), "status": 1}
    world.control.post("console_member", body)


@raises("change_contact.update_user")
def update_user(world: World) -> None:
    """An administrator gives a member who joined by code another userid."""
    code = world.get("corp/get_join_qrcode", app="contacts")["join_qrcode"]
    userid = _joined(world, code.partition("vcode=")[2].partition("&")[0])
    body = _member("unused", 8) | {"userid": userid, "new_userid": "zhangsan001"}
    world.control.post("console_member", body)


@raises("change_contact.delete_user")
def delete_user(world: World) -> None:
    """An administrator deletes a member."""
    world.control.post("console_member", {"userid": "guide", "delete": True})


@raises("change_contact.create_party")
def create_party(world: World) -> None:
    """An administrator makes a department."""
    world.control.post("console_department", {"action": "create", "name": "新部门", "order": 1})


@raises("change_contact.update_party")
def update_party(world: World) -> None:
    """An administrator renames a department."""
    world.control.post("console_department", {"action": "update", "id": 4, "name": "四部"})


@raises("change_contact.delete_party")
def delete_party(world: World) -> None:
    """An administrator deletes a department."""
    world.control.post("console_department", {"action": "delete", "id": 4})


@raises("change_contact.update_tag")
def update_tag(world: World) -> None:
    """An administrator changes who has a tag."""
    change = {"add_users": ["guide"], "del_users": ["lisi"], "add_parties": [4], "del_parties": [2]}
    world.control.post("console_member_tag", {"tagid": 1, **change})


@raises("batch_job_result")
def batch_job_result(world: World) -> None:
    """An export ends: its app hears of it."""
    world.post("export/user", {"encoding_aeskey": "a" * 43})
    world.control.post("clock", {"advance": 1})


def _file(world: World, content: str) -> str:
    answer = world.upload("media/upload", "a.csv", content.encode(), app="contacts", type="file")
    return str(answer["media_id"])


def _job(world: World) -> str:
    callback = {"url": "http://127.0.0.1:9/", "token": "t", "encodingaeskey": "a" * 43}
    body = {"media_id": _file(world, _MEMBERS), "callback": callback}
    jobid = str(world.post("batch/syncuser", body, app="contacts")["jobid"])
    world.control.post("clock", {"advance": 1})
    return jobid


def _joined(world: World, vcode: str) -> str:
    person = world.control.get("people", limit=1)[0]
    return str(world.control.post("join", {"vcode": vcode, "person_id": person["id"]})["userid"])
