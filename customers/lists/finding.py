"""Finds customers by what somebody typed: phone, last four digits, nickname, remark, numbers, pinyin.

Two ways for the same rules: `narrow` is for lists, which count and turn pages; `first_hits` is for the search box,
which wants a few at once and reads no more than it must, however many match.
"""

import unicodedata
from collections.abc import Sequence
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
        ids = list(rows[:CANDIDATES])
        found |= set(ids)
        # A way that was cut off has more than are shown; the next ones are wider still.
        if len(found) >= CANDIDATES or (len(ids) == CANDIDATES and len(found) >= most):
            break
    hits = contacts_visible_to(scope).filter(pk__in=found)
    return list(hits.order_by("-pk")[:most]) if found else []


# --- what a text may be -----------------------------------------------------------------------------------------

Ids = QuerySet[Any, UUID]


def _found(scope: Scope, asked: Wanted, *, inside: bool = False) -> list[Ids]:
    """Return the ids of customers each way of reading finds, the narrowest way first.

    inside: scoped already, for the box.
    """
    found = [*_by_id(asked), *_by_member(scope, asked)]
    if asked.phone:
        return [*found, *_by_phone(scope, asked.phone)]
    seen = _seen_by(scope)
    if not scope.masked("remark"):
        for keys in [*_last_four(asked), *remark_wanted(asked.text)]:
            rows = seen.entries.filter(_with(keys, seen.followers))
            found.append(rows.values_list("contact_id", flat=True))
    return [*found, *(_names_inside(asked, seen) if inside else _names(asked))]


@dataclass(frozen=True)
class _Seen:
    """The entries of the relations a scope sees, and its members' keys if they are few enough for the index."""

    entries: QuerySet[RelationSearch]
    everything: bool = False
    followers: tuple[str, ...] = ()


_EVERYBODY = _Seen(RelationSearch.objects.all(), everything=True)


def _seen_by(scope: Scope) -> _Seen:
    """Return what a scope sees, by its members' ids: a join would gather the whole branch first."""
    if scope.everything:
        return _EVERYBODY
    ids = list(members_visible_to(scope).values_list("pk", flat=True))
    entries = RelationSearch.objects.filter(member_id__in=ids)
    if scope.own_only:
        entries = entries.filter(relation__status=FollowRelation.Status.ACTIVE)
    return _Seen(entries, followers=_followers(ids))


def _followers(member_ids: Sequence[int]) -> tuple[str, ...]:
    if len(member_ids) > MEMBERS_INSIDE:
        return ()
    # Somebody without members finds nobody: no customer has this key.
    return tuple(map(follower_key, member_ids)) or (follower_key(0),)


def _by_id(asked: Wanted) -> list[Ids]:
    """An external_userid or unionid, whole; other texts are not asked for."""
    if not asked.text.isascii() or len(asked.text) < SHORTEST_ID:
        return [ExternalContact.objects.none().values_list("pk", flat=True)]
    exact = Q(external_userid=asked.text) | Q(unionid=asked.text)
    return [ExternalContact.objects.filter(exact).values_list("pk", flat=True)]


def _names(asked: Wanted) -> list[Ids]:
    """A piece of the nickname, its pinyin or the beginning of it, verified last four digits."""
    letters = pinyin_wanted(asked.text)
    ways = [*_name_ways(asked), *([[f"^{letters}"], [f"~{letters}"]] if letters else [])]
    return [_entries_with(keys) for keys in ways]


def _names_inside(asked: Wanted, seen: _Seen) -> list[Ids]:
    """The same of whom the scope sees; beginnings of pinyin are too many to gather, sorted indexes give some."""
    letters = pinyin_wanted(asked.text)
    found = [_entries_with(keys, seen) for keys in _name_ways(asked)]
    if not letters:
        return found
    if seen.followers:
        found.append(_entries_with([f"^{letters}"], seen))
    else:
        entries: QuerySet[Any] = ContactSearch.objects.all() if seen.everything else seen.entries
        begun = entries.values_list("contact_id", flat=True)
        found += [begun.filter(pinyin__startswith=letters), begun.filter(initials__startswith=letters)]  # fmt: skip
    # From a later syllable on: as many as begin so again, and asked for only if those are few.
    return [*found, _entries_with([f"~{letters}"], seen)]


def _name_ways(asked: Wanted) -> list[list[str]]:
    return [way for way in (nickname_wanted(asked.text), *_last_four(asked)) if way]


def _entries_with(keys: list[str], seen: _Seen = _EVERYBODY) -> Ids:
    """Return whose entry has all these keys, as far as the scope sees them."""
    rows: QuerySet[Any] = ContactSearch.objects.filter(_with(keys, seen.followers))
    if not seen.everything:
        # Looked up row by row: a join would gather the whole branch first.
        follower = seen.entries.filter(contact=OuterRef("contact")).values("member_id")[:1]
        rows = rows.alias(follower=Subquery(follower)).filter(follower__isnull=False)
    return rows.values_list("contact_id", flat=True)


def _with(keys: list[str], followers: Sequence[str]) -> Q:
    """Return the condition "all these keys, and one of these followers" for a search entry."""
    condition = Q(keys__contains=keys)
    return condition & Q(keys__overlap=list(followers)) if followers else condition


def _last_four(asked: Wanted) -> list[list[str]]:
    return last_four_wanted(asked.last_four) if asked.last_four else []


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
