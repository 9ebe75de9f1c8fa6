"""Reads of segments and rules: within one's scope, and for the rooms above that send to a segment."""

from collections.abc import Mapping

from django.db.models import Count, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from customers.fields.uses import Use
from customers.oneid.models import Person, PersonLink
from customers.oneid.selectors import persons_visible_to
from customers.relations.models import ExternalContact
from customers.relations.selectors import contacts_visible_to
from customers.segments.compiling import contacts_meeting, persons_meeting
from customers.segments.conditions import condition_read
from customers.segments.facts import FIELD
from customers.segments.models import AudienceEntry, Invitation, RuleMark, Segment, TagRule
from scrm.core.exceptions import Conflict
from scrm.core.scope import Scope


def segments_visible_to(scope: Scope) -> QuerySet[Segment]:
    """Return the segments a scope may see: all, or the shared ones and those its own user made."""
    if not scope.allows("segments.view"):
        return Segment.objects.none()
    if scope.everything:
        return Segment.objects.all()
    return Segment.objects.filter(Q(is_shared=True) | Q(created_by_id=scope.user_id))


def name_check(scope: Scope, name: str, *, but: Segment | None = None) -> None:
    """Raise Conflict where a segment that the scope sees has this name already: nobody could tell them apart."""
    named = segments_visible_to(scope).filter(name__iexact=name.strip())
    if (named.exclude(pk=but.pk) if but else named).exists():
        raise Conflict(
            _("There is a segment of this name already. Choose another."),
            code="segment_name_taken",
            field="name",
        )


def segments_editable_by(scope: Scope) -> QuerySet[Segment]:
    """Return the segments a scope may change: all, or those its own user made."""
    if not scope.allows("segments.edit"):
        return Segment.objects.none()
    mine = segments_visible_to(scope)
    return mine if scope.everything else mine.filter(created_by_id=scope.user_id)


def rules_visible_to(scope: Scope) -> QuerySet[TagRule]:
    """Return the tag rules: they reach every customer, so only who sees the whole company sees them."""
    if not scope.allows("tag_rules.view") or not scope.everything:
        return TagRule.objects.none()
    return TagRule.objects.all()


def segment_persons(segment: Segment, scope: Scope) -> QuerySet[Person]:
    """Return the persons of a segment now, as far as the scope sees them; raises ValidationFailed.

    A condition is judged by the facts the scope sees, so two readers may count differently.
    """
    if segment.has_ended:
        return Person.objects.none()
    if segment.kind == Segment.Kind.DYNAMIC:
        return persons_meeting(condition_read(segment.condition, scope), scope)
    linked = PersonLink.objects.filter(record_id__in=segment.entries.values("record_id"))
    return persons_visible_to(scope).filter(pk__in=linked.values("person_id"))


def segment_contacts(segment: Segment, scope: Scope) -> QuerySet[ExternalContact]:
    """Return the customers of a segment now, as far as the scope sees them: for lists and sends."""
    if segment.has_ended:
        return ExternalContact.objects.none()
    if segment.kind == Segment.Kind.DYNAMIC:
        return contacts_meeting(condition_read(segment.condition, scope), scope)
    people = segment_persons(segment, scope).values("pk")
    linked = PersonLink.objects.filter(person__in=people).values("record_id")
    return contacts_visible_to(scope).filter(pk__in=linked)


def field_uses(key: str) -> list[Use]:
    """Return how many segments, and how many tag rules, ask for a customer field."""
    return [
        Use(words, rows.alias(text=Cast("condition", TextField())).filter(text__contains=f'"{FIELD}{key}"').count())
        for words, rows in (
            (_("Segments"), Segment.objects.all()),
            (_("Tag rules"), TagRule.objects.all()),
        )
    ]  # fmt: skip


def entry_counts(segment: Segment) -> Mapping[str, int]:
    """Return how many records of an audience are customers, and how many CRM members."""
    rows = AudienceEntry.objects.filter(segment=segment).values("record_kind").order_by()
    return {row["record_kind"]: row["count"] for row in rows.annotate(count=Count("pk"))}


def mark_counts(rule: TagRule) -> Mapping[str, int]:
    """Return how many tags a rule holds in each state."""
    rows = RuleMark.objects.filter(rule=rule).order_by().values("state")
    return {row["state"]: row["count"] for row in rows.annotate(count=Count("pk"))}


def invitations_visible_to(scope: Scope) -> QuerySet[Invitation]:
    """Return what a guide is to invite, newest first: her own; nobody else's, for a phone is behind each."""
    waiting = Invitation.objects.filter(joined_at=None).select_related("crm_member", "store")
    if not scope.userid:
        return waiting.none()
    mine = waiting.filter(guide__userid=scope.userid)
    return mine.order_by("asked_at", "-given_at", "-id")
