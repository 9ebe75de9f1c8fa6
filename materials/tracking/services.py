"""Takes a material to send it, and confirms what the client did."""

import secrets
from typing import Any

from django.db import transaction
from django.utils import timezone

from contacts.directory.models import Member
from contacts.org.selectors import store_of
from contacts.parameters import services as parameters
from customers.relations.models import ExternalContact
from materials.library.models import Material
from materials.tracking.models import Send
from materials.tracking.selectors import own_customer
from materials.tracking.telling import timeline_append

# Cards whose address or path carries the guide's parameter onward.
WITH_PARAMETER = (Material.Kind.LINK, Material.Kind.MINI_PROGRAM)
TOKEN_BYTES = 16
CANCELLED = "cancel"


@transaction.atomic
def send_prepare(
    material: Material, *, member: Member, entry: str, external_userid: str = "", actor: Any
) -> Send:
    """Make a send with a random address of its own.

    `entry` is where the guide stands in WeCom; an unknown one counts as the workbench. A customer is kept
    only in a single chat and only when she is the guide's own: the client's word alone names nobody.
    """
    entry = entry if entry in Send.Entry.values else Send.Entry.NORMAL
    single = entry in (Send.Entry.SINGLE_CHAT, Send.Entry.CONTACT_PROFILE, Send.Entry.ATTACHMENT)
    if not (single and external_userid and own_customer(member, external_userid)):
        external_userid = ""
    return Send.objects.create(
        token=secrets.token_urlsafe(TOKEN_BYTES),
        material=material,
        member=member,
        entry=entry,
        external_userid=external_userid,
        parameter=_parameter(material, member, actor),
    )


def _parameter(material: Material, member: Member, actor: Any) -> str:
    if material.kind not in WITH_PARAMETER:
        return ""
    return parameters.issue(
        kind="material",
        member=member,
        store=store_of(member),
        payload={"material": material.pk},
        actor=actor,
    )


@transaction.atomic
def send_confirm(send: Send, *, ok: bool, problem: str = "") -> Send:
    """Note what the client reports, once; a second report changes nothing, except that a success stands."""
    send = Send.objects.select_for_update().select_related("material", "member").get(pk=send.pk)
    if send.status == Send.Status.SENT or (send.confirmed_at and not ok):
        return send
    send.status = Send.Status.SENT if ok else _failure(problem)
    send.problem = "" if ok else problem[:200]
    send.confirmed_at = timezone.now()
    send.save(update_fields=["status", "problem", "confirmed_at"])
    if ok:
        _tell_timeline(send)
    return send


def _failure(problem: str) -> str:
    return Send.Status.CANCELLED if CANCELLED in problem.lower() else Send.Status.FAILED


def _tell_timeline(send: Send) -> None:
    contact = ExternalContact.objects.filter(external_userid=send.external_userid).first()
    if contact is not None and send.confirmed_at is not None:
        timeline_append(
            contact.pk, "material.sent", send.confirmed_at, send.material, send.member.userid,
            key=f"material_sent:{send.pk}",
        )  # fmt: skip
