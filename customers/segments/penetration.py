"""Friends against members: who is only one of the two, and how far each store has come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from contacts.org.models import OrgUnit
from contacts.org.selectors import nearest, stores_visible_to
from customers.crm.models import CrmMember
from customers.crm.selectors import members_visible_to
from customers.oneid.models import PersonLink
from customers.profile.mark_models import LeftOut
from customers.relations.models import ExternalContact, FollowRelation, RecordChange
from customers.relations.selectors import contacts_remembered, relations_visible_to
from customers.segments.questions import left_out_now
from scrm.core.erased import ERASED_PREFIX
from scrm.core.scope import Scope

Kind = RecordChange.Kind
ACTIVE = FollowRelation.Status.ACTIVE


def strangers_visible_to(scope: Scope) -> QuerySet[CrmMember]:
    """Return the valid members in scope who are no guide's friend; colleagues and tests are left out.

    A friend of any guide of the company is no stranger, whatever the scope sees of that relation.
    """
    members = members_visible_to(scope).filter(state=CrmMember.State.ACTIVE)
    members = members.exclude(member_no__startswith=ERASED_PREFIX)
    return members.filter(
        ~Exists(befriended().filter(record_id=OuterRef("pk"))), ~Exists(_left_out())
    )


def befriended() -> QuerySet[PersonLink]:
    """Return the records of persons with a living relation to any guide."""
    living = FollowRelation.objects.filter(contact_id=OuterRef("record_id"), status=ACTIVE)
    same = PersonLink.objects.filter(person_id=OuterRef("person_id"), record_kind=Kind.CONTACT)
    return PersonLink.objects.filter(Exists(same.filter(Exists(living))))


def unenrolled_visible_to(scope: Scope) -> QuerySet[ExternalContact]:
    """Return the customers with a living relation in scope whose person is no valid member."""
    valid = CrmMember.objects.filter(pk=OuterRef("record_id"), state=CrmMember.State.ACTIVE)
    same = PersonLink.objects.filter(person_id=OuterRef("person_id"), record_kind=Kind.MEMBER)
    enrolled = PersonLink.objects.filter(Exists(same.filter(Exists(valid))))
    mine = relations_visible_to(scope).filter(contact=OuterRef("pk"), status=ACTIVE)
    return contacts_remembered().filter(
        Exists(mine), ~Exists(enrolled.filter(record_id=OuterRef("pk"))), ~Exists(_left_out())
    )


def _left_out() -> QuerySet[LeftOut]:
    return LeftOut.objects.filter(left_out_now(), record_id=OuterRef("pk"))


def unenrolled_of(
    contacts: QuerySet[ExternalContact], scope: Scope, store: OrgUnit
) -> QuerySet[ExternalContact]:
    """Narrow customers to those with a living relation to a guide of one store."""
    of_store = relations_visible_to(scope).filter(
        contact=OuterRef("pk"), status=ACTIVE, member__org_path=store.path
    )
    return contacts.filter(Exists(of_store))


# --- figures --------------------------------------------------------------------------------------------------------

LEFT_OUT = """
    SELECT record_id FROM customers_leftout
     WHERE (began_at IS NULL OR began_at <= now()) AND (ended_at IS NULL OR ended_at > now())
"""
# By store code: valid members, how many of them are a friend of any guide, how many of a guide of this store.
MEMBERS = f"""
WITH friends AS (
    SELECT l.person_id, array_agg(DISTINCT a.org_path) AS paths
      FROM customers_followrelation r
      JOIN customers_personlink l ON l.record_id = r.contact_id
      JOIN contacts_member a ON a.id = r.member_id
     WHERE r.status = 'active'
     GROUP BY l.person_id
)
SELECT m.store_code, count(*), count(f.person_id),
       count(*) FILTER (WHERE s.path = ANY (f.paths))
  FROM customers_crmmember m
  JOIN contacts_orgunit s ON s.code = m.store_code
  LEFT JOIN customers_personlink l ON l.record_id = m.id
  LEFT JOIN friends f ON f.person_id = l.person_id
 WHERE m.state = 'active' AND m.store_code = ANY (%s) AND m.member_no NOT LIKE '{ERASED_PREFIX}%%'
   AND NOT EXISTS (SELECT FROM ({LEFT_OUT}) x WHERE x.record_id = m.id)
 GROUP BY m.store_code
