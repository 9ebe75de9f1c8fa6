"""Figures of 微信客服 per day (messaging-media.md §6)."""

from collections.abc import Callable
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.china_time import DAY, day_start
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.kf import kf_accounts, kf_statistics

_MOST_DAYS, _DAYS_BACK = 31, 180
_DAYS = "yesterday and 180 days back, 31 days at most (40058)"


@endpoint("POST", "kf/get_corp_statistic", doc="95489", access=Access.APP, rules=f"95004; {_DAYS}")
def get_corp_statistic(call: Call) -> dict[str, Any]:
    """Figures of all accounts or one."""
    return _by_day(call, kf_statistics.corp)


@endpoint(
    "POST", "kf/get_servicer_statistic", doc="95490", access=Access.APP, rules=f"95004; {_DAYS}"
)
def get_servicer_statistic(call: Call) -> dict[str, Any]:
    """Figures of all servicers or one."""
    userid = call.text("servicer_userid")

    def of_one(sandbox: Any, open_kfid: str, begin: int, end: int) -> dict[str, Any]:
        return kf_statistics.servicer(sandbox, open_kfid, userid, begin, end)

    return _by_day(call, of_one)


def _by_day(call: Call, figures: Callable[[Any, str, int, int], dict[str, Any]]) -> dict[str, Any]:
    open_kfid = call.text("open_kfid")
    if open_kfid:
        kf_accounts.need(call.sandbox.store, open_kfid, managed=False)
    yesterday = day_start(call.sandbox.clock.now()) - DAY
    begin, last = (
        day_start(whole_number(call.body.get(name, yesterday), name, most=2**40))
        for name in ("start_time", "end_time")
    )
    if not yesterday - _DAYS_BACK * DAY <= begin <= last <= yesterday:
        raise WeComError(BAD_PARAMETER, "days must lie between yesterday and 180 days ago")
    if (last - begin) // DAY + 1 > _MOST_DAYS:
        raise WeComError(BAD_PARAMETER, f"more than {_MOST_DAYS} days")
    return {
        "statistic_list": [
            {"stat_time": day, "statistic": figures(call.sandbox, open_kfid, day, day + DAY)}
            for day in range(begin, last + DAY, DAY)
        ]
    }
