"""Asynchronous imports and exports of the address book (docs 90979, 94849)."""

import base64
import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from Crypto.Cipher import AES
from wechatpy.work.crypto import WeChatCrypto

from tests.wecom_sandbox.client import Api, Receiver
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control

HEAD = "姓名,账号,手机号,邮箱,所在部门,职位,性别"
AES_KEY = "IJUiXNpvGbODwKEBSEsAeOAPAhkqHqNCF6g19t9wfg2"


def uploaded(contacts: Api, *lines: str, encoding: str = "utf-8") -> str:
    """The media_id of a CSV file."""
    content = "\n".join(lines).encode(encoding)
    return str(contacts.upload("media/upload", content, "members.csv", type="file")["media_id"])


def run(contacts: Api, control: Control, api: str, *lines: str, **fields: Any) -> Any:
    """The answer of batch/getresult once the job is done."""
    body = {"media_id": uploaded(contacts, *lines), **fields}
    job = contacts.post(api, body)
    assert job["errcode"] == 0, job
    control.post("clock", {"advance": 60})
    return contacts.get("batch/getresult", jobid=job["jobid"])


def names(control: Control) -> dict[str, str]:
    return {one["userid"]: one["name"] for one in control.get("ledger/members")}


def test_a_job_goes_through_its_states(contacts: Api, control: Control) -> None:
    media_id = uploaded(contacts, HEAD, "张三,zhang,13800000001,,1,导购,男")
    jobid = contacts.post("batch/syncuser", {"media_id": media_id})["jobid"]
    control.post("clock", {"speed": 0.001})

    first = contacts.get("batch/getresult", jobid=jobid)
    assert (first["status"], first["type"], first["total"], first["percentage"], first["result"]) == (
        1, "sync_user", 1, 0, [],
    )  # fmt: skip
    control.post("clock", {"advance": 1.6})
    assert contacts.get("batch/getresult", jobid=jobid)["status"] == 2
    assert names(control) == {}
    control.post("clock", {"advance": 2})
    done = contacts.get("batch/getresult", jobid=jobid)

    assert (done["status"], done["percentage"]) == (3, 100)
    assert done["result"] == [{"userid": "zhang", "errcode": 0, "errmsg": "ok"}]
    member = control.get("ledger/members")[0]
    assert (member["name"], member["gender"], member["position"], member["status"]) == (
        "张三", "1", "导购", 4,
    )  # fmt: skip
    assert [one["userid"] for one in control.get("ledger/invites")] == ["zhang"]


def test_rows_fail_one_by_one_and_nobody_is_deleted(contacts: Api, control: Control) -> None:
    control.post("seed_org", {"departments": 1, "members": 2})

    answer = run(
        contacts, control, "batch/syncuser", "\ufeff" + HEAD, "改名,GUIDE0001,,,,店长,",
        "李四,li,12,,1,,", "王五,wang,13800000005,,2;77,,女", "赵六,zhao,,,1,,", "无,,1,,1,,",
        to_invite=False,
    )  # fmt: skip

    codes = [(one["userid"], one["errcode"]) for one in answer["result"]]
    assert codes == [("GUIDE0001", 0), ("li", 60103), ("wang", 0), ("zhao", 60129), ("", 60103)]
    assert names(control)["guide0001"] == "改名"
    assert set(names(control)) == {"guide0001", "guide0002", "wang"}
    assert control.get("ledger/invites") == []
    tree = {one["id"]: (one["name"], one["parentid"]) for one in control.get("ledger/departments")}
    waiting_room = next(one for one, (name, _) in tree.items() if name.startswith("其他"))
    assert tree[77] == ("77", waiting_room)


def test_a_full_replacement_deletes_but_not_everybody(contacts: Api, control: Control) -> None:
    control.post("seed_org", {"departments": 1, "members": 5})
    two = [f"导购{number},guide000{number},,,2,," for number in (1, 2)]

    kept = run(contacts, control, "batch/replaceuser", HEAD, *two)
    assert {one["errcode"] for one in kept["result"]} == {0}
    assert set(names(control)) == {"guide0001", "guide0002"}
    refused = run(contacts, control, "batch/replaceuser", HEAD, "新人,new,13800000009,,1,,")
    assert refused["errcode"] == 45026
    assert set(names(control)) == {"guide0001", "guide0002"}
    twice = run(contacts, control, "batch/replaceuser", HEAD, *two, two[0])
    assert twice["errcode"] == 302003


