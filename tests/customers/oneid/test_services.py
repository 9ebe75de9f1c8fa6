"""OneID in the database: incremental equals batch, ids are stable, decisions are exact."""

import random
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.crm.models import CrmMember
from customers.oneid import facts, services
from customers.oneid.models import Conflict, Decision, MergeLog, Person, PersonLink, RecordKey
from customers.oneid.partition import Record, partition
from customers.relations.models import ExternalContact, RecordChange
from scrm.core.audit.models import AuditEntry
from scrm.core.crypto import blind_index
from scrm.core.exceptions import Conflict as ConflictError
from scrm.core.exceptions import ValidationFailed
from tests.factories.accounts import UserFactory
from tests.factories.customers import (
    ContactFactory,
    CrmMemberFactory,
    MemberFactory,
    RelationFactory,
)
from tests.factories.oneid import drain, persons

pytestmark = pytest.mark.django_db
PHONE = "+8613800138000"


def person_of(record: ExternalContact | CrmMember) -> UUID:
    """Return the person of a record."""
    return PersonLink.objects.get(record_id=record.pk).person_id


def test_contact_and_member_with_one_unionid_become_one_person() -> None:
    # given
    contact = ContactFactory(unionid="ou1")
    member = CrmMemberFactory(unionid="ou1")
    other = ContactFactory(unionid="ou2")

    # when
    drain()

    # then
    assert persons() == {frozenset({contact.pk, member.pk}), frozenset({other.pk})}
    assert Person.objects.count() == 2
    assert RecordChange.objects.count() == 0
    entry = MergeLog.objects.get()
    assert (entry.kind, sorted(entry.record_ids), entry.former) == (
        "merge",
        sorted([contact.pk, member.pk]),
        {},
    )
    assert entry.evidence == [
        {"key": "unionid", "records": [str(each) for each in sorted([contact.pk, member.pk])]}
    ]


def test_an_unverified_phone_joins_nobody() -> None:
    CrmMemberFactory(phone=PHONE, phone_verified=True, state="closed")
    CrmMemberFactory(phone=PHONE, phone_verified=False)

    drain()

    assert len(persons()) == 2


def test_the_person_with_most_records_survives_and_the_other_names_its_heir() -> None:
    # given two persons, one with two records and one with a single, older one
    single = ContactFactory()
    drain()
    pair = [ContactFactory(unionid="ou1"), ContactFactory(unionid="ou1")]
    drain()
    survivor, loser = person_of(pair[0]), person_of(single)

    # when the single one turns out to be the same human
    ExternalContact.objects.filter(pk=single.pk).update(unionid="ou1")
    services.reconcile([("contact", single.pk)])

    # then
    assert person_of(single) == survivor
    gone = Person.objects.get(pk=loser)
    assert (gone.state, gone.merged_into_id) == ("merged", survivor)
    entry = MergeLog.objects.latest("pk")
    assert (entry.record_ids, entry.former) == ([single.pk], {str(single.pk): str(loser)})


def test_a_key_that_goes_away_takes_the_record_along() -> None:
    # given three records by one phone
    keep = CrmMemberFactory(phone=PHONE, phone_verified=True)
    closed = CrmMemberFactory(phone=PHONE, phone_verified=True, state="closed")
    contact = ContactFactory(phone=PHONE, phone_index=blind_index("phone", PHONE))
    drain()
    before = person_of(keep)
    assert persons() == {frozenset({keep.pk, closed.pk, contact.pk})}

    # when the contact's phone is another one
    contact.phone_index = blind_index("phone", "+8613900139000")
    contact.save()
    services.reconcile([("contact", contact.pk)])

    # then it is alone, and the others keep their person
    assert persons() == {frozenset({keep.pk, closed.pk}), frozenset({contact.pk})}
    assert person_of(keep) == before
    entry = MergeLog.objects.latest("pk")
    assert (entry.kind, entry.record_ids) == ("split", [contact.pk])


def test_a_conflict_goes_when_its_cause_goes() -> None:
    # given two active members with one verified phone
    first = CrmMemberFactory(phone=PHONE, phone_verified=True)
    second = CrmMemberFactory(phone=PHONE, phone_verified=True)
    drain()
    conflict = Conflict.objects.get()
    assert (conflict.state, conflict.rule, conflict.key_kind) == ("open", "two_members", "phone")
    assert persons() == {frozenset({first.pk}), frozenset({second.pk})}

    # when one membership is closed
    CrmMember.objects.filter(pk=second.pk).update(state="closed")
    services.reconcile([("member", second.pk)])

    # then
    conflict.refresh_from_db()
    assert conflict.state == "gone"
    assert persons() == {frozenset({first.pk, second.pk})}

    # and when it is opened again, the same conflict is back
    CrmMember.objects.filter(pk=second.pk).update(state="active")
    services.reconcile([("member", second.pk)])
    assert [(each.pk, each.state) for each in Conflict.objects.all()] == [(conflict.pk, "open")]
    assert persons() == {frozenset({first.pk}), frozenset({second.pk})}


