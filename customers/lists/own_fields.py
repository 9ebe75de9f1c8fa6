"""The company's own fields of many customers, for files: what each profile shows, in a constant number of queries."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from customers.fields.models import FieldDefinition
from customers.fields.selectors import Whose, cells_shown
from customers.oneid.models import PersonLink
from customers.relations.models import RecordChange
from customers.relations.selectors import contacts_visible_to
from customers.timeline.selectors import member_links_shown
from scrm.core.scope import Scope

Cells = dict[str, str | int | float]


def own_cells(
    scope: Scope, known: Sequence[FieldDefinition], contact_ids: Sequence[UUID], *, unmasked: bool
) -> dict[UUID, Cells]:
    """Return by customer the values of these fields as they may stand in a file of this scope; nothing for none."""
    if not known or not contact_ids:
        return {}
    return cells_shown(scope, known, _people(scope, contact_ids), unmasked=unmasked)


def _people(scope: Scope, contact_ids: Sequence[UUID]) -> dict[UUID, Whose]:
    """Return by customer the records of their person that a scope sees, the customer itself first."""
    own = PersonLink.objects.filter(record_id__in=contact_ids)
    person_of = dict(own.values_list("record_id", "person_id"))
    links = PersonLink.objects.filter(person_id__in=set(person_of.values())).order_by("record_id")
    seen = links.filter(
        record_kind=RecordChange.Kind.CONTACT,
        record_id__in=contacts_visible_to(scope).values("pk"),
    )
    contacts = _by_person(seen.values_list("person_id", "record_id"))
    members = _by_person(member_links_shown(scope, links).values_list("person_id", "record_id"))
    people = {}
    for pk in contact_ids:
        person = person_of.get(pk)
        # Whom OneID has not looked at yet is alone.
        beside = [each for each in contacts.get(person, ()) if each != pk]
        people[pk] = Whose([pk, *beside], members.get(person, ()))
    return people


def _by_person(pairs: Iterable[tuple[UUID, UUID]]) -> dict[UUID | None, list[UUID]]:
    found: dict[UUID | None, list[UUID]] = {}
    for person, record in pairs:
        found.setdefault(person, []).append(record)
    return found
