"""A stand-in for WeCom's Finance SDK: its functions and return codes, over HTTP to a sandbox.

Written as the C library is called, so that a program can have both behind one interface: ``Slice`` and
``MediaData`` are made and read, every call returns 0 or a code (finance_codes.py).
"""

import base64
import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from wecom_sandbox.archive.archive_crypto import open_message
from wecom_sandbox.archive.finance_codes import (
    BAD_PARAMETER,
    CANNOT_DECRYPT,
    CANNOT_PARSE,
    NO_NETWORK,
    OK,
)


@dataclass
class Slice:
    """NewSlice: what a call writes into."""

    content: bytes = b""


@dataclass
class MediaData:
    """NewMediaData: one piece of a file."""

    data: bytes = b""
    out_index_buf: str = ""
    is_finish: bool = False


class FinanceSdk:
    """NewSdk and Init in one.

    Args:
        base_url: the sandbox's address.
        corpid: the corp.
        secret: the archive's secret.
    """

    def __init__(self, base_url: str, corpid: str, secret: str) -> None:
        self._base_url, self._who = base_url, {"corpid": corpid, "secret": secret}

    def get_chat_data(self, seq: int, limit: int, timeout: int, out: Slice) -> int:
        """GetChatData: messages after ``seq``, at most 1,000, as JSON into ``out``."""
        code, answer = self._call("getchatdata", timeout, seq=seq, limit=limit)
        if code == OK:
            out.content = json.dumps(answer["slice"], ensure_ascii=False).encode()
        return code

    def get_media_data(self, index_buf: str, sdk_file_id: str, timeout: int, out: MediaData) -> int:
        """GetMediaData: the next 512 KB of a file; begin with an empty ``index_buf``."""
        code, answer = self._call(
            "getmediadata", timeout, indexbuf=index_buf, sdkfileid=sdk_file_id
        )
        if code == OK:
            out.data = base64.b64decode(answer["data"])
            out.out_index_buf, out.is_finish = answer["outindexbuf"], bool(answer["is_finish"])
        return code

    @staticmethod
    def decrypt_data(encrypt_key: str, encrypt_msg: str, out: Slice) -> int:
        """DecryptData: the message as JSON into ``out``; ``encrypt_key`` is the opened random key."""
        if not encrypt_key or not encrypt_msg:
            return BAD_PARAMETER
        try:
            out.content = open_message(encrypt_key, encrypt_msg).encode()
        except ValueError:
            return CANNOT_DECRYPT
        return OK

    def _call(self, function: str, timeout: int, **told: Any) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(  # noqa: S310 - the address the caller chose
            f"{self._base_url}/finance/{function}",
            data=json.dumps(self._who | told).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:  # noqa: S310
                answer = json.loads(reply.read())
        except OSError:
            return NO_NETWORK, {}
        except ValueError:
            return CANNOT_PARSE, {}
        return int(answer["ret"]), answer
