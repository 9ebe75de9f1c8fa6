"""Templates of welcomes to groups: kept in WeCom first, then here with what a later change has to send again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.groups.models import CustomerGroup, GroupWelcome, GroupWelcomeFile
from scrm.core import gateway
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.gateway import wecom
from scrm.setup.pictures import MOST_BYTES as PICTURE_BYTES
from scrm.setup.pictures import drawn
from scrm.wecom.api.group_welcome import MOST_TEMPLATES, TEXT_BYTES
from scrm.wecom.errors import WeComError, WeComPermanent

Kind = GroupWelcome.Kind
MEGABYTE = 1024 * 1024
# WeCom's own limits of what is uploaded (doc 90253) and of titles (doc 92366).
MOST_BYTES = {Kind.VIDEO: 10 * MEGABYTE, Kind.FILE: 20 * MEGABYTE}
LEAST_BYTES = 6
TITLE_BYTES = {Kind.LINK: 128, Kind.MINIPROGRAM: 64}
# A mini program's card shows a picture, uploaded as one.
UPLOADED_AS = {Kind.IMAGE: "image", Kind.MINIPROGRAM: "image", Kind.VIDEO: "video", Kind.FILE: "file"}  # fmt: skip
MP4, MP4_AT = b"ftyp", 4
UNKNOWN_TEMPLATE = 40037
TOLD_FIELDS = ("title", "text", "kind", "link_title", "link_url", "appid", "page")


@dataclass(frozen=True)
class Upload:
    """A file as WeCom gets it; `kind` is WeCom's own: image, video or file."""

    kind: str
    name: str
    content_type: str
    content: bytes


def welcome_save(
    welcome: GroupWelcome | None, values: Mapping[str, Any], *, actor: Any
) -> GroupWelcome:
    """Make or change a template in WeCom, then here.

    values are the form's; `file` is an upload, None keeps the stored one. Raises ValidationFailed, Conflict at
    the limit, ExternalFailure.
    """
    text = str(values["text"]).replace("\r\n", "\n")
    if len(text.encode()) > TEXT_BYTES:
        raise ValidationFailed(
            _("The text is too long for WeCom: at most 4,000 bytes."), field="text"
        )
    kind = str(values.get("kind") or "")
    _title_check(kind, str(values.get("link_title") or ""))
    upload = _upload_of(kind, values.get("file"), welcome)
    if welcome is None:
        _room_check()
    with said_in_words():
        attachment = _attachment(kind, values, upload)
        template_id = _kept_in_wecom(welcome, text, attachment, told=bool(values.get("told")))
    made = welcome or GroupWelcome(template_id=template_id, told=bool(values.get("told")))
    before = _told(made) if welcome else None
    for name in ("title", "kind", "link_title", "link_text", "link_url", "appid", "page"):
        setattr(made, name, values.get(name) or "")
    made.text = text
    with transaction.atomic():
        made.save()
        _file_store(made, upload)
        audit.record(
            actor=actor, action="groups.welcome_save", target=f"group_welcome:{made.pk}",
            before=before, after=_told(made),
        )  # fmt: skip
    return made


def _told(welcome: GroupWelcome) -> dict[str, Any]:
    return {name: getattr(welcome, name) for name in TOLD_FIELDS}


def _room_check() -> None:
    if GroupWelcome.objects.filter(deleted_at=None).count() >= MOST_TEMPLATES:
        raise Conflict(
            _("WeCom keeps at most %(most)d templates; delete one first.")
            % {"most": MOST_TEMPLATES}
        )


def _title_check(kind: str, title: str) -> None:
    most = TITLE_BYTES.get(Kind(kind))
    if most is not None and len(title.encode()) > most:
        raise ValidationFailed(
            _("The title is too long for WeCom: at most %(most)d characters, a Chinese one counts three.")
            % {"most": most},
            field="link_title",
        )  # fmt: skip


def _kept_in_wecom(
    welcome: GroupWelcome | None, text: str, attachment: dict[str, Any] | None, *, told: bool
) -> str:
    api = wecom().group_welcome
    if welcome is None:
        return api.add(text, attachment, notify=told)
    api.edit(welcome.template_id, text, attachment)
    return welcome.template_id


# --- what goes along --------------------------------------------------------------------------------------------


