"""batch/syncuser and batch/replaceuser: members from a file (docs 90980, 90981)."""

import json
import sqlite3
from typing import Any

from wecom_sandbox.call import Call
from wecom_sandbox.contacts import accounts, departments, import_tables, members, party_imports
from wecom_sandbox.contacts.contact_jobs import Results, works
from wecom_sandbox.contacts.import_tables import Row
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox

_LISTS = {"department": int, "order": int, "is_leader_in_dept": int, "direct_leader": str}
_WAITING_ROOM = "其他（待设置部门）"
# A file that would delete more is refused: over 50 members and a fifth of the corp, or four fifths of it.
_MANY, _MANY_SHARE, _FEW_SHARE = 50, 0.2, 0.8


@works("sync_user")
def sync_user(sandbox: Sandbox, job: sqlite3.Row) -> Results:
    """Add and change the members of the file; nobody is deleted. 302003 when one stands there twice."""
    rows = _rows(job)
    results = [_apply(sandbox, job, row) for row in rows]
    party_imports.remove_forsaken(sandbox.store)
    return results


@works("replace_user")
def replace_user(sandbox: Sandbox, job: sqlite3.Row) -> Results:
    """Make the corp's members those of the file; 302003, 45026 when too many would be deleted."""
    rows, store = _rows(job), sandbox.store
    wanted = {row.get("userid", "").lower() for row in rows}
    present = [one["userid"] for one in store.rows("SELECT userid FROM members ORDER BY rowid")]
    leaving = [userid for userid in present if userid.lower() not in wanted]
    share = _MANY_SHARE if len(leaving) > _MANY else _FEW_SHARE
    if len(leaving) > share * len(present):
        raise WeComError(45026)
    results = [_delete(sandbox, userid) for userid in leaving]
    results += [_apply(sandbox, job, row) for row in rows]
    party_imports.remove_forsaken(store)
    return results


def _rows(job: sqlite3.Row) -> list[Row]:
    rows = import_tables.read(job["content"], "member", "userid")
    userids = [row.get("userid", "").lower() for row in rows]
    if len(set(userids)) < len(userids):
        raise WeComError(302003)
    return rows


def _delete(sandbox: Sandbox, userid: str) -> dict[str, Any]:
    try:
        members.delete(sandbox.store, userid, at=sandbox.clock.seconds())
    except WeComError as error:
        return _result(userid, error)
    return _result(userid, None)


def _apply(sandbox: Sandbox, job: sqlite3.Row, row: Row) -> dict[str, Any]:
    """Add or change one member by the rules of user/create and user/update; what came of it."""
    userid = row.get("userid", "")
    try:
        body = _body(sandbox, row)
        fields = members.read_fields(Call(sandbox, {}, body, app=None, ip="", base_url=""))
        if members.find(sandbox.store, userid) is not None:
            members.update(sandbox.store, userid, fields)
        else:
            accounts.create(sandbox, userid, fields)
            if json.loads(job["request"]).get("to_invite", True):
                accounts.invite(sandbox, [userid])
    except WeComError as error:
        return _result(userid, error)
    return _result(userid, None)


def _result(userid: str, error: WeComError | None) -> dict[str, Any]:
    code, words = (error.code, error.text()) if error else (0, "ok")
    return {"userid": userid, "errcode": code, "errmsg": words}


def _body(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    """A row as the body of user/create; departments nobody knows are made below the waiting room."""
    body: dict[str, Any] = {}
    for name, text in row.items():
        if name in _LISTS:
            body[name] = [import_tables.word(part) for part in import_tables.listed(text)]
        elif import_tables.is_field(name):
            body[name] = text
    for name in ("gender", "enable"):
        if name in body:
            body[name] = import_tables.word(body[name])
    if "disable" in body:
        body["enable"] = 0 if import_tables.word(body.pop("disable")) == "1" else 1
    attributes = [
        {"type": 0, "name": name, "text": {"value": text}}
        for name, text in row.items()
        if not import_tables.is_field(name)
    ]
    if attributes:
        body["extattr"] = {"attrs": attributes}
    for text in body.get("department", ()):
        _make_department(sandbox, text)
    return body


def _make_department(sandbox: Sandbox, text: str) -> None:
    store = sandbox.store
    if not text.isdecimal() or departments.find(store, int(text)) is not None:
        return
    sql = "SELECT id FROM departments WHERE parentid = ? AND name = ?"
    room = store.value(sql, departments.ROOT, _WAITING_ROOM)
    if room is None:
        room = departments.create(
            store, name=_WAITING_ROOM, parentid=departments.ROOT, department_id=None, order=0, name_en=""
        )  # fmt: skip
    departments.create(
        store, name=text, parentid=int(room), department_id=int(text), order=0, name_en=""
    )
