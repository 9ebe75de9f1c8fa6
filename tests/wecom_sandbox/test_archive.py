"""会话内容存档: consent, messages, keys, and the Finance SDK's stand-in."""

import base64
import json
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest
from Crypto.PublicKey import RSA

from tests.wecom_sandbox.client import TINY_PNG, Api, Receiver, shop
from wecom_sandbox import defaults
from wecom_sandbox.archive import finance_codes
from wecom_sandbox.archive.archive_crypto import open_key
from wecom_sandbox.archive.finance_sdk import FinanceSdk, MediaData, Slice
from wecom_sandbox.testing import Control, ControlError, Running

DAY = 86_400


class Corp:
    """A corp that bought the archive for its first guide, with the keys it ever had."""

    def __init__(self, running: Running) -> None:
        self.control = running.control
        self.guide, self.other = shop(running.control, members=2)
        self.keys: dict[int, str] = {}
        self.new_key()
        self.control.post("archive", {"members": {self.guide: 2}})
        self.sdk = FinanceSdk(running.base_url, defaults.CORP_ID, defaults.ARCHIVE_SECRET)
        self.api = Api(running, defaults.ARCHIVE_SECRET)

    def new_key(self) -> int:
        """A new pair, its public half uploaded; the version."""
        pair = RSA.generate(2048)
        public = pair.public_key().export_key().decode()
        version: int = self.control.post("archive", {"public_key": public})["publickey_ver"]
        self.keys[version] = pair.export_key().decode()
        return version

    def customer(self, person_id: str = "p000001", guide: str = "") -> str:
        """A customer of the guide; the external_userid."""
        added = self.control.post("add", {"userid": guide or self.guide, "person_id": person_id})
        return str(added["external_userid"])

    def decide(self, *, agree: bool = True, person_id: str = "p000001") -> None:
        """The customer's decision."""
        body = {"userid": self.guide, "person_id": person_id, "agree": agree}
        self.control.post("archive_consent", body)

    def say(self, text: str, sender: str = "member", guide: str = "") -> None:
        """A text in the chat with the first customer."""
        message = {"msgtype": "text", "text": {"content": text}}
        body = {"userid": guide or self.guide, "person_id": "p000001", "sender": sender}
        self.control.post("chat", body | {"message": message})

    def pull(self, seq: int = 0, limit: int = 1000) -> dict[str, Any]:
        """GetChatData's JSON."""
        out = Slice()
        assert self.sdk.get_chat_data(seq, limit, 5, out) == finance_codes.OK
        answer: dict[str, Any] = json.loads(out.content)
        return answer

    def opened(self, row: dict[str, Any]) -> dict[str, Any]:
        """One row decrypted with the key of its version."""
        key = open_key(row["encrypt_random_key"], self.keys[row["publickey_ver"]])
        out = Slice()
        assert self.sdk.decrypt_data(key, row["encrypt_chat_msg"], out) == finance_codes.OK
        message: dict[str, Any] = json.loads(out.content)
        return message

    def read(self, seq: int = 0) -> list[dict[str, Any]]:
        """Every message after a seq, decrypted."""
        return [self.opened(row) for row in self.pull(seq)["chatdata"]]


@pytest.fixture
def corp(running: Running) -> Corp:
    """The corp of these tests."""
    return Corp(running)


def test_only_what_an_agreeing_customer_says_is_kept(corp: Corp) -> None:
    # given a customer who was not asked yet, and one of a guide without the archive
    customer = corp.customer()
    corp.customer(guide=corp.other)
    corp.say("before")
    corp.say("elsewhere", guide=corp.other)
    assert corp.read() == []

    # when he agrees, talks, and disagrees again
    corp.decide()
    corp.say("hello")
    corp.say("hi", sender="customer")
    corp.decide(agree=False)
    corp.say("after")

    # then decisions and the words between them are there, in order, with WeCom's fields
    kept = corp.read()
    assert [one["msgtype"] for one in kept] == ["agree", "text", "text", "disagree"]
    assert kept[0]["agree"]["userid"] == customer
    assert kept[0]["agree"]["agree_time"] == kept[0]["msgtime"]
    assert [one["from"] for one in kept] == [customer, corp.guide, customer, customer]
    assert [one["tolist"] for one in kept[1:3]] == [[customer], [corp.guide]]
    assert kept[1]["text"] == {"content": "hello"}
    assert kept[1]["action"] == "send"
    assert kept[1]["roomid"] == ""
    assert kept[1]["msgid"].endswith("_external")


def test_agreement_is_told_and_read(corp: Corp, receiver: Receiver) -> None:
    first, second = corp.customer(), corp.customer("p000002")
    corp.control.post("wait_idle", {"timeout": 10})
    corp.decide()
    corp.control.post("wait_idle", {"timeout": 10})

    told = receiver.events[-1]
    assert told["ChangeType"] == "msg_audit_approved"
    assert (told["UserID"], told["ExternalUserID"]) == (corp.guide, first)
    assert len(told["WelcomeCode"]) > 20

    info = [{"userid": corp.guide, "exteranalopenid": one} for one in (first, second)]
    answer = corp.api.post("msgaudit/check_single_agree", {"info": info})
    now = corp.control.get("clock")["now"]
    agreed, silent = answer["agreeinfo"]
    assert agreed["agree_status"] == "Agree"
    assert now - 10 <= agreed["status_change_time"] <= now
    assert silent == info[1] | {"agree_status": "Disagree", "status_change_time": 0}


