"""Cards that were answered get another face (messaging-media.md §1, docs 91579 and 94888)."""

from typing import Any

from wecom_sandbox.api.message import check_agent
from wecom_sandbox.apps import receivers, template_cards
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError


@endpoint(
    "POST", "message/update_taskcard", doc="91579", access=Access.APP,
    rules="41011 40056; 40032 over 1,000; 40058 unknown task_id; who has no such card is named",
)  # fmt: skip
def update_taskcard(call: Call) -> dict[str, Any]:
    """Put a word in the place of a task card's buttons."""
    check_agent(call)
    userids = call.texts("userids")
    if not 1 <= len(userids) <= receivers.MOST_USERS:
        raise WeComError(40032)
    name = call.need_text("replace_name")
    row = call.sandbox.store.row(
        "SELECT id FROM messages WHERE agentid = ? AND task_id = ? AND msgtype = 'interactive_taskcard' "
        "ORDER BY id DESC",
        call.caller.agent_id, call.need_text("task_id"),
    )  # fmt: skip
    if row is None:
        raise WeComError(BAD_PARAMETER, "invalid task_id")
    without = template_cards.replace(call.sandbox, row["id"], userids, button=name)
    return {"invaliduser": without}


@endpoint(
    "POST", "message/update_template_card", doc="94888", access=Access.APP,
    rules="41011 40056; response_code 72 hours, once (40058); receivers 40032 82002 82003; who has no such card is named",
)  # fmt: skip
def update_template_card(call: Call) -> dict[str, Any]:
    """Grey a card's button or put another card in its place, for those who are named."""
    check_agent(call)
    code = call.need_text("response_code")
    given, button = call.section("template_card"), call.section("button")
    if not given and not button.get("replace_name"):
        raise WeComError(BAD_PARAMETER, "button.replace_name or template_card needed")
    card = template_cards.check(call.sandbox, given) if given else None
    found = _receivers(call)
    row = template_cards.redeem(call.sandbox, code, call.caller.agent_id)
    name = "" if card else str(button["replace_name"])
    without = template_cards.replace(
        call.sandbox, row["id"], found.userids, button=name or str(given.get("replace_text") or ""),
        card=card,
    )  # fmt: skip
    return {"invaliduser": [*found.invalid_users, *without]}


def _receivers(call: Call) -> receivers.Receivers:
    if call.flag("atall", default=False):
        return receivers.Receivers(receivers.everybody(call))
    parties, tags = ([str(one) for one in call.numbers(name)] for name in ("partyids", "tagids"))
    return receivers.find(call, call.texts("userids"), parties, tags)
