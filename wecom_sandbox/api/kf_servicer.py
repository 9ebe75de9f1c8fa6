"""Who serves an account of 微信客服 (messaging-media.md §6)."""

from collections.abc import Callable
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import TEXTS, WeComError
from wecom_sandbox.kf import kf_accounts

_LISTS = (
    ("userid_list", "userid", kf_accounts.MOST_AT_ONCE),
    ("department_id_list", "department_id", kf_accounts.MOST_DEPARTMENTS),
)
Entry = dict[str, Any]


@endpoint(
    "POST", "kf/servicer/add", doc="94646", access=Access.APP,
    rules="95004 301002; 100 members, 20 departments; 60111, 60003 and 'ignored' each; 2,000 in all",
)  # fmt: skip
def add(call: Call) -> dict[str, Any]:
    """Let members and departments serve."""
    store = call.sandbox.store

    def act(open_kfid: str, entry: Entry) -> tuple[int, bool]:
        there = kf_accounts.serves_by_name(store, open_kfid, entry.get("userid", ""), entry.get("department_id", 0))  # fmt: skip
        return kf_accounts.add_servicer(store, open_kfid, **entry), not there

    return _each(call, act)


@endpoint(
    "POST", "kf/servicer/del", doc="94647", access=Access.APP,
    rules="95004 301002; 100 members, 20 departments; 'ignored' each",
)  # fmt: skip
def delete(call: Call) -> dict[str, Any]:
    """Let members and departments serve no longer."""

    def act(open_kfid: str, entry: Entry) -> tuple[int, bool]:
        return 0, kf_accounts.take_servicer(call.sandbox.store, open_kfid, **entry)

    return _each(call, act)


@endpoint("GET", "kf/servicer/list", doc="94645", access=Access.APP, rules="95004")
def servicer_list(call: Call) -> dict[str, Any]:
    """Who serves: members with their status, and departments."""
    store = call.sandbox.store
    row = kf_accounts.need(store, call.need_query("open_kfid"), managed=False)
    return {"servicer_list": [_shown(call, one) for one in kf_accounts.servicers(store, row["open_kfid"])]}  # fmt: skip


def _each(call: Call, act: Callable[[str, Entry], tuple[int, bool]]) -> dict[str, Any]:
    row = kf_accounts.need(call.sandbox.store, call.need_text("open_kfid"))
    entries: list[Entry] = []
    for name, field, most in _LISTS:
        values: list[Any] = call.texts(name) if field == "userid" else call.numbers(name)
        if len(values) > most:
            raise WeComError(BAD_PARAMETER, f"{name} takes at most {most}")
        entries += [{field: value} for value in values]
    if not entries:
        raise WeComError(BAD_PARAMETER, "userid_list and department_id_list both empty")
    results = []
    for entry in entries:
        code, changed = act(row["open_kfid"], entry)
        words = TEXTS[code] if code else "success" if changed else "ignored"
        results.append(entry | {"errcode": code, "errmsg": words})
    return {"result_list": results}


def _shown(call: Call, row: Any) -> Entry:
    if row["department_id"]:
        return {"department_id": row["department_id"]}
    status = kf_accounts.status(call.sandbox.store, row["open_kfid"], row["userid"])
    shown: Entry = {"userid": row["userid"], "status": status}
    return shown | ({"stop_type": 0} if status == kf_accounts.RESTING else {})
