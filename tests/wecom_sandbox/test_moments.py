from typing import Any

import pytest

from tests.wecom_sandbox.client import TINY_PNG, Api, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, ControlError, Running

ROOT = "externalcontact"
ADD = f"{ROOT}/add_moment_task"
TEXT = {"text": {"content": "新品到店"}}


@pytest.fixture
def customers(control: Control) -> list[str]:
    """Two guides with two customers each; external_userids."""
    shop(control, 2)
    return [
        control.post("add", {"userid": f"guide000{1 + number // 2}", "person_id": f"p{number + 1:06d}"})["external_userid"]
        for number in range(4)
    ]  # fmt: skip


def make(app: Api, control: Control, **fields: Any) -> str:
    """A moment of the corp, made; its moment_id."""
    answer = app.post(ADD, TEXT | fields)
    assert answer["errcode"] == 0, answer
    control.post("clock", {"advance": 4})
    done = app.get(f"{ROOT}/get_moment_task_result", jobid=answer["jobid"])
    assert (done["status"], done["result"]["errcode"]) == (3, 0)
    return str(done["result"]["moment_id"])


def senders(*userids: str) -> dict[str, Any]:
    """A visible_range of these members."""
    return {"sender_list": {"user_list": list(userids)}}


def test_making_a_moment_goes_through_three_states(
    app: Api, control: Control, customers: list[str]
) -> None:
    control.post("behaviour", {"moment_seconds": 300})
    visible = senders("guide0001", "nobody") | {"external_contact_list": {"tag_list": ["et-none"]}}
    visible["sender_list"]["department_list"] = [404]
    jobid = app.post(ADD, TEXT | {"visible_range": visible})["jobid"]

    def result() -> Any:
        return app.get(f"{ROOT}/get_moment_task_result", jobid=jobid)

    assert (result()["status"], "result" in result()) == (1, False)
    control.post("clock", {"advance": 120})
    assert (result()["status"], "result" in result()) == (2, False)
    moment_id = control.get("ledger/moments")[0]["moment_id"]
    assert app.code(f"{ROOT}/get_moment_task", {"moment_id": moment_id}) == 41063
    control.post("clock", {"advance": 200})
    assert result() == {
        "errcode": 0, "errmsg": "ok", "status": 3, "type": "add_moment_task",
        "result": {
            "errcode": 0, "errmsg": "ok", "moment_id": moment_id,
            "invalid_sender_list": {"user_list": ["nobody"], "department_list": [404]},
            "invalid_external_contact_list": {"tag_list": ["et-none"]},
        },
    }  # fmt: skip
    assert app.code(f"{ROOT}/get_moment_task_result", None, jobid="none") == 40088


def test_a_job_is_kept_for_a_day(
    app: Api, control: Control, running: Running, customers: list[str]
) -> None:
    jobid = app.post(ADD, TEXT)["jobid"]
    control.post("clock", {"advance": 86401})

    assert Api(running).code(f"{ROOT}/get_moment_task_result", None, jobid=jobid) == 40088


def test_customers_see_a_moment_once_it_is_published(
    app: Api, control: Control, customers: list[str]
) -> None:
    moment_id = make(app, control)
    key = {"moment_id": moment_id}
    mine = key | {"userid": "guide0001"}

    assert app.post(f"{ROOT}/get_moment_task", key)["task_list"] == [
        {"userid": "guide0001", "publish_status": 0}, {"userid": "guide0002", "publish_status": 0},
    ]  # fmt: skip
    assert app.post(f"{ROOT}/get_moment_customer_list", mine)["customer_list"] == [
        {"userid": "guide0001", "external_userid": one} for one in customers[:2]
    ]
    assert app.code(f"{ROOT}/get_moment_send_result", mine) == 41062
    assert app.code(f"{ROOT}/get_moment_comments", mine) == 41062
    control.post("delete", {"userid": "guide0001", "person_id": "p000002", "by": "member"})
    assert control.post("moment_publish", mine) == {"seen": 1}
    assert app.post(f"{ROOT}/get_moment_send_result", mine)["customer_list"] == [
        {"external_userid": customers[0]}
    ]
    assert app.post(f"{ROOT}/get_moment_task", key)["task_list"][0]["publish_status"] == 1
    with pytest.raises(ControlError, match="nothing waits"):
        control.post("moment_publish", mine)


