"""微信客服: accounts, servicers, sessions, reading and answering, offers, figures."""

from typing import Any

import pytest

from tests.wecom_sandbox.client import TINY_PNG, Api, Receiver, shop
from wecom_sandbox.testing import Control, ControlError

TEXT = {"msgtype": "text", "text": {"content": "有货吗"}}
MENU = {
    "head_content": "满意吗",
    "list": [{"type": "click", "click": {"id": "1", "content": "满意"}}],
}


@pytest.fixture
def kf(app: Api, control: Control) -> str:
    """An account with two servicers; its open_kfid."""
    shop(control)
    picture = app.upload("media/upload", TINY_PNG, type="image")["media_id"]
    open_kfid = str(app.post("kf/account/add", {"name": "售后", "media_id": picture})["open_kfid"])
    body = {"open_kfid": open_kfid, "userid_list": ["guide0001", "guide0002"]}
    assert app.code("kf/servicer/add", body) == 0
    return open_kfid


def customer(control: Control, open_kfid: str, action: str, person: str = "p000001", **more: Any) -> Any:  # fmt: skip
    """Something a customer does."""
    body = {"open_kfid": open_kfid, "person_id": person, "action": action, **more}
    return control.post("kf_customer", body)


def servicer(control: Control, open_kfid: str, action: str, userid: str = "guide0001", **more: Any) -> Any:  # fmt: skip
    """Something a servicer does with the first customer."""
    body = {"open_kfid": open_kfid, "userid": userid, "action": action, "person_id": "p000001"}
    return control.post("kf_servicer", body | more)


def external(control: Control) -> str:
    """The first customer's external_userid."""
    return str(control.get("people")[0]["external_userid"])


def synced(app: Api, **fields: Any) -> list[dict[str, Any]]:
    """Everything sync_msg brings."""
    return list(app.post("kf/sync_msg", fields)["msg_list"])


def events(app: Api, kind: str) -> list[dict[str, Any]]:
    """Events of a kind that sync_msg brings."""
    found = [one["event"] for one in synced(app) if one["msgtype"] == "event"]
    return [one for one in found if one["event_type"] == kind]


def test_accounts_are_kept_and_named(app: Api, control: Control, kf: str) -> None:
    foreign = control.post("kf_account", {"name": "总部"})["open_kfid"]

    listed = app.post("kf/account/list", {"offset": 0, "limit": 100})["account_list"]

    assert [(one["name"], one["manage_privilege"]) for one in listed] == [
        ("售后", True), ("总部", False),
    ]  # fmt: skip
    assert app.get("kf/account/list")["account_list"] == listed
    assert app.code("kf/account/update", {"open_kfid": foreign, "name": "x"}) == 301002
    control.post("kf_account", {"grant": [foreign]})
    assert app.code("kf/account/update", {"open_kfid": foreign, "name": "x" * 17}) == 95006
    assert app.code("kf/account/update", {"open_kfid": foreign, "name": "客服"}) == 0
    assert app.code("kf/account/del", {"open_kfid": foreign}) == 0
    assert app.code("kf/account/del", {"open_kfid": foreign}) == 95004
    assert app.code("kf/account/add", {"name": "a", "media_id": "none"}) == 40007
    url = app.post("kf/add_contact_way", {"open_kfid": kf, "scene": "store_1"})["url"]
    assert "enc_scene=store_1" in url
    assert app.code("kf/add_contact_way", {"open_kfid": kf, "scene": "a b"}) == 40058


