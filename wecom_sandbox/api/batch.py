"""Asynchronous imports of the address book (docs 90980-90983)."""

import json
import re
from typing import Any

from wecom_sandbox.apps import media_store
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.contacts import contact_jobs, import_tables, member_imports, party_imports
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError

__all__ = ["member_imports", "party_imports"]
_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
_RULES = (
    "40007 file; UTF-8 with the template's columns (40035); own callback; one job after another; "
)


@endpoint(
    "POST", "batch/syncuser", doc="90980", access=Access.CONTACT_SYNC,
    rules=_RULES + "adds and changes, unknown departments are made, 302003",
)  # fmt: skip
def syncuser(call: Call) -> dict[str, Any]:
    """Add and change the members of a file."""
    return _submit(call, "sync_user", "member", "userid")


@endpoint(
    "POST", "batch/replaceuser", doc="90981", access=Access.CONTACT_SYNC,
    rules=_RULES + "deletes who is not in the file, 45026 when too many, 302003",
)  # fmt: skip
def replaceuser(call: Call) -> dict[str, Any]:
    """Make the members those of a file."""
    return _submit(call, "replace_user", "member", "userid")


@endpoint(
    "POST", "batch/replaceparty", doc="90982", access=Access.CONTACT_SYNC,
    rules=_RULES + "empty departments missing in the file go, 302004 302006 302007",
)  # fmt: skip
def replaceparty(call: Call) -> dict[str, Any]:
    """Make the tree that of a file."""
    return _submit(call, "replace_party", "party", "name", "id", "parentid")


@endpoint(
    "GET", "batch/getresult", doc="90983", access=Access.CONTACT_SYNC,
    rules="40088 unknown, 40089 older than five jobs; 1 started, 2 under way, 3 done; a failed whole answers its code",
)  # fmt: skip
def getresult(call: Call) -> dict[str, Any]:
    """How far a job is; row by row once it is done."""
    jobid = call.need_query("jobid", 40088)
    job = contact_jobs.need(call.sandbox, jobid, app=call.caller.name, exports=False)
    if job["errcode"]:
        raise WeComError(job["errcode"])
    status, percentage = contact_jobs.progress(call.sandbox, job)
    return {
        "status": status,
        "type": job["kind"],
        "total": job["total"],
        "percentage": percentage,
        "result": json.loads(job["result"]),
    }


def _submit(call: Call, kind: str, table: str, *needed: str) -> dict[str, Any]:
    media = media_store.need(call.sandbox, call.need_text("media_id", 41006), "file")
    _check_callback(call)
    rows = import_tables.read(media["body"], table, *needed)
    jobid = contact_jobs.submit(
        call.sandbox, kind, app=call.caller.name, request=call.body, content=media["body"],
        total=len(rows),
    )  # fmt: skip
    return {"jobid": jobid}


def _check_callback(call: Call) -> None:
    callback = call.section("callback")
    if not callback:
        return
    if not all(isinstance(callback.get(name), str) for name in ("url", "token", "encodingaeskey")):
        raise WeComError(BAD_PARAMETER, "callback needs url, token and encodingaeskey")
    if not callback["url"].startswith(("http://", "https://")):
        raise WeComError(BAD_PARAMETER, "callback.url must be http or https")
    if not _AES_KEY.fullmatch(callback["encodingaeskey"]):
        raise WeComError(BAD_PARAMETER, "callback.encodingaeskey must be 43 letters and digits")
