"""Statistics of customer contact (external-contacts.md §6)."""

from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.china_time import DAY, day_start
from wecom_sandbox.customers import customer_statistics
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import ways
from wecom_sandbox.marketing.member_ranges import need_visible, need_visible_department

_MOST_NODES = 100
_MOST_DAYS, _OLDEST_DAYS = 30, 180


@endpoint(
    "POST", "externalcontact/get_user_behavior_data", doc="92132", access=Access.APP,
    rules="100 members and departments (60111 60123 60011); 30 days, of the last 180; whole days in China",
)  # fmt: skip
def get_user_behavior_data(call: Call) -> dict[str, Any]:
    """What members did together, day by day."""
    userids, parties = call.texts("userid"), call.numbers("partyid")
    if not userids and not parties:
        raise WeComError(BAD_PARAMETER, "userid and partyid both empty")
    if len(userids) > _MOST_NODES or len(parties) > _MOST_NODES:
        raise WeComError(BAD_PARAMETER, f"more than {_MOST_NODES} userid or partyid")
    named = [need_visible(call, userid) for userid in userids]
    for party in parties:
        need_visible_department(call, party)
    first, last = _span(call)
    everybody = ways.expanded(call.sandbox.store, named, parties)
    return {"behavior_data": customer_statistics.days(call.sandbox, everybody, first, last)}


def _span(call: Call) -> tuple[int, int]:
    """0:00 of the first and the last day; 40058 for a span WeCom does not give."""
    first = day_start(call.number("start_time", 0, least=1))
    last = day_start(call.number("end_time", 0, least=1))
    today = day_start(call.sandbox.clock.now())
    if not first <= last <= today:
        raise WeComError(BAD_PARAMETER, "start_time after end_time, or end_time in the future")
    if (last - first) // DAY >= _MOST_DAYS:
        raise WeComError(BAD_PARAMETER, f"more than {_MOST_DAYS} days")
    if (today - first) // DAY > _OLDEST_DAYS:
        raise WeComError(BAD_PARAMETER, f"start_time more than {_OLDEST_DAYS} days ago")
    return first, last
