"""Everybody the corp has served, customers and people only met in groups (external-contacts.md §1, 99434)."""

from typing import Any

from wecom_sandbox.call import Call
from wecom_sandbox.cursors import page_of
from wecom_sandbox.customers import follows
from wecom_sandbox.customers.customer_ids import counting_id
from wecom_sandbox.customers.people import Person
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.groups import groups
from wecom_sandbox.marketing.member_ranges import can_serve

_MOST_ROWS = 1000
# Numbers of group members come after those of all relations.
_GROUPS_FROM = 1 << 40


@endpoint(
    "POST", "externalcontact/contact_list", doc="99434", access=Access.APP,
    rules="1,000 a page, opaque cursor that expires; tmp_openid for four hours; names hidden; members in range only",
)  # fmt: skip
def contact_list(call: Call) -> dict[str, Any]:
    """Relations first, then who sits in customer groups."""
    rows, cursor = page_of(
        call, lambda after, limit: _after(call, after, limit), default=_MOST_ROWS, most=_MOST_ROWS
    )
    found: dict[str, Any] = {"info_list": [entry for row in rows if (entry := _entry(call, row))]}
    return found | ({"next_cursor": cursor} if cursor else {})


def _after(call: Call, after: int, limit: int) -> list[follows.Row]:
    store = call.sandbox.store
    rows: list[follows.Row] = []
    if after < _GROUPS_FROM:
        rows = follows.everybody(store, after=after, limit=limit)
    if len(rows) < limit:
        found = store.rows(
            "SELECT m.*, g.owner, g.name FROM group_members m JOIN group_chats g ON g.chat_id = m.chat_id "
            "WHERE m.type = ? AND m.left_at IS NULL AND g.dismissed_at IS NULL AND m.id > ? "
            "ORDER BY m.id LIMIT ?",
            groups.CUSTOMER, max(after - _GROUPS_FROM, 0), limit - len(rows),
        )  # fmt: skip
        rows += [dict(row) | {"id": row["id"] + _GROUPS_FROM} for row in found]
    return rows


def _entry(call: Call, row: follows.Row) -> dict[str, Any] | None:
    """One line of the list; None for what the app's range does not hold."""
    member = row.get("owner") or row["userid"]
    person = call.sandbox.people.get(row["person_id"])
    if person is None or not call.sandbox.scopes.sees_user(call.caller, member):
        return None
    if "chat_id" in row:
        place = {"chat_id": row["chat_id"], "chat_name": row["name"], "add_time": row["join_time"]}
        customer = follows.follows_anybody(call.sandbox.store, person.external_userid)
    else:
        place = {"follow_userid": row["userid"], "add_time": row["createtime"]}
        customer = can_serve(call.sandbox.store, row["userid"])
    shown: dict[str, Any] = {
        "is_customer": customer,
        "tmp_openid": counting_id(call.sandbox, person.external_userid),
    }
    known = (
        {"external_userid": person.external_userid} if customer else {"name": _hidden_name(person)}
    )
    return shown | known | place


def _hidden_name(person: Person) -> str:
    return "***" + person.name[-1:]
