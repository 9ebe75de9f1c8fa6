"""Uploaded media: sizes, types, three days of life (messaging-media.md §4)."""

import secrets
import sqlite3
from dataclasses import dataclass

from werkzeug.datastructures import FileStorage

from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox

LIFE_SECONDS = 3 * 86400
MEGABYTE = 1024 * 1024
_LEAST_BYTES = 6


@dataclass(frozen=True)
class Kind:
    """Limits of one media type; ``begins`` are the first bytes of allowed formats."""

    most: int
    too_big: int
    begins: tuple[bytes, ...] = ()


PICTURES = (b"\x89PNG", b"\xff\xd8\xff")
KINDS = {
    "image": Kind(10 * MEGABYTE, 40009, PICTURES),
    "voice": Kind(2 * MEGABYTE, 40010, (b"#!AMR",)),
    "video": Kind(10 * MEGABYTE, 40011),
    "file": Kind(20 * MEGABYTE, 40006),
}
UPLOADED_PICTURE = Kind(2 * MEGABYTE, 40009, PICTURES)


def keep(sandbox: Sandbox, kind_name: str, kind: Kind, upload: FileStorage | None) -> str:
    """Check and store an upload; its media_id. 41005 none, 44001 empty, 40006 and others by size, 40005 format."""
    if upload is None or not upload.filename:
        raise WeComError(41005)
    body = upload.stream.read()
    if len(body) < _LEAST_BYTES:
        raise WeComError(44001 if not body else 40006)
    if len(body) > kind.most:
        raise WeComError(kind.too_big)
    if kind.begins and not body.startswith(kind.begins):
        raise WeComError(40005)
    media_id = "3" + secrets.token_urlsafe(48)
    sandbox.store.insert(
        "media", media_id=media_id, kind=kind_name, filename=upload.filename,
        content_type=upload.mimetype or "application/octet-stream", size=len(body),
        created_at=sandbox.clock.now(), body=body,
    )  # fmt: skip
    return media_id


def need(sandbox: Sandbox, media_id: str, *kinds: str) -> sqlite3.Row:
    """A living upload; 40007 when unknown, older than three days or of another kind."""
    row = sandbox.store.row("SELECT * FROM media WHERE media_id = ?", media_id)
    if row is None or (kinds and row["kind"] not in kinds):
        raise WeComError(40007)
    if row["kind"] != "picture" and row["created_at"] + LIFE_SECONDS < sandbox.clock.now():
        raise WeComError(40007)
    return row
