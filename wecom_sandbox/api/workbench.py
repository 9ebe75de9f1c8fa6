"""The app's face on the workbench (messaging-media.md §5, doc 92535)."""

from typing import Any

from wecom_sandbox.api.message import check_agent
from wecom_sandbox.apps import workbench
from wecom_sandbox.call import Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing.member_ranges import need_visible

_PER_MEMBER = 10


@endpoint(
    "POST", "agent/set_workbench_template", doc="92535", access=Access.APP,
    rules="41011 40056; keydata 4, list 3 items; type and urls (40058)",
)  # fmt: skip
def set_workbench_template(call: Call) -> dict[str, Any]:
    """Choose how the app looks on everybody's workbench."""
    check_agent(call)
    face = workbench.check(call.body)
    face["replace_user_data"] = call.flag("replace_user_data", default=False)
    workbench.set_template(call.sandbox, call.caller.agent_id, face)
    return {}


@endpoint("POST", "agent/get_workbench_template", doc="92535", access=Access.APP, rules="41011 40056")  # fmt: skip
def get_workbench_template(call: Call) -> dict[str, Any]:
    """The template that was set."""
    check_agent(call)
    return {"replace_user_data": False} | workbench.template(call.sandbox, call.caller.agent_id)


@endpoint(
    "POST", "agent/set_workbench_data", doc="92535", access=Access.APP,
    rules="41011 40056; member 60111 60011; type of the template; 10 a minute per member (45009)",
)  # fmt: skip
def set_workbench_data(call: Call) -> dict[str, Any]:
    """What one member sees."""
    check_agent(call)
    face = workbench.check(call.body)
    _set(call, call.need_text("userid", 41009), face)
    return {}


@endpoint(
    "POST", "agent/batch_set_workbench_data", doc="92535", access=Access.APP,
    rules="41011 40056; 1-1,000 members (40032); otherwise as for one",
)  # fmt: skip
def batch_set_workbench_data(call: Call) -> dict[str, Any]:
    """What several members see."""
    check_agent(call)
    userids = call.texts("userid_list")
    if not 1 <= len(userids) <= workbench.MOST_USERS:
        raise WeComError(40032)
    face = workbench.check(call.section("data"))
    for userid in userids:
        _set(call, userid, face)
    return {}


def _set(call: Call, userid: str, face: workbench.Face) -> None:
    known, agent_id = need_visible(call, userid), call.caller.agent_id
    call.sandbox.rates.use(f"workbench:{agent_id}:{known.lower()}", "minute", _PER_MEMBER)
    workbench.set_data(call.sandbox, agent_id, known, face)
