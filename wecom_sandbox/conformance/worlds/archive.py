"""A corp with the archive: a guide, three customers who decided, a group, and chats of every kind."""

import json
from typing import Any

from Crypto.PublicKey import RSA

from wecom_sandbox.archive.archive_crypto import open_key
from wecom_sandbox.archive.finance_sdk import FinanceSdk, Slice
from wecom_sandbox.conformance.samples import Request, Sample
from wecom_sandbox.conformance.world import World, answers, raises, setting, shows
from wecom_sandbox.defaults import ARCHIVE_SECRET, CORP_ID

CUSTOMERS = ("p000001", "p000002", "p000003")
# An RSA pair takes a second to find; every world may have the same one.
_PAIR = RSA.generate(2048)


@setting
def bought(world: World) -> None:
    """The archive for one guide, and three customers of that guide."""
    guide, other = world.control.post("seed_org", {"members": 2})["userids"]
    public = _PAIR.public_key().export_key().decode()
    world.control.post("archive", {"members": {guide: 1, other: 1}, "public_key": public})
    world.ids = {"guide": guide, "other": other, "customers": []}
    for person_id in CUSTOMERS:
        added = world.control.post("add", {"userid": guide, "person_id": person_id})
        world.ids["customers"].append(added["external_userid"])


def decide(world: World, *, agree: bool = True, person_id: str = CUSTOMERS[0]) -> None:
    """A customer's decision."""
    body = {"userid": world.ids["guide"], "person_id": person_id, "agree": agree}
    world.control.post("archive_consent", body)


@answers("msgaudit/get_permit_user_list")
def permitted(world: World, sample: Sample) -> Request:
    """As in the sample, with the archive's secret."""
    return sample.request(app="archive")


@answers("msgaudit/check_single_agree")
def single(world: World, sample: Sample) -> Request:
    """The pairs of this world."""
    decide(world)
    decide(world, agree=False, person_id=CUSTOMERS[1])
    guide = world.ids["guide"]
    info = [{"userid": guide, "exteranalopenid": one} for one in world.ids["customers"]]
    return sample.request(app="archive", info=info)


@answers("msgaudit/check_room_agree")
def room(world: World, sample: Sample) -> Request:
    """A customer group whose customers decided."""
    guide = world.ids["guide"]
    made = world.control.post("group", {"owner": guide, "people": list(CUSTOMERS)})
    chat_id = made["chat_id"]
    consent = {"chat_id": chat_id, "person_id": CUSTOMERS[0], "agree": True}
    world.control.post("archive_room_consent", consent)
    return sample.request(app="archive", roomid=chat_id)


@answers("msgaudit/groupchat/get")
def internal(world: World, sample: Sample) -> Request:
    """A group of the two guides."""
    body = {"creator": world.ids["guide"], "name": "早班", "userids": [world.ids["other"]]}
    return sample.request(
        app="archive", roomid=world.control.post("internal_group", body)["roomid"]
    )


@answers("msgaudit/get_robot_info")
def robot(world: World, sample: Sample) -> Request:
    """A robot that a guide made."""
    made = {"robot_id": "wbRobot1", "name": "机器人A", "creator_userid": world.ids["guide"]}
    world.control.post("archive", {"robots": [made]})
    return sample.request(app="archive", query={"robot_id": "wbRobot1"})


@raises("msgaudit_notify", "change_external_contact.msg_audit_approved")
def agreement(world: World) -> None:
    """A customer agrees: that is a message of the archive, and an event."""
    decide(world)


@shows("archive.getchatdata.response.json")
def pulled(world: World) -> Any:
    """What GetChatData gives."""
    decide(world)
    out = Slice()
    sdk(world).get_chat_data(0, 10, 5, out)
    return json.loads(out.content)


@shows("archive.decrypted.agree.json")
def agreed(world: World) -> Any:
    """A customer agrees."""
    decide(world)
    return newest(world)


@shows("archive.decrypted.disagree.json")
def refused(world: World) -> Any:
    """A customer does not agree."""
    decide(world, agree=False)
    return newest(world)


@shows("archive.decrypted.text.json")
def text(world: World) -> Any:
    """The guide writes."""
    decide(world)
    message = {"msgtype": "text", "text": {"content": "您好"}}
    say(world, message)
    return newest(world)


@shows("archive.decrypted.revoke.json")
def taken_back(world: World) -> Any:
    """The guide takes a message back."""
    msgid = text(world)["msgid"]
    world.control.post("archive_recall", {"msgid": msgid})
    return newest(world)


@shows("archive.decrypted.switch.json")
def switched(world: World) -> Any:
    """The guide goes to another corp."""
    world.control.post("archive_message", {"switch": world.ids["guide"]})
    return newest(world)