def _upload_of(kind: str, sent: Any, welcome: GroupWelcome | None) -> Upload | None:
    """Return the file to send: the one just chosen, else the stored one; None where the kind has none."""
    wanted = UPLOADED_AS.get(Kind(kind))
    if wanted is None:
        return None
    if sent:
        return _taken(wanted, sent)
    stored = GroupWelcomeFile.objects.filter(welcome=welcome, kind=wanted).first() if welcome else None  # fmt: skip
    if stored is None:
        raise ValidationFailed(_("Choose a file."), code="file_missing", field="file")
    return Upload(stored.kind, stored.name, stored.content_type, bytes(stored.content))


def _taken(kind: str, sent: Any) -> Upload:
    """Check what was sent; a picture is drawn anew, so that nothing else travels inside it."""
    if kind == "image":
        # One byte more than may be: what is larger is refused without being read.
        picture = drawn(sent.read(PICTURE_BYTES + 1))
        ending = picture.content_type.removeprefix("image/")
        return Upload(kind, f"picture.{ending}", picture.content_type, picture.content)
    most = MOST_BYTES[Kind(kind)]
    if sent.size is None or not LEAST_BYTES <= sent.size <= most:
        raise ValidationFailed(
            _("The file must be smaller than %(limit)d MB and not empty.")
            % {"limit": most // MEGABYTE},
            code="file_size",
            field="file",
        )
    content = sent.read()
    if kind == "video" and content[MP4_AT : MP4_AT + len(MP4)] != MP4:
        raise ValidationFailed(
            _("WeCom takes MP4 videos only."), code="file_not_a_video", field="file"
        )
    name = PurePath(str(sent.name)).name[-120:] or kind
    content_type = "video/mp4" if kind == "video" else "application/octet-stream"
    return Upload(kind, name, content_type, content)


def _attachment(
    kind: str, values: Mapping[str, Any], upload: Upload | None
) -> dict[str, Any] | None:
    """Return what goes along with the text as WeCom wants it, its file uploaded (doc 90253). Raises WeComError."""
    if kind == Kind.LINK:
        link = {
            "title": values["link_title"],
            "url": values["link_url"],
            "desc": values.get("link_text"),
        }
        return {kind: {name: value for name, value in link.items() if value}}
    if upload is None:
        return None
    media_id = wecom().media.upload(upload.kind, upload.name, upload.content, upload.content_type).media_id  # fmt: skip
    if kind == Kind.MINIPROGRAM:
        card = {name: values[field] for name, field in (("title", "link_title"), ("appid", "appid"), ("page", "page"))}  # fmt: skip
        return {kind: {**card, "pic_media_id": media_id}}
    return {kind: {"media_id": media_id}}


def _file_store(welcome: GroupWelcome, upload: Upload | None) -> None:
    if upload is None:
        GroupWelcomeFile.objects.filter(welcome=welcome).delete()
        return
    values = {
        "kind": upload.kind,
        "name": upload.name,
        "content_type": upload.content_type,
        "content": upload.content,
    }
    GroupWelcomeFile.objects.update_or_create(welcome=welcome, defaults=values)


# --- the end ----------------------------------------------------------------------------------------------------


def welcome_delete(welcome: GroupWelcome, *, actor: Any) -> None:
    """Delete a template in WeCom and here; groups that had it greet nobody any more. Raises WeComError."""
    try:
        wecom().group_welcome.delete(welcome.template_id)
    except WeComPermanent as error:
        # It is gone already, deleted by somebody in WeCom's console.
        if error.errcode != UNKNOWN_TEMPLATE:
            raise
    with transaction.atomic():
        GroupWelcome.objects.filter(pk=welcome.pk).update(deleted_at=timezone.now())
        GroupWelcomeFile.objects.filter(welcome=welcome).delete()
        CustomerGroup.objects.filter(welcome=welcome).update(welcome=None)
        audit.record(
            actor=actor, action="groups.welcome_delete", target=f"group_welcome:{welcome.pk}",
            before={"title": welcome.title},
        )  # fmt: skip


@contextmanager
def said_in_words() -> Iterator[None]:
    """Turn WeCom's refusal into an error a form can show."""
    try:
        yield
    except WeComError as failure:
        raise gateway.as_external_failure(failure) from failure
