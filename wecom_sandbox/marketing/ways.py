"""联系我: contact ways, who of them can receive a customer, and the link inside the QR (marketing.md §1)."""

import json
import secrets
import sqlite3
from typing import Any

from wecom_sandbox import china_time
from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.contacts import member_tags, members
from wecom_sandbox.customers import follows
from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.scopes import subtree
from wecom_sandbox.store import Store

MOST_USERS = 100
FROM_WECOM = 2
_WECOM_LINK = "https://work.weixin.qq.com/u/vc"


def find(store: Store, config_id: str) -> sqlite3.Row | None:
    """A contact way's row, or None."""
    return store.row("SELECT * FROM ways WHERE config_id = ?", config_id)


def need(store: Store, config_id: str) -> sqlite3.Row:
    """A contact way's row; 40058 when there is none."""
    row = find(store, config_id)
    if row is None:
        raise WeComError(BAD_PARAMETER, "invalid config_id")
    return row


def by_link(store: Store, link: str) -> sqlite3.Row | None:
    """The contact way whose QR holds the link (or whose picture, config_id or short id it is), or None."""
    last = link.strip().split("?")[0].removesuffix("/0").rstrip("/").rsplit("/", 1)[-1]
    short = last.removeprefix("vc")
    return store.row(
        "SELECT * FROM ways WHERE short_id IN (?, ?) OR config_id = ?", last, short, last
    )


def link_of(row: sqlite3.Row, base_url: str, kind: str) -> str:
    """What the QR holds: a page of the sandbox (``local``) or a link as WeCom's (``wecom``)."""
    if kind == "wecom":
        return f"{_WECOM_LINK}{row['short_id']}"
    return f"{base_url}/q/{row['short_id']}"


def picture_url(row: sqlite3.Row, base_url: str) -> str:
    """Where the QR picture is served."""
    return f"{base_url}/wwhead/{row['short_id']}/0"


def create(sandbox: Sandbox, data: dict[str, Any]) -> sqlite3.Row:
    """Store a checked contact way; its row. 40058 when the corp has its 500,000, 45009 over a day's 100,000."""
    store, at = sandbox.store, sandbox.clock.seconds()
    if data["is_temp"]:
        _check_day(sandbox, at)
    elif _lasting(store) >= sandbox.behaviour.way_limit:
        raise WeComError(BAD_PARAMETER, f"more than {sandbox.behaviour.way_limit:,} contact ways")
    config_id = secrets.token_hex(16)
    serial = int(store.value("SELECT COALESCE(MAX(serial), 0) FROM ways")) + 1
    store.insert(
        "ways", config_id=config_id, short_id=secrets.token_hex(8), create_time=at, serial=serial,
        data=json.dumps(data, ensure_ascii=False),
    )  # fmt: skip
    return need(store, config_id)


def write(store: Store, config_id: str, data: dict[str, Any]) -> None:
    """Replace what a contact way says."""
    store.run(
        "UPDATE ways SET data = ? WHERE config_id = ?",
        json.dumps(data, ensure_ascii=False), config_id,
    )  # fmt: skip


def is_over(row: sqlite3.Row, now: float) -> bool:
    """Whether a temporary way was used or its time has passed."""
    data = json.loads(row["data"])
    if not data["is_temp"]:
        return False
    return bool(data.get("used")) or row["create_time"] + data["expires_in"] <= now


def _lasting(store: Store) -> int:
    """Ways that count: not the temporary ones, but the ways into groups too."""
    ways = store.value("SELECT COUNT(*) FROM ways WHERE NOT json_extract(data, '$.is_temp')")
    return int(ways) + int(store.value("SELECT COUNT(*) FROM join_ways"))


def _check_day(sandbox: Sandbox, at: int) -> None:
    made = sandbox.store.value(
        "SELECT COUNT(*) FROM ways WHERE create_time >= ? AND json_extract(data, '$.is_temp')",
        china_time.day_start(at),
    )
    if int(made) >= sandbox.behaviour.temp_way_limit:
        raise WeComError(45009, "temporary contact ways of the day")


