"""Accounts: caps, invitations, joining by code, second check, ids and figures (contacts.md §3)."""

import urllib.request
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.wecom_sandbox.client import TINY_PNG, Api, Receiver, shop
from tests.wecom_sandbox.test_login import open_page
from tests.wecom_sandbox.test_members import member
from wecom_sandbox.china_time import local
from wecom_sandbox.testing import Control, ControlError


@pytest.fixture
def heard(control: Control, receiver: Receiver) -> Receiver:
    """Hears what the contact sync callback hears."""
    control.post("callback_urls", {"app": "contacts", "url": f"{receiver.url}/contacts"})
    return receiver


def changes(control: Control) -> list[tuple[str, str]]:
    rows = control.get("ledger/callbacks", event="change_contact")
    return [(row["change_type"], row["xml"]) for row in rows]


def test_the_cap_and_the_months_making(contacts: Api, control: Control) -> None:
    control.post("behaviour", {"account_limit": 2})
    bodies = [member(userid=f"u{n}", mobile=f"1380000000{n}") for n in range(8)]

    assert [contacts.code("user/create", body) for body in bodies[:3]] == [0, 0, 45024]
    for body in bodies[2:6]:
        contacts.get("user/delete", userid=control.get("ledger/members")[0]["userid"])
        assert contacts.code("user/create", body) == 0
    contacts.get("user/delete", userid=control.get("ledger/members")[0]["userid"])
    assert contacts.code("user/create", bodies[6]) == 45009
    assert len(control.get("ledger/members")) == 1


def test_invitations_go_to_who_has_not_activated(contacts: Api, app: Api, control: Control) -> None:
    users = shop(control)
    contacts.post("user/create", member(userid="new", to_invite=False))
    contacts.post("user/create", member(userid="other", mobile="13800000002", to_invite=False))

    assert app.code("batch/invite", {"user": []}) == 40063
    assert app.code("batch/invite", {"user": ["x"] * 1001}) == 40058
    answer = app.post(
        "batch/invite", {"user": ["NEW", "nobody", users[0]], "party": [404], "tag": [9]}
    )

    assert (answer["invaliduser"], answer["invalidparty"], answer["invalidtag"]) == (
        ["nobody"],
        [404],
        [9],
    )
    assert [one["userid"] for one in control.get("ledger/invites")] == ["new"]
    assert app.post("batch/invite", {"party": [1]}) == {"errcode": 0, "errmsg": "ok"}
    control.post("clock", {"advance": 5 * 86400})
    invited = control.get("ledger/invites")
    assert [(one["userid"], one["messages"]) for one in invited] == [("new", 3), ("other", 3)]


def test_people_join_by_code_with_a_made_up_userid(
    contacts: Api, app: Api, control: Control, heard: Receiver
) -> None:
    address = contacts.get("corp/get_join_qrcode", size_type=3)["join_qrcode"]
    with urllib.request.urlopen(address, timeout=10) as reply:
        assert reply.read().startswith(b"\x89PNG")
    vcode = parse_qs(urlsplit(address).query)["vcode"][0]

    status, location, _ = open_page(app, f"/join/{vcode}", {"person_id": "p000001"})

    userid = location.rpartition("/")[2]
    assert (status, len(userid)) == (303, 32)
    assert app.get("user/get", userid=userid)["status"] == 1
    assert contacts.code("user/update", {"userid": userid, "new_userid": "li.si"}) == 0
    assert app.code("user/get", userid=userid) == 60111
    assert contacts.code("user/update", {"userid": "li.si", "new_userid": "again"}) == 40058
    assert [kind for kind, _ in changes(control)] == ["create_user"]
    assert contacts.code("corp/get_join_qrcode", size_type=5) == 40058
    assert app.code("corp/get_join_qrcode") == 48002
    control.post("clock", {"advance": 7 * 86400 + 1})
    assert open_page(app, f"/join/{vcode}", {"person_id": "p000002"})[0] == 404
    with pytest.raises(ControlError, match="409"):
        control.post("join", {"vcode": vcode, "person_id": "p000002"})


def test_a_known_phone_logs_in_to_its_account(contacts: Api, app: Api, control: Control) -> None:
    phone = control.get("people", limit=1)[0]["phone"]
    contacts.post("user/create", member(mobile=phone))
    address = contacts.get("corp/get_join_qrcode")["join_qrcode"]
    vcode = parse_qs(urlsplit(address).query)["vcode"][0]

    joined = control.post("join", {"vcode": vcode, "person_id": "p000001"})

    assert joined == {"userid": "zhang.san"}
    assert app.get("user/get", userid="zhang.san")["status"] == 1


