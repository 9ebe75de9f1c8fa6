"""Tags of the address book, and the one that 客户联系's usage range leaves out (contacts.md §4)."""

import sqlite3

from wecom_sandbox.contacts import members
from wecom_sandbox.errors import WeComError
from wecom_sandbox.scopes import subtree
from wecom_sandbox.store import Store

MOST_NAME = 32
MOST_USERS, MOST_PARTIES = 1000, 100
MOST_TAGS, MOST_NODES = 3000, 30_000


def find(store: Store, tag_id: int) -> sqlite3.Row | None:
    """A tag's row, or None."""
    return store.row("SELECT * FROM member_tags WHERE id = ?", tag_id)


def need(store: Store, tag_id: int) -> sqlite3.Row:
    """A tag's row; 40068 when there is no such tag."""
    row = find(store, tag_id)
    if row is None:
        raise WeComError(40068)
    return row


def need_own(store: Store, tag_id: int, *, app: str) -> sqlite3.Row:
    """A tag the app made itself; 40068, 301002 for another's."""
    row = need(store, tag_id)
    if row["app"] != app:
        raise WeComError(301002)
    return row


def create(store: Store, name: str, tag_id: int | None, *, app: str) -> int:
    """Store a tag; its id.

    Answers 40072 for a bad name, a taken id or too many tags, 40071 for a taken name.
    """
    _check_name(store, name, besides=-1)
    if tag_id is not None and find(store, tag_id) is not None:
        raise WeComError(40072)
    if store.value("SELECT COUNT(*) FROM member_tags") >= MOST_TAGS:
        raise WeComError(40072, f"the corp has {MOST_TAGS} tags")
    if tag_id is None:
        tag_id = int(store.value("SELECT COALESCE(MAX(id), 0) FROM member_tags")) + 1
    store.insert("member_tags", id=tag_id, name=name, app=app)
    return tag_id


def rename(store: Store, tag_id: int, name: str) -> None:
    """Give a tag another name; 40072, 40071."""
    _check_name(store, name, besides=tag_id)
    store.run("UPDATE member_tags SET name = ? WHERE id = ?", name, tag_id)


def delete(store: Store, tag_id: int) -> None:
    """Delete a tag and take it from everybody."""
    for table, column in (
        ("member_tags", "id"), ("member_tag_users", "tag_id"), ("member_tag_parties", "tag_id"),
    ):  # fmt: skip
        store.run(f"DELETE FROM {table} WHERE {column} = ?", tag_id)  # noqa: S608 - three names


def userids_of(store: Store, tag_id: int) -> list[str]:
    """Who has a tag himself, in the order given."""
    rows = store.rows("SELECT userid FROM member_tag_users WHERE tag_id = ? ORDER BY rowid", tag_id)
    return [str(row["userid"]) for row in rows]


def parties_of(store: Store, tag_id: int) -> list[int]:
    """Which departments have a tag, in the order given."""
    sql = "SELECT department_id FROM member_tag_parties WHERE tag_id = ? ORDER BY rowid"
    return [int(row["department_id"]) for row in store.rows(sql, tag_id)]


def members_of(store: Store, tag_id: int) -> list[str]:
    """Everybody with a tag, by himself or by a department."""
    return list(dict.fromkeys([*userids_of(store, tag_id), *members_below(store, parties_of(store, tag_id))]))  # fmt: skip


def members_below(store: Store, departments: list[int]) -> list[str]:
    """Everybody in the departments and below them."""
    if not departments:
        return []
    inside = subtree(store, tuple(departments))
    rows = store.rows("SELECT userid, department_id FROM member_departments ORDER BY rowid")
    return list(dict.fromkeys(row["userid"] for row in rows if row["department_id"] in inside))


def put(store: Store, tag_id: int, userids: list[str]) -> list[str]:
    """Give members the tag; who of them does not exist."""
    unknown = []
    for userid in userids:
        row = members.find(store, userid)
        if row is None:
            unknown.append(userid)
        else:
            store.run("INSERT OR IGNORE INTO member_tag_users VALUES (?, ?)", tag_id, row["userid"])
    _check_size(store, tag_id)
    return unknown


def put_parties(store: Store, tag_id: int, departments: list[int]) -> list[int]:
    """Give departments the tag; which of them do not exist."""
    unknown = []
    for department_id in departments:
        if store.value("SELECT 1 FROM departments WHERE id = ?", department_id):
            store.run(
                "INSERT OR IGNORE INTO member_tag_parties VALUES (?, ?)", tag_id, department_id
            )
        else:
            unknown.append(department_id)
    _check_size(store, tag_id)
    return unknown


def take(store: Store, tag_id: int, userids: list[str]) -> list[str]:
    """Take the tag from members; who of them did not have it."""
    sql = "DELETE FROM member_tag_users WHERE tag_id = ? AND userid = ?"
    return [userid for userid in userids if not store.run(sql, tag_id, userid)]


def take_parties(store: Store, tag_id: int, departments: list[int]) -> list[int]:
    """Take the tag from departments; which of them did not have it."""
    sql = "DELETE FROM member_tag_parties WHERE tag_id = ? AND department_id = ?"
    return [one for one in departments if not store.run(sql, tag_id, one)]


def has(store: Store, tag_id: int, userid: str) -> bool:
    """Whether a member has a tag, by himself or by a department."""
    sql = "SELECT 1 FROM member_tag_users WHERE tag_id = ? AND userid = ?"
    if store.value(sql, tag_id, userid):
        return True
    parties = parties_of(store, tag_id)
    if not parties:
        return False
    return bool(subtree(store, tuple(parties)).intersection(members.departments_of(store, userid)))


def is_left_out(store: Store, userid: str) -> bool:
    """Whether 客户联系's range leaves the member out by tag; whether a corp's does depends on its admin console."""
    tag_id = store.get_meta("no_contact_tag", 0)
    return bool(tag_id) and has(store, tag_id, userid)


def _check_name(store: Store, name: str, *, besides: int) -> None:
    if not 1 <= len(name) <= MOST_NAME:
        raise WeComError(40072)
    if store.value("SELECT 1 FROM member_tags WHERE name = ? AND id != ?", name, besides):
        raise WeComError(40071)


def _check_size(store: Store, tag_id: int) -> None:
    if len(userids_of(store, tag_id)) + len(parties_of(store, tag_id)) > MOST_NODES:
        raise WeComError(40072, f"a tag holds up to {MOST_NODES} members and departments")