def check_receivers(store: Store, kind: int, users: list[str], parties: list[int]) -> None:
    """Who may stand behind a code.

    Type 1 has exactly one member, type 2 at most 100 with departments expanded (40058). Named members
    must exist (60111), be activated (41054), real-name verified (40098) and have 客户联系 (84074).
    """
    if kind == 1 and (len(users) != 1 or parties):
        raise WeComError(BAD_PARAMETER, "type 1 takes exactly one user")
    if kind == 2 and not users and not parties:
        raise WeComError(BAD_PARAMETER, "user and party both empty")
    for department_id in parties:
        if not store.value("SELECT 1 FROM departments WHERE id = ?", department_id):
            raise WeComError(60123)
    if len(expanded(store, users, parties)) > MOST_USERS:
        raise WeComError(BAD_PARAMETER, f"more than {MOST_USERS} users")
    for userid in users:
        check_receiver(store, members.need(store, userid))


def check_receiver(store: Store, row: sqlite3.Row) -> None:
    """41054, 40098 or 84074 when a member cannot receive customers."""
    if row["status"] != members.ACTIVE:
        raise WeComError(41054, row["userid"])
    if not row["real_name"]:
        raise WeComError(40098, row["userid"])
    if not row["can_follow"] or member_tags.is_left_out(store, row["userid"]):
        raise WeComError(84074, row["userid"])


def expanded(store: Store, users: list[str], parties: list[int]) -> list[str]:
    """The members named and those of the departments, in order, once each."""
    found = {userid.lower(): userid for userid in users}
    if parties:
        wanted = subtree(store, tuple(parties))
        marks = ",".join("?" * len(wanted))
        for row in store.rows(
            f"SELECT userid FROM member_departments WHERE department_id IN ({marks}) ORDER BY rowid",  # noqa: S608
            *wanted,
        ):
            found.setdefault(row["userid"].lower(), row["userid"])
    return list(found.values())


def eligible(store: Store, row: sqlite3.Row) -> list[str]:
    """Members of a code that can receive a customer now."""
    data = json.loads(row["data"])
    found = []
    for userid in expanded(store, data["user"], data["party"]):
        member = members.find(store, userid)
        if (
            member
            and member["status"] == members.ACTIVE
            and member["real_name"]
            and member["can_follow"]
            and not member_tags.is_left_out(store, member["userid"])
        ):
            found.append(str(member["userid"]))
    return found


def choose(sandbox: Sandbox, row: sqlite3.Row, person: Person) -> str | None:
    """Whom WeCom gives the next customer: round robin over those who can; None when nobody can.

    With is_exclusive the people of one other corp all go to the member who got the first of them.

    Raises:
        NotPossibleError: a temporary way that is over, or one for somebody else.
    """
    data = json.loads(row["data"])
    if is_over(row, sandbox.clock.now()):
        raise NotPossibleError("the code is no longer valid")
    if data.get("unionid") and data["unionid"] != person.unionid:
        raise NotPossibleError("the code is for somebody else")
    candidates = below_cap(sandbox, eligible(sandbox.store, row))
    if not candidates:
        return None
    keeper = _keeper(sandbox, row, person) if data["is_exclusive"] else None
    if keeper in candidates:
        return keeper
    # Read again inside the transaction: the row may be older than another customer's scan.
    config_id = row["config_id"]
    turn = int(sandbox.store.value("SELECT robin FROM ways WHERE config_id = ?", config_id))
    sandbox.store.run("UPDATE ways SET robin = ? WHERE config_id = ?", turn + 1, config_id)
    return candidates[turn % len(candidates)]


def below_cap(sandbox: Sandbox, userids: list[str]) -> list[str]:
    """Those of the members who may take one customer more; all while no cap is set."""
    cap = sandbox.behaviour.customer_limit
    if not cap:
        return userids
    return [one for one in userids if follows.count(sandbox.store, one, follows.OPEN) < cap]


def _keeper(sandbox: Sandbox, row: sqlite3.Row, person: Person) -> str | None:
    if person.type != FROM_WECOM or not person.corp_name:
        return None
    rows = sandbox.store.rows(
        "SELECT userid, person_id FROM relations WHERE config_id = ? AND status IN ('active', 'half') ORDER BY id",
        row["config_id"],
    )
    for relation in rows:
        other = sandbox.people.get(relation["person_id"])
        if other is not None and other.corp_name == person.corp_name:
            return str(relation["userid"])
    return None