def test_likes_and_comments_are_read_back(app: Api, control: Control, customers: list[str]) -> None:
    moment_id = make(app, control)
    mine = {"moment_id": moment_id, "userid": "guide0001"}
    control.post("moment_publish", mine)
    control.post("moment_react", mine | {"kind": "like", "person_id": "p000001"})
    control.post("moment_react", mine | {"kind": "comment", "person_id": "p000001", "text": "好看"})
    control.post("moment_react", mine | {"kind": "comment", "text": "欢迎来店"})
    with pytest.raises(ControlError, match="cannot be seen"):
        control.post("moment_react", mine | {"kind": "like", "person_id": "p000003"})

    talk = app.post(f"{ROOT}/get_moment_comments", mine)
    assert [one["external_userid"] for one in talk["like_list"]] == customers[:1]
    assert [one.get("external_userid") or one["userid"] for one in talk["comment_list"]] == [
        customers[0],
        "guide0001",
    ]
    assert isinstance(talk["comment_list"][0]["create_time"], int)
    control.post("moment_react", mine | {"kind": "like", "person_id": "p000001"})
    assert app.post(f"{ROOT}/get_moment_comments", mine)["like_list"] == []
    assert app.code(f"{ROOT}/get_moment_comments", {"moment_id": moment_id}) == 41009


def test_only_customers_with_a_tag_may_be_meant(
    app: Api, control: Control, customers: list[str]
) -> None:
    tags = control.post("console_tag", {"action": "create", "group_name": "甲", "names": ["一"]})[
        "tag_ids"
    ]
    control.post("edit_remark", {"userid": "guide0002", "person_id": "p000003", "tags": tags})

    moment_id = make(app, control, visible_range={"external_contact_list": {"tag_list": tags}})

    meant = app.post(f"{ROOT}/get_moment_customer_list", {"moment_id": moment_id})["customer_list"]
    assert meant == [{"userid": "guide0002", "external_userid": customers[2]}]
    now = int(control.get("clock")["now"])
    listed = app.post(f"{ROOT}/get_moment_list", {"start_time": now - 60, "end_time": now})[
        "moment_list"
    ]
    assert listed[0]["visible_type"] == 0


@pytest.mark.parametrize(
    ("fields", "errcode"),
    [
        ({"text": {}}, 41089),
        ({"text": {"content": "字" * 2001}}, 45002),
        ({"attachments": [{"msgtype": "poem"}]}, 41066),
        ({"attachments": [{"msgtype": "image", "image": {}}]}, 41006),
        ({"attachments": [{"msgtype": "image", "image": {"media_id": "3none"}}]}, 40007),
        ({"attachments": [{"msgtype": "link", "link": {"title": "a"}}]}, 40058),
        (
            {"attachments": [{"msgtype": "link", "link": {"title": "a" * 65, "url": "https://a"}}]},
            40058,
        ),
        ({"attachments": [{"msgtype": "link", "link": {"url": "https://a"}}] * 2}, 41064),
        (
            {
                "attachments": [
                    {"msgtype": "link", "link": {"url": "https://a"}},
                    {"msgtype": "image"},
                ]
            },
            41065,
        ),
        ({"attachments": [{"msgtype": "image"}] * 10}, 41064),
    ],
)
def test_content_is_checked(
    app: Api, control: Control, customers: list[str], fields: dict[str, Any], errcode: int
) -> None:
    assert app.code(ADD, TEXT | fields) == errcode
    assert control.get("ledger/moments") == []


def test_pictures_come_from_upload_attachment_only(
    app: Api, control: Control, customers: list[str]
) -> None:
    plain = app.upload("media/upload", TINY_PNG, type="image")["media_id"]
    album = app.upload("media/upload_attachment", TINY_PNG, media_type="image", attachment_type=2)[
        "media_id"
    ]
    right = app.upload("media/upload_attachment", TINY_PNG, media_type="image", attachment_type=1)[
        "media_id"
    ]

    def pictures(*ids: str) -> list[dict[str, Any]]:
        return [{"msgtype": "image", "image": {"media_id": one}} for one in ids]

    assert app.code(ADD, TEXT | {"attachments": pictures(plain)}) == 40007
    assert app.code(ADD, TEXT | {"attachments": pictures(album)}) == 40007
    make(app, control, attachments=pictures(*[right] * 9))
    now = int(control.get("clock")["now"])
    shown = app.post(f"{ROOT}/get_moment_list", {"start_time": now - 60, "end_time": now})[
        "moment_list"
    ][0]
    assert shown["image"] == [{"media_id": right}] * 9


