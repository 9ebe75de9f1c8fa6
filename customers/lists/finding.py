"""Finds customers by what somebody typed: phone, last four digits, nickname, remark, numbers, pinyin.

Two ways for the same rules: `narrow` is for lists, which count and turn pages; `first_hits` is for the search box,
which wants a few at once and reads no more than it must, however many match.
"""

import unicodedata
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from contacts.directory.selectors import members_visible_to
from customers.crm.models import CrmMember
from customers.crm.selectors import members_search
from customers.crm.selectors import members_visible_to as crm_members_visible_to
from customers.lists.keys import (
    follower_key,
    last_four_wanted,
    nickname_wanted,
    pinyin_wanted,
    plain_text,
    remark_wanted,
)
from customers.lists.models import ContactSearch, RelationSearch
from customers.oneid.models import PersonLink
from customers.relations.models import ExternalContact, FollowRelation, RecordChange
from customers.relations.selectors import contacts_visible_to, relations_visible_to
from customers.timeline.selectors import sees_members
from scrm.core.crypto import blind_indexes
from scrm.core.phone_lookups import LAST_FOUR, number_in
from scrm.core.scope import Scope

MOST_CHARACTERS = 64
LEAST_CHARACTERS = 2
# The box looks at so many candidates of each kind; who is not among them types one more character.
CANDIDATES = 50
# And at so many whose name begins so, in a branch: each costs some looks at who follows them.
BEGINNINGS = 12
# WeCom's and WeChat's ids are longer.
SHORTEST_ID = 6
# A scope of so few members is narrowed inside the index.
MEMBERS_INSIDE = 30


@dataclass(frozen=True)
class Wanted:
    """What somebody typed, read: the plain text, and the phone (E.164) or last four digits it may be."""

    text: str
    phone: str = ""
    last_four: str = ""

    @property
    def number(self) -> str:
        """Return the phone or the last four digits it may be, "" for a word."""
        return self.phone or self.last_four

    @property
    def is_long_enough(self) -> bool:
        """Tell whether the box asks at all; one Chinese character finds half of the company."""
        return len(self.text) >= LEAST_CHARACTERS

    @property
    def is_number(self) -> bool:
        """Return whether it looks somebody up by a phone: counted, and written down."""
        return bool(self.number)


def wanted(text: str) -> Wanted:
    """Read what was typed: blanks trimmed, full-width made plain, invisible left out, at most 64 characters."""
    plain = " ".join(unicodedata.normalize("NFKC", text[: MOST_CHARACTERS * 4]).split())
    plain = plain_text(plain)[:MOST_CHARACTERS].strip()
    number = number_in(plain)
    if len(number) == LAST_FOUR:
        return Wanted(plain, last_four=number)
    return Wanted(plain, phone=number)


def narrow(
    scope: Scope, contacts: QuerySet[ExternalContact], asked: Wanted
) -> QuerySet[ExternalContact]:
    """Narrow customers (already scoped) to those a text finds; a text that is nothing finds nobody."""
    if not asked.text:
        return contacts.none()
    first, *others = _found(scope, asked)
    return contacts.filter(pk__in=first.union(*others) if others else first)


def first_hits(scope: Scope, asked: Wanted, most: int) -> list[ExternalContact]:
    """Return the first customers in scope that a text finds, the newest known first."""
    if not asked.text:
        return []
    found: set[UUID] = set()
    for rows in _found(scope, asked, inside=True):
        found |= set(rows[:CANDIDATES])
    hits = contacts_visible_to(scope).filter(pk__in=found)
    return list(hits.order_by("-pk")[:most]) if found else []


# --- what a text may be -----------------------------------------------------------------------------------------

Ids = QuerySet[Any, UUID]


def _found(scope: Scope, asked: Wanted, *, inside: bool = False) -> list[Ids]:
    """Return the ids of customers each way of reading finds. inside: scoped already, for the box."""
    found = [*_by_id(asked), *_by_member(scope, asked)]
    if asked.phone:
        return [*found, *_by_phone(scope, asked.phone)]
    found += _by_name(scope, asked, inside=inside)
    if not scope.masked("remark") and (ways := [*remark_wanted(asked.text), *_last_four(asked)]):
        found.append(_by_remark(scope, ways))
    return found


def _by_id(asked: Wanted) -> list[Ids]:
    """An external_userid or unionid, whole; other texts are not asked for."""
    if not asked.text.isascii() or len(asked.text) < SHORTEST_ID:
        return [ExternalContact.objects.none().values_list("pk", flat=True)]
    exact = Q(external_userid=asked.text) | Q(unionid=asked.text)
    return [ExternalContact.objects.filter(exact).values_list("pk", flat=True)]