def test_notices_are_15_seconds_apart(corp: Corp, control: Control) -> None:
    corp.customer()

    def notices() -> int:
        return len(control.get("ledger/callbacks", event="msgaudit_notify"))

    corp.decide()
    corp.say("one")
    assert notices() == 1
    control.post("clock", {"advance": 16})
    assert notices() == 2
    control.post("clock", {"advance": 16})
    assert notices() == 2
    xml = control.get("ledger/callbacks", event="msgaudit_notify")[0]["xml"]
    assert f"<AgentID>{defaults.ARCHIVE_AGENT_ID}</AgentID>" in xml
    assert "ChangeType" not in xml


def test_a_new_key_has_a_new_version_and_old_messages_need_the_old_one(corp: Corp) -> None:
    corp.customer()
    corp.decide()
    corp.say("under the first key")
    second = corp.new_key()
    corp.say("under the second key")

    rows = corp.pull()["chatdata"]
    assert [row["publickey_ver"] for row in rows] == [1, 1, second]
    assert corp.opened(rows[1])["text"]["content"] == "under the first key"
    with pytest.raises(ValueError, match="not locked for this key"):
        open_key(rows[1]["encrypt_random_key"], corp.keys[second])
    assert corp.sdk.decrypt_data("0" * 32, rows[1]["encrypt_chat_msg"], Slice()) == 10006
    assert corp.sdk.decrypt_data("", "", Slice()) == 10000


@pytest.mark.parametrize("sealed", [b"\x00" * 256, b"\xff" * 256, b"short"])
def test_what_no_key_locked_is_another_keys(sealed: bytes) -> None:
    own = RSA.generate(2048).export_key().decode()
    with pytest.raises(ValueError, match="not locked for this key"):
        open_key(base64.b64encode(sealed).decode(), own)


def test_pulling_goes_on_after_a_seq_and_five_days_are_kept(corp: Corp) -> None:
    corp.customer()
    corp.decide()
    for number in range(5):
        corp.say(f"message {number}")

    first = corp.pull(limit=4)["chatdata"]
    rest = corp.pull(seq=first[-1]["seq"])["chatdata"]
    assert len(first) == 4
    assert [corp.opened(row)["text"]["content"] for row in rest] == ["message 3", "message 4"]
    assert corp.pull(seq=rest[-1]["seq"])["chatdata"] == []

    corp.control.post("clock", {"advance": 5 * DAY + 1})
    corp.say("today")
    assert [one["text"]["content"] for one in corp.read()] == ["today"]


def test_a_recall_and_a_switch_are_records_too(corp: Corp) -> None:
    corp.customer()
    corp.decide()
    corp.say("oops")
    oops = corp.read()[-1]
    corp.control.post("archive_recall", {"msgid": oops["msgid"]})
    corp.control.post("archive_message", {"switch": corp.guide})

    recall, switch = corp.read()[-2:]
    assert (recall["action"], recall["msgtype"]) == ("recall", "revoke")
    assert recall["revoke"] == {"pre_msgid": oops["msgid"]}
    assert switch["action"] == "switch"
    assert "msgtype" not in switch
    with pytest.raises(ControlError, match="no such message"):
        corp.control.post("archive_recall", {"msgid": "1"})


def test_files_come_in_pieces_of_512_kilobytes(corp: Corp, running: Running) -> None:
    picture = TINY_PNG + bytes(range(256)) * 4096
    media_id = Api(running).upload("media/upload", picture, type="image")["media_id"]
    corp.customer()
    corp.decide()
    message = {"msgtype": "image", "image": {"mediaid": media_id}}
    corp.control.post("chat", {"userid": corp.guide, "person_id": "p000001", "message": message})

    image = corp.read()[-1]["image"]
    assert image["filesize"] == len(picture)
    piece, whole, sizes = MediaData(), b"", []
    while not piece.is_finish:
        code = corp.sdk.get_media_data(piece.out_index_buf, image["sdkfileid"], 5, piece)
        assert code == finance_codes.OK
        whole += piece.data
        sizes.append(len(piece.data))
    assert whole == picture
    assert sizes == [524_288, 524_288, len(picture) - 2 * 524_288]

    assert corp.sdk.get_media_data("", "unknown", 5, MediaData()) == finance_codes.BAD_FILE
    corp.control.post("clock", {"advance": 5 * DAY + 1})
    assert corp.sdk.get_media_data("", image["sdkfileid"], 5, MediaData()) == finance_codes.TOO_OLD


