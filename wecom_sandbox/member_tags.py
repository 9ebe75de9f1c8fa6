"""Tags of the address book, and the one that 客户联系's usage range leaves out (contacts.md §4)."""

from wecom_sandbox import members
from wecom_sandbox.errors import WeComError
from wecom_sandbox.store import Store

MOST_NAME = 32
MOST_USERS = 1000


def need(store: Store, tag_id: int) -> None:
    """40068 when there is no such tag."""
    if not store.value("SELECT 1 FROM member_tags WHERE id = ?", tag_id):
        raise WeComError(40068)


def create(store: Store, name: str, tag_id: int | None, *, app: str) -> int:
    """Store a tag; its id. 40072 for a bad name or a taken id, 40071 for a taken name."""
    if not 1 <= len(name) <= MOST_NAME:
        raise WeComError(40072)
    if store.value("SELECT 1 FROM member_tags WHERE name = ?", name):
        raise WeComError(40071)
    if tag_id is not None and store.value("SELECT 1 FROM member_tags WHERE id = ?", tag_id):
        raise WeComError(40072)
    if tag_id is None:
        tag_id = int(store.value("SELECT COALESCE(MAX(id), 0) FROM member_tags")) + 1
    store.insert("member_tags", id=tag_id, name=name, app=app)
    return tag_id


def userids_of(store: Store, tag_id: int) -> list[str]:
    """Who has a tag, in the order given."""
    rows = store.rows("SELECT userid FROM member_tag_users WHERE tag_id = ? ORDER BY rowid", tag_id)
    return [str(row["userid"]) for row in rows]


def put(store: Store, tag_id: int, userids: list[str]) -> list[str]:
    """Give members the tag; who of them does not exist."""
    unknown = []
    for userid in userids:
        row = members.find(store, userid)
        if row is None:
            unknown.append(userid)
        else:
            store.run("INSERT OR IGNORE INTO member_tag_users VALUES (?, ?)", tag_id, row["userid"])
    return unknown


def take(store: Store, tag_id: int, userids: list[str]) -> list[str]:
    """Take the tag from members; who of them did not have it."""
    absent = []
    for userid in userids:
        sql = "DELETE FROM member_tag_users WHERE tag_id = ? AND userid = ?"
        if not store.run(sql, tag_id, userid):
            absent.append(userid)
    return absent


def is_left_out(store: Store, userid: str) -> bool:
    """Whether 客户联系's range leaves the member out by tag; whether a corp's does depends on its admin console."""
    sql = "SELECT 1 FROM member_tag_users WHERE tag_id = ? AND userid = ?"
    tag_id = store.get_meta("no_contact_tag", 0)
    return bool(tag_id and store.value(sql, tag_id, userid))