def _by_name(scope: Scope, asked: Wanted, *, inside: bool) -> list[Ids]:
    """A piece of the nickname, its pinyin or the beginning of it."""
    letters = pinyin_wanted(asked.text)
    # Beginnings are too many to gather for many members: the box takes some from the sorted indexes.
    is_sorted = inside and not _followers(scope)
    ways = [nickname_wanted(asked.text), *_last_four(asked)]
    if letters:
        ways += [[f"~{letters}"]] if is_sorted else [[f"~{letters}"], [f"^{letters}"]]
    names: QuerySet[Any] = ContactSearch.objects.filter(
        _within(scope, [way for way in ways if way], inside=inside)
    )
    if inside and not scope.everything:
        names = _seen(names, relations_visible_to(scope).filter(contact=OuterRef("contact")))
    found: list[QuerySet[Any]] = [names.values_list("contact_id", flat=True)]
    if letters and is_sorted:
        begun: QuerySet[Any] = ContactSearch.objects.all()
        if not scope.everything:
            begun = _seen(begun, _followed(scope))
        begun = begun.values_list("contact_id", flat=True)
        most = CANDIDATES if scope.everything else BEGINNINGS
        found += [
            begun.filter(pinyin__startswith=letters)[:most],
            begun.filter(initials__startswith=letters)[:most],
        ]
    return found


def _seen(rows: QuerySet[Any], relations: QuerySet[FollowRelation]) -> QuerySet[Any]:
    """Keep what has such a relation, looking row by row: a join would gather the whole branch first."""
    kept: QuerySet[Any] = rows.alias(seen=Subquery(relations.values("pk")[:1]))
    return kept.filter(seen__isnull=False)


def _followed(scope: Scope) -> QuerySet[FollowRelation]:
    """Return a branch's relations of one entry by its members' ids.

    One of many beginnings in ten is the branch's: so many looks, and a look without the join is a third of one.
    """
    ids = list(members_visible_to(scope).values_list("pk", flat=True))
    return FollowRelation.objects.filter(member_id__in=ids, contact=OuterRef("contact"))


def _last_four(asked: Wanted) -> list[list[str]]:
    return last_four_wanted(asked.last_four) if asked.last_four else []


def _by_remark(scope: Scope, ways: list[list[str]]) -> Ids:
    rows = RelationSearch.objects.filter(_within(scope, ways))
    if not scope.everything:
        rows = _seen(rows, relations_visible_to(scope).filter(pk=OuterRef("relation")))
    return rows.values_list("contact_id", flat=True)


def _within(scope: Scope, ways: list[list[str]], *, inside: bool = True) -> Q:
    """Return the condition "one of these sets of keys, and one of the scope's members" for a search entry."""
    condition = Q(pk__in=[])
    for keys in ways:
        condition |= Q(keys__contains=keys)
    followers = _followers(scope) if inside and not scope.everything else []
    return condition & Q(keys__overlap=followers) if followers else condition


def _followers(scope: Scope) -> list[str]:
    """Return the keys of a scope's members, if they are few enough to look for in the index."""
    if scope.everything:
        return []
    ids = list(members_visible_to(scope).values_list("pk", flat=True)[: MEMBERS_INSIDE + 1])
    return [follower_key(pk) for pk in ids] if len(ids) <= MEMBERS_INSIDE else []


def _by_phone(scope: Scope, phone: str) -> list[Ids]:
    """A verified phone of the customer, or one in a remark that the scope sees."""
    indexes = blind_indexes("phone", phone)
    remarked: QuerySet[FollowRelation] = relations_visible_to(scope)
    return [
        ExternalContact.objects.filter(phone_index__in=indexes).values_list("pk", flat=True),
        remarked.filter(remark_phone_indexes__overlap=indexes).values_list("contact_id", flat=True),
    ]  # fmt: skip


def _by_member(scope: Scope, asked: Wanted) -> list[Ids]:
    """The customers of a person whose CRM membership has this number or phone, as far as the scope sees it.

    As on the profile: a guide sees every membership of whom she follows, a branch those of its own stores.
    """
    if not sees_members(scope) or not any(char.isdigit() for char in asked.text):
        return []
    members = CrmMember.objects.all()
    if not (scope.everything or scope.own_only):
        members = crm_members_visible_to(scope)
    # One small look first: nearly every text is nobody's number.
    ids = list(members_search(members, asked.text).values_list("pk", flat=True)[:CANDIDATES])
    if not ids:
        return []
    persons = PersonLink.objects.filter(record_id__in=ids).values("person")
    links = PersonLink.objects.filter(person__in=persons, record_kind=RecordChange.Kind.CONTACT)
    return [links.values_list("record_id", flat=True)]
