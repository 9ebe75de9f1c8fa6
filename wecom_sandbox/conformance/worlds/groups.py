"""Groups of two guides for the samples of groups and of change_external_chat."""

from typing import Any

from wecom_sandbox.china_time import DAY
from wecom_sandbox.conformance.samples import Request, Sample
from wecom_sandbox.conformance.world import World, answers, raises, setting

LIST, ADD_WAY = "externalcontact/groupchat/list", "externalcontact/groupchat/add_join_way"


@setting
def groups(world: World) -> None:
    """Three groups of one guide and one of another, with a code, an administrator and a notice."""
    world.control.post("seed_org", {"members": 4, "departments": 1})
    for number in (1, 2):
        world.control.post("add", {"userid": "guide0001", "person_id": f"p{number:06d}"})
    made = [
        world.control.post("group", {"owner": owner, "name": "群", "people": people, "members": ["guide0003"]})
        for owner, people in (("guide0001", ["p000001"]), ("guide0001", []), ("guide0001", []), ("guide0002", []))
    ]  # fmt: skip
    world.ids["chats"] = [one["chat_id"] for one in made]
    world.ids["opengid"] = made[0]["opengid"]
    way = {"scene": 2, "chat_id_list": world.ids["chats"][:2], "state": "s"}
    world.ids["way"] = world.post(ADD_WAY, way)["config_id"]
    world.control.post("join_group", {"config_id": world.ids["way"], "person_id": "p000003"})
    _act(world, "admin", by="guide0001", userid="guide0003")


@answers(LIST)
def group_list(world: World, sample: Sample) -> Request:
    """The second page."""
    owners = {"userid_list": ["guide0001"]}
    cursor = world.post(LIST, {"limit": 1, "owner_filter": owners})["next_cursor"]
    return sample.request(owner_filter=owners, cursor=cursor)


@answers("externalcontact/groupchat/get")
def group_get(world: World, sample: Sample) -> Request:
    """The first group."""
    return sample.request(chat_id=world.ids["chats"][0])


@answers("externalcontact/opengid_to_chatid")
def opengid(world: World, sample: Sample) -> Request:
    """The first group's."""
    return sample.request(opengid=world.ids["opengid"])


@answers(ADD_WAY)
def add_join_way(world: World, sample: Sample) -> Request:
    """A code of two groups."""
    return sample.request(chat_id_list=world.ids["chats"][:2])


@answers("externalcontact/groupchat/update_join_way")
def update_join_way(world: World, sample: Sample) -> Request:
    """The code there is."""
    return sample.request(config_id=world.ids["way"], chat_id_list=world.ids["chats"][:2])


@answers("externalcontact/groupchat/get_join_way", "externalcontact/groupchat/del_join_way")
def one_join_way(world: World, sample: Sample) -> Request:
    """The code there is."""
    return sample.request(config_id=world.ids["way"])


@answers("externalcontact/groupchat/statistic")
def statistic(world: World, sample: Sample) -> Request:
    """Yesterday's figures of the two guides, one a page."""
    owners = {"userid_list": ["guide0001", "guide0002"]}
    return sample.request(owner_filter=owners, limit=1, **_yesterday(world))


@answers("externalcontact/groupchat/statistic_group_by_day")
def statistic_by_day(world: World, sample: Sample) -> Request:
    """Yesterday's figures of one guide."""
    return sample.request(owner_filter={"userid_list": ["guide0001"]}, **_yesterday(world))


@answers("externalcontact/groupchat/transfer")
def transfer(world: World, sample: Sample) -> Request:
    """A leaver's group, and one whose owner is there."""
    world.control.post("console_member", {"userid": "guide0001", "delete": True})
    chats = world.ids["chats"]
    return sample.request(chat_id_list=[chats[0], chats[3]], new_owner="guide0004")


@answers("externalcontact/groupchat/onjob_transfer")
def onjob_transfer(world: World, sample: Sample) -> Request:
    """A group, and something that is none."""
    return sample.request(chat_id_list=[world.ids["chats"][0], "wrnone"], new_owner="guide0004")


@raises("change_external_chat.create")
def create(world: World) -> None:
    """A guide opens a group."""
    world.control.post("group", {"owner": "guide0001"})


@raises("change_external_chat.dismiss")
def dismiss(world: World) -> None:
    """The owner ends one."""
    _act(world, "dismiss", by="guide0001")


@raises("change_external_chat.update")
def add_member(world: World) -> None:
    """A customer and a colleague are brought in."""
    _act(world, "invite", by="guide0001", people=["p000002"], members=["guide0004"])


@raises("change_external_chat.update.del_member")
def del_member(world: World) -> None:
    """A customer leaves."""
    _act(world, "leave", person_id="p000001")


@raises("change_external_chat.update.change_name")
def change_name(world: World) -> None:
    """The owner renames it."""
    _act(world, "rename", by="guide0001", name="新")


@raises("change_external_chat.update.change_notice")
def change_notice(world: World) -> None:
    """The owner sets a notice."""
    _act(world, "notice", by="guide0001", notice="新")


@raises("change_external_chat.update.change_owner")
def change_owner(world: World) -> None:
    """The owner hands it over."""
    _act(world, "owner", by="guide0001", userid="guide0003")


def _act(world: World, action: str, **fields: object) -> None:
    body = {"chat_id": world.ids["chats"][0], "action": action, **fields}
    world.control.post("group_change", body)


def _yesterday(world: World) -> dict[str, Any]:
    """The day the groups were made in, once it is over."""
    begin = int(world.control.get("clock")["now"])
    world.control.post("clock", {"advance": DAY})
    world.forget_tokens()
    return {"day_begin_time": begin, "day_end_time": begin}
