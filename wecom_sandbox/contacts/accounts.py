"""The corp's accounts: how many there may be, who was invited, who used WeCom when."""

import sqlite3
from datetime import date, timedelta

from wecom_sandbox.china_time import DAY, local
from wecom_sandbox.contacts import members
from wecom_sandbox.customers.people import IdCodec
from wecom_sandbox.errors import WeComError
from wecom_sandbox.ledger import Rows, reader
from wecom_sandbox.sandbox import Sandbox

# Accounts that may be made in a month, times the cap (doc 90454).
_MADE_PER_CAP = 3
# Wrong phones or mails after which asking is blocked for the day, as a share of the cap (doc 91693).
_WRONG_SHARE = 0.2
_INVITE_DAYS = 3
_OLDEST_STAT_DAYS = 30


def create(sandbox: Sandbox, userid: str, fields: members.MemberFields) -> None:
    """Make a member within the corp's cap.

    Answers 45024 at the cap, 45009 over three times the cap in a month, and ``members.create``'s codes.
    """
    cap = sandbox.behaviour.account_limit
    if sandbox.store.value("SELECT COUNT(*) FROM members") >= cap:
        raise WeComError(45024)
    members.create(sandbox.store, userid, fields, at=sandbox.clock.now())
    sandbox.rates.use("accounts made", "month", cap * _MADE_PER_CAP)


def by_contact(sandbox: Sandbox, api: str, column: str, value: str) -> sqlite3.Row:
    """The member of a phone (``mobile``) or mail (``email``, ``biz_mail``); 46004 when there is none.

    Too many wrong ones block the API for the rest of the day (45009).
    """
    key = f"{api}:wrong:day"
    sandbox.rates.refuse_blocked(key)
    where = "json_extract(data, '$.biz_mail')" if column == "biz_mail" else column
    row = sandbox.store.row(
        f"SELECT * FROM members WHERE {where} = ? COLLATE NOCASE", value  # noqa: S608 - three names
    )  # fmt: skip
    if row is None:
        most = max(1, int(sandbox.behaviour.account_limit * _WRONG_SHARE))
        sandbox.rates.use(f"{api}:wrong", "day", most)
        raise WeComError(46004)
    return row


def invite(sandbox: Sandbox, userids: list[str]) -> None:
    """Invite members who have not activated: a message a day for up to three days, each member once."""
    for userid in userids:
        row = members.need(sandbox.store, userid)
        if row["status"] == members.NOT_ACTIVATED:
            sandbox.store.run(
                "INSERT OR IGNORE INTO member_invites VALUES (?, ?)",
                row["userid"], sandbox.clock.now(),
            )  # fmt: skip


@reader("invites")
def _invites(sandbox: Sandbox) -> Rows:
    now = sandbox.clock.now()
    rows = sandbox.store.rows("SELECT * FROM member_invites ORDER BY rowid")
    return [
        {"userid": row["userid"], "at": row["at"], "messages": min(_INVITE_DAYS, 1 + int((now - row["at"]) // DAY))}
        for row in rows
    ]  # fmt: skip


def active_on(sandbox: Sandbox, day: str) -> int:
    """How many members used WeCom on a day, ``2026-11-22``.

    40058 for no date, today or later, or more than 30 days ago.
    """
    try:
        wished = date.fromisoformat(day)
    except ValueError:
        raise WeComError(40058, "date must be YYYY-MM-DD") from None
    today = local(sandbox.clock.now()).date()
    if not today - timedelta(days=_OLDEST_STAT_DAYS) <= wished < today:
        raise WeComError(40058, f"date must be one of the last {_OLDEST_STAT_DAYS} days")
    midnight = local(sandbox.clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    start = int(midnight.timestamp()) - (today - wished).days * DAY
    sql = (
        "SELECT COUNT(*) FROM (SELECT userid FROM member_activity WHERE day = ? UNION "
        "SELECT userid FROM chats WHERE sender = 'member' AND at >= ? AND at < ?)"
    )
    return int(sandbox.store.value(sql, start, start, start + DAY))


def openid(sandbox: Sandbox, row: sqlite3.Row) -> str:
    """The openid of a member who bound WeChat when he logged in; 43004 for one who never did."""
    if row["status"] == members.NOT_ACTIVATED:
        raise WeComError(43004)
    number = sandbox.store.value("SELECT rowid FROM members WHERE userid = ?", row["userid"])
    return _codec(sandbox).encode(int(number))


def by_openid(sandbox: Sandbox, text: str) -> sqlite3.Row:
    """The member behind an openid; 40073 when it is nobody's."""
    number = _codec(sandbox).decode(text)
    row = sandbox.store.row(
        "SELECT * FROM members WHERE rowid = ?", -1 if number is None else number
    )
    if row is None:
        raise WeComError(40073)
    return row


def _codec(sandbox: Sandbox) -> IdCodec:
    return IdCodec("oDjGH", f"member-{sandbox.people.seed}", 28)
