"""F21: identities that contradict each other, change hands and arrive late, decided on by many at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from random import Random
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from customers.crm.models import CrmMember, Order
from customers.oneid import services
from customers.oneid.audit import audit
from customers.oneid.models import Decision, Person, PersonLink, RecordKey
from customers.relations.models import ExternalContact, RecordChange
from scrm.core.crypto import blind_index
from scrm.core.exceptions import ScrmError
from tests.factories.accounts import UserFactory
from tests.factories.customers import ContactFactory, CrmMemberFactory, OrderFactory
from tests.factories.oneid import drain
from tests.factories.oneid_machine import STEPS, OneIdMachine
from tests.factories.oneid_oracle import expected, stored
from tests.faults.harness import Outcome

WRITERS = 16
STEPS_FULL, STEPS_SHORT = 10_000, 300
STEPS_A_WORLD = 50
MARK = "F21"


def identities_disturbed(*, short: bool) -> Outcome:
    """Play the named stories, then 16 writers at once, then the state machine; compare with the oracle each time."""
    outcome = Outcome()
    drain()
    for story in (two_apps, late_unionid, phone_passed_on, conflict_settled, merged_and_taken_back):
        with transaction.atomic():
            _check(outcome, story)
            transaction.set_rollback(True)
    written = writers_at_once(outcome, 10 if short else 60)
    done = audit()
    if done.differences:
        outcome.notes.append(f"WRONG the audit found {done.differences} differences")
    outcome.notes.append(f"{written} acts by {WRITERS} writers at once, audited")
    wanted = STEPS_SHORT if short else STEPS_FULL
    before = STEPS["taken"]
    try:
        run_state_machine_as_test(OneIdMachine, settings=_profile(wanted))
    except AssertionError as error:
        outcome.notes.append(f"WRONG the state machine: {error}")
    taken = STEPS["taken"] - before
    outcome.notes.append(f"{taken} steps of the state machine")
    if taken < wanted:
        outcome.notes.append(f"WRONG fewer than {wanted} steps")
    return outcome


def _profile(steps: int) -> settings:
    # A world may end early: more worlds than the steps need.
    return settings(
        max_examples=2 * steps // STEPS_A_WORLD,
        stateful_step_count=STEPS_A_WORLD,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def _check(outcome: Outcome, story: Callable[[], None]) -> None:
    name, began = story.__name__.replace("_", " "), timezone.now()
    try:
        story()
    except AssertionError as error:
        outcome.lost.add(f"{name}: {error}")
    _invariants(outcome, name, began)


def _invariants(outcome: Outcome, name: str, began: datetime) -> None:
    """The partition is the oracle's, one active person a unionid, no order without a person."""
    if stored(began) != expected(began):
        outcome.lost.add(f"{name}: not as the oracle")
    linked = PersonLink.objects.values("record_id")
    orphans = Order.objects.filter(member__isnull=False).exclude(member__in=linked).count()
    if orphans:
        outcome.lost.add(f"{name}: {orphans} orphan orders")
    apart = {frozenset(pair) for pair in Decision.objects.filter(
        verdict="apart", retracted_at=None).values_list("left_id", "right_id")}  # fmt: skip
    for unionid, persons in _persons_by_unionid().items():
        told = any(frozenset((a, b)) in apart for a in persons for b in persons)
        if len(set(persons.values())) > 1 and not told:
            outcome.doubled.add(
                f"{name}: unionid {unionid} on {len(set(persons.values()))} persons"
            )


def _persons_by_unionid() -> dict[str, dict[UUID, UUID]]:
    """Return by unionid the contacts that have it and their persons: members may be contested."""
    people = dict(
        PersonLink.objects.filter(person__state="active").values_list("record_id", "person_id")
    )
    found: dict[str, dict[UUID, UUID]] = {}
    rows = RecordKey.objects.filter(kind="unionid", record_kind="contact")
    for value, record in rows.values_list("value", "record_id"):
        found.setdefault(value, {})[record] = people[record]
    return found


def _same(*records: ExternalContact | CrmMember) -> bool:
    return len({PersonLink.objects.get(record_id=each.pk).person_id for each in records}) == 1


# --- stories -----------------------------------------------------------------------------------------------------


def two_apps() -> None:
    """The same unionid comes by two apps, as two contacts, each told twice."""
    first, second = ContactFactory(unionid="f21-u"), ContactFactory(unionid="f21-u")
    for each in (first, second, first, second):
        RecordChange.objects.create(record_kind="contact", record_id=each.pk)
        services.reconcile_contact(each.external_userid)
    assert _same(first, second), "two apps made two persons"


def late_unionid() -> None:
    """A unionid is missing for a while; its member is there already."""
    contact, member = ContactFactory(), CrmMemberFactory(unionid="f21-late")
    OrderFactory(member=member)
    drain()
    assert not _same(contact, member), "joined without a key"
    ExternalContact.objects.filter(pk=contact.pk).update(unionid="f21-late")
    RecordChange.objects.create(record_kind="contact", record_id=contact.pk)
    services.reconcile_contact(contact.external_userid)
    assert _same(contact, member), "the late unionid joined nobody"