def test_the_sdk_refuses_as_wecom_does(corp: Corp, running: Running) -> None:
    out = Slice()
    assert corp.sdk.get_chat_data(0, 1001, 5, out) == finance_codes.BAD_PARAMETER
    assert corp.sdk.get_chat_data(0, 0, 5, out) == finance_codes.BAD_PARAMETER

    stranger = FinanceSdk(running.base_url, defaults.CORP_ID, defaults.APP_SECRET)
    assert stranger.get_chat_data(0, 10, 5, out) == finance_codes.OK
    assert json.loads(out.content)["errcode"] == 48002
    nobody = FinanceSdk("http://127.0.0.1:9", defaults.CORP_ID, defaults.ARCHIVE_SECRET)
    assert nobody.get_chat_data(0, 10, 5, out) == finance_codes.NO_NETWORK

    corp.control.post("trusted_ips", {"ips": ["203.0.113.7"], "app": "archive"})
    assert corp.sdk.get_chat_data(0, 10, 5, out) == finance_codes.BAD_IP


def test_msgaudit_calls_and_their_refusals(corp: Corp, app: Api) -> None:
    assert corp.api.post("msgaudit/get_permit_user_list", {})["ids"] == [corp.guide]
    assert corp.api.post("msgaudit/get_permit_user_list", {"type": 3})["ids"] == []
    assert corp.api.code("msgaudit/get_permit_user_list", {"type": 4}) == 40058
    assert app.code("msgaudit/get_permit_user_list", {}) == 48002
    assert corp.api.code("externalcontact/list", userid=corp.guide) == 48002

    pair = {"userid": corp.guide, "exteranalopenid": corp.customer()}
    check = "msgaudit/check_single_agree"
    assert corp.api.code(check, {"info": [pair] * 100}) == 0
    assert corp.api.code(check, {"info": [pair] * 101}) == 40058
    assert corp.api.code(check, {}) == 40063
    assert corp.api.code(check, {"info": [pair | {"userid": "nobody"}]}) == 60111
    assert corp.api.code(check, {"info": [pair | {"exteranalopenid": "wmNobody"}]}) == 40096

    robot = {"robot_id": "wbRobot1", "name": "机器人A", "creator_userid": corp.guide}
    corp.control.post("archive", {"robots": [robot]})
    assert corp.api.get("msgaudit/get_robot_info", robot_id="wbRobot1")["data"] == robot
    assert corp.api.code("msgaudit/get_robot_info", robot_id="wbRobot2") == 40058

    corp.control.post("archive", {"members": {corp.guide: 0}})
    assert corp.api.code("msgaudit/get_permit_user_list", {}) == 301053


def test_an_internal_group_is_read_when_an_archived_member_is_in_it(corp: Corp) -> None:
    room = {"creator": corp.other, "name": "早班", "userids": [corp.guide], "notice": "九点"}
    roomid = corp.control.post("internal_group", room)["roomid"]
    message = {"msgtype": "text", "text": {"content": "到了"}}
    corp.control.post("internal_chat", {"roomid": roomid, "userid": corp.other, "message": message})

    shown = corp.api.post("msgaudit/groupchat/get", {"roomid": roomid})
    assert (shown["roomname"], shown["creator"], shown["notice"]) == ("早班", corp.other, "九点")
    assert [one["memberid"] for one in shown["members"]] == [corp.other, corp.guide]
    kept = corp.read()[-1]
    assert (kept["roomid"], kept["from"], kept["tolist"]) == (roomid, corp.other, [corp.guide])
    assert not kept["msgid"].endswith("_external")

    assert corp.api.code("msgaudit/groupchat/get", {"roomid": "wrUnknown"}) == 86001
    corp.control.post("archive", {"members": {corp.guide: 0, corp.other: 1}})
    assert corp.api.code("msgaudit/groupchat/get", {"roomid": roomid}) == 0


def test_a_key_that_is_none_is_refused(corp: Corp) -> None:
    short = RSA.generate(1024).public_key().export_key().decode()
    for wrong in (short, corp.keys[1], base64.b64encode(b"no key").decode()):
        with pytest.raises(ControlError):
            corp.control.post("archive", {"public_key": wrong})
    assert corp.new_key() == 2


def page(running: Running, path: str, form: dict[str, str] | None = None) -> str:
    """A page of the phone, after sending a form."""
    data = None if form is None else urlencode(form).encode()
    with urllib.request.urlopen(f"{running.base_url}{path}", data=data, timeout=10) as reply:
        text: str = reply.read().decode()
        return text


def test_the_customer_is_asked_on_the_phone_and_may_change_his_mind(
    corp: Corp, running: Running
) -> None:
    corp.customer()
    chat = f"/phone/p/p000001/chat/{corp.guide}"
    assert "服务须知" in page(running, chat)
    assert "May it?" in page(running, f"{chat}?lang=en")

    assert "聊天内容会被存档" in page(running, f"{chat}/archive", {"answer": "agree"})
    assert "聊天内容不会被存档" in page(running, f"{chat}/archive", {"answer": "disagree"})
    assert [one["msgtype"] for one in corp.read()] == ["agree", "disagree"]

    corp.customer(guide=corp.other)
    assert "存档" not in page(running, f"/phone/p/p000001/chat/{corp.other}")