def test_servicers_come_and_go(app: Api, contacts: Api, kf: str) -> None:
    body = {"open_kfid": kf, "userid_list": ["guide0001", "nobody"], "department_id_list": [2, 99]}
    added = app.post("kf/servicer/add", body)["result_list"]
    assert [(one["errcode"], one["errmsg"]) for one in added] == [
        (0, "ignored"), (60111, "userid not found"), (0, "success"), (60003, "department not found"),
    ]  # fmt: skip
    listed = app.get("kf/servicer/list", open_kfid=kf)["servicer_list"]
    assert listed == [
        {"userid": "guide0001", "status": 0},
        {"userid": "guide0002", "status": 0},
        {"department_id": 2},
    ]
    taken = app.post("kf/servicer/del", {"open_kfid": kf, "userid_list": ["guide0001"] * 2})
    assert [one["errmsg"] for one in taken["result_list"]] == ["success", "ignored"]
    assert app.code("kf/servicer/add", {"open_kfid": kf, "userid_list": ["a"] * 101}) == 40058
    assert app.code("kf/servicer/list", open_kfid="wknone") == 95004
    assert contacts.code("kf/servicer/list", open_kfid=kf) == 48002


def test_news_is_told_with_a_token_and_read_from_a_place_on(
    app: Api, control: Control, kf: str, receiver: Receiver
) -> None:
    control.post("delivery", {"concurrency": 1})
    customer(control, kf, "enter", scene="door", scene_param="a=1")
    customer(control, kf, "write", message=TEXT)
    assert control.post("wait_idle", {"timeout": 20})["idle"]

    told = receiver.events[-1]
    assert (told["Event"], told["OpenKfId"]) == ("kf_msg_or_event", kf)
    assert {"FromUserName", "ChangeType"} & set(told) == set()
    first = app.post("kf/sync_msg", {"token": told["Token"], "limit": 1, "open_kfid": kf})
    rest = app.post("kf/sync_msg", {"token": told["Token"], "cursor": first["next_cursor"]})

    assert (first["has_more"], rest["has_more"]) == (1, 0)
    entered = first["msg_list"][0]["event"]
    assert (entered["event_type"], entered["scene"], entered["scene_param"]) == (
        "enter_session", "door", "a=1",
    )  # fmt: skip
    assert entered["welcome_code"]
    said = rest["msg_list"][0]
    assert (said["origin"], said["text"], said["external_userid"]) == (
        3, {"content": "有货吗"}, external(control),
    )  # fmt: skip
    assert app.post("kf/sync_msg", {"cursor": rest["next_cursor"]})["msg_list"] == []
    control.post("clock", {"advance": 601})
    assert app.code("kf/sync_msg", {"token": told["Token"]}) == 95007


def test_reading_without_or_with_wrong_tokens_is_blocked(app: Api, kf: str) -> None:
    assert app.code("kf/sync_msg", {"cursor": "?"}) == 40058
    codes = [app.code("kf/sync_msg", {"limit": 1}) for _ in range(11)]
    assert codes == [0] * 10 + [45009]
    wrong = [app.code("kf/sync_msg", {"token": "ENCx"}) for _ in range(11)]
    assert wrong[:9] == [95007] * 9
    assert wrong[-1] == 45009


def test_a_welcome_code_is_good_for_one_message_in_twenty_seconds(
    app: Api, control: Control, kf: str
) -> None:
    customer(control, kf, "enter")
    code = events(app, "enter_session")[0]["welcome_code"]
    body = {"code": code, "msgtype": "text", "text": {"content": "欢迎"}}

    assert app.code("kf/send_msg_on_event", body | {"msgtype": "image"}) == 40008
    assert app.code("kf/send_msg_on_event", body) == 0
    assert app.code("kf/send_msg_on_event", body) == 40058
    customer(control, kf, "enter")
    assert "welcome_code" not in events(app, "enter_session")[1]
    customer(control, kf, "enter", "p000002")
    late = events(app, "enter_session")[2]["welcome_code"]
    control.post("clock", {"advance": 21})
    assert app.code("kf/send_msg_on_event", body | {"code": late}) == 40058


