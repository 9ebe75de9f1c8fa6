"""Files that WeCom fetches itself: asked by address, fetched in pieces, ready some time later (doc 96219)."""

import hashlib
import json
import secrets
import sqlite3
import threading
import urllib.error
import urllib.request
from email.message import Message
from typing import Any

from wecom_sandbox.apps import media_store
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox

RUNNING, DONE, FAILED = 1, 2, 3
MOST_BYTES = 200 * media_store.MEGABYTE
TYPES = ("video", "file")
_PIECE = 8 * media_store.MEGABYTE
_TIMEOUT = 30
_TOO_BIG, _OTHER_MD5, _BAD_URL, _NOT_FETCHED = 45001, 301019, 830001, 830003
_under_way: set[str] = set()


def begin(sandbox: Sandbox, data: dict[str, Any], app: str) -> str:
    """Start fetching once the call is stored; the job's id.

    Args:
        sandbox: the corp.
        data: scene, type, filename, url, md5 (may be empty).
        app: who asked; hears upload_media_job_finish.
    """
    jobid = "jobid_" + secrets.token_urlsafe(32)
    sandbox.store.insert(
        "media_jobs", jobid=jobid, app=app, data=json.dumps(data, ensure_ascii=False),
        status=RUNNING, created_at=sandbox.clock.now(),
    )  # fmt: skip
    sandbox.store.after_commit(lambda: _start(sandbox, jobid))
    return jobid


def find(sandbox: Sandbox, jobid: str, app: str) -> sqlite3.Row | None:
    """A job of an app; one that an earlier run of the sandbox left is taken up again."""
    row = sandbox.store.row("SELECT * FROM media_jobs WHERE jobid = ? AND app = ?", jobid, app)
    if row is not None and row["status"] == RUNNING and jobid not in _under_way:
        sandbox.store.after_commit(lambda: _start(sandbox, jobid))
    return row


def _start(sandbox: Sandbox, jobid: str) -> None:
    _under_way.add(jobid)
    threading.Thread(target=_work, args=(sandbox, jobid), name=jobid[:12], daemon=True).start()


def _work(sandbox: Sandbox, jobid: str) -> None:
    row = sandbox.store.row("SELECT * FROM media_jobs WHERE jobid = ?", jobid)
    if row is None:
        return
    data, code, media_id = json.loads(row["data"]), 0, ""
    try:
        body = _fetch(data["url"])
        if data["md5"] and hashlib.md5(body, usedforsecurity=False).hexdigest() != data["md5"]:
            raise WeComError(_OTHER_MD5)
    except WeComError as error:
        code, body = error.code, b""
    with sandbox.store.transaction():
        # The corp may have been reset meanwhile.
        if sandbox.store.value("SELECT 1 FROM media_jobs WHERE jobid = ?", jobid):
            if not code:
                kind = "video/mp4" if data["type"] == "video" else "application/octet-stream"
                media_id = media_store.store(sandbox, data["type"], data["filename"], body, kind)
            _finish(sandbox, row, code, media_id)
    _under_way.discard(jobid)


def _finish(sandbox: Sandbox, row: sqlite3.Row, code: int, media_id: str) -> None:
    sandbox.store.run(
        "UPDATE media_jobs SET status = ?, errcode = ?, media_id = ? WHERE jobid = ?",
        FAILED if code else DONE, code, media_id, row["jobid"],
    )  # fmt: skip
    sandbox.delivery.publish(row["app"], "upload_media_job_finish", "", {"JobId": row["jobid"]})


def _fetch(url: str) -> bytes:
    """The whole file, piece by piece; 830001, 830003 or 45001 when that does not work."""
    found, total = b"", 1
    while len(found) < total:
        piece, headers = _piece(url, len(found))
        total = _total(headers)
        if not 0 < total <= MOST_BYTES:
            raise WeComError(_TOO_BIG)
        if not piece:
            raise WeComError(_NOT_FETCHED)
        found += piece
    return found


def _piece(url: str, begin: int) -> tuple[bytes, Message]:
    request = urllib.request.Request(url, headers={"Range": f"bytes={begin}-{begin + _PIECE - 1}"})  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as reply:  # noqa: S310
            if reply.status != 206:
                raise WeComError(_BAD_URL)
            return reply.read(_PIECE), reply.headers
    except (urllib.error.URLError, OSError, ValueError):
        raise WeComError(_NOT_FETCHED) from None


def _total(headers: Message) -> int:
    """The size of the whole file, from ``Content-Range: bytes 0-9/10``."""
    size = str(headers.get("Content-Range", "")).rpartition("/")[2]
    if not size.isdecimal():
        raise WeComError(_BAD_URL)
    return int(size)
