"""An account of 微信客服, two servicers and a customer who wrote, for its samples."""

from typing import Any

from wecom_sandbox.china_time import DAY
from wecom_sandbox.conformance.samples import Request, Sample
from wecom_sandbox.conformance.world import World, answers, raises, setting

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
_TEXT = {"msgtype": "text", "text": {"content": "在吗"}}


@setting
def account(world: World) -> None:
    """One account; its customer came by a channel and wrote."""
    world.control.post("seed_org", {"members": 3, "departments": 3})
    picture = world.upload("media/upload", "a.png", PNG, type="image")["media_id"]
    kf = world.post("kf/account/add", {"name": "售后", "media_id": picture})["open_kfid"]
    world.ids |= {"picture": picture, "kf": kf}
    body = {"open_kfid": kf, "userid_list": ["guide0001", "guide0002"], "department_id_list": [4]}
    world.post("kf/servicer/add", body)
    world.ids["customer"] = world.control.get("people")[0]["external_userid"]
    _customer(world, "enter", scene="s", scene_param="p", channel="直播间")
    _customer(world, "write", message=_TEXT)


@answers("kf/account/add", "kf/account/list")
def accounts(world: World, sample: Sample) -> Request:
    """With the picture there is."""
    known = "media_id" in sample.body
    return sample.request(**({"media_id": world.ids["picture"]} if known else {}))


@answers("kf/account/update")
def account_update(world: World, sample: Sample) -> Request:
    """The account there is."""
    return sample.request(open_kfid=world.ids["kf"], media_id=world.ids["picture"])


@answers("kf/account/del", "kf/add_contact_way")
def account_use(world: World, sample: Sample) -> Request:
    """The account there is."""
    return sample.request(open_kfid=world.ids["kf"])


@answers("kf/servicer/add", "kf/servicer/del")
def servicers(world: World, sample: Sample) -> Request:
    """Members and departments."""
    return sample.request(_MEMBERS, open_kfid=world.ids["kf"])


@answers("kf/servicer/list")
def servicer_list(world: World, sample: Sample) -> Request:
    """The account's, by address."""
    return sample.request(query={"open_kfid": world.ids["kf"]})


@answers("kf/service_state/get")
def state_get(world: World, sample: Sample) -> Request:
    """A customer who is served."""
    _servicer(world, "take")
    return sample.request(open_kfid=world.ids["kf"], external_userid=world.ids["customer"])


@answers("kf/service_state/trans")
def state_trans(world: World, sample: Sample) -> Request:
    """A new customer to a servicer."""
    return sample.request(_MEMBERS, open_kfid=world.ids["kf"], external_userid=world.ids["customer"])  # fmt: skip


@answers(
    "kf/customer/get_upgrade_service_config", "kf/customer/upgrade_service",
    "kf/customer/cancel_upgrade_service",
)  # fmt: skip
def upgrade(world: World, sample: Sample) -> Request:
    """Members, a department and a group that may be offered."""
    chat_id = world.control.post("group", {"owner": "guide0001"})["chat_id"]
    wished = {"userids": ["guide0001"], "departments": [2], "chats": [chat_id]}
    world.control.post("kf_upgrade", wished)
    swap = _MEMBERS | {
        "wraaaaaaaaaaaaaaaa": chat_id, "kfxxxxxxxxxxxxxx": world.ids["kf"],
        "wmxxxxxxxxxxxxxxxxxx": world.ids["customer"],
    }  # fmt: skip
    return sample.request(swap)


@answers("kf/customer/batchget")
def batchget(world: World, sample: Sample) -> Request:
    """A customer and somebody unknown, with where he came from."""
    ids = [world.ids["customer"], "zhangsan"]
    return sample.request(external_userid_list=ids, need_enter_session_context=1)


@answers("kf/send_msg")
def send_msg(world: World, sample: Sample) -> Request:
    """A text, whatever else the sample holds."""
    return sample.request(touser=world.ids["customer"], open_kfid=world.ids["kf"], msgtype="text")


@answers("kf/send_msg_on_event")
def send_on_event(world: World, sample: Sample) -> Request:
    """The welcome."""
    code = world.sandbox.store.value("SELECT code FROM kf_codes")
    return sample.request(code=code, msgtype="text")


@answers("kf/sync_msg")
def sync_msg(world: World, sample: Sample) -> Request:
    """From the first message on, with the last event's token: one of each the sample shows."""
    if sample.kind == "response":
        for message in sample.json()["msg_list"]:
            kind = message["msgtype"]
            if isinstance(message.get(kind), dict) and kind != "event":
                _customer(world, "write", message={"msgtype": kind, kind: message[kind]})
        said = _customer(world, "write", message=_TEXT)["msgid"]
        _customer(world, "recall", msgid=said)
        _servicer(world, "take")
        answered = _servicer(world, "answer", message=_TEXT)["msgid"]
        _servicer(world, "recall", msgid=answered)
    cursor = world.post("kf/sync_msg", {"limit": 1})["next_cursor"]
    token = world.sandbox.store.value("SELECT token FROM kf_tokens ORDER BY rowid DESC")
    return sample.request(cursor=cursor, token=token, open_kfid=world.ids["kf"])


@answers("kf/get_corp_statistic", "kf/get_servicer_statistic")
def statistic(world: World, sample: Sample) -> Request:
    """Yesterday's figures."""
    day = int(world.control.get("clock")["now"])
    world.control.post("clock", {"advance": DAY})
    world.forget_tokens()
    return sample.request(_MEMBERS, open_kfid=world.ids["kf"], start_time=day, end_time=day)


@raises("kf_msg_or_event")
def news(world: World) -> None:
    """A customer writes."""
    _customer(world, "write", message=_TEXT)


@raises("kf_account_auth_change")
def auth_change(world: World) -> None:
    """An administrator takes one account away from the apps and gives them another."""
    made = world.control.post("kf_account", {"name": "总部"})["open_kfid"]
    world.control.post("kf_account", {"revoke": [world.ids["kf"]], "grant": [made]})


_MEMBERS = {"zhangsan": "guide0001", "lisi": "guide0002"}


def _customer(world: World, action: str, **fields: Any) -> Any:
    body = {"open_kfid": world.ids["kf"], "person_id": "p000001", "action": action, **fields}
    return world.control.post("kf_customer", body)


def _servicer(world: World, action: str, **fields: Any) -> Any:
    body = {"open_kfid": world.ids["kf"], "person_id": "p000001", "userid": "guide0001"}
    return world.control.post("kf_servicer", body | {"action": action, **fields})