def test_a_phone_that_becomes_crowded_lets_its_people_go_and_takes_them_back() -> None:
    # given five contacts with one phone
    index = blind_index("phone", PHONE)
    five = [ContactFactory(phone=PHONE, phone_index=index) for _number in range(5)]
    drain()
    assert persons() == {frozenset(each.pk for each in five)}

    # when a sixth comes
    sixth = ContactFactory(phone=PHONE, phone_index=index)
    drain()

    # then the phone ties nobody
    assert persons() == {frozenset({each.pk}) for each in [*five, sixth]}

    # and when one of them drops it, the other five are one again
    ExternalContact.objects.filter(pk=five[0].pk).update(phone_index=None)
    services.reconcile([("contact", five[0].pk)])
    assert persons() == {frozenset(each.pk for each in [*five[1:], sixth]), frozenset({five[0].pk})}


def test_a_second_run_writes_nothing() -> None:
    ContactFactory(unionid="ou1")
    CrmMemberFactory(unionid="ou1")
    drain()
    links = set(PersonLink.objects.values_list("pk", "person_id", "linked_at"))

    done = services.reconcile(PersonLink.objects.values_list("record_kind", "record_id"))

    assert (done.moved, done.conflicts, done.looked_at) == (0, 0, 2)
    assert set(PersonLink.objects.values_list("pk", "person_id", "linked_at")) == links
    assert MergeLog.objects.count() == 1


def make_world(seed: int) -> list[tuple[str, UUID]]:
    """Make 60 records over few keys, so that merges, conflicts and crowds happen; return them in random order."""
    chance = random.Random(seed)
    records: list[tuple[str, UUID]] = []
    for number in range(30):
        phone = f"+86138001380{chance.randrange(24):02d}"
        unionid = f"ou{chance.randrange(25)}" if chance.random() < 0.6 else ""
        member = CrmMemberFactory(
            unionid=unionid,
            phone=phone,
            phone_verified=chance.random() < 0.7,
            external_userid=f"wmx{chance.randrange(30)}" if chance.random() < 0.3 else "",
            state="active" if chance.random() < 0.6 else "closed",
        )
        has_phone = chance.random() < 0.3
        contact = ContactFactory(
            external_userid=f"wmx{number}",
            unionid=f"ou{chance.randrange(25)}" if chance.random() < 0.8 else "",
            phone=phone if has_phone else "",
            phone_index=blind_index("phone", phone) if has_phone else None,
        )
        records += [("member", member.pk), ("contact", contact.pk)]
    chance.shuffle(records)
    return records


def expected_partition(records: list[tuple[str, UUID]]) -> tuple[set[frozenset[UUID]], set[str]]:
    """Return groups and fingerprints of conflicts from the pure function over everything at once."""
    contacts = [pk for kind, pk in records if kind == "contact"]
    members = [pk for kind, pk in records if kind == "member"]
    active = facts.active_members(members)
    rows = facts.keys_by_record(contacts, members)
    result = partition([Record(pk, kind, keys, pk in active) for pk, (kind, keys) in rows.items()])
    return set(result.groups), {clash.fingerprint for clash in result.clashes}


@pytest.mark.parametrize("seed", range(6))
def test_one_by_one_equals_all_at_once(seed: int) -> None:
    # given
    records = make_world(seed)
    groups, fingerprints = expected_partition(records)

    # when every record comes alone, in random order
    for record in records:
        services.reconcile([record])

    # then
    assert persons() == groups
    assert (
        set(Conflict.objects.filter(state="open").values_list("fingerprint", flat=True))
        == fingerprints
    )
    assert len(groups) < 60
    assert Person.objects.filter(state="active").count() == len(groups)

    # and a batch over all of them changes nothing
    assert services.reconcile(records).moved == 0