def test_the_corps_own_check_comes_before_activation(
    contacts: Api, app: Api, control: Control
) -> None:
    control.post("behaviour", {"second_check": True})
    contacts.post("user/create", member())

    assert control.post("activate", {"all": True})["changed"] == []
    assert app.get("user/get", userid="zhang.san")["status"] == 4
    assert contacts.get("user/authsucc", userid="zhang.san") == {"errcode": 0, "errmsg": "ok"}
    assert app.get("user/get", userid="zhang.san")["status"] == 1
    assert contacts.code("user/authsucc", userid="nobody") == 60111
    assert app.code("user/authsucc", userid="zhang.san") == 48002


def test_openids_of_members(contacts: Api, app: Api, control: Control) -> None:
    contacts.post("user/create", member())
    assert app.code("user/convert_to_openid", {"userid": "zhang.san"}) == 43004
    control.post("activate", {"all": True})

    openid = app.post("user/convert_to_openid", {"userid": "zhang.san"})["openid"]

    assert app.post("user/convert_to_userid", {"openid": openid})["userid"] == "zhang.san"
    assert app.code("user/convert_to_userid", {"openid": "o" * 28}) == 40073
    assert app.code("user/convert_to_openid", {"userid": "nobody"}) == 60111
    control.post("scope", {"departments": []})
    assert app.code("user/convert_to_openid", {"userid": "zhang.san"}) == 60011


def test_userids_of_phones_and_mails(contacts: Api, app: Api, control: Control) -> None:
    contacts.post("user/create", member(email="a@example.com", biz_mail="z@corp.example.com"))
    control.post("behaviour", {"account_limit": 10})

    assert app.post("user/getuserid", {"mobile": "13800000001"})["userid"] == "zhang.san"
    by_mail = {"email": "Z@corp.example.com"}
    assert app.post("user/get_userid_by_email", by_mail)["userid"] == "zhang.san"
    private = {"email": "a@example.com", "email_type": 2}
    assert app.post("user/get_userid_by_email", private)["userid"] == "zhang.san"
    assert app.code("user/get_userid_by_email", {"email": "a@example.com"}) == 46004
    wrong = [app.code("user/getuserid", {"mobile": "13900000000"}) for _ in range(4)]
    assert wrong == [46004, 46004, 45009, 45009]
    assert app.code("user/getuserid", {"mobile": "13800000001"}) == 45009
    assert app.code("user/get_userid_by_email", by_mail) == 0


def test_active_members_of_a_day(app: Api, control: Control) -> None:
    shop(control, members=3)
    today = local(control.get("clock")["now"]).date()
    code = control.post("oauth_code", {"userid": "guide0001"})["code"]
    app.get("auth/getuserinfo", code=code)
    control.post("add", {"userid": "guide0002", "person_id": "p000001"})
    message = {"msgtype": "text", "text": {"content": "您好"}}
    control.post("chat", {"userid": "guide0002", "person_id": "p000001", "message": message})

    assert app.code("user/get_active_stat", {"date": today.isoformat()}) == 40058
    control.post("clock", {"advance": 86400})
    app._token = ""
    assert app.post("user/get_active_stat", {"date": today.isoformat()})["active_cnt"] == 2
    before = {"date": (today - timedelta(days=1)).isoformat()}
    assert app.post("user/get_active_stat", before)["active_cnt"] == 0
    assert app.code("user/get_active_stat", {"date": "yesterday"}) == 40058
    old = {"date": (today - timedelta(days=40)).isoformat()}
    assert app.code("user/get_active_stat", old) == 40058


@pytest.mark.parametrize(
    ("attribute", "code"),
    [
        ({"type": 3, "name": "x"}, 90100),
        ({"type": 0, "name": "x", "text": {"value": "字" * 13}}, 90101),
        ({"type": 1, "name": "x", "web": {"title": "", "url": "http://a"}}, 90102),
        ({"type": 1, "name": "x", "web": {"title": "t", "url": "a"}}, 90103),
        ({"type": 2, "name": "x", "miniprogram": {"title": "字" * 13, "appid": "a", "pagepath": "p"}}, 90104),
        ({"type": 2, "name": "x", "miniprogram": {"title": "t", "appid": "a"}}, 90105),
        ({"type": 0, "name": "x"}, 90106),
    ],
)  # fmt: skip
def test_the_card_for_customers_is_checked(
    contacts: Api, control: Control, attribute: dict[str, Any], code: int
) -> None:
    body = member(external_profile={"external_attr": [attribute]})

    assert contacts.code("user/create", body) == code
    assert control.get("ledger/members") == []


def test_only_attributes_of_the_console_are_kept(contacts: Api, app: Api, control: Control) -> None:
    control.post("behaviour", {"member_attributes": ["爱好"]})
    attributes = [{"type": 0, "name": name, "text": {"value": "旅游"}} for name in ("爱好", "别的")]

    contacts.post("user/create", member(extattr={"attrs": attributes}))

    assert app.get("user/get", userid="zhang.san")["extattr"] == {"attrs": attributes[:1]}


