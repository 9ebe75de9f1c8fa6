"""Making a moment takes WeCom a while: a job that starts, works and ends (doc 95094)."""

import json
import secrets
import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.contacts import members
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import member_ranges, moment_strategies, moments
from wecom_sandbox.sandbox import Sandbox

STARTED, WORKING, DONE = 1, 2, 3
LIFE_SECONDS = 86400
MOST_SENDERS = 100_000


def start(call: Call, content: dict[str, Any]) -> str:
    """Begin a job for a checked content and the request's ``visible_range``; the jobid."""
    sandbox = call.sandbox
    visible = call.section("visible_range")
    senders, bad_senders = _senders(call, visible.get("sender_list") or {})
    tags, bad_tags = _tags(call, visible.get("external_contact_list") or {})
    result: dict[str, Any] = {"errcode": 0, "errmsg": "ok", "moment_id": ""}
    if senders:
        draft = moments.Draft(content, senders, tags)
        result["moment_id"] = moments.create(sandbox, draft, app=call.caller.name)
    else:
        result |= {"errcode": 41048, "errmsg": WeComError(41048).text()}
    result["invalid_sender_list"] = bad_senders
    result["invalid_external_contact_list"] = {"tag_list": bad_tags}
    jobid = secrets.token_urlsafe(24)
    sandbox.store.insert(
        "moment_jobs", jobid=jobid, app=call.caller.name, moment_id=result["moment_id"],
        created_at=sandbox.clock.now(), result=json.dumps(result, ensure_ascii=False),
    )  # fmt: skip
    return jobid


def need(sandbox: Sandbox, jobid: str, app: str) -> sqlite3.Row:
    """The app's job of the last 24 hours; 40088 otherwise."""
    row = sandbox.store.row(
        "SELECT * FROM moment_jobs WHERE jobid = ? AND app = ? AND created_at > ?",
        jobid, app, sandbox.clock.now() - LIFE_SECONDS,
    )  # fmt: skip
    if row is None:
        raise WeComError(40088)
    return row


def status(sandbox: Sandbox, row: sqlite3.Row) -> int:
    """How far a job is: in the first third of the time started, then working, then done."""
    takes, passed = sandbox.behaviour.moment_seconds, sandbox.clock.now() - row["created_at"]
    if passed >= takes:
        return DONE
    return STARTED if passed < takes / 3 else WORKING


def _senders(call: Call, section: Any) -> tuple[list[str], dict[str, list[Any]]]:
    """Who is to publish, and what of the list is unknown, out of range or without the right to."""
    users = _texts(section, "user_list")
    departments = [
        whole_number(one, "department_list") for one in _list(section, "department_list")
    ]
    if len(users) > MOST_SENDERS:
        raise WeComError(BAD_PARAMETER, f"more than {MOST_SENDERS} senders")
    store = call.sandbox.store
    if not users and not departments:
        rows = store.rows("SELECT userid FROM members ORDER BY rowid")
        return [row["userid"] for row in rows if _may_send(call, row["userid"])], _invalid([], [])
    bad_users = [one for one in users if not _may_send(call, one)]
    bad_departments = [one for one in departments if not _knows(call, one)]
    wanted = member_ranges.expanded(
        store,
        {
            "user_list": [one for one in users if one not in bad_users],
            "department_list": [one for one in departments if one not in bad_departments],
        },
    )
    senders = [str(members.need(store, one)["userid"]) for one in wanted if _may_send(call, one)]
    return senders, _invalid(bad_users, bad_departments)


def _may_send(call: Call, userid: str) -> bool:
    sandbox = call.sandbox
    return (
        sandbox.scopes.sees_user(call.caller, userid)
        and member_ranges.can_serve(sandbox.store, userid)
        and moment_strategies.may_publish(sandbox.store, userid)
    )


def _knows(call: Call, department_id: int) -> bool:
    try:
        member_ranges.need_visible_department(call, department_id)
    except WeComError:
        return False
    return True


def _tags(call: Call, section: Any) -> tuple[list[str], list[str]]:
    wanted = _texts(section, "tag_list")
    store = call.sandbox.store
    known = [one for one in wanted if store.value("SELECT 1 FROM tags WHERE id = ?", one)]
    return known, [one for one in wanted if one not in known]


def _invalid(users: list[str], departments: list[int]) -> dict[str, list[Any]]:
    return {"user_list": users, "department_list": departments}


def _texts(section: Any, name: str) -> list[str]:
    return list(dict.fromkeys(str(one) for one in _list(section, name)))


def _list(section: Any, name: str) -> list[Any]:
    values = section.get(name) if isinstance(section, dict) else None
    if values is not None and not isinstance(values, list):
        raise WeComError(BAD_PARAMETER, f"{name} must be a list")
    return values or []