def test_a_tree_is_replaced_and_full_departments_wait(contacts: Api, control: Control) -> None:
    control.post("seed_org", {"departments": 2, "members": 2})
    head = "部门名称,部门ID,父部门ID,排序"

    answer = run(
        contacts, control, "batch/replaceparty", head, "星河,1,0,", "华东,10,1,5", "二号店,3,10,",
    )  # fmt: skip

    assert [(one["partyid"], one["action"], one["errcode"]) for one in answer["result"]] == [
        (1, 2, 0), (10, 1, 0), (3, 2 + 4, 0),
    ]  # fmt: skip
    tree = {one["id"]: one["parentid"] for one in control.get("ledger/departments")}
    assert tree == {1: 0, 10: 1, 3: 10, 2: 1}
    moved = "导购,guide0001,,,10,,"
    run(contacts, control, "batch/syncuser", HEAD, moved)
    assert 2 not in {one["id"] for one in control.get("ledger/departments")}


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (("甲,5,1,", "乙,5,1,"), 302006),
        (("甲,5,1,", "甲,6,1,"), 302007),
        (("甲,5,9,"), 302004),
        (("甲,5,6,", "乙,6,5,"), 302004),
        (("甲,x,1,"), 302004),
    ],
)
def test_a_tree_that_is_none_changes_nothing(
    contacts: Api, control: Control, lines: tuple[str, ...], code: int
) -> None:
    before = control.get("ledger/departments")
    rows = (lines,) if isinstance(lines, str) else lines

    answer = run(contacts, control, "batch/replaceparty", "部门名称,部门ID,父部门ID,排序", *rows)

    assert answer["errcode"] == code
    assert control.get("ledger/departments") == before


def test_bad_requests_make_no_job(contacts: Api, app: Api, control: Control) -> None:
    good = uploaded(contacts, HEAD, "张三,zhang,13800000001,,1,,")
    key = {"url": "http://x/", "token": "t", "encodingaeskey": AES_KEY}

    assert contacts.code("batch/syncuser", {"to_invite": True}) == 41006
    assert contacts.code("batch/syncuser", {"media_id": "none"}) == 40007
    assert (
        contacts.code("batch/syncuser", {"media_id": uploaded(contacts, "姓名", "张三")}) == 40035
    )
    gbk = uploaded(contacts, HEAD, "张三,zhang,13800000001,,1,,", encoding="gbk")
    assert contacts.code("batch/syncuser", {"media_id": gbk}) == 40035
    for name, value in (("url", "ftp://x"), ("encodingaeskey", "short"), ("token", None)):
        body = {"media_id": good, "callback": key | {name: value}}
        assert contacts.code("batch/syncuser", body) == 40058
    assert app.code("batch/syncuser", {"media_id": good}) == 48002
    assert contacts.code("batch/getresult", jobid="none") == 40088
    assert control.get("ledger/contact_jobs") == []


def test_results_of_five_jobs_are_kept(contacts: Api, control: Control) -> None:
    media_id = uploaded(contacts, HEAD, "张三,zhang,13800000001,,1,,")
    jobs = [contacts.post("batch/syncuser", {"media_id": media_id})["jobid"] for _ in range(6)]
    control.post("clock", {"advance": 60})

    codes = [contacts.code("batch/getresult", jobid=job) for job in jobs]

    assert codes == [40089, 0, 0, 0, 0, 0]


class JobReceiver(Receiver):
    """Hears of jobs with the token and key of the request."""

    def crypto(self, path: str) -> WeChatCrypto:
        return WeChatCrypto("jobToken", AES_KEY, defaults.CORP_ID)


@pytest.fixture
def heard() -> Iterator[JobReceiver]:
    receiver = JobReceiver()
    yield receiver
    receiver.close()


