"""Gathers the dated facts that decide orders, for many orders at once in a fixed number of queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from attribution.adds.models import AddEpisode
from attribution.sales.deciding import AddFact, CarriedParameter, OrderFacts, Step, TouchFact
from attribution.sales.employed import LeftOutNames, Staff, left_out_among, staff_of
from attribution.sales.models import Credit, Rule
from attribution.touches.identities import Identity, Named, identities_of
from attribution.touches.selectors import touches_of_people
from contacts.directory.models import Member
from contacts.directory.selectors import members_by_userids
from contacts.org.models import OrgUnit, StoreBinding
from contacts.parameters.models import Parameter
from contacts.parameters.selectors import parameters_of
from customers.crm.models import CrmMember, FormerStore, Order

TOUCH_RULES = frozenset({Rule.LAST_TOUCH.value, Rule.FIRST_TOUCH.value})
# A touch of the second of the payment counts (deciding).
SECOND = timedelta(seconds=1)
LONG_AGO = timedelta(days=3650)


@dataclass
class Bindings:
    """Which account served which store when; rows as (member, store, position, from, until)."""

    rows: list[StoreBinding] = field(default_factory=list)

    def store_of(self, member_id: int, at: datetime) -> int | None:
        """Return the store a member served then; before the first binding, the store of that one."""
        mine = sorted(
            (row for row in self.rows if row.member_id == member_id),
            key=lambda row: (row.created_at, row.pk),
        )
        then = [row for row in mine if _in_force(row, at)]
        if then:
            return then[-1].store_id
        return mine[0].store_id if mine and mine[0].created_at > at else None

    def owners(self, store_id: int | None, at: datetime) -> list[int]:
        """Return the accounts of a store then, in order; before its first binding, those that came."""
        rows = [row for row in self.rows if row.store_id == store_id]
        then = [row for row in rows if _in_force(row, at)]
        if not then and rows and all(row.created_at > at for row in rows):
            then = [row for row in rows if row.retired_at is None]
        then.sort(key=lambda row: (row.position, row.created_at, row.pk))
        return list(dict.fromkeys(row.member_id for row in then))


def _in_force(row: StoreBinding, at: datetime) -> bool:
    return row.created_at <= at and (row.retired_at is None or row.retired_at > at)


@dataclass
class Evidence:
    """Everything loaded for a batch of orders."""

    parameters: Mapping[str, Parameter]
    people: Mapping[UUID, Identity]
    crm: Mapping[UUID, CrmMember]
    former_stores: Mapping[UUID, Sequence[FormerStore]]
    staff: Staff
    # What humans said of these people: colleague or test.
    left_out: LeftOutNames
    # Members named by parameters who are still known.
    guides: Mapping[int, Member]
    stores: Mapping[str, int]
    touches: Mapping[str, Sequence[TouchFact]]
    adds: Mapping[str, Sequence[AddEpisode]]
    member_ids: Mapping[str, int]
    bindings: Bindings

    def facts_of(self, order: Order) -> OrderFacts:
        """Return what may decide one order, as of its payment."""
        person = self.people[order.pk]
        parameter = self._parameter(order)
        mine = [self.crm[pk] for pk in self._members(order, person) if pk in self.crm]
        store_id = self.store_of_order(order, parameter)
        return OrderFacts(
            paid_at=order.paid_at,
            parameter=parameter,
            is_staff=any(self.staff.employs(_phone(each), order.paid_at) for each in mine)
            or self.left_out.names(person.external_userids, self._members(order, person)),
            home_store_id=self._home_store(mine, order.paid_at),
            touches=self._touches(person),
            adds=self._adds(person, order.paid_at),
            owners=self.bindings.owners(store_id, order.paid_at),
        )

    def store_of_order(self, order: Order, parameter: CarriedParameter | None) -> int | None:
        """Return the store the order names, else the one its parameter proves."""
        named = self.stores.get(order.store_code)
        proven = parameter.store_id if parameter is not None and not parameter.state else None
        return named or proven

    def store_for(self, order: Order, member_id: int | None) -> int | None:
        """Return the store a credit counts for: the guide's then, else the order's."""
        parameter = self._parameter(order)
        theirs = None if member_id is None else self.bindings.store_of(member_id, order.paid_at)
        return theirs or self.store_of_order(order, parameter)

    def _home_store(self, mine: Iterable[CrmMember], at: datetime) -> int | None:
        """Return the store of the first membership that was in one of ours then."""
        codes = (store_code_of(each, self.former_stores.get(each.pk, ()), at) for each in mine)
        return next((self.stores[code] for code in codes if code in self.stores), None)

    def _members(self, order: Order, person: Identity) -> list[UUID]:
        """The member the order names comes first."""
        others = sorted(person.crm_member_ids - {order.member_id})
        return ([order.member_id] if order.member_id else []) + others

    def _parameter(self, order: Order) -> CarriedParameter | None:
        if not order.parameter:
            return None
        row = self.parameters.get(order.parameter)
        if row is None:
            return CarriedParameter(state=Credit.Reason.TAMPERED)
        if row.expires_at is not None and row.expires_at <= order.paid_at:
            return CarriedParameter(state=Credit.Reason.EXPIRED, parameter_id=row.pk)
        if row.member_id is not None and row.member_id not in self.guides:
            return CarriedParameter(state=Credit.Reason.GONE, parameter_id=row.pk)
        member_id = row.member_id
        if member_id is not None and self.staff.has_left(self.guides[member_id], order.paid_at):
            return CarriedParameter(Credit.Reason.LEFT, row.pk, member_id)
        store_id = row.store_id if row.store_id in self.stores.values() else None
        return CarriedParameter("", row.pk, member_id, store_id)

    def _touches(self, person: Identity) -> list[TouchFact]:
        names = [f"u:{each}" for each in person.unionids]
        names += [f"e:{each}" for each in person.external_userids]
        found = {touch.event_id: touch for name in names for touch in self.touches.get(name, ())}
        return sorted(found.values())

    def _adds(self, person: Identity, at: datetime) -> list[AddFact]:
        facts = []
        for external_userid in sorted(person.external_userids):
            for episode in self.adds.get(external_userid, ()):
                member_id = self.member_ids.get(episode.userid.lower())
                if member_id is not None:
                    store_id = self.bindings.store_of(member_id, at)
                    facts.append(AddFact(episode.started_at, member_id, store_id, episode.ended_at))
        return facts


def _phone(member: CrmMember) -> bytes:
    return bytes(member.phone_index) if member.phone_index else b""


def store_code_of(member: CrmMember, former: Sequence[FormerStore], at: datetime) -> str:
    """Return the store of a membership then; `former` are its stores until now, oldest first."""
    return next((row.store_code for row in former if at < row.until), member.store_code)


def evidence_for(orders: Sequence[Order], steps: Iterable[Step]) -> Evidence:
    """Load what decides these orders under any of these rules; about 21 queries, however many orders."""
    parameters = parameters_of(order.parameter for order in orders if order.parameter)
    people = identities_of(
        {order.pk: Named(order.unionid, order.external_userid, order.member_id) for order in orders}
    )
    crm_ids = {pk for person in people.values() for pk in person.crm_member_ids}
    crm = {member.pk: member for member in CrmMember.objects.filter(pk__in=crm_ids)}
    touches = _touches(orders, people, steps)
    adds = _adds(people)
    member_ids = {
        userid: member.pk
        for userid, member in members_by_userids(
            {episode.userid for rows in adds.values() for episode in rows}
        ).items()
    }
    former_stores = _former_stores(crm_ids)
    codes = {member.store_code for member in crm.values()}
    codes |= {row.store_code for rows in former_stores.values() for row in rows}
    stores = _stores(orders, codes, parameters.values())
    named = {touch.member_id for rows in touches.values() for touch in rows}
    named |= {row.member_id for row in parameters.values() if row.member_id}
    guides = Member.objects.in_bulk(named)
    return Evidence(
        parameters=parameters,
        people=people,
        crm=crm,
        former_stores=former_stores,
        left_out=left_out_among(
            crm_ids, {e for one in people.values() for e in one.external_userids}
        ),
        staff=staff_of({_phone(member) for member in crm.values()} - {b""}, guides.values()),
        guides=guides,
        stores=stores,
        touches={
            name: [touch for touch in rows if touch.member_id in guides]
            for name, rows in touches.items()
        },
        adds=adds,
        member_ids=member_ids,
        bindings=_bindings(stores.values(), named | set(member_ids.values())),
    )


def _touches(
    orders: Sequence[Order], people: Mapping[UUID, Identity], steps: Iterable[Step]
) -> dict[str, list[TouchFact]]:
    """Return touches by name ("u:" and unionid, "e:" and external_userid)."""
    windows = [step.window_days for step in steps if step.rule in TOUCH_RULES]
    if not windows:
        return {}
    window = LONG_AGO if 0 in windows else timedelta(days=max(windows))
    paid = [order.paid_at for order in orders]
    unionids = {each for person in people.values() for each in person.unionids}
    external = {each for person in people.values() for each in person.external_userids}
    found: dict[str, list[TouchFact]] = {}
    if not (unionids or external):
        return found
    rows = touches_of_people(unionids, external, min(paid) - window, max(paid) + SECOND)
    for touch in rows.only(
        "event_id", "kind", "occurred_at", "member_id", "unionid", "external_userid"
    ):
        if touch.member_id is None:
            continue
        fact = TouchFact(touch.occurred_at, touch.event_id, touch.kind, touch.member_id)
        if touch.unionid:
            found.setdefault(f"u:{touch.unionid}", []).append(fact)
        if touch.external_userid:
            found.setdefault(f"e:{touch.external_userid}", []).append(fact)
    return found


def _adds(people: Mapping[UUID, Identity]) -> dict[str, list[AddEpisode]]:
    external = {each for person in people.values() for each in person.external_userids}
    found: dict[str, list[AddEpisode]] = {}
    for episode in AddEpisode.objects.filter(external_userid__in=external).order_by("pk"):
        found.setdefault(episode.external_userid, []).append(episode)
    return found


def _former_stores(crm_ids: Iterable[UUID]) -> dict[UUID, list[FormerStore]]:
    found: dict[UUID, list[FormerStore]] = {}
    for row in FormerStore.objects.filter(member__in=set(crm_ids)).order_by("until"):
        found.setdefault(row.member_id, []).append(row)
    return found


def _stores(
    orders: Iterable[Order], member_codes: Iterable[str], parameters: Iterable[Parameter]
) -> dict[str, int]:
    codes = {order.store_code for order in orders} | set(member_codes)
    proven = {row.store_id for row in parameters if row.store_id}
    named = Q(code__in=codes - {""}) | Q(pk__in=proven)
    rows = OrgUnit.objects.filter(named, kind=OrgUnit.Kind.STORE)
    return dict(rows.values_list("code", "pk"))


def _bindings(store_ids: Iterable[int], member_ids: Iterable[int]) -> Bindings:
    wanted = Q(store__in=set(store_ids)) | Q(member__in=set(member_ids))
    rows = list(StoreBinding.objects.filter(wanted))
    # The accounts of the stores may be credited, too: their own stores are asked for then.
    others = {row.member_id for row in rows} - set(member_ids)
    known = {row.pk for row in rows}
    rows += [row for row in StoreBinding.objects.filter(member__in=others) if row.pk not in known]
    return Bindings(rows)
