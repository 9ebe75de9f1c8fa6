"""Acquisition links and the customers who come by them."""

from typing import Any

from wecom_sandbox.conformance.samples import Request, Sample
from wecom_sandbox.conformance.world import World, answers, raises, setting
from wecom_sandbox.conformance.worlds.marketing import ROOT, now, page, shop, swap

_LINKS = f"{ROOT}/customer_acquisition"


@setting
def guides(world: World) -> None:
    """The shops and guides of marketing."""
    shop(world)


def _link(world: World) -> str:
    body = {
        "link_name": "一", "range": {"user_list": world.ids["guides"][:2], "department_list": world.ids["shops"]},
        "priority_option": {"priority_type": 2, "priority_userid_list": world.ids["guides"][:1]},
    }  # fmt: skip
    return str(world.post(f"{_LINKS}/create_link", body)["link"]["link_id"])


def _acquire(world: World, link_id: str, number: int = 20) -> Any:
    return world.control.post(
        "acquire",
        {"link_id": link_id, "person_id": f"p{number:06d}", "customer_channel": "CHANNEL_A"},
    )


def _write(world: World, userid: str, times: int) -> None:
    message = {"msgtype": "text", "text": {"content": "在吗"}}
    for _ in range(times):
        world.control.post(
            "chat",
            {"userid": userid, "person_id": "p000020", "sender": "customer", "message": message},
        )


@answers(f"{_LINKS}/create_link")
def create_link(world: World, sample: Sample) -> Request:
    """As it is."""
    return sample.request(swap(world))


@answers(f"{_LINKS}/get", f"{_LINKS}/update_link", f"{_LINKS}/delete_link")
def one_link(world: World, sample: Sample) -> Request:
    """A link of the app."""
    return sample.request(swap(world), link_id=_link(world))


@answers(f"{_LINKS}/list_link")
def list_link(world: World, sample: Sample) -> Request:
    """Two, a page each."""
    _link(world)
    _link(world)
    return sample.request(**page(sample))


@answers(f"{_LINKS}/customer")
def link_customers(world: World, sample: Sample) -> Request:
    """Two who were added, a page each."""
    link_id = _link(world)
    for number in (20, 21):
        _acquire(world, link_id, number)
    return sample.request(link_id=link_id, **page(sample))


@answers(f"{_LINKS}/statistic")
def statistic(world: World, sample: Sample) -> Request:
    """Today."""
    moment = now(world)
    return sample.request(link_id=_link(world), start_time=moment, end_time=moment)


@answers(f"{_LINKS}/get_chat_info")
def get_chat_info(world: World, sample: Sample) -> Request:
    """The key of a third message."""
    message_from_customer(world)
    xml = world.control.get("ledger/callbacks", change_type="message_from_customer")[-1]["xml"]
    key = xml.split("<ChatKey><![CDATA[")[1].split("]]>")[0]
    return sample.request(chat_key=key)


@answers(f"{_LINKS}_app/get_permit")
def get_permit(world: World, sample: Sample) -> Request:
    """An app that sees one shop, one guide of another and a tag."""
    shops, guides = world.ids["shops"], world.ids["guides"]
    world.control.post("scope", {"departments": shops[:1], "users": guides[1:2], "tags": [9001]})
    return sample.request()


@raises("customer_acquisition.friend_request", "customer_acquisition.open_profile")
def friend_request(world: World) -> None:
    """A customer opens a link and adds the guide."""
    world.control.post("behaviour", {"open_profile": True})
    _acquire(world, _link(world))


@raises("customer_acquisition.customer_start_chat")
def customer_start_chat(world: World) -> None:
    """He writes for the first time."""
    _write(world, _acquire(world, _link(world))["userid"], 1)


@raises("customer_acquisition.message_from_customer")
def message_from_customer(world: World) -> None:
    """He writes a third time."""
    _write(world, _acquire(world, _link(world))["userid"], 3)


@raises("customer_acquisition.del_follow_user")
def link_customer_leaves(world: World) -> None:
    """He deletes the guide."""
    added = _acquire(world, _link(world))
    world.control.post(
        "delete", {"userid": added["userid"], "person_id": "p000020", "by": "customer"}
    )


@raises("customer_acquisition.delete_link")
def delete_link(world: World) -> None:
    """An administrator deletes a link in the console."""
    world.control.post("console_link", {"link_id": _link(world), "delete": True})


@raises("customer_acquisition.link_unavailable")
def link_unavailable(world: World) -> None:
    """The members of a link lose customer contact."""
    _link(world)
    for userid in world.ids["guides"]:
        world.control.post("console_member", {"userid": userid, "can_follow": False})
    world.control.post("clock", {"advance": 1})


@raises("customer_acquisition.balance_low", "customer_acquisition.balance_exhausted")
def quota_used_up(world: World) -> None:
    """Twenty are left, and all are used."""
    balance_increased(world)
    link_id = _link(world)
    for number in range(20, 40):
        _acquire(world, link_id, number)


@raises("customer_acquisition.balance_increased")
def balance_increased(world: World) -> None:
    """Somebody buys when nothing is left."""
    world.control.post("acquisition_buy", {"empty": True})
    world.control.post("acquisition_buy", {"amount": 20, "days": 400})


@raises("customer_acquisition.quota_expire_soon")
def quota_expires(world: World) -> None:
    """A batch comes within two weeks of its end."""
    world.control.post("acquisition_buy", {"amount": 300, "days": 10})
    world.control.post("clock", {"advance": 60})