def test_the_end_is_told_to_the_address_of_the_request(
    contacts: Api, control: Control, heard: JobReceiver
) -> None:
    callback = {"url": heard.url, "token": "jobToken", "encodingaeskey": AES_KEY}
    control.post("behaviour", {"job_seconds": 0})
    media_id = uploaded(contacts, HEAD, "张三,zhang,13800000001,,1,,")
    jobid = contacts.post("batch/syncuser", {"media_id": media_id, "callback": callback})["jobid"]

    # Nobody asks and nobody moves the clock: WeCom tells it by itself.
    for _ in range(100):
        if heard.events:
            break
        control.post("wait_idle", {"timeout": 0.05})

    assert [event["BatchJob"] for event in heard.events] == [
        {"JobId": jobid, "JobType": "sync_user", "ErrCode": "0", "ErrMsg": "ok"}
    ]
    assert "ChangeType" not in heard.events[0]


def opened(content: bytes) -> Any:
    """The JSON of an exported file."""
    key = base64.b64decode(AES_KEY + "=")
    plain = AES.new(key, AES.MODE_CBC, key[:16]).decrypt(content)
    assert len(content) % 32 == 0
    return json.loads(plain[: -plain[-1]])


def fetched(url: str, **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as reply:
        content: bytes = reply.read()
        return content


def exported(app: Api, control: Control, api: str, **fields: Any) -> Any:
    """The files of an export."""
    job = app.post(api, {"encoding_aeskey": AES_KEY, **fields})
    assert app.get("export/get_result", jobid=job["jobid"])["status"] in (0, 1)
    control.post("clock", {"advance": 10})
    answer = app.get("export/get_result", jobid=job["jobid"])
    assert answer["status"] == 2
    return answer["data_list"]


def test_an_export_is_encrypted_and_fetched_in_parts(app: Api, control: Control) -> None:
    shops = control.post("seed_org", {"departments": 2, "members": 3})["departments"]

    files = exported(app, control, "export/simple_user")

    content = fetched(files[0]["url"])
    assert (len(files), files[0]["size"], files[0]["md5"]) == (
        1, len(content), hashlib.md5(content, usedforsecurity=False).hexdigest(),
    )  # fmt: skip
    assert [one["userid"] for one in opened(content)["userlist"]] == ["guide0001", "guide0002", "guide0003"]  # fmt: skip
    assert fetched(files[0]["url"], Range="bytes=0-31") == content[:32]
    control.post("scope", {"departments": [shops[0]]})
    seen = opened(fetched(exported(app, control, "export/user")[0]["url"]))["userlist"]
    assert [one["userid"] for one in seen] == ["guide0001", "guide0003"]
    assert "mobile" not in seen[0]
    tree = opened(fetched(exported(app, control, "export/department")[0]["url"]))["department"]
    assert [one["id"] for one in tree] == [shops[0]]
    control.post("clock", {"advance": 7201})
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetched(files[0]["url"])


def test_a_tag_is_exported_with_its_departments(
    app: Api, contacts: Api, control: Control, receiver: Receiver
) -> None:
    shops = control.post("seed_org", {"departments": 2, "members": 3})["departments"]
    tag_id = app.post("tag/create", {"tagname": "大使"})["tagid"]
    app.post(
        "tag/addtagusers", {"tagid": tag_id, "userlist": ["guide0002"], "partylist": [shops[0]]}
    )

    files = exported(app, control, "export/taguser", tagid=tag_id)

    found = opened(fetched(files[0]["url"]))
    assert ([one["userid"] for one in found["userlist"]], found["partylist"]) == (["guide0002"], [shops[0]])  # fmt: skip
    assert control.post("wait_idle")["idle"]
    told = [event["BatchJob"]["JobType"] for event in receiver.events if event["Event"] == "batch_job_result"]  # fmt: skip
    assert told == ["export_taguser"]
    assert app.code("export/taguser", {"tagid": 404, "encoding_aeskey": AES_KEY}) == 40068


def test_exports_check_key_size_and_caller(app: Api, contacts: Api, control: Control) -> None:
    assert app.code("export/user", {"encoding_aeskey": "short"}) == 40058
    assert app.code("export/user", {"encoding_aeskey": AES_KEY, "block_size": 9_999}) == 40058
    assert contacts.code("export/user", {"encoding_aeskey": AES_KEY}) == 48002
    assert app.code("export/get_result", jobid="none") == 40088
    jobid = app.post("export/user", {"encoding_aeskey": AES_KEY})["jobid"]
    control.post("scope", {"contact_sync_reads": True})
    assert contacts.code("export/get_result", jobid=jobid) == 301002
    assert contacts.code("batch/getresult", jobid=jobid) == 40088
