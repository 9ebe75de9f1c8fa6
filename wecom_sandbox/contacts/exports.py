"""Encrypted files of the address book's asynchronous exports (docs 94849-94854)."""

import base64
import hashlib
import json
import secrets
import sqlite3
from typing import Any

from Crypto.Cipher import AES
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import crypto
from wecom_sandbox.contacts import departments, member_tags, members
from wecom_sandbox.contacts.contact_jobs import Results, works
from wecom_sandbox.defaults import AppConfig, app_named
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.scopes import SENSITIVE_FIELDS

URL_SECONDS = 2 * 3600
LEAST_BLOCK, MOST_BLOCK = 10**4, 10**6
_SIMPLE = ("userid", "name", "department")


def rules() -> list[Rule]:
    """Routes of this module."""
    return [Rule("/export_file/<name>", endpoint=download, methods=["GET"])]


def download(sandbox: Sandbox, request: Request, name: str) -> Response:
    """One file, whole or by ``Range``, for two hours."""
    row = sandbox.store.row("SELECT * FROM export_files WHERE name = ?", name)
    if row is None or row["made_at"] + URL_SECONDS < sandbox.clock.now():
        return Response("no such file", status=404, mimetype="text/plain")
    answer = Response(row["body"], mimetype="application/octet-stream")
    return answer.make_conditional(request, accept_ranges=True, complete_length=row["size"])


def files(sandbox: Sandbox, jobid: str, base_url: str) -> list[dict[str, Any]]:
    """The files of a job as export/get_result lists them."""
    rows = sandbox.store.rows(
        "SELECT name, size, md5 FROM export_files WHERE jobid = ? ORDER BY position", jobid
    )
    return [
        {"url": f"{base_url}/export_file/{row['name']}", "size": row["size"], "md5": row["md5"]}
        for row in rows
    ]


def encrypted(plain: bytes, aes_key: str) -> bytes:
    """AES-256-CBC, padded to 32 bytes, the first half of the key as IV (doc 94849)."""
    key = base64.b64decode(aes_key + "=")
    sealed: bytes = AES.new(key, AES.MODE_CBC, key[:16]).encrypt(crypto.pad(plain))
    return sealed


@works("export_simple_user")
def simple_user(sandbox: Sandbox, job: sqlite3.Row) -> Results:
    """Userid, name and departments of the visible members."""
    found = [{name: one[name] for name in _SIMPLE} for one in _visible(sandbox, _caller(job))]
    return _keep(sandbox, job, "userlist", found)


@works("export_user")
def user(sandbox: Sandbox, job: sqlite3.Row) -> Results:
    """The visible members with the fields user/list gives the caller."""
    return _keep(sandbox, job, "userlist", _visible(sandbox, _caller(job)))


@works("export_department")
def department(sandbox: Sandbox, job: sqlite3.Row) -> Results:
    """The visible departments."""
    visible = sandbox.scopes.visible_departments(_caller(job))
    leaders = departments.leaders(sandbox.store)
    found = [
        {
            "id": row["id"], "name": row["name"], "name_en": row["name_en"],
            "department_leader": leaders.get(row["id"], []), "parentid": row["parentid"], "order": row["ord"],
        }
        for row in departments.listed(sandbox.store, None, visible)
    ]  # fmt: skip
    return _keep(sandbox, job, "department", found)


@works("export_taguser")
def taguser(sandbox: Sandbox, job: sqlite3.Row) -> Results:
    """The visible members of a tag, and its departments."""
    tag_id, caller = int(json.loads(job["request"])["tagid"]), _caller(job)
    member_tags.need(sandbox.store, tag_id)
    visible = sandbox.scopes.visible_departments(caller)
    found = [
        {"userid": userid, "name": members.need(sandbox.store, userid)["name"]}
        for userid in member_tags.userids_of(sandbox.store, tag_id)
        if sandbox.scopes.sees_user(caller, userid)
    ]
    parties = member_tags.parties_of(sandbox.store, tag_id)
    shown = [one for one in parties if visible is None or one in visible]
    return _keep(sandbox, job, "userlist", found, partylist=shown)


def _caller(job: sqlite3.Row) -> AppConfig:
    app = app_named(job["app"])
    if app is None:
        raise WeComError(302005)
    return app


def _visible(sandbox: Sandbox, caller: AppConfig) -> list[dict[str, Any]]:
    hidden = () if sandbox.scopes.reads_sensitive(caller) else SENSITIVE_FIELDS
    found = []
    for row in sandbox.store.rows("SELECT * FROM members ORDER BY rowid"):
        if sandbox.scopes.sees_user(caller, row["userid"]):
            member = members.shown(sandbox.store, row)
            found.append({name: value for name, value in member.items() if name not in hidden})
    return found


def _keep(
    sandbox: Sandbox, job: sqlite3.Row, name: str, rows: list[dict[str, Any]], **more: Any
) -> Results:  # fmt: skip
    """Seal the rows in blocks; an empty list makes one file."""
    request = json.loads(job["request"])
    size = int(request.get("block_size") or MOST_BLOCK)
    blocks = [rows[start : start + size] for start in range(0, len(rows), size)] or [[]]
    for position, block in enumerate(blocks):
        plain = json.dumps({name: block} | more, ensure_ascii=False).encode()
        body = encrypted(plain, request["encoding_aeskey"])
        sandbox.store.insert(
            "export_files", name=secrets.token_urlsafe(24), jobid=job["jobid"], position=position,
            size=len(body), md5=hashlib.md5(body, usedforsecurity=False).hexdigest(),
            made_at=sandbox.clock.now(), body=body,
        )  # fmt: skip
    return []
