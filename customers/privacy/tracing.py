"""Where one person is: every table that holds something of them, found in the models themselves.

A table is found by its columns: a key of a customer or a member, or one of the names people are known by. What
shows neither is named by its room (settings.PERSON_HOLDINGS).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from customers.crm.models import CrmMember
from customers.oneid.models import PersonLink
from customers.relations.models import ExternalContact, FollowRelation, RecordChange
from scrm.core.data_map import DataUse, declared, own_models
from scrm.core.erased import ERASED_PREFIX, EXTERNAL_USERID, MEMBER_NO, PHONE, UNIONID, Name
from scrm.core.holdings import Holding, Subject, Way, Where

# Classes of the data map that are a customer's; "staff" and "secret" are not.
PERSONAL = frozenset({"identity", "contact", "behaviour", "message"})
COLUMNS = {
    "external_userid": EXTERNAL_USERID,
    "unionid": UNIONID,
    "member_no": MEMBER_NO,
}


@dataclass(frozen=True)
class Traced:
    """One table that holds something of people: how its rows are found, and what erasing does."""

    model: type[models.Model]
    way: Way
    where: Where

    @property
    def label(self) -> str:
        """Return the table's name as the data map calls it."""
        return str(self.model._meta.label)

    @property
    def title(self) -> str:
        """Return what its rows are called."""
        return str(self.model._meta.verbose_name_plural)

    def rows(self, subject: Subject) -> QuerySet[Any]:
        """Return the rows of one person."""
        return self.model._default_manager.filter(self.where(subject))

    @property
    def personal(self) -> dict[str, DataUse]:
        """Return the entries of the data map that are a customer's."""
        return {name: use for name, use in declared(self.model).items() if use.category in PERSONAL}


def subject_of(record_ids: Iterable[UUID]) -> Subject:
    """Return the person of some records, with all records OneID holds together with them."""
    wanted = set(record_ids)
    persons = set(
        PersonLink.objects.filter(record_id__in=wanted).values_list("person_id", flat=True)
    )
    links = PersonLink.objects.filter(person__in=persons)
    wanted |= set(links.values_list("record_id", flat=True))
    contacts = list(ExternalContact.objects.filter(pk__in=wanted))
    members = list(CrmMember.objects.filter(pk__in=wanted))
    names = {name for row in contacts for name in _contact_names(row)}
    names |= {name for row in members for name in _member_names(row)}
    return Subject(
        contacts=tuple(sorted(row.pk for row in contacts)),
        members=tuple(sorted(row.pk for row in members)),
        persons=tuple(sorted(persons)),
        names=frozenset(names),
    )


def _contact_names(row: ExternalContact) -> Iterator[Name]:
    names = ((EXTERNAL_USERID, row.external_userid), (UNIONID, row.unionid), (PHONE, row.phone))
    return _given(names)


def _member_names(row: CrmMember) -> Iterator[Name]:
    names = (
        (MEMBER_NO, row.member_no),
        (UNIONID, row.unionid),
        (EXTERNAL_USERID, row.external_userid),
        (PHONE, row.phone),
    )
    return _given(names)


def _given(names: Iterable[Name]) -> Iterator[Name]:
    return ((kind, value) for kind, value in names if value and not value.startswith(ERASED_PREFIX))


# --- tables ------------------------------------------------------------------------------------------------------


def declared_holdings() -> dict[str, Holding]:
    """Return what rooms say of their tables, by label."""
    return _loaded(tuple(settings.PERSON_HOLDINGS))


@lru_cache(maxsize=4)
def _loaded(paths: tuple[str, ...]) -> dict[str, Holding]:
    return {holding.label: holding for path in paths for holding in import_string(path)}


@lru_cache(maxsize=1)
def traced_tables() -> tuple[Traced, ...]:
    """Return every table that holds something of people, by label."""
    said = declared_holdings()
    found = []
    for model in own_models():
        holding = said.get(model._meta.label)
        where = holding.where if holding and holding.where else _where(model)
        way = holding.way if holding else Way.EMPTY
        if where is not None and way is not Way.APART:
            found.append(Traced(model, way, where))
    return tuple(sorted(found, key=lambda table: table.label))


def untraced() -> list[str]:
    """Return the tables with a customer's data that nobody would find: none may be left."""
    known = {table.label for table in traced_tables()} | {
        label for label, holding in declared_holdings().items() if holding.way is Way.APART
    }
    return sorted(
        model._meta.label
        for model in own_models()
        if any(use.category in PERSONAL for use in declared(model).values())
        and model._meta.label not in known
    )


def holdings_of_nothing() -> list[str]:
    """Return the labels in settings.PERSON_HOLDINGS that name no table."""
    labels = {model._meta.label for model in apps.get_models()}
    return sorted(declared_holdings().keys() - labels)


def _where(model: type[models.Model]) -> Where | None:
    """Return how a table's columns lead to a person, None where none of them does."""
    if model is ExternalContact:
        return lambda subject: Q(pk__in=subject.contacts)
    if model is CrmMember:
        return lambda subject: Q(pk__in=subject.members)
    if model is RecordChange:
        return None
    ways = [way for field in model._meta.concrete_fields if (way := _way_of(field)) is not None]
    if not ways:
        return None
    return lambda subject: reduce(or_, (way(subject) for way in ways))


def _way_of(field: "models.Field[Any, Any]") -> Where | None:
    name = field.name
    if field.is_relation:
        return _by_key(name, field.related_model)
    if name in COLUMNS and isinstance(field, models.CharField):
        kind = COLUMNS[name]
        return lambda subject: Q(**{f"{name}__in": subject.values(kind)})
    if isinstance(field, models.UUIDField) and name == "contact_id":
        return lambda subject: Q(contact_id__in=subject.contacts)
    if isinstance(field, models.UUIDField) and name == "person_id":
        return lambda subject: Q(person_id__in=subject.persons)
    return None


def _by_key(name: str, target: Any) -> Where | None:
    ways: dict[Any, Where] = {
        ExternalContact: lambda subject: Q(**{f"{name}__in": subject.contacts}),
        CrmMember: lambda subject: Q(**{f"{name}__in": subject.members}),
        FollowRelation: lambda subject: Q(**{f"{name}__contact__in": subject.contacts}),
    }
    return ways.get(target)


def counts_of(subject: Subject) -> dict[str, int]:
    """Return how many rows each table holds of a person, empty tables left out."""
    counts = {table.label: table.rows(subject).count() for table in traced_tables()}
    return {label: count for label, count in counts.items() if count}
