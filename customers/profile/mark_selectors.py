"""Reads of the marks and rules headquarters keeps."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from customers.crm.models import CrmMember
from customers.profile.mark_models import CountMark, ServeRule
from customers.relations.selectors import contacts_visible_to
from customers.relations.showing import mask_name
from scrm.core.scope import Scope


def marks_visible_to(scope: Scope) -> QuerySet[CountMark]:
    """Return the marks in force: all, or none for a scope that sees a part of the company only."""
    marks = CountMark.objects.filter(lifted_at=None).select_related("set_by")
    return marks if scope.everything else marks.none()


def serve_rules_visible_to(scope: Scope) -> QuerySet[ServeRule]:
    """Return what the company says about rules of how to serve: they hold everywhere, and name nobody."""
    rules = ServeRule.objects.select_related("changed_by").order_by("position", "pk")
    return rules if scope.everything else rules.none()


@dataclass(frozen=True)
class KnownRecord:
    """A marked record: its name as the reader may see it, and the customer whose page it has."""

    name: str
    contact_id: UUID | None


def names_of(scope: Scope, marks: Iterable[CountMark]) -> dict[UUID, KnownRecord]:
    """Return marked records by id, in two queries; a record that is gone is not there."""
    ids = [mark.record_id for mark in marks]
    found: dict[UUID, KnownRecord] = {}
    for pk, name in contacts_visible_to(scope).filter(pk__in=ids).values_list("pk", "name"):
        found[pk] = KnownRecord(mask_name(name) if scope.masked("name") else name, pk)
    for pk, number in CrmMember.objects.filter(pk__in=ids).values_list("pk", "member_no"):
        found[pk] = KnownRecord(number, None)
    return found
