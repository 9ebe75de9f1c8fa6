"""batch/replaceparty: the whole department tree from a file (doc 90982)."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from wecom_sandbox.contacts import departments, import_tables
from wecom_sandbox.contacts.contact_jobs import Results, works
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.store import Store

# What was done to a department, added up (doc 91133).
MADE, RENAMED, MOVED, SORTED = 1, 2, 4, 8
_FORSAKEN = "forsaken_departments"


@dataclass
class _Party:
    name: str
    parentid: int
    order: int


@works("replace_party")
def replace_party(sandbox: Sandbox, job: sqlite3.Row) -> Results:
    """Make the tree that of the file.

    Departments missing in the file go when they are empty, at once or as soon as they are.
    Answers 302006 (an id twice), 302007 (a name twice below one parent), 302004 (no tree).
    """
    store = sandbox.store
    wanted = _wanted(job["content"])
    present = {row["id"]: row for row in store.rows("SELECT * FROM departments")}
    _check_tree(wanted)
    store.set_meta(
        _FORSAKEN, [one for one in present if one not in wanted and one != departments.ROOT]
    )
    remove_forsaken(store)
    left = {row["id"] for row in store.rows("SELECT id FROM departments")} - set(wanted)
    results = _write(store, wanted, present, left)
    remove_forsaken(store)
    return results


def remove_forsaken(store: Store) -> None:
    """Delete the departments a tree from a file left out, as far as they are empty by now."""
    waiting: list[int] = store.get_meta(_FORSAKEN, [])
    before = -1
    while waiting and len(waiting) != before:
        before = len(waiting)
        waiting = [one for one in waiting if not _removed(store, one)]
    store.set_meta(_FORSAKEN, waiting)


def _removed(store: Store, department_id: int) -> bool:
    try:
        departments.delete(store, department_id)
    except WeComError as error:
        return error.code == 60003
    return True


def _wanted(content: bytes) -> dict[int, _Party]:
    found: dict[int, _Party] = {}
    names: set[tuple[int, str]] = set()
    for row in import_tables.read(content, "party", "name", "id", "parentid"):
        texts = (row.get("id", ""), row.get("parentid", ""), row.get("order", "0"))
        if not all(text.isdecimal() for text in texts):
            raise WeComError(302004)
        department_id, parentid, order = map(int, texts)
        name = row.get("name", "")
        if department_id in found:
            raise WeComError(302006)
        if (parentid, name) in names:
            raise WeComError(302007)
        names.add((parentid, name))
        found[department_id] = _Party(name, parentid, order)
    return found


def _check_tree(wanted: dict[int, _Party]) -> None:
    for department_id in wanted:
        level, current = 0, department_id
        while current != departments.ROOT:
            level += 1
            party = wanted.get(current)
            if party is None or level >= departments.MOST_LEVELS:
                raise WeComError(302004)
            current = party.parentid


def _write(
    store: Store, wanted: dict[int, _Party], present: dict[int, sqlite3.Row], left: set[int]
) -> Results:  # fmt: skip
    taken = {
        (row["parentid"], row["name"]) for row in store.rows("SELECT * FROM departments")
        if row["id"] in left
    }  # fmt: skip
    # Names below one parent are unique at every moment: take them away before they change places.
    for department_id in wanted:
        store.run(
            "UPDATE departments SET name = ? WHERE id = ?", f"\0{department_id}", department_id
        )
    return [_put(store, one, wanted[one], present.get(one), taken) for one in wanted]


def _put(
    store: Store, department_id: int, party: _Party, before: sqlite3.Row | None,
    taken: set[tuple[int, str]],
) -> dict[str, Any]:  # fmt: skip
    parentid = 0 if department_id == departments.ROOT else party.parentid
    code, name = _problem(party, taken), party.name
    if code and before is None:
        return _result(0, department_id, code)
    if code and before is not None:
        name, parentid = before["name"], before["parentid"]
    # An order that is empty or 0 leaves the department where it is.
    order = party.order or (before["ord"] if before is not None else 0)
    store.run(
        "INSERT INTO departments (id, name, parentid, ord) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, parentid = excluded.parentid, ord = excluded.ord",
        department_id, name, parentid, order,
    )  # fmt: skip
    return _result(_action(before, name, parentid, order), department_id, code)


def _problem(party: _Party, taken: set[tuple[int, str]]) -> int:
    try:
        departments.check_name(party.name)
    except WeComError as error:
        return error.code
    return 60008 if (party.parentid, party.name) in taken else 0


def _action(before: sqlite3.Row | None, name: str, parentid: int, order: int) -> int:
    if before is None:
        return MADE
    changes = (
        (RENAMED, before["name"] != name), (MOVED, before["parentid"] != parentid),
        (SORTED, before["ord"] != order),
    )  # fmt: skip
    return sum(number for number, changed in changes if changed)


def _result(action: int, department_id: int, code: int) -> dict[str, Any]:
    words = WeComError(code).text() if code else "ok"
    return {"action": action, "partyid": department_id, "errcode": code, "errmsg": words}
