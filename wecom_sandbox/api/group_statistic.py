"""Figures of customer groups by owner and by day (groups.md §3)."""

from typing import Any

from wecom_sandbox import due
from wecom_sandbox.api.group_chat import owner_filter, whole
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.china_time import DAY, day_start
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.groups import group_statistics
from wecom_sandbox.groups.group_statistics import Figures

_MOST_DAYS, _DAYS_BACK = 30, 180
_ORDER = {1: "new_chat_cnt", 2: "chat_total", 3: "new_member_cnt", 4: "member_total"}
_DAYS = "yesterday and 180 days back, 30 days at most (40058); 100 owners (40032, 40031); 81017"


@endpoint(
    "POST", "externalcontact/groupchat/statistic", doc="92133", access=Access.APP,
    rules=f"{_DAYS}; order_by 1-4; offset and limit to 1000",
)  # fmt: skip
def statistic(call: Call) -> dict[str, Any]:
    """Figures of each owner over days."""
    begin, end = _days(call)
    order = _ORDER[call.number("order_by", 1, least=1, most=4)]
    ascending = call.number("order_asc", 0, most=1) == 1
    offset, limit = call.number("offset", 0), call.number("limit", 500, least=1, most=1000)
    items = [
        {"owner": owner, "data": figures} for owner, figures in _by_owner(call, begin, end).items()
    ]
    items.sort(key=lambda item: _number(item, order), reverse=not ascending)
    page = items[offset : offset + limit]
    answer: dict[str, Any] = {"total": len(items), "items": page}
    if offset + len(page) < len(items):
        answer["next_offset"] = offset + len(page)
    return answer


@endpoint(
    "POST",
    "externalcontact/groupchat/statistic_group_by_day",
    doc="92133",
    access=Access.APP,
    rules=_DAYS,
)
def statistic_group_by_day(call: Call) -> dict[str, Any]:
    """Figures of all asked owners together, day by day."""
    begin, end = _days(call)
    items = []
    for midnight in range(begin, end, DAY):
        figures = group_statistics.added([*_by_owner(call, midnight, midnight + DAY).values()])
        if figures:
            items.append({"stat_time": midnight, "data": figures})
    return {"items": items}


def _days(call: Call) -> tuple[int, int]:
    """First midnight and the one after the last day; 40058 for days WeCom has no figures of."""
    if call.body.get("day_begin_time") is None:
        raise WeComError(BAD_PARAMETER, "day_begin_time missing")
    begin = day_start(whole(call.body["day_begin_time"], "day_begin_time"))
    last = day_start(whole(call.body.get("day_end_time", begin), "day_end_time"))
    today = day_start(call.sandbox.clock.now())
    if not today - _DAYS_BACK * DAY <= begin <= last < today:
        raise WeComError(BAD_PARAMETER, "days must lie between yesterday and 180 days ago")
    if (last - begin) // DAY + 1 > _MOST_DAYS:
        raise WeComError(BAD_PARAMETER, f"more than {_MOST_DAYS} days")
    return begin, last + DAY


def _by_owner(call: Call, begin: int, end: int) -> dict[str, Figures]:
    due.settle(call.sandbox)
    wished = owner_filter(call)
    scopes = call.sandbox.scopes
    if wished is None:
        owners = [one for one in group_statistics.owners(call.sandbox) if scopes.sees_user(call.caller, one)]  # fmt: skip
    else:
        owners = wished
    return {owner: group_statistics.figures(call.sandbox, owner, begin, end) for owner in owners}


def _number(item: dict[str, Any], name: str) -> int:
    return int(item["data"][name])
