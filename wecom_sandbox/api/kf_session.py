"""Who serves a customer of 微信客服 now (messaging-media.md §6, doc 94669)."""

from typing import Any

from wecom_sandbox import due
from wecom_sandbox.call import Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.kf import kf_accounts, kf_sessions
from wecom_sandbox.kf.kf_sessions import ENDED, HUMAN, NEW, POOL


@endpoint("POST", "kf/service_state/get", doc="94669", access=Access.APP, rules="95004; 40096")
def get(call: Call) -> dict[str, Any]:
    """The state of a customer's session: 0 new, 1 robot, 2 waiting, 3 servicer, 4 ended or none."""
    open_kfid, customer = _named(call)
    row = kf_sessions.current(call.sandbox.store, open_kfid, customer)
    if row is None:
        return {"service_state": ENDED}
    shown: dict[str, Any] = {"service_state": row["state"]}
    return shown | ({"servicer_userid": row["servicer"]} if row["state"] == HUMAN else {})


@endpoint(
    "POST", "kf/service_state/trans", doc="94669", access=Access.APP,
    rules="95004 301002; 40096; 95013 without session; 95016 forbidden change; 95014 no servicer",
)  # fmt: skip
def trans(call: Call) -> dict[str, Any]:
    """Put a session in another state; a code for one message comes back with waiting, servicer and end."""
    open_kfid, customer = _named(call, managed=True)
    store = call.sandbox.store
    wished = call.number("service_state", -1, least=NEW, most=ENDED)
    row = kf_sessions.current(store, open_kfid, customer)
    if row is None:
        raise WeComError(95013)
    if wished not in kf_sessions.ALLOWED[row["state"]]:
        raise WeComError(95016)
    servicer = ""
    if wished == HUMAN:
        servicer = kf_sessions.check_servicer(store, open_kfid, call.need_text("servicer_userid"))
    kf_sessions.put_state(call.sandbox, row, wished, servicer or row["servicer"])
    # What is read to the customer on waiting and being served comes with the first change to it only.
    first = wished == ENDED or row["state"] not in (POOL, HUMAN)
    code = kf_sessions.issue_code(call.sandbox, open_kfid, customer) if first else ""
    return {"msg_code": code if wished in (POOL, HUMAN, ENDED) else ""}


def _named(call: Call, *, managed: bool = False) -> tuple[str, str]:
    """open_kfid and external_userid of a request, checked."""
    due.settle(call.sandbox)
    store = call.sandbox.store
    row = kf_accounts.need(store, call.need_text("open_kfid"), managed=managed)
    customer = call.need_text("external_userid")
    if kf_sessions.last_visit(store, customer, row["open_kfid"]) is None:
        raise WeComError(40096)
    return str(row["open_kfid"]), customer