def phone_passed_on() -> None:
    """A number gets a new owner: the old one lets go, the new one must not become the old one."""
    index = blind_index("phone", "+8613800138021")
    before = ContactFactory(unionid="f21-old", phone_index=index)
    drain()
    after = ContactFactory(unionid="f21-new", phone_index=index)
    drain()
    assert not _same(before, after), "a passed-on phone joined two WeChat users"
    ExternalContact.objects.filter(pk=before.pk).update(phone_index=None)
    RecordChange.objects.create(record_kind="contact", record_id=before.pk)
    drain()
    assert not _same(before, after), "a phone that was let go still joins"


def conflict_settled() -> None:
    """Two active members on one phone wait; a human joins them; taking it back restores both exactly."""
    one, two = (CrmMemberFactory(phone="+8613800138022", phone_verified=True) for _ in range(2))
    OrderFactory(member=one)
    OrderFactory(member=two)
    drain()
    before = stored()
    assert not _same(one, two), "two active members were joined"
    services.proposal_decide(one.pk, two.pk, verdict="together", actor=UserFactory(), reason=MARK)
    assert _same(one, two), "a human's word was not heard"
    services.act_retract(Decision.objects.latest("pk").act, actor=UserFactory(), reason=MARK)
    assert stored() == before, "taking it back is not exact"


def merged_and_taken_back() -> None:
    """Two persons of several records are merged by hand, and un-merged."""
    left = [ContactFactory(unionid="f21-l"), CrmMemberFactory(unionid="f21-l")]
    right = [ContactFactory(unionid="f21-r"), ContactFactory(unionid="f21-r")]
    drain()
    before, actor = stored(), UserFactory()
    persons = [PersonLink.objects.get(record_id=each[0].pk).person for each in (left, right)]
    services.persons_merge(*persons, actor=actor, reason=MARK)
    assert _same(*left, *right), "not merged"
    services.act_retract(Decision.objects.latest("pk").act, actor=actor, reason=MARK)
    assert stored() == before, "un-merge is not exact"


# --- many at once ------------------------------------------------------------------------------------------------


def writers_at_once(outcome: Outcome, acts: int) -> int:
    """Let 16 connections add, change, merge and take back over the same few keys; compare when all is quiet."""
    actor, began = UserFactory(), timezone.now()
    start = threading.Barrier(WRITERS)

    def write(number: int) -> int:
        chance, done = Random(number), 0
        try:
            start.wait(30)
            for _act in range(acts):
                done += _act_by(chance, actor)
        finally:
            connection.close()
        return done

    with ThreadPoolExecutor(WRITERS) as pool:
        written = sum(pool.map(write, range(WRITERS)))
    drain()
    _invariants(outcome, "16 writers", began)
    return written


def _act_by(chance: Random, actor: object) -> int:
    unionid = f"f21-{chance.randrange(12)}" if chance.random() < 0.7 else ""
    number = f"+861390000{chance.randrange(40):04d}"
    kind = chance.randrange(5)
    if kind == 0:
        phone = blind_index("phone", number) if chance.random() < 0.4 else None
        contact = ContactFactory(
            external_userid=f"wmF21{chance.getrandbits(60)}", unionid=unionid, phone_index=phone
        )
        services.reconcile_contact(contact.external_userid)
    elif kind == 1:
        member = CrmMemberFactory(
            member_no=f"F21-{chance.getrandbits(60)}", unionid=unionid, phone=number,
            phone_verified=True, state=chance.choice(["active", "closed"]),
        )  # fmt: skip
        OrderFactory(order_no=f"F21-{member.member_no}", member=member)
        services.reconcile([("member", member.pk)])
    elif kind == 2:
        services.reconcile_pending()
    else:
        return _decided(chance, actor, merge=kind == 3)
    return 1


def _decided(chance: Random, actor: object, *, merge: bool) -> int:
    try:
        if merge:
            people = list(
                Person.objects.filter(state="active", links__isnull=False).distinct()[:30]
            )
            if len(people) < 2:
                return 0
            services.persons_merge(*chance.sample(people, 2), actor=actor, reason=MARK)
        else:
            rows = list(Decision.objects.filter(retracted_at=None, reason=MARK)[:10])
            if not rows:
                return 0
            services.act_retract(chance.choice(rows).act, actor=actor, reason=MARK)
    except ScrmError:
        # Another writer was faster: said in words, nothing written.
        return 0
    return 1


def _records() -> list[UUID]:
    """Return the records of the writers: whoever scanned before is left alone."""
    contacts = ExternalContact.objects.filter(external_userid__startswith="wmF21")
    return list(contacts.values_list("pk", flat=True)[:60])
