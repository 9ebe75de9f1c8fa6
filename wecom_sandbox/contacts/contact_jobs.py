"""Asynchronous work on the address book: imports and exports run one after another (docs 90979, 94848)."""

import json
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wecom_sandbox import crypto, due
from wecom_sandbox.defaults import CORP_ID
from wecom_sandbox.errors import WeComError
from wecom_sandbox.events import event_xml
from wecom_sandbox.ledger import Rows, reader
from wecom_sandbox.sandbox import Sandbox

EVENT = "batch_job_result"
KEPT_RESULTS = 5
_STARTING_SHARE = 0.25
Results = list[dict[str, Any]]
Work = Callable[[Sandbox, sqlite3.Row], Results]
_WORK: dict[str, Work] = {}


@dataclass
class JobChannel:
    """The callback address a job brought along (``callback`` of the request): its own token and key."""

    token: str
    aes_key: str
    retries: int = 3

    def stamped(self, plain: str, at: int) -> tuple[str, str]:
        """Body and query of one sending."""
        encrypted = crypto.encrypt(plain.encode(), self.aes_key, CORP_ID)
        timestamp, nonce = str(at), str(secrets.randbelow(2**31))
        signed = crypto.signature(self.token, timestamp, nonce, encrypted)
        query = f"msg_signature={signed}&timestamp={timestamp}&nonce={nonce}"
        return crypto.envelope(CORP_ID, 0, encrypted).decode(), query

    def answered(self, callback_id: int, answer: str) -> None:
        """Nothing follows from an answer."""


def works(kind: str) -> Callable[[Work], Work]:
    """Register the function that does jobs of a kind, such as ``sync_user``; WeComError when the whole fails."""

    def register(work: Work) -> Work:
        _WORK[kind] = work
        return work

    return register


def submit(
    sandbox: Sandbox, kind: str, *, app: str, request: dict[str, Any], content: bytes = b"", total: int
) -> str:  # fmt: skip
    """Put a job at the end of the queue; its id.

    Args:
        sandbox: the corp.
        kind: ``sync_user``, ``replace_user``, ``replace_party`` or ``export_…``.
        app: short name of the caller.
        request: body of the request; its ``callback`` is told of the end.
        content: the uploaded file.
        total: rows there are.
    """
    now, seconds = sandbox.clock.now(), sandbox.behaviour.job_seconds
    last = sandbox.store.value("SELECT MAX(finishes_at) FROM contact_jobs WHERE NOT done")
    starts = max(now, float(last or 0.0))
    prefix = "jobid_" if kind.startswith("export_") else ""
    jobid = prefix + secrets.token_urlsafe(32)
    sandbox.store.insert(
        "contact_jobs", jobid=jobid, kind=kind, app=app, request=json.dumps(request), content=content,
        total=total, starts_at=starts, finishes_at=starts + seconds,
    )  # fmt: skip
    sandbox.store.after_commit(lambda: due.later(sandbox, settle, starts + seconds - now))
    return jobid


def need(sandbox: Sandbox, jobid: str, *, app: str, exports: bool) -> sqlite3.Row:
    """A job of the app; 40088 when there is none, 301002 for another's, 40089 for an import too old."""
    due.settle(sandbox)
    row = sandbox.store.row("SELECT * FROM contact_jobs WHERE jobid = ?", jobid)
    if row is None or row["kind"].startswith("export_") != exports:
        raise WeComError(40088)
    if row["app"] != app:
        raise WeComError(301002)
    sql = "SELECT COUNT(*) FROM contact_jobs WHERE serial > ? AND kind NOT LIKE 'export_%'"
    if not exports and sandbox.store.value(sql, row["serial"]) >= KEPT_RESULTS:
        raise WeComError(40089)
    return row


def progress(sandbox: Sandbox, row: sqlite3.Row) -> tuple[int, int]:
    """How far a job is: 1 waiting or beginning, 2 under way, 3 done; and its percentage."""
    if row["done"]:
        return 3, 100
    seconds = max(row["finishes_at"] - row["starts_at"], 1e-9)
    share = (sandbox.clock.now() - row["starts_at"]) / seconds
    if share < _STARTING_SHARE:
        return 1, 0
    return 2, min(99, int(share * 100))


@due.settles
def settle(sandbox: Sandbox) -> None:
    """Finish the jobs whose time has come, and tell it."""
    with sandbox.store.transaction():
        rows = sandbox.store.rows(
            "SELECT * FROM contact_jobs WHERE NOT done AND finishes_at <= ? ORDER BY serial",
            sandbox.clock.now(),
        )
        for row in rows:
            _finish(sandbox, row)


def _finish(sandbox: Sandbox, row: sqlite3.Row) -> None:
    results: Results = []
    code = 0
    try:
        results = _WORK[row["kind"]](sandbox, row)
    except WeComError as error:
        code = error.code
    sandbox.store.run(
        "UPDATE contact_jobs SET done = 1, errcode = ?, result = ?, content = NULL WHERE jobid = ?",
        code, json.dumps(results, ensure_ascii=False), row["jobid"],
    )  # fmt: skip
    _tell(sandbox, row, code)


def _tell(sandbox: Sandbox, row: sqlite3.Row, code: int) -> None:
    words = WeComError(code).text() if code else "ok"
    fields: dict[str, Any] = {
        "BatchJob": {"JobId": row["jobid"], "JobType": row["kind"], "ErrCode": code, "ErrMsg": words}
    }  # fmt: skip
    if row["kind"].startswith("export_"):
        sandbox.delivery.publish(row["app"], EVENT, "", fields)
        return
    callback = json.loads(row["request"]).get("callback")
    if not callback:
        return
    name = f"job:{row['jobid']}"
    sandbox.delivery.channels[name] = JobChannel(callback["token"], callback["encodingaeskey"])
    sandbox.delivery.set_url(name, callback["url"])
    xml = event_xml(EVENT, "", sandbox.clock.seconds(), fields)
    sandbox.delivery.publish_text(name, EVENT, "", xml)


@reader("contact_jobs")
def _jobs(sandbox: Sandbox) -> Rows:
    rows = sandbox.store.rows("SELECT * FROM contact_jobs ORDER BY serial")
    return [
        {name: row[name] for name in ("jobid", "kind", "app", "total", "starts_at", "finishes_at", "errcode")}
        | {"done": bool(row["done"]), "result": json.loads(row["result"])}
        for row in rows
    ]  # fmt: skip
