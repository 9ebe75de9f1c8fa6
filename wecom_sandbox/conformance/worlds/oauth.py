"""Members and a customer who open pages, for the samples of oauth-jssdk."""

from wecom_sandbox.conformance.samples import Request, Sample
from wecom_sandbox.conformance.world import World, answers, setting


@setting
def visitors(world: World) -> None:
    """A member, and a customer he follows."""
    world.control.post("seed_org", {"members": 1, "departments": 1})
    person = world.control.get("people", limit=1)[0]["id"]
    world.control.post("add", {"userid": "guide0001", "person_id": person})
    world.ids["person"] = person


@answers("auth/getuserinfo", "user/getuserinfo")
def getuserinfo(world: World, sample: Sample) -> Request:
    """The code of a customer; the samples list a member's keys beside a customer's."""
    code = world.control.post("oauth_code", {"person_id": world.ids["person"]})["code"]
    return sample.request(query={"code": code})


@answers("auth/getuserdetail")
def getuserdetail(world: World, sample: Sample) -> Request:
    """The ticket of a member who consented."""
    wish = {"userid": "guide0001", "scope": "snsapi_privateinfo"}
    code = world.control.post("oauth_code", wish)["code"]
    return sample.request(user_ticket=world.get("auth/getuserinfo", code=code)["user_ticket"])


@answers("miniprogram/jscode2session")
def jscode2session(world: World, sample: Sample) -> Request:
    """The code of a member in a mini program."""
    code = world.control.post("mini_program_code", {"userid": "guide0001"})["code"]
    return sample.request(query={"js_code": code, "grant_type": "authorization_code"})


@answers("ticket/get")
def ticket(world: World, sample: Sample) -> Request:
    """The app's ticket."""
    return sample.request(query={"type": "agent_config"})
