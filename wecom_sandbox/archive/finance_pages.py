"""The server side of the Finance SDK's stand-in: ``/finance/<function>`` (archive.md §2).

WeCom's SDK is a closed library that talks to WeCom by itself. ``finance_sdk.py`` has its functions and
return codes and talks to these two pages instead.
"""

import base64
import json
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox.archive import archive
from wecom_sandbox.archive.archive_crypto import lock
from wecom_sandbox.archive.finance_codes import (
    BAD_FILE,
    BAD_IP,
    BAD_PARAMETER,
    CANNOT_PARSE,
    TOO_OLD,
)
from wecom_sandbox.defaults import app_named
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox

MOST_MESSAGES = 1000
CHUNK = 512 * 1024
PULLS_PER_MINUTE = 600
_BLOCK = 60.0
_DAY = 86_400


class SdkError(Exception):
    """A function of the SDK returns this code instead of 0."""

    def __init__(self, code: int) -> None:
        super().__init__(f"return code {code}")
        self.code = code


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/finance/getchatdata", endpoint=chat_data, methods=["POST"]),
        Rule("/finance/getmediadata", endpoint=media_data, methods=["POST"]),
    ]


def chat_data(sandbox: Sandbox, request: Request) -> Response:
    """GetChatData: {corpid, secret, seq, limit} → {ret, slice}; errors of the server stand in the slice."""
    try:
        told = _told(sandbox, request)
        seq, limit = told.get("seq"), told.get("limit")
        if not isinstance(seq, int) or not isinstance(limit, int) or seq < 0:
            raise SdkError(BAD_PARAMETER)
        if not 0 < limit <= MOST_MESSAGES:
            raise SdkError(BAD_PARAMETER)
        return _answer({"ret": 0, "slice": _slice(sandbox, told, seq, limit)})
    except SdkError as error:
        return _answer({"ret": error.code})


def media_data(sandbox: Sandbox, request: Request) -> Response:
    """GetMediaData: {corpid, secret, indexbuf, sdkfileid} → {ret, outindexbuf, is_finish, data (base64)}."""
    try:
        told = _told(sandbox, request)
        _need_archive(sandbox, told)
        row = sandbox.store.row(
            "SELECT * FROM archive_media WHERE sdkfileid = ?", str(told.get("sdkfileid", ""))
        )
        begin = _index(told.get("indexbuf", ""))
        if row is None or begin > len(row["body"]):
            raise SdkError(BAD_FILE)
        if row["at"] + sandbox.behaviour.archive_media_days * _DAY < sandbox.clock.now():
            raise SdkError(TOO_OLD)
    except SdkError as error:
        return _answer({"ret": error.code})
    except WeComError:
        return _answer({"ret": BAD_PARAMETER})
    end = min(begin + CHUNK, len(row["body"]))
    data = base64.b64encode(bytes(row["body"])[begin:end]).decode()
    finished = end == len(row["body"])
    index = "" if finished else f"Range:bytes={end}-"
    return _answer({"ret": 0, "outindexbuf": index, "is_finish": int(finished), "data": data})


def _slice(sandbox: Sandbox, told: dict[str, Any], seq: int, limit: int) -> dict[str, Any]:
    try:
        _need_archive(sandbox, told)
        sandbox.rates.count("finance/getchatdata", PULLS_PER_MINUTE, _BLOCK)
    except WeComError as error:
        return {"errcode": error.code, "errmsg": error.text()}
    archive.notify(sandbox)
    found = []
    for row in archive.pull(sandbox, seq, limit):
        random_key, message = lock(row["content"], row["public_key"])
        found.append({
            "seq": row["seq"], "msgid": row["msgid"], "publickey_ver": row["version"],
            "encrypt_random_key": random_key, "encrypt_chat_msg": message,
        })  # fmt: skip
    return {"errcode": 0, "errmsg": "ok", "chatdata": found}


def _told(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    app = app_named(archive.APP)
    try:
        if app is not None:
            sandbox.scopes.check_ip(app, request.remote_addr or "127.0.0.1")
    except WeComError:
        raise SdkError(BAD_IP) from None
    try:
        told = json.loads(request.get_data() or b"{}")
    except ValueError:
        raise SdkError(CANNOT_PARSE) from None
    if not isinstance(told, dict):
        raise SdkError(CANNOT_PARSE)
    return told


def _need_archive(sandbox: Sandbox, told: dict[str, Any]) -> None:
    """40013, 40001 for what is not this corp's archive secret; 301053 before the archive is bought."""
    app = sandbox.tokens.app_for(str(told.get("corpid", "")), str(told.get("secret", "")))
    if app.kind != "archive":
        raise WeComError(48002)
    archive.need_open(sandbox)


def _index(text: object) -> int:
    if text == "":
        return 0
    begin = str(text).removeprefix("Range:bytes=").removesuffix("-")
    if not begin.isdecimal():
        raise SdkError(BAD_PARAMETER)
    return int(begin)


def _answer(data: dict[str, Any]) -> Response:
    return Response(json.dumps(data, ensure_ascii=False), mimetype="application/json")
