"""Writes of a profile: notes, and whether a customer may be contacted."""

from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.directory.selectors import member_by_userid
from contacts.feed import services as feed
from customers.crm.models import CrmMember
from customers.profile.models import DoNotContact, FollowUpNote
from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.services import contact_reveal
from customers.timeline.models import RecordKind
from customers.timeline.selectors import records_shown
from customers.timeline.services import append
from scrm.core.audit import services as audit
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import Scope

MOST_CHARACTERS = 1000


def phones_reveal(
    scope: Scope,
    contact: ExternalContact,
    *,
    actor: Any,
    reason: str,
    most_per_day: int | None = None,
) -> list[str]:
    """Return the phones of a customer, those of their CRM members too, as far as the scope sees them, and write
    down who saw them and why. Raises ValidationFailed without a reason, RateLimited beyond `most_per_day`.
    """
    members = CrmMember.objects.filter(pk__in=records_shown(scope, contact).member_ids)
    return contact_reveal(
        scope,
        contact,
        actor=actor,
        reason=reason,
        most_per_day=most_per_day,
        verified=[member.phone for member in members.order_by("pk")],
    )


def _target(contact: ExternalContact) -> str:
    return f"contact:{contact.pk}"


@transaction.atomic
def note_add(
    scope: Scope,
    contact: ExternalContact,
    *,
    actor: Any,
    text: str,
    next_on: date | None = None,
    url: str = "",
) -> FollowUpNote:
    """Keep a note on a customer, and make `next_on` a task of a guide; audited without the text.

    The task is its author's, or, when headquarters wrote it, that of the guide who added the customer last. url is
    the page of this site the task leads to, by default the customer's on the phone. Raises ValidationFailed.
    """
    words = text.strip()
    if not words:
        raise ValidationFailed(_("Write what was agreed."), code="note_empty", field="text")
    if len(words) > MOST_CHARACTERS:
        raise ValidationFailed(
            _("At most %(limit)d characters.") % {"limit": MOST_CHARACTERS},
            code="note_too_long",
            field="text",
        )
    if next_on is not None and next_on < timezone.localdate():
        raise ValidationFailed(
            _("The day to come back lies in the past."), code="day_past", field="next_on"
        )
    note = FollowUpNote(
        contact=contact, author=actor, userid=scope.userid or "", text=words, next_on=next_on
    )
    note.save(force_insert=True)
    append(
        record_kind=RecordKind.CONTACT,
        record_id=contact.pk,
        kind="note.added",
        occurred_at=note.created_at,
        data={"author": actor.name or actor.get_username()},
        key=f"note:{note.pk}",
        actor_userid=note.userid,
    )
    _remind(note, url)
    audit.record(
        actor=actor,
        action="profile.note",
        target=_target(contact),
        after={"note": str(note.pk), "next_on": str(next_on) if next_on else None},
    )
    return note


def _remind(note: FollowUpNote, url: str) -> None:
    if note.next_on is None:
        return
    member = member_by_userid(note.userid) if note.userid else None
    member_id = member.pk if member else _guide_of(note.contact)
    if member_id is None:
        return
    due = timezone.make_aware(datetime.combine(note.next_on, time(10)))
    feed.put(
        member_id=member_id,
        kind="follow_up",
        key=f"follow_up:{note.pk}",
        title_code="follow_up.due",
        data={"customer": note.contact.name},
        url=url or f"{reverse('h5:customer', args=[note.contact_id])}?tab=notes",
        due_at=due,
    )


def _guide_of(contact: ExternalContact) -> int | None:
    """Return the member who added this customer last and still follows them."""
    active = contact.relations.filter(status=FollowRelation.Status.ACTIVE)
    return active.order_by("-created_time", "-id").values_list("member_id", flat=True).first()


@transaction.atomic
def note_done(note: FollowUpNote, *, actor: Any) -> bool:
    """Mark a note's promise as kept; return False when it was already."""
    changed = FollowUpNote.objects.filter(pk=note.pk, done_at=None).update(done_at=timezone.now())
    if changed:
        feed.done(f"follow_up:{note.pk}")
        audit.record(
            actor=actor,
            action="profile.note_done",
            target=f"contact:{note.contact_id}",
            after={"note": str(note.pk)},
        )
    return bool(changed)


@transaction.atomic
def contact_stop(
    scope: Scope, contact: ExternalContact, *, actor: Any, reason: str
) -> DoNotContact:
    """Mark that a customer does not want to be contacted; audited. Raises ValidationFailed without a reason."""
    if not reason.strip():
        raise ValidationFailed(
            _("Say why, so that colleagues understand it."), code="reason_missing", field="reason"
        )
    held = DoNotContact.objects.filter(contact=contact).first()
    if held is not None:
        return held
    flag = DoNotContact(contact=contact, reason=reason.strip()[:MOST_CHARACTERS], set_by=actor)
    flag.save(force_insert=True)
    _flag_changed(scope, contact, actor, "contact.stopped", str(flag.pk))
    audit.record(
        actor=actor,
        action="profile.do_not_contact",
        target=_target(contact),
        before={"stopped": False},
        after={"stopped": True},
        reason=flag.reason,
    )
    return flag


@transaction.atomic
def contact_allow(scope: Scope, contact: ExternalContact, *, actor: Any, reason: str) -> bool:
    """Take the mark back; audited. Return False when there was none. Raises ValidationFailed without a reason."""
    if not reason.strip():
        raise ValidationFailed(
            _("Say why, so that colleagues understand it."), code="reason_missing", field="reason"
        )
    held = DoNotContact.objects.select_for_update().filter(contact=contact).first()
    if held is None:
        return False
    key = str(held.pk)
    held.delete()
    _flag_changed(scope, contact, actor, "contact.allowed", key)
    audit.record(
        actor=actor,
        action="profile.contact_again",
        target=_target(contact),
        before={"stopped": True},
        after={"stopped": False},
        reason=reason.strip(),
    )
    return True


def _flag_changed(scope: Scope, contact: ExternalContact, actor: Any, kind: str, key: str) -> None:
    append(
        record_kind=RecordKind.CONTACT,
        record_id=contact.pk,
        kind=kind,
        occurred_at=timezone.now(),
        data={"author": actor.name or actor.get_username()},
        key=f"{kind}:{key}",
        actor_userid=scope.userid or "",
    )
