"""Moments and the rule groups about them."""

from wecom_sandbox.conformance.samples import Request, Sample
from wecom_sandbox.conformance.world import World, answers, setting
from wecom_sandbox.conformance.worlds.marketing import ROOT, attached, page, shop, span, swap


@setting
def guides(world: World) -> None:
    """The shops and guides of marketing."""
    shop(world)


@answers(f"{ROOT}/add_moment_task")
def add_moment_task(world: World, sample: Sample) -> Request:
    """Of the three kinds of attachment only one may be there."""
    picture = {"msgtype": "image", "image": {"media_id": attached(world, 1)}}
    return sample.request(swap(world), attachments=[picture])


def _moment(world: World) -> str:
    answer = world.post(f"{ROOT}/add_moment_task", {"text": {"content": "新品"}})
    done = world.get(f"{ROOT}/get_moment_task_result", jobid=answer["jobid"])
    moment_id = str(done["result"]["moment_id"])
    world.control.post("moment_publish", {"moment_id": moment_id, "userid": "guide0001"})
    return moment_id


@answers(f"{ROOT}/get_moment_task_result")
def moment_result(world: World, sample: Sample) -> Request:
    """A job with senders and tags that do not exist; the jobid goes in the query."""
    body = {
        "text": {"content": "新品"},
        "visible_range": {
            "sender_list": {"user_list": ["guide0001", "nobody"], "department_list": [404]},
            "external_contact_list": {"tag_list": ["et-none"]},
        },
    }
    jobid = world.post(f"{ROOT}/add_moment_task", body)["jobid"]
    return sample.request(jobid=None, query={"jobid": jobid})


@answers(f"{ROOT}/get_moment_list")
def get_moment_list(world: World, sample: Sample) -> Request:
    """Two of a guide's own, with a place, a page each."""
    place = {"latitude": "23.10647", "longitude": "113.32446", "name": "广州塔"}
    for _ in range(2):
        world.control.post(
            "moment_write", {"userid": "guide0001", "text": "早安", "location": place}
        )
    return span(world, sample)


@answers(
    f"{ROOT}/get_moment_task", f"{ROOT}/get_moment_customer_list",
    f"{ROOT}/get_moment_send_result", f"{ROOT}/cancel_moment_task",
)  # fmt: skip
def one_moment(world: World, sample: Sample) -> Request:
    """One that the first guide has published."""
    return sample.request(swap(world), moment_id=_moment(world), **page(sample))


@answers(f"{ROOT}/get_moment_comments")
def get_moment_comments(world: World, sample: Sample) -> Request:
    """A customer and the guide have both liked and commented."""
    moment_id = _moment(world)
    for kind in ("like", "comment"):
        for person in ({"person_id": "p000001"}, {}):
            world.control.post(
                "moment_react",
                {
                    "moment_id": moment_id,
                    "userid": "guide0001",
                    "kind": kind,
                    "text": "好",
                    **person,
                },
            )
    return sample.request(swap(world), moment_id=moment_id)


def _strategy(world: World) -> int:
    guides = world.ids["guides"]
    nodes = [{"type": 1, "userid": guides[1]}, {"type": 2, "partyid": world.ids["shops"][1]}]
    body = {"strategy_name": "一", "admin_list": guides[:1], "range": nodes}
    return int(world.post(f"{ROOT}/moment_strategy/create", body)["strategy_id"])


@answers(f"{ROOT}/moment_strategy/create")
def create_strategy(world: World, sample: Sample) -> Request:
    """As it is."""
    return sample.request(swap(world))


@answers(f"{ROOT}/moment_strategy/list")
def list_strategies(world: World, sample: Sample) -> Request:
    """Two, a page each."""
    _strategy(world)
    _strategy(world)
    return sample.request(**page(sample))


@answers(f"{ROOT}/moment_strategy/get", f"{ROOT}/moment_strategy/del")
def one_strategy(world: World, sample: Sample) -> Request:
    """One of the app."""
    return sample.request(strategy_id=_strategy(world))


@answers(f"{ROOT}/moment_strategy/get_range")
def strategy_range(world: World, sample: Sample) -> Request:
    """Two nodes and one more on the next page."""
    strategy_id = _strategy(world)
    added = [{"type": 1, "userid": world.ids["guides"][3]}]
    world.post(f"{ROOT}/moment_strategy/edit", {"strategy_id": strategy_id, "range_add": added})
    return sample.request(strategy_id=strategy_id, limit=2, cursor="")


@answers(f"{ROOT}/moment_strategy/edit")
def edit_strategy(world: World, sample: Sample) -> Request:
    """Takes away what is there and adds others."""
    added = [
        {"type": 1, "userid": world.ids["guides"][0]},
        {"type": 2, "partyid": world.ids["shops"][0]},
    ]
    removed = [
        {"type": 1, "userid": world.ids["guides"][1]},
        {"type": 2, "partyid": world.ids["shops"][1]},
    ]
    return sample.request(
        swap(world), strategy_id=_strategy(world), range_add=added, range_del=removed
    )