@shows("archive.decrypted.link.json")
def link(world: World) -> Any:
    """The guide sends a page."""
    decide(world)
    page = {"title": "新品", "desc": "春季", "link": "https://example.com/", "imgUrl": "https://example.com/1.png"}  # fmt: skip
    say(world, {"msgtype": "news", "news": page})
    return newest(world)


@shows("archive.decrypted.weapp.json")
def weapp(world: World) -> Any:
    """The guide sends a mini program."""
    decide(world)
    page = {"appid": "wx0", "title": "商城", "page": "pages/index"}
    say(world, {"msgtype": "miniprogram", "miniprogram": page})
    return newest(world)


def of_kind(msgtype: str, *files: str, call_id: str = "", **fields: Any) -> None:
    """Register a message of a kind no phone page makes, with believable fields."""

    @shows(*(f"archive.decrypted.{file}.json" for file in files or (msgtype,)))
    def show(world: World) -> Any:
        decide(world)
        body = {
            "userid": world.ids["guide"], "person_id": CUSTOMERS[0], "msgtype": msgtype,
            "fields": fields, "call_id": call_id,
        }  # fmt: skip
        world.control.post("archive_message", body)
        return newest(world)


MEETING = 11101571002822706744
of_kind("image")
of_kind("voice", play_length=10)
of_kind("video", play_length=108)
of_kind("file", filename="资料.docx", fileext="docx")
of_kind("emotion", type=1, width=290, height=290)
of_kind("card", corpname="微信联系人", userid="wmSomebody")
of_kind("location", longitude=116.58, latitude=39.91, address="朝阳路 1 号", title="门店", zoom=15)
record = {"type": "ChatRecordText", "msgtime": 1603875610, "content": '{"content":"好"}', "from_chatroom": False}  # fmt: skip
of_kind("chatrecord", title="群聊", item=[record])
of_kind("mixed", item=[{"type": "text", "content": '{"content":"你好"}'}])
details = [{"id": 1, "ques": "尺寸", "type": "Text"}]
of_kind("collect", "collect", "collect.2", room_name="早班", creator="guide", create_time="2019-12-11 11:21:22", title="量房", details=details)  # fmt: skip
of_kind("redpacket", type=1, wish="恭喜发财", totalcnt=1, totalamount=3000)
of_kind("external_redpacket", type=1, wish="恭喜发财", totalcnt=2, totalamount=20)
of_kind("meeting", "meeting", "meeting.2", topic="夕会", starttime=1603877400, endtime=1603881000, address="", remarks="", meetingtype=102, meetingid=MEETING, status=1)  # fmt: skip
of_kind("docmsg", title="价目", doc_creator="guide", link_url="https://doc.weixin.qq.com/1")
of_kind("markdown", content="请查看。")
of_kind("news", item=[{"title": "新品", "description": "春季", "url": "https://example.com/", "picurl": ""}])  # fmt: skip
of_kind("calendar", title="复盘", creatorname="guide", attendeename=["a"], starttime=1603882800, endtime=1603886400, place="", remarks="")  # fmt: skip
shown = [{"filename": "a.docx", "demooperator": "guide", "starttime": 1594197599, "endtime": 1594197609}]  # fmt: skip
shared = [{"share": "guide", "starttime": 1594197624, "endtime": 1594197624}]
of_kind("meeting_voice_call", call_id="gr1", endtime=1594197635, demofiledata=shown, sharescreendata=shared)  # fmt: skip
of_kind("voip_doc_share", "voip_doc_share", "voip_doc_share.2", call_id="gr2", filename="a.pdf")
of_kind("sphfeed", feed_type=4, sph_name="家居", feed_desc="样板间")


def say(world: World, message: dict[str, Any]) -> None:
    """The guide sends something to the first customer."""
    body = {"userid": world.ids["guide"], "person_id": CUSTOMERS[0], "message": message}
    world.control.post("chat", body)


def sdk(world: World) -> FinanceSdk:
    """The SDK's stand-in, set up for this corp."""
    return FinanceSdk(world.running.base_url, CORP_ID, ARCHIVE_SECRET)


def newest(world: World) -> Any:
    """The newest record, pulled and opened as a corp does."""
    out = Slice()
    sdk(world).get_chat_data(0, 1000, 5, out)
    row = json.loads(out.content)["chatdata"][-1]
    key = open_key(row["encrypt_random_key"], _PAIR.export_key().decode())
    FinanceSdk.decrypt_data(key, row["encrypt_chat_msg"], out)
    return json.loads(out.content)
