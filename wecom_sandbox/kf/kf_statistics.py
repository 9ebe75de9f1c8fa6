"""微信客服: figures per day, counted from what truly happened (docs 95489, 95490)."""

from typing import Any

from wecom_sandbox.kf import kf_messages, kf_sessions
from wecom_sandbox.sandbox import Sandbox


def corp(sandbox: Sandbox, open_kfid: str, begin: int, end: int) -> dict[str, Any]:
    """All accounts', or one's, figures from ``begin`` to ``end``."""
    spoken, sessions = _spoken(sandbox, open_kfid, "", begin, end), _sessions(sandbox, open_kfid, "", begin, end)  # fmt: skip
    answered = sandbox.store.value(
        "SELECT COUNT(DISTINCT session_id) FROM kf_messages WHERE ? IN ('', open_kfid) AND origin = ? "
        "AND session_id > 0 AND at >= ? AND at < ?",
        open_kfid, kf_messages.API, begin, end,
    )  # fmt: skip
    return {
        "session_cnt": sessions,
        "customer_cnt": spoken[0],
        "customer_msg_cnt": spoken[1],
        "upgrade_service_customer_cnt": _upgraded(sandbox, open_kfid, "", begin, end),
        "ai_session_reply_cnt": answered,
        # The sandbox has no answering robot of WeCom's own, so nothing was handed on or found.
        "ai_transfer_rate": 0,
        "ai_knowledge_hit_rate": 0,
        "msg_rejected_customer_cnt": _refused(sandbox, open_kfid, "", begin, end),
    }


def servicer(sandbox: Sandbox, open_kfid: str, userid: str, begin: int, end: int) -> dict[str, Any]:
    """One servicer's, or everybody's, figures from ``begin`` to ``end``."""
    customers, written = _spoken(sandbox, open_kfid, userid, begin, end)
    waits = _waits(sandbox, open_kfid, userid, begin, end)
    answered = [wait for wait in waits if wait is not None]
    counts = [_upgrades(sandbox, open_kfid, userid, begin, end, kind) for kind in (1, 2)]
    return {
        "session_cnt": _sessions(sandbox, open_kfid, userid, begin, end),
        "customer_cnt": customers,
        "customer_msg_cnt": written,
        "reply_rate": len(answered) / len(waits) if waits else 0,
        "first_reply_average_sec": int(sum(answered) / len(answered)) if answered else 0,
        "satisfaction_investgate_cnt": 0,
        "satisfaction_participation_rate": 0,
        "satisfied_rate": 0,
        "middling_rate": 0,
        "dissatisfied_rate": 0,
        "upgrade_service_customer_cnt": _upgraded(sandbox, open_kfid, userid, begin, end),
        "upgrade_service_member_invite_cnt": counts[0][0],
        "upgrade_service_member_customer_cnt": counts[0][1],
        "upgrade_service_groupchat_invite_cnt": counts[1][0],
        "upgrade_service_groupchat_customer_cnt": counts[1][1],
        "msg_rejected_customer_cnt": _refused(sandbox, open_kfid, userid, begin, end),
    }


def _spoken(sandbox: Sandbox, open_kfid: str, userid: str, begin: int, end: int) -> tuple[int, int]:
    row = sandbox.store.row(
        "SELECT COUNT(DISTINCT external_userid) AS people, COUNT(*) AS written FROM kf_messages "
        "WHERE ? IN ('', open_kfid) AND ? IN ('', servicer) AND origin = ? AND at >= ? AND at < ?",
        open_kfid, userid, kf_messages.CUSTOMER, begin, end,
    )  # fmt: skip
    return (row["people"], row["written"]) if row else (0, 0)


def _sessions(sandbox: Sandbox, open_kfid: str, userid: str, begin: int, end: int) -> int:
    sql = (
        "SELECT COUNT(*) FROM kf_sessions WHERE ? IN ('', open_kfid) AND ? IN ('', servicer) "
        "AND opened_at >= ? AND opened_at < ?"
    )
    return int(sandbox.store.value(sql, open_kfid, userid, begin, end))


def _upgraded(sandbox: Sandbox, open_kfid: str, userid: str, begin: int, end: int) -> int:
    sql = (
        "SELECT COUNT(DISTINCT external_userid) FROM kf_upgrades WHERE ? IN ('', open_kfid) "
        "AND ? IN ('', servicer) AND taken_at >= ? AND taken_at < ?"
    )
    return int(sandbox.store.value(sql, open_kfid, userid, begin, end))


def _upgrades(
    sandbox: Sandbox, open_kfid: str, userid: str, begin: int, end: int, kind: int
) -> tuple[int, int]:
    row = sandbox.store.row(
        "SELECT COUNT(*) AS offered, COUNT(taken_at) AS taken FROM kf_upgrades WHERE kind = ? "
        "AND ? IN ('', open_kfid) AND ? IN ('', servicer) AND at >= ? AND at < ?",
        kind, open_kfid, userid, begin, end,
    )  # fmt: skip
    return (row["offered"], row["taken"]) if row else (0, 0)


def _refused(sandbox: Sandbox, open_kfid: str, userid: str, begin: int, end: int) -> int:
    sql = (
        "SELECT COUNT(*) FROM kf_refusals WHERE by_customer = 0 AND ? IN ('', open_kfid) "
        "AND ? IN ('', userid) AND at >= ? AND at < ?"
    )
    return int(sandbox.store.value(sql, open_kfid, userid, begin, end))


def _waits(
    sandbox: Sandbox, open_kfid: str, userid: str, begin: int, end: int
) -> list[float | None]:
    """Seconds from each session's first message to the servicer's first answer; None without one."""
    rows = sandbox.store.rows(
        "SELECT s.opened_at AS opened, (SELECT MIN(m.at) FROM kf_messages m WHERE m.session_id = s.id "
        "AND m.origin = ?) AS answered FROM kf_sessions s WHERE s.state IN (?, ?) AND s.servicer != '' "
        "AND ? IN ('', s.open_kfid) AND ? IN ('', s.servicer) AND s.opened_at >= ? AND s.opened_at < ?",
        kf_messages.SERVICER, kf_sessions.HUMAN, kf_sessions.ENDED, open_kfid, userid, begin, end,
    )  # fmt: skip
    return [None if row["answered"] is None else row["answered"] - row["opened"] for row in rows]