def test_five_answers_in_forty_eight_hours(app: Api, control: Control, kf: str) -> None:
    customer(control, kf, "enter")
    body = {"open_kfid": kf, "touser": external(control), "msgtype": "msgmenu", "msgmenu": MENU}
    assert app.code("kf/send_msg", body) == 95013
    customer(control, kf, "write", message=TEXT)

    assert [app.code("kf/send_msg", body) for _ in range(6)] == [0] * 5 + [95001]
    customer(control, kf, "write", message=TEXT)
    assert app.post("kf/send_msg", body | {"msgid": "my_1"})["msgid"] == "my_1"
    assert app.code("kf/send_msg", body | {"msgid": "my_1"}) == 40058
    assert app.code("kf/send_msg", body | {"touser": "wmnobody"}) == 40096
    assert app.code("kf/send_msg", body | {"msgtype": "poem"}) == 40008
    bad = {"list": [{"type": "click", "click": {"id": "1", "content": "x"}}] * 11}
    assert app.code("kf/send_msg", body | {"msgmenu": bad}) == 95008
    assert app.code("kf/send_msg", body | {"msgmenu": {"list": [{"type": "jump"}]}}) == 95009
    customer(control, kf, "refuse", on=True)
    sent = app.post("kf/send_msg", body)["msgid"]
    assert events(app, "msg_send_fail")[0]["fail_msgid"] == sent
    assert events(app, "msg_send_fail")[0]["fail_type"] == 10


def test_states_change_only_the_allowed_way(app: Api, control: Control, kf: str) -> None:
    customer(control, kf, "enter")
    who = {"open_kfid": kf, "external_userid": external(control)}
    trans = "kf/service_state/trans"
    assert app.post("kf/service_state/get", who)["service_state"] == 4
    assert app.code(trans, who | {"service_state": 1}) == 95013
    customer(control, kf, "write", message=TEXT)
    assert app.post("kf/service_state/get", who)["service_state"] == 0

    assert app.post(trans, who | {"service_state": 2})["msg_code"]
    assert app.code(trans, who | {"service_state": 1}) == 95016
    assert app.code(trans, who | {"service_state": 3, "servicer_userid": "guide0003"}) == 95014
    servicer(control, kf, "rest", "guide0002")
    assert app.code(trans, who | {"service_state": 3, "servicer_userid": "guide0002"}) == 95014
    assert app.code(trans, who | {"service_state": 3, "servicer_userid": "guide0001"}) == 0
    assert app.post("kf/service_state/get", who) == {
        "errcode": 0, "errmsg": "ok", "service_state": 3, "servicer_userid": "guide0001",
    }  # fmt: skip
    send = {"open_kfid": kf, "touser": external(control), **TEXT}
    assert app.code("kf/send_msg", send) == 95018
    ended = app.post(trans, who | {"service_state": 4})["msg_code"]
    assert app.code("kf/send_msg_on_event", TEXT | {"code": ended}) == 0
    assert events(app, "session_status_change") == []
    assert app.code("kf/service_state/get", who | {"external_userid": "wmnone"}) == 40096


def test_servicers_work_in_their_client(app: Api, control: Control, kf: str) -> None:
    customer(control, kf, "enter")
    said = customer(control, kf, "write", message=TEXT)["msgid"]
    servicer(control, kf, "take")
    answered = servicer(control, kf, "answer", message=TEXT)["msgid"]
    servicer(control, kf, "recall", msgid=answered)
    customer(control, kf, "recall", msgid=said)
    servicer(control, kf, "refuse", on=True)
    with pytest.raises(ControlError):
        customer(control, kf, "write", message=TEXT)
    servicer(control, kf, "refuse", on=False)
    servicer(control, kf, "hand_on", to="guide0002")
    with pytest.raises(ControlError):
        servicer(control, kf, "close")
    servicer(control, kf, "close", "guide0002")
    servicer(control, kf, "take", "guide0002")

    changes = events(app, "session_status_change")
    assert [one["change_type"] for one in changes] == [1, 2, 3, 4]
    assert ["msg_code" in one for one in changes] == [True, False, True, False]
    assert (changes[1]["old_servicer_userid"], changes[1]["new_servicer_userid"]) == (
        "guide0001", "guide0002",
    )  # fmt: skip
    assert events(app, "servicer_recall_msg")[0]["recall_msgid"] == answered
    assert events(app, "user_recall_msg")[0]["recall_msgid"] == said
    switches = events(app, "reject_customer_msg_switch_change")
    assert [one["reject_switch"] for one in switches] == [1, 0]
    assert [one["origin"] for one in synced(app) if one["msgtype"] == "text"] == [3, 5]


