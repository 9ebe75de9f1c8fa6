"""Uploaded media: sizes, types, three days of life (messaging-media.md §4).

What an upload is for stands in its kind: ``image`` of media/upload serves every app and message;
``attachment1:image`` is for moments, ``robot:<key>:file`` for one robot, ``jssdk`` came from a phone.
"""

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
_MP4 = b"ftyp"
_MP4_AT = 4
# Bytes of an AMR frame's speech by its mode (3GPP TS 26.101); each frame lasts 20 ms.
_AMR_FRAMES = (12, 13, 15, 17, 19, 20, 26, 31, 5, 0, 0, 0, 0, 0, 0, 0)
_AMR_HEAD = b"#!AMR\n"
_MOST_VOICE_SECONDS = 60
KINDS = {
    "image": Kind(10 * MEGABYTE, 40009, PICTURES),
    "voice": Kind(2 * MEGABYTE, 40010, (b"#!AMR",)),
    "video": Kind(10 * MEGABYTE, 40011),
    "file": Kind(20 * MEGABYTE, 40006),
}
UPLOADED_PICTURE = Kind(2 * MEGABYTE, 40009, PICTURES)
# For moments (1) a picture, a video or a file; for the product album (2) a picture (doc 95098).
ATTACHMENTS = {
    1: {
        "image": Kind(10 * MEGABYTE, 40009, PICTURES),
        "video": Kind(10 * MEGABYTE, 40011),
        "file": Kind(10 * MEGABYTE, 40006),
    },
    2: {"image": Kind(10 * MEGABYTE, 40009, PICTURES)},
}


def keep(sandbox: Sandbox, kind_name: str, kind: Kind, upload: FileStorage | None) -> str:
    """Check and store an upload; its media_id.

    Answers 41005 without a file, 44001 for an empty one, 40006, 40009, 40010 or 40011 by size, 40005 for
    another format and 45007 for a voice of more than a minute.
    """
    if upload is None or not upload.filename:
        raise WeComError(41005)
    body = upload.stream.read()
    if len(body) < _LEAST_BYTES:
        raise WeComError(44001 if not body else 40006)
    if len(body) > kind.most:
        raise WeComError(kind.too_big)
    if kind.begins and not body.startswith(kind.begins):
        raise WeComError(40005)
    if kind_name.endswith("video") and body[_MP4_AT : _MP4_AT + len(_MP4)] != _MP4:
        raise WeComError(40005)
    if kind_name.endswith("voice") and voice_seconds(body) > _MOST_VOICE_SECONDS:
        raise WeComError(45007)
    return store(
        sandbox, kind_name, upload.filename, body, upload.mimetype or "application/octet-stream"
    )


def store(
    sandbox: Sandbox, kind_name: str, filename: str, body: bytes, content_type: str
) -> str:  # fmt: skip
    """Keep bytes that are known to be good; their media_id."""
    media_id = "3" + secrets.token_urlsafe(48)
    sandbox.store.insert(
        "media", media_id=media_id, kind=kind_name, filename=filename, content_type=content_type,
        size=len(body), created_at=sandbox.clock.now(), body=body,
    )  # fmt: skip
    return media_id


def voice_seconds(body: bytes) -> float:
    """How long an AMR recording lasts."""
    position, frames = len(_AMR_HEAD), 0
    while position < len(body):
        position += 1 + _AMR_FRAMES[(body[position] >> 3) & 15]
        frames += 1
    return frames / 50


def need(sandbox: Sandbox, media_id: str, *kinds: str) -> sqlite3.Row:
    """A living upload; 40007 when unknown, older than three days or of another kind."""
    row = sandbox.store.row("SELECT * FROM media WHERE media_id = ?", media_id)
    if row is None or (kinds and row["kind"] not in kinds):
        raise WeComError(40007)
    if row["kind"] != "picture" and row["created_at"] + LIFE_SECONDS < sandbox.clock.now():
        raise WeComError(40007)
    return row
