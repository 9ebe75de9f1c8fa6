"""Tells what happened: the customer's timeline, and the guide by an app message."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from contacts.directory.models import Member
from contacts.feed import services as feed
from customers.relations.models import ExternalContact
from customers.timeline import services as timeline
from materials.library.models import Material
from materials.tracking.models import Send, View, Who
from scrm.core.outbox import services as outbox

KIND = "message.app"
QUIET = timedelta(minutes=30)
# A guide who hears of a view an hour late is not served by it.
STALE = timedelta(hours=1)

TOLD = """
INSERT INTO materials_viewnotice (member_id, material_id, external_userid, told_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (member_id, material_id, external_userid) DO UPDATE SET told_at = EXCLUDED.told_at
 WHERE materials_viewnotice.told_at <= %s
RETURNING id
"""


def timeline_append(
    contact_id: UUID, kind: str, at: datetime, material: Material, userid: str, *, key: str
) -> None:
    """Put a line into a customer's timeline, once by key."""
    timeline.append(
        record_kind="contact",
        record_id=contact_id,
        kind=kind,
        occurred_at=at,
        data={
            "title": material.title,
            "material_id": material.pk,
            "category": material.category.name if material.category else "",
        },
        key=key,
        actor_userid=userid,
    )


def view_tell(send: Send, view: View, at: datetime) -> None:
    """Tell of a counted view: the timeline of the inferred customer, and the guide unless told lately."""
    contact = None
    if view.who == Who.INFERRED:
        contact = ExternalContact.objects.filter(external_userid=view.external_userid).first()
    if contact is not None:
        timeline_append(
            contact.pk, "material.viewed", at, send.material, send.member.userid,
            key=f"material_viewed:{view.pk}",
        )  # fmt: skip
    if not (send.member.is_serving and _due(send, view, at)):
        return
    if contact is not None:
        # One thing to do for one customer and one material, however often she looks.
        feed.put(
            member_id=send.member_id,
            kind="material.viewed",
            key=f"material_viewed:{send.member_id}:{send.material_id}:{contact.pk}",
            data={"customer": contact.name, "material": send.material.title},
            url=reverse("h5:customer", args=[contact.pk]),
        )
    outbox.put(
        kind=KIND,
        key=f"material_view:{view.pk}",
        payload=_message(send, contact),
        expires_at=at + STALE,
    )


def _due(send: Send, view: View, at: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            TOLD, [send.member_id, send.material_id, view.external_userid, at, at - QUIET]
        )
        return cursor.fetchone() is not None


def _message(send: Send, contact: ExternalContact | None) -> dict[str, object]:
    with translation.override(_language(send.member)):
        if contact is None:
            title = _("Somebody views what you sent")
        else:
            title = _("%(name)s views what you sent") % {"name": contact.name}
        return {
            "userids": [send.member.userid],
            "title": title,
            "description": send.material.title,
            "url": settings.BASE_URL.rstrip("/") + reverse("h5:material_viewers"),
        }


def _language(member: Member) -> str:
    return (member.user.language if member.user else "") or settings.LANGUAGE_CODE
