"""Takes files in: what a file is, its first bytes say; pictures are drawn anew, everything else is refused."""

import hashlib
import io
import secrets
import zipfile
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from materials.library.models import StoredFile
from scrm.core.exceptions import ValidationFailed
from scrm.core.ids import uuid7

MEGABYTE = 1024 * 1024
# WeCom's own limits for temporary media (doc 90253), so that everything here can be sent.
MOST_BYTES = {
    StoredFile.Kind.IMAGE: 10 * MEGABYTE,
    StoredFile.Kind.VIDEO: 10 * MEGABYTE,
    StoredFile.Kind.FILE: 20 * MEGABYTE,
}
LEAST_BYTES = 6
# Refused before a pixel is read: 40 million pixels are 120 MB of memory.
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2160
THUMB_SIDE = 400
PICTURE_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
MP4_BRANDS = (
    b"isom",
    b"iso2",
    b"iso4",
    b"iso5",
    b"iso6",
    b"mp41",
    b"mp42",
    b"avc1",
    b"M4V ",
    b"qt  ",
)
OFFICE = {
    "word/": ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xl/": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "ppt/": ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
}  # fmt: skip
MOST_ENTRIES = 5000


@dataclass(frozen=True)
class Taken:
    """A file fit to be kept."""

    content: bytes
    extension: str
    content_type: str
    width: int = 0
    height: int = 0
    thumb: bytes = b""


def file_take(upload: "UploadedFile[Any]", kind: StoredFile.Kind, *, actor: Any) -> StoredFile:
    """Keep an uploaded file under a random address. Raises ValidationFailed in words when it is not of the kind."""
    if upload.size is None or not LEAST_BYTES <= upload.size <= MOST_BYTES[kind]:
        raise ValidationFailed(
            _("The file must be smaller than %(limit)d MB and not empty.")
            % {"limit": MOST_BYTES[kind] // MEGABYTE},
            code="file_size",
        )
    taken = TAKERS[kind](upload.read())
    stored = StoredFile(
        id=uuid7(), token=secrets.token_urlsafe(16), kind=kind, filename=_shown_name(upload.name, taken.extension),
        extension=taken.extension, content_type=taken.content_type, size=len(taken.content), width=taken.width,
        height=taken.height, sha256=hashlib.sha256(taken.content).hexdigest(), created_by=actor,
    )  # fmt: skip
    stored.content.save("", ContentFile(taken.content), save=False)
    if taken.thumb:
        stored.thumb.save("", ContentFile(taken.thumb), save=False)
    stored.save(force_insert=True)
    return stored


def _shown_name(sent: str | None, extension: str) -> str:
    stem = "".join(char for char in PurePath(sent or "").stem if char.isprintable())
    return f"{stem.strip('. ')[:100] or 'file'}.{extension}"


def _picture(content: bytes) -> Taken:
    try:
        with Image.open(io.BytesIO(content), formats=PICTURE_FORMATS) as sent:
            if sent.width * sent.height > MOST_PIXELS:
                raise ValidationFailed(
                    _("The picture has too many pixels; 40 million are the limit."),
                    code="picture_too_large",
                )
            # Only the first frame, upright, without the place and time a camera wrote into it.
            image = ImageOps.exif_transpose(sent)
            image.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise ValidationFailed(
            _("This is no JPEG, PNG, GIF or WebP picture. SVG and HTML are never taken."),
            code="picture_unknown",
        ) from None
    see_through = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    image = image.convert("RGBA" if see_through else "RGB")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    drawn = io.BytesIO()
    if see_through:
        image.save(drawn, "PNG", optimize=True)
    else:
        image.save(drawn, "JPEG", quality=86, optimize=True)
    extension, content_type = ("png", "image/png") if see_through else ("jpg", "image/jpeg")
    return Taken(
        drawn.getvalue(), extension, content_type, image.width, image.height, _thumb(image)
    )


def _thumb(image: Image.Image) -> bytes:
    small = image.copy()
    small.thumbnail((THUMB_SIDE, THUMB_SIDE))
    if small.mode == "RGBA":
        paper = Image.new("RGB", small.size, (255, 255, 255))
        paper.paste(small, mask=small.getchannel("A"))
        small = paper
    drawn = io.BytesIO()
    small.save(drawn, "JPEG", quality=80, optimize=True)
    return drawn.getvalue()


def _video(content: bytes) -> Taken:
    if content[4:8] != b"ftyp" or content[8:12] not in MP4_BRANDS:
        raise ValidationFailed(_("This is no MP4 video."), code="video_unknown")
    return Taken(content, "mp4", "video/mp4")


def _document(content: bytes) -> Taken:
    if content.startswith(b"%PDF-"):
        return Taken(content, "pdf", "application/pdf")
    if content.startswith(b"PK\x03\x04"):
        office = _office(content)
        if office is not None:
            return Taken(content, *office)
    raise ValidationFailed(
        _("This is no PDF, Word, Excel or PowerPoint document (.docx, .xlsx, .pptx)."),
        code="document_unknown",
    )


def _office(content: bytes) -> tuple[str, str] | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return None
    if "[Content_Types].xml" not in names or len(names) > MOST_ENTRIES:
        return None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise ValidationFailed(_("Documents with macros are not taken."), code="document_macros")
    return next(
        (found for folder, found in OFFICE.items() if any(n.startswith(folder) for n in names)),
        None,
    )


TAKERS = {
    StoredFile.Kind.IMAGE: _picture,
    StoredFile.Kind.VIDEO: _video,
    StoredFile.Kind.FILE: _document,
}
