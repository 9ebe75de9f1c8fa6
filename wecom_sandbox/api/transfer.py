"""Customers of members who leave (external-contacts.md §5)."""

from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.contacts import members
from wecom_sandbox.cursors import make, owner_of, page, read
from wecom_sandbox.customers import transfers
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import ways

MOST_CUSTOMERS = 100
MOST_MESSAGE = 200
MOST_RESULTS = 1000


@endpoint(
    "POST", "externalcontact/transfer_customer", doc="92125", access=Access.APP,
    rules="100 customers, message 200; takeover active, real-name, 客户联系; items 40096 84061 40099 40100 40128; "
    "24 h to refuse, 2 transfers within 90 days",
)  # fmt: skip
def transfer_customer(call: Call) -> dict[str, Any]:
    """Ask the customers of a member in service."""
    handover = _member(call, call.need_text("handover_userid", 41009))
    return _ask(call, handover, resigned=False)


@endpoint(
    "POST", "externalcontact/resigned/transfer_customer", doc="94081", access=Access.APP,
    rules="40097 while the member is still there; items as transfer_customer, any number of times within a year",
)  # fmt: skip
def resigned_transfer_customer(call: Call) -> dict[str, Any]:
    """Ask the customers of a deleted member."""
    handover = call.need_text("handover_userid", 41009)
    if members.find(call.sandbox.store, handover) is not None:
        raise WeComError(40097)
    return _ask(call, handover, resigned=True)


@endpoint(
    "POST", "externalcontact/transfer_result", doc="94088", access=Access.APP,
    rules="1 done, 2 waiting, 3 refused, 4 takeover full, 5 no record; 1,000 a page, opaque cursor",
)  # fmt: skip
def transfer_result(call: Call) -> dict[str, Any]:
    """How the customers of a member in service stand."""
    _member(call, call.need_text("handover_userid", 41009))
    return _results(call, resigned=False)


@endpoint(
    "POST", "externalcontact/resigned/transfer_result", doc="94082", access=Access.APP,
    rules="as transfer_result",
)  # fmt: skip
def resigned_transfer_result(call: Call) -> dict[str, Any]:
    """How the customers of a deleted member stand."""
    return _results(call, resigned=True)


@endpoint(
    "POST", "externalcontact/get_unassigned_list", doc="92124", access=Access.APP,
    rules="page_size up to 1,000, page_id x page_size below 50,000, or cursor; newest dimission first",
)  # fmt: skip
def get_unassigned_list(call: Call) -> dict[str, Any]:
    """Customers whose member was deleted and whom nobody has yet."""
    size = call.number("page_size", 1000, least=1, most=1000)
    cursor, number = call.text("cursor"), call.number("page_id", 0)
    if not cursor and number * size >= 50_000:
        raise WeComError(BAD_PARAMETER, "page_id * page_size too large")
    now = call.sandbox.clock.now()
    offset = read(cursor, now, owner_of(call)) if cursor else number * size
    rows = call.sandbox.store.rows(
        "SELECT * FROM relations WHERE status = 'unassigned' ORDER BY ended_at DESC, id LIMIT ? OFFSET ?",
        size + 1, offset,
    )  # fmt: skip
    more, rows = len(rows) > size, rows[:size]
    info = [
        {
            "handover_userid": row["userid"],
            "external_userid": row["external_userid"],
            "dimission_time": row["ended_at"],
        }
        for row in rows
    ]
    following = make(offset + size, now, owner_of(call)) if more and not number else ""
    return {"info": info, "is_last": not more, "next_cursor": following}


def _ask(call: Call, handover: str, *, resigned: bool) -> dict[str, Any]:
    takeover = _member(call, call.need_text("takeover_userid", 41009))
    customers = call.texts("external_userid")
    message = call.text("transfer_success_msg", most=MOST_MESSAGE)
    if not 1 <= len(customers) <= MOST_CUSTOMERS:
        raise WeComError(BAD_PARAMETER, f"1 to {MOST_CUSTOMERS} customers")
    if handover.lower() == takeover.lower():
        raise WeComError(BAD_PARAMETER, "handover_userid is takeover_userid")
    ways.check_receiver(call.sandbox.store, members.need(call.sandbox.store, takeover))
    people = call.sandbox.people
    answers = [
        {
            "external_userid": external,
            "errcode": transfers.ask(
                call.sandbox, handover, takeover, people.by_external_userid(external),
                resigned=resigned, message=message,
            ),
        }
        for external in customers
    ]  # fmt: skip
    return {"customer": answers}


def _results(call: Call, *, resigned: bool) -> dict[str, Any]:
    transfers.settle_due(call.sandbox)
    rows, cursor = page(
        call,
        "SELECT id AS position, * FROM transfers WHERE handover = ? AND takeover = ? AND resigned = ? "
        "AND id > ? ORDER BY id LIMIT ?",
        call.need_text("handover_userid", 41009), call.need_text("takeover_userid", 41009),
        int(resigned), default=MOST_RESULTS, most=MOST_RESULTS,
    )  # fmt: skip
    found = []
    for row in rows:
        # Somebody still asked shows when he will be handed over by himself (94088).
        at = row["takeover_time"]
        if row["status"] == transfers.WAITING:
            at = row["asked_at"] + transfers.REFUSAL_SECONDS
        found.append({
            "external_userid": row["external_userid"], "status": row["status"], "takeover_time": at,
        })  # fmt: skip
    return {"customer": found, "next_cursor": cursor}


def _member(call: Call, userid: str) -> str:
    row = members.need(call.sandbox.store, userid)
    if not call.sandbox.scopes.sees_user(call.caller, row["userid"]):
        raise WeComError(60011)
    return str(row["userid"])