"""  # noqa: S608 -- fixed words
# By path of the guide's store: customers, how many of them are no valid member.
FRIENDS = f"""
WITH enrolled AS (
    SELECT DISTINCT l.person_id FROM customers_crmmember m
      JOIN customers_personlink l ON l.record_id = m.id
     WHERE m.state = 'active'
)
SELECT a.org_path, count(DISTINCT r.contact_id),
       count(DISTINCT r.contact_id) FILTER (WHERE e.person_id IS NULL)
  FROM customers_followrelation r
  JOIN contacts_member a ON a.id = r.member_id
  JOIN customers_externalcontact c
    ON c.id = r.contact_id AND c.external_userid NOT LIKE '{ERASED_PREFIX}%%'
  LEFT JOIN customers_personlink l ON l.record_id = r.contact_id
  LEFT JOIN enrolled e ON e.person_id = l.person_id
 WHERE r.status = 'active' AND a.org_path = ANY (%s)
   AND NOT EXISTS (SELECT FROM ({LEFT_OUT}) x WHERE x.record_id = r.contact_id)
 GROUP BY a.org_path
"""  # noqa: S608 -- fixed words


@dataclass(frozen=True)
class Figures:
    """How far a store or branch has come; see the words on the page for what each number counts."""

    members: int = 0
    friends: int = 0
    own_friends: int = 0
    customers: int = 0
    unenrolled: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.members + other.members,
            self.friends + other.friends,
            self.own_friends + other.own_friends,
            self.customers + other.customers,
            self.unenrolled + other.unenrolled,
        )

    @property
    def strangers(self) -> int:
        """Return the members who are no guide's friend."""
        return self.members - self.friends

    @property
    def percent(self) -> float:
        """Return friends among members in percent, one decimal; 0 without members."""
        return round(100 * self.friends / self.members, 1) if self.members else 0.0


@dataclass(frozen=True)
class Line:
    """A unit with its figures; `unit` is None for stores outside every branch."""

    unit: OrgUnit | None
    figures: Figures
    stores: int = 1


@dataclass(frozen=True)
class Penetration:
    """The figures by store and by branch, and in total."""

    stores: list[Line] = field(default_factory=list)
    branches: list[Line] = field(default_factory=list)
    total: Figures = field(default_factory=Figures)


def penetration(scope: Scope) -> Penetration:
    """Return the figures of the open stores in scope, in four queries."""
    stores = list(stores_visible_to(scope).filter(status=OrgUnit.Status.OPEN).order_by("path"))
    by_code = _rows(MEMBERS, [store.code for store in stores])
    by_path = _rows(FRIENDS, [store.path for store in stores])
    lines = []
    for store in stores:
        members, friends, own = by_code.get(store.code, (0, 0, 0))
        customers, unenrolled = by_path.get(store.path, (0, 0))
        lines.append(Line(store, Figures(members, friends, own, customers, unenrolled)))
    lines.sort(key=lambda line: -line.figures.strangers)
    total = sum((line.figures for line in lines), Figures())
    return Penetration(lines, _branches(lines), total)


def _rows(query: str, keys: list[str]) -> Mapping[str, tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, [keys])
        return {row[0]: tuple(row[1:]) for row in cursor.fetchall()}


def _branches(lines: Iterable[Line]) -> list[Line]:
    branches = OrgUnit.objects.filter(kind__in=[OrgUnit.Kind.BRANCH, OrgUnit.Kind.DEALER])
    by_id = {branch.pk: branch for branch in branches}
    totals: dict[int | None, Line] = {}
    for line in lines:
        if line.unit is None:
            continue
        key = nearest(line.unit.path, by_id)
        sum_ = totals.get(key, Line(None if key is None else by_id[key], Figures(), 0))
        totals[key] = replace(sum_, figures=sum_.figures + line.figures, stores=sum_.stores + 1)
    return sorted(totals.values(), key=lambda line: (line.unit is None, -line.figures.strangers))
