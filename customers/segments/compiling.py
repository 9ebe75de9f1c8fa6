"""Turns a condition into SQL that yields persons: sets, joined by INTERSECT, UNION and EXCEPT.

Every question starts from rows that the scope may see, so nobody learns of others' facts by asking. Questions
about the relation that stand in one group joined by "all" are about one and the same relation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from customers.crm.selectors import members_visible_to
from customers.oneid.models import Person
from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.selectors import contacts_visible_to, relations_visible_to
from customers.segments.conditions import Branch, Join, Leaf, condition_read
from customers.segments.facts import BY_CODE, Group
from customers.segments.questions import (
    COUNTED,
    MEMBER_NONE,
    RECORDS,
    Counted,
    relation_condition,
)
from scrm.core.scope import SYSTEM_SCOPE, Scope


@dataclass(frozen=True)
class Sql:
    """Text with its parameters."""

    text: str
    params: tuple[Any, ...] = ()


NOBODY = Sql("SELECT NULL::uuid AS person_id WHERE false")


@dataclass(frozen=True)
class Compiler:
    """Compiles for one scope; `only` narrows every question to these persons, so that few cost little."""

    scope: Scope
    only: tuple[UUID, ...] | None = None

    def persons(self, tree: Branch) -> Sql:
        """Return the persons who meet a condition and whom the scope sees."""
        found = self._branch(tree)
        return found if self.scope.everything else _joined("INTERSECT", [found, self.everybody()])

    def everybody(self) -> Sql:
        """Return all persons the scope sees."""
        if self.scope.everything:
            narrow, params = self._narrow("WHERE")
            return Sql(f"SELECT l.person_id FROM customers_personlink l {narrow}", params)  # noqa: S608
        contacts = self._linked(contacts_visible_to(self.scope).values("pk"))
        return _joined(
            "UNION", [contacts, self._linked(members_visible_to(self.scope).values("pk"))]
        )

    def _branch(self, tree: Branch) -> Sql:
        if tree.join == Join.ALL:
            return _joined("INTERSECT", self._all(tree.items))
        found = _joined("UNION", [self._item(each) for each in tree.items])
        if tree.join == Join.ANY:
            return found
        return _joined("EXCEPT", [self.everybody(), found])

    def _all(self, items: Sequence[Leaf | Branch]) -> list[Sql]:
        about_relation = [each for each in items if isinstance(each, Leaf) and _asks_relation(each)]
        others = [self._item(each) for each in items if not _asks_relation(each)]
        if not about_relation:
            return others
        condition = Q()
        for leaf in about_relation:
            condition &= relation_condition(leaf)
        return [self._relations(condition), *others]

    def _item(self, item: Leaf | Branch) -> Sql:
        return self._branch(item) if isinstance(item, Branch) else self._leaf(item)

    def _leaf(self, leaf: Leaf) -> Sql:
        if _asks_relation(leaf):
            return self._relations(relation_condition(leaf))
        if leaf.fact in COUNTED:
            return self._counted(leaf)
        if leaf.value is False:
            yes = self._leaf(Leaf(leaf.fact, leaf.op, True))
            return _joined("EXCEPT", [self.everybody(), yes])
        if leaf.fact == "member_state" and MEMBER_NONE in leaf.value:
            return self._without_member(leaf)
        question = RECORDS.get(leaf.fact, RECORDS["field"])
        return self._linked(question(leaf, self.scope))

    def _without_member(self, leaf: Leaf) -> Sql:
        members = self._linked(members_visible_to(self.scope).values("pk"))
        found = [_joined("EXCEPT", [self.everybody(), members])]
        if rest := tuple(each for each in leaf.value if each != MEMBER_NONE):
            found.append(self._leaf(Leaf(leaf.fact, leaf.op, rest)))
        return _joined("UNION", found)

    def _relations(self, condition: Q) -> Sql:
        living = relations_visible_to(self.scope).filter(status=FollowRelation.Status.ACTIVE)
        return self._linked(living.filter(condition).order_by().values("contact_id"))

    def _linked(self, records: QuerySet[Any, Any]) -> Sql:
        """Return the persons of records."""
        found = compiled(records)
        if found is None:
            return NOBODY
        narrow, params = self._narrow("AND")
        return Sql(
            f"SELECT l.person_id FROM customers_personlink l WHERE l.record_id IN ({found.text}) {narrow}",  # noqa: S608
            (*found.params, *params),
        )

    def _counted(self, leaf: Leaf) -> Sql:
        counted = COUNTED[leaf.fact](leaf, self.scope)
        found = self._grouped(counted)
        return _joined("EXCEPT", [self.everybody(), found]) if counted.negated else found

    def _grouped(self, counted: Counted) -> Sql:
        """Return the persons whose rows together meet a bound; a row that two of their records share counts once."""
        parts: list[Sql] = []
        narrow, params = self._narrow("AND")
        for rows in counted.rows:
            found = compiled(rows)
            if found is not None:
                parts.append(
                    Sql(
                        f"SELECT l.person_id, r.row_id, r.worth, r.moment FROM ({found.text}) r"  # noqa: S608
                        f" JOIN customers_personlink l ON l.record_id = r.record {narrow}",
                        (*found.params, *params),
                    )
                )
        if not parts:
            return NOBODY
        every = _joined("UNION", parts)
        return Sql(
            f"SELECT b.person_id FROM ({every.text}) b GROUP BY b.person_id HAVING {counted.having}",  # noqa: S608
            (*every.params, *counted.params),
        )

    def _narrow(self, word: str) -> tuple[str, tuple[Any, ...]]:
        if self.only is None:
            return "", ()
        return f"{word} l.person_id = ANY(%s::uuid[])", (list(self.only),)


def _asks_relation(item: Leaf | Branch) -> bool:
    if isinstance(item, Branch) or item.value is False:
        return False
    kind = BY_CODE.get(item.fact)
    return kind is not None and kind.group == Group.RELATION


def _joined(word: str, parts: Sequence[Sql]) -> Sql:
    if not parts:
        return NOBODY
    if len(parts) == 1:
        return parts[0]
    return Sql(
        f" {word} ".join(f"({part.text})" for part in parts),
        tuple(param for part in parts for param in part.params),
    )


def compiled(rows: QuerySet[Any, Any]) -> Sql | None:
    """Return the SQL of a queryset; None where Django knows that it finds nothing."""
    try:
        text, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return None
    return Sql(text, tuple(params))


def condition_checked(raw: Any, scope: Scope) -> Branch:
    """Return the tree of a condition whose every question can be asked now; asks the database nothing of people.

    Raises ValidationFailed in words, also for a value that a field of the company does not have any more.
    """
    tree = condition_read(raw, scope)
    Compiler(scope, ()).persons(tree)
    return tree


def person_ids(tree: Branch, scope: Scope, only: Sequence[UUID] | None = None) -> RawSQL:
    """Return the condition's persons as an expression for `pk__in`."""
    found = Compiler(scope, None if only is None else tuple(only)).persons(tree)
    return RawSQL(found.text, found.params)  # noqa: S611 -- built here from fixed words and parameters


def persons_meeting(
    tree: Branch, scope: Scope = SYSTEM_SCOPE, only: Sequence[UUID] | None = None
) -> QuerySet[Person]:
    """Return the persons who meet a condition, those of `only` or all, as far as the scope sees them."""
    return Person.objects.filter(pk__in=person_ids(tree, scope, only))


def contacts_meeting(tree: Branch, scope: Scope) -> QuerySet[ExternalContact]:
    """Return the customers whose person meets a condition, as far as the scope sees them."""
    found = Compiler(scope).persons(tree)
    links = RawSQL(  # noqa: S611 -- built here from fixed words and parameters
        f"SELECT k.record_id FROM customers_personlink k WHERE k.record_kind = 'contact'"  # noqa: S608
        f" AND k.person_id IN ({found.text})",
        found.params,
    )
    return contacts_visible_to(scope).filter(pk__in=links)
