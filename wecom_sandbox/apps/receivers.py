"""Who gets an app's message: named members, departments and tags within the app's range (doc 90236)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from wecom_sandbox.call import Call, whole_number
from wecom_sandbox.contacts import member_tags, members
from wecom_sandbox.errors import WeComError
from wecom_sandbox.scopes import subtree
from wecom_sandbox.store import Store

MOST_USERS, MOST_PARTIES, MOST_TAGS = 1000, 100, 100
EVERYBODY = "@all"


@dataclass
class Receivers:
    """Members found, in order and once each, and the names that lead to nobody."""

    userids: list[str] = field(default_factory=list)
    invalid_users: list[str] = field(default_factory=list)
    invalid_parties: list[str] = field(default_factory=list)
    invalid_tags: list[str] = field(default_factory=list)

    def add(self, userids: Iterable[str]) -> None:
        """Put more members in."""
        self.userids = list(dict.fromkeys([*self.userids, *userids]))


def read(call: Call) -> Receivers:
    """The receivers of touser, toparty and totag; 82001, 40032, 82002, 82003, 81013."""
    names, parties, tags = (_parts(call.text(one)) for one in ("touser", "toparty", "totag"))
    if not names and not parties and not tags:
        raise WeComError(82001, "touser, toparty and totag all empty")
    if names == [EVERYBODY]:  # noqa: SIM108 - two ways of finding
        found = Receivers(everybody(call))
    else:
        found = find(call, names, parties, tags)
    if not found.userids:
        raise WeComError(81013)
    return found


def find(call: Call, names: list[str], parties: list[str], tags: list[str]) -> Receivers:
    """The members behind names, departments and tags; 40032, 82002, 82003 for too many."""
    for given, most, code in (
        (names, MOST_USERS, 40032),
        (parties, MOST_PARTIES, 82002),
        (tags, MOST_TAGS, 82003),
    ):
        if len(given) > most:
            raise WeComError(code)
    found = Receivers()
    _name(call, names, found)
    for part in parties:
        inside = _of_party(call, whole_number(part, "toparty"))
        if inside is None:
            found.invalid_parties.append(part)
        else:
            found.add(inside)
    for part in tags:
        tagged = _of_tag(call, whole_number(part, "totag"))
        if tagged is None:
            found.invalid_tags.append(part)
        else:
            found.add(tagged)
    return found


def everybody(call: Call) -> list[str]:
    """Every member in the app's range."""
    rows = call.sandbox.store.rows("SELECT userid FROM members ORDER BY rowid")
    return _in_range(call, (str(row["userid"]) for row in rows))


def _name(call: Call, names: list[str], found: Receivers) -> None:
    known = []
    for name in names:
        row = members.find(call.sandbox.store, name)
        if row is None or not call.sandbox.scopes.sees_user(call.caller, row["userid"]):
            found.invalid_users.append(name.lower())
        else:
            known.append(str(row["userid"]))
    found.add(known)


def _of_party(call: Call, department_id: int) -> list[str] | None:
    store = call.sandbox.store
    visible = call.sandbox.scopes.visible_departments(call.caller)
    if not store.value("SELECT 1 FROM departments WHERE id = ?", department_id):
        return None
    if visible is not None and department_id not in visible:
        return None
    return [userid for below in sorted(subtree(store, (department_id,))) for userid in _inside(store, below)]  # fmt: skip


def _inside(store: Store, department_id: int) -> list[str]:
    sql = "SELECT userid FROM member_departments WHERE department_id = ? ORDER BY rowid"
    return [str(row["userid"]) for row in store.rows(sql, department_id)]


def _of_tag(call: Call, tag_id: int) -> list[str] | None:
    store = call.sandbox.store
    if not store.value("SELECT 1 FROM member_tags WHERE id = ?", tag_id):
        return None
    return _in_range(call, member_tags.userids_of(store, tag_id))


def _in_range(call: Call, userids: Iterable[str]) -> list[str]:
    scopes = call.sandbox.scopes
    return [userid for userid in userids if scopes.sees_user(call.caller, userid)]


def _parts(joined: str) -> list[str]:
    return [one for one in joined.split("|") if one]