def test_a_silent_session_ends_after_two_days(app: Api, control: Control, kf: str) -> None:
    customer(control, kf, "enter")
    customer(control, kf, "write", message=TEXT)
    control.post("clock", {"advance": 48 * 3600 + 1})

    assert [one["state"] for one in control.get("ledger/kf_sessions")] == [4]
    with pytest.raises(ControlError):
        servicer(control, kf, "close")


def test_customers_are_named_and_offered_a_guide_or_a_group(
    app: Api, control: Control, kf: str
) -> None:
    customer(control, kf, "enter", scene="s", scene_param="p", channel="直播间")
    who = external(control)
    body = {"external_userid_list": [who, "wmnone"], "need_enter_session_context": 1}
    read = app.post("kf/customer/batchget", body)
    assert read["invalid_external_userid"] == ["wmnone"]
    entry = read["customer_list"][0]
    assert entry["enter_session_context"] == {
        "scene": "s", "scene_param": "p", "wechat_channels": {"nickname": "直播间", "scene": 1},
    }  # fmt: skip
    assert entry["unionid"] == control.get("people")[0]["unionid"]

    chat_id = control.post("group", {"owner": "guide0003"})["chat_id"]
    control.post("kf_upgrade", {"userids": ["guide0001"], "chats": [chat_id]})
    config = app.get("kf/customer/get_upgrade_service_config")
    assert config["member_range"] == {"userid_list": ["guide0001"], "department_id_list": []}
    offer = {"open_kfid": kf, "external_userid": who, "type": 1}
    upgrade = "kf/customer/upgrade_service"
    assert app.code(upgrade, offer | {"member": {"userid": "guide0002"}}) == 60011
    assert app.code(upgrade, offer | {"member": {}}) == 40058
    assert app.code(upgrade, offer | {"member": {"userid": "guide0001"}}) == 0
    customer(control, kf, "take_upgrade")
    assert control.get("ledger/relations")[0]["userid"] == "guide0001"
    group = {"type": 2, "groupchat": {"chat_id": chat_id, "wording": "来"}}
    assert app.code(upgrade, offer | group) == 0
    assert app.code("kf/customer/cancel_upgrade_service", offer) == 0
    with pytest.raises(ControlError):
        customer(control, kf, "take_upgrade")
    assert app.code(upgrade, offer | group) == 0
    customer(control, kf, "take_upgrade")
    inside = app.post("externalcontact/groupchat/get", {"chat_id": chat_id})["group_chat"]
    assert [one["userid"] for one in inside["member_list"]] == ["guide0003", who]


def test_figures_are_those_of_what_happened(app: Api, control: Control, kf: str) -> None:
    customer(control, kf, "enter")
    customer(control, kf, "write", message=TEXT)
    servicer(control, kf, "take")
    control.post("clock", {"advance": 30})
    servicer(control, kf, "answer", message=TEXT)
    customer(control, kf, "write", message=TEXT)
    day = int(control.get("clock")["now"])
    control.post("clock", {"advance": 86400})
    app.forget_token()

    body = {"open_kfid": kf, "start_time": day, "end_time": day}
    corp = app.post("kf/get_corp_statistic", body)["statistic_list"][0]["statistic"]
    one = app.post("kf/get_servicer_statistic", body | {"servicer_userid": "guide0001"})

    assert (corp["session_cnt"], corp["customer_cnt"], corp["customer_msg_cnt"]) == (1, 1, 2)
    figures = one["statistic_list"][0]["statistic"]
    assert (figures["session_cnt"], figures["reply_rate"]) == (1, 1)
    assert 30 <= figures["first_reply_average_sec"] <= 40
    now = {"start_time": int(control.get("clock")["now"])}
    assert app.code("kf/get_corp_statistic", body | now) == 40058