def test_ten_a_minute(app: Api, control: Control, customers: list[str]) -> None:
    assert [app.code(ADD, TEXT) for _ in range(11)] == [0] * 10 + [45009]
    control.post("clock", {"advance": 61})
    assert app.code(ADD, TEXT) == 0


def test_without_senders_the_job_fails(app: Api, control: Control, customers: list[str]) -> None:
    control.post("scope", {"departments": [], "users": ["guide0002"]})
    jobid = app.post(ADD, TEXT | {"visible_range": senders("guide0001")})["jobid"]
    control.post("clock", {"advance": 4})

    result = app.get(f"{ROOT}/get_moment_task_result", jobid=jobid)["result"]
    assert (result["errcode"], result["moment_id"]) == (41048, "")
    assert result["invalid_sender_list"]["user_list"] == ["guide0001"]


def test_a_cancelled_moment_cannot_be_published(
    app: Api, control: Control, running: Running, customers: list[str]
) -> None:
    moment_id = make(app, control)
    key = {"moment_id": moment_id}
    control.post("moment_publish", key | {"userid": "guide0001"})

    assert Api(running, defaults.SECOND_SECRET).code(f"{ROOT}/cancel_moment_task", key) == 301002
    assert app.code(f"{ROOT}/cancel_moment_task", {}) == 41059
    assert app.code(f"{ROOT}/cancel_moment_task", {"moment_id": "mom-none"}) == 41060
    assert app.code(f"{ROOT}/cancel_moment_task", key) == 0
    with pytest.raises(ControlError, match="cancelled"):
        control.post("moment_publish", key | {"userid": "guide0002"})
    assert len(app.post(f"{ROOT}/get_moment_send_result", key)["customer_list"]) == 2


def test_members_publish_their_own(app: Api, control: Control, customers: list[str]) -> None:
    place = {"latitude": "31.23", "longitude": "121.47", "name": "上海"}
    own = control.post("moment_write", {"userid": "guide0001", "text": "早安", "location": place})[
        "moment_id"
    ]
    corp = make(app, control)
    now = int(control.get("clock")["now"])

    def listed(**fields: Any) -> list[dict[str, Any]]:
        span = {"start_time": now - 3600, "end_time": now}
        found: list[dict[str, Any]] = app.post(f"{ROOT}/get_moment_list", span | fields)[
            "moment_list"
        ]
        return found

    assert [one["moment_id"] for one in listed()] == [own, corp]
    assert [one["moment_id"] for one in listed(filter_type=0)] == [corp]
    assert listed(filter_type=1) == [
        {"moment_id": own, "creator": "guide0001", "create_time": listed()[0]["create_time"], "create_type": 1,
         "visible_type": 1, "text": {"content": "早安"}, "location": place},
    ]  # fmt: skip
    assert len(listed(limit=500)) == 2
    assert listed(creator="guide0002") == []
    assert (
        app.code(f"{ROOT}/get_moment_list", {"start_time": now - 31 * 86400, "end_time": now})
        == 40058
    )
    assert app.code(f"{ROOT}/get_moment_task", {"moment_id": own}) == 41067
    assert (
        app.code(f"{ROOT}/get_moment_send_result", {"moment_id": own, "userid": "guide0002"})
        == 41061
    )
    control.post("moment_delete", {"moment_id": own})
    assert [one["moment_id"] for one in listed()] == [corp]
    assert app.code(f"{ROOT}/get_moment_send_result", {"moment_id": own}) == 41060


def test_a_customer_sees_only_so_many(app: Api, control: Control, customers: list[str]) -> None:
    control.post("behaviour", {"moment_month_limit": 1, "moment_day_limit": 3})
    seen = []
    for _ in range(2):
        moment_id = make(app, control, visible_range=senders("guide0001"))
        seen.append(
            control.post("moment_publish", {"moment_id": moment_id, "userid": "guide0001"})["seen"]
        )
    for _ in range(3):
        moment_id = control.post("moment_write", {"userid": "guide0001", "text": "早"})["moment_id"]
        seen.append(
            len(
                app.post(f"{ROOT}/get_moment_send_result", {"moment_id": moment_id})[
                    "customer_list"
                ]
            )
        )

    assert seen == [2, 0, 2, 2, 0]