@pytest.mark.parametrize("seed", range(6, 10))
def test_changes_in_any_order_equal_all_at_once(seed: int) -> None:
    # given a reconciled world in which many keys change
    records = make_world(seed)
    services.reconcile(records)
    chance = random.Random(seed)
    for kind, pk in chance.sample(records, 25):
        model = CrmMember if kind == "member" else ExternalContact
        changes = {"unionid": chance.choice(["", f"ou{chance.randrange(25)}"])}
        if kind == "member":
            changes["state"] = chance.choice(["active", "closed"])
        model.objects.filter(pk=pk).update(**changes)

        # when each change is reconciled as it comes
        services.reconcile([(kind, pk)])

    # then
    groups, fingerprints = expected_partition(records)
    assert persons() == groups
    assert (
        set(Conflict.objects.filter(state="open").values_list("fingerprint", flat=True))
        == fingerprints
    )


def test_keep_apart_settles_a_conflict_and_taking_it_back_restores_everything() -> None:
    # given
    actor = UserFactory()
    CrmMemberFactory(phone=PHONE, phone_verified=True)
    CrmMemberFactory(phone=PHONE, phone_verified=True)
    drain()
    conflict = Conflict.objects.get()
    before = persons()

    # when
    services.conflict_decide(conflict, verdict="apart", actor=actor, reason="mother and daughter")

    # then nothing moved, and the conflict is settled
    conflict.refresh_from_db()
    assert (conflict.state, persons()) == ("decided", before)
    decision = Decision.objects.get()
    assert (decision.verdict, decision.reason, decision.decided_by) == (
        "apart",
        "mother and daughter",
        actor,
    )
    entry = AuditEntry.objects.get(action="oneid.apart")
    assert (entry.actor, entry.reason) == (actor, "mother and daughter")

    # and taken back it is open again
    services.act_retract(decision.act, actor=actor, reason="was wrong")
    conflict.refresh_from_db()
    assert (conflict.state, persons()) == ("open", before)
    with pytest.raises(ConflictError):
        services.act_retract(decision.act, actor=actor, reason="again")


def test_merging_a_conflict_joins_all_its_records_and_taking_back_is_exact() -> None:
    # given two people with one phone, each a contact and a member by unionid
    actor = UserFactory()
    for unionid in ("ou1", "ou2"):
        ContactFactory(unionid=unionid)
        CrmMemberFactory(unionid=unionid, phone=PHONE, phone_verified=True)
    drain()
    before = persons()
    assert len(before) == 2
    conflict = Conflict.objects.get()

    # when
    services.conflict_decide(
        conflict, verdict="together", actor=actor, reason="two phones, one person"
    )

    # then
    assert len(persons()) == 1
    assert Conflict.objects.filter(state="open").count() == 0
    assert MergeLog.objects.latest("pk").by_human is True

    # when the act, three decisions long, is taken back
    assert Decision.objects.count() == 3
    services.act_retract(Decision.objects.latest("pk").act, actor=actor, reason="not so")

    # then
    assert persons() == before
    assert [each.state for each in Conflict.objects.all()] == ["open"]


def test_a_decision_needs_a_reason() -> None:
    actor = UserFactory()
    CrmMemberFactory(phone=PHONE, phone_verified=True)
    CrmMemberFactory(phone=PHONE, phone_verified=True)
    drain()

    with pytest.raises(ValidationFailed):
        services.conflict_decide(
            Conflict.objects.get(), verdict="together", actor=actor, reason="  "
        )

    assert Decision.objects.count() == 0
    assert Conflict.objects.get().state == "open"
    assert len(persons()) == 2


def test_remark_phones_are_kept_as_weak_keys_only() -> None:
    index = blind_index("phone", PHONE)
    relation = RelationFactory(member=MemberFactory(), remark_phone_indexes=[index])
    CrmMemberFactory(phone=PHONE, phone_verified=True)

    drain()

    assert len(persons()) == 2
    weak = RecordKey.objects.get(kind="weak_phone")
    assert (weak.record_id, weak.value) == (relation.contact_id, index.hex())


def test_queries_do_not_grow_with_the_batch() -> None:
    def cost(count: int) -> int:
        records = []
        for _number in range(count):
            member = CrmMemberFactory(phone="+8613700137000", unionid=f"ou{member_number()}")
            contact = ContactFactory(unionid=member.unionid)
            records += [("member", member.pk), ("contact", contact.pk)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            services.reconcile(records)
        return len(queries)

    assert cost(2) == cost(60)


NUMBERS = iter(range(10_000, 20_000))


def member_number() -> int:
    """Return a number nobody had."""
    return next(NUMBERS)


def test_a_second_worker_leaves_the_queue_to_the_first() -> None:
    # given somebody else who holds the lock in another session
    ContactFactory()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtextextended('customers.oneid', 7))")

        # when
        assert services.reconcile_pending() is None

        # then nothing is lost
        assert RecordChange.objects.count() == 1
    finally:
        other.close()