def test_pictures_leaders_and_mail_aliases(contacts: Api, control: Control) -> None:
    picture = contacts.upload("media/upload", TINY_PNG, type="image")["media_id"]
    aliases = {"item": [f"a{n}@example.com" for n in range(6)]}

    assert contacts.code("user/create", member(avatar_mediaid="none")) == 40007
    assert contacts.code("user/create", member(biz_mail_alias=aliases)) == 40058
    assert contacts.code("user/create", member(biz_mail="nomail")) == 60105
    assert contacts.code("user/create", member(avatar_mediaid=picture)) == 0
    assert (
        contacts.code("user/create", member(userid="b", direct_leader=["zhang.san"] * 6)) == 40058
    )
    assert picture in control.get("ledger/members")[0]["avatar"]


def test_the_console_raises_what_an_old_callback_hears(control: Control, heard: Receiver) -> None:
    control.post("behaviour", {"full_contact_events": True})
    control.post("delivery", {"concurrency": 1})
    made = control.post("console_department", {"action": "create", "name": "门店", "order": 3})[
        "id"
    ]
    body = {"name": "张三", "mobile": "13800000001", "department": [made], "gender": "1"}
    control.post("console_member", {"userid": "zhang", "create": True, **body})
    control.post("console_member", {"userid": "zhang", "position": "店长"})
    tag = {"tagid": 9001, "add_users": ["zhang"], "add_parties": [made]}
    control.post("console_member_tag", tag)
    control.post("console_member", {"userid": "zhang", "delete": True})
    control.post("console_department", {"action": "delete", "id": made})
    assert control.post("wait_idle")["idle"]

    events = {event["ChangeType"]: event for event in heard.events}
    assert list(events) == [
        "create_party", "create_user", "update_user", "update_tag", "delete_user", "delete_party",
    ]  # fmt: skip
    assert (events["create_party"]["Name"], events["create_party"]["ParentId"]) == ("门店", "1")
    assert (events["update_user"]["Position"], events["update_user"]["Mobile"]) == (
        "店长",
        "13800000001",
    )
    assert (events["update_tag"]["AddUserItems"], events["update_tag"]["AddPartyItems"]) == (
        "zhang",
        str(made),
    )


def test_a_new_callback_hears_no_names(control: Control, heard: Receiver) -> None:
    control.post("console_department", {"action": "create", "name": "门店"})
    control.post("console_member", {"userid": "z", "create": True, "name": "张三", "mobile": "13800000001", "department": [1]})  # fmt: skip
    assert control.post("wait_idle")["idle"]

    assert ["Name" in event for event in heard.events] == [False, False]


def test_the_api_raises_nothing(contacts: Api, control: Control, heard: Receiver) -> None:
    contacts.post("department/create", {"name": "门店", "parentid": 1})
    contacts.post("user/create", member())
    contacts.post("user/update", {"userid": "zhang.san", "name": "张叁"})
    contacts.get("user/delete", userid="zhang.san")

    assert changes(control) == []


def test_tags_of_departments(contacts: Api, app: Api, control: Control) -> None:
    shops = control.post("seed_org", {"departments": 2, "members": 4})["departments"]
    made = app.post("tag/create", {"tagname": "大使"})
    answer = app.post("tag/addtagusers", {"tagid": made["tagid"], "userlist": ["guide0001", "no"], "partylist": [shops[1], 404]})  # fmt: skip

    assert (answer["invalidlist"], answer["invalidparty"]) == ("no", [404])
    seen = app.get("tag/get", tagid=made["tagid"])
    assert (seen["tagname"], [one["userid"] for one in seen["userlist"]], seen["partylist"]) == (
        "大使", ["guide0001"], [shops[1]],
    )  # fmt: skip
    assert (
        app.post("tag/update", {"tagid": made["tagid"], "tagname": "门店大使"})["errmsg"]
        == "updated"
    )
    assert contacts.code("tag/update", {"tagid": made["tagid"], "tagname": "x"}) == 301002
    assert contacts.code("tag/delete", tagid=made["tagid"]) == 301002
    control.post("no_contact_tag", {"tag_id": made["tagid"]})
    assert app.get("externalcontact/get_follow_user_list")["follow_user"] == ["guide0003"]
    gone = {"tagid": made["tagid"], "userlist": ["guide0001"], "partylist": [shops[1]]}
    assert app.post("tag/deltagusers", gone) == {"errcode": 0, "errmsg": "deleted"}
    assert app.code("tag/deltagusers", gone) == 40031
    assert app.get("tag/delete", tagid=made["tagid"])["errmsg"] == "deleted"
    assert app.code("tag/get", tagid=made["tagid"]) == 40068
