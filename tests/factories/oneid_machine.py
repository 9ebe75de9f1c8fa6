"""A state machine of OneID: identities come, change, are contested, decided on and taken back, in any order."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from customers.crm.models import CrmMember, Order
from customers.oneid import services
from customers.oneid.audit import audit
from customers.oneid.models import Conflict, Decision, Person, PersonLink, SharedKey
from customers.relations.models import ExternalContact, RecordChange
from scrm.core.crypto import blind_index
from scrm.core.exceptions import ScrmError
from tests.factories.accounts import UserFactory
from tests.factories.customers import ContactFactory, CrmMemberFactory, OrderFactory
from tests.factories.oneid import drain
from tests.factories.oneid_oracle import all_said, expected, stored

UNIONIDS = st.sampled_from(["", "machine-ou1", "machine-ou2", "machine-ou3", "machine-ou4"])
PHONES = st.sampled_from(["", "+8613700137001", "+8613700137002", "+8613700137003"])
CARDS = st.sampled_from(["", "", "machine-c1", "machine-c2"])
WHICH = st.integers(min_value=0, max_value=50)
VERDICTS = st.sampled_from(["together", "apart"])
STEPS = {"taken": 0}
# Only what this world made is acted on: others may work in the same database.
BORN: dict[Any, str] = {
    ExternalContact: "created_at",
    CrmMember: "created_at",
    Conflict: "opened_at",
    SharedKey: "opened_at",
    Decision: "decided_at",
}


class OneIdMachine(RuleBasedStateMachine):
    """Whatever happens, the stored persons are those of the oracle, and no person breaks the rule."""

    def __init__(self) -> None:
        super().__init__()
        self._world = transaction.atomic()
        self._world.__enter__()
        self.actor = UserFactory()
        self.began = timezone.now()

    def teardown(self) -> None:
        """Forget this world."""
        transaction.set_rollback(True)
        self._world.__exit__(None, None, None)

    # --- identities

    @rule(unionid=UNIONIDS, phone=PHONES)
    def a_contact_comes(self, unionid: str, phone: str) -> None:
        contact = ContactFactory(
            unionid=unionid, phone_index=blind_index("phone", phone) if phone else None
        )
        services.reconcile_contact(contact.external_userid)

    @rule(unionid=UNIONIDS, phone=PHONES, card=CARDS, which=WHICH, verified=st.booleans())
    def a_member_comes(
        self, unionid: str, phone: str, card: str, which: int, verified: bool
    ) -> None:
        known = self._one(ExternalContact, which)
        member = CrmMemberFactory(
            unionid=unionid,
            phone=phone,
            phone_verified=verified and bool(phone),
            id_card=card,
            external_userid=known.external_userid if known and which % 3 == 0 else "",
        )
        OrderFactory(member=member)
        drain()

    @rule(which=WHICH, unionid=UNIONIDS, phone=PHONES)
    def a_contact_changes(self, which: int, unionid: str, phone: str) -> None:
        """A unionid arrives late, or a phone has a new owner."""
        contact = self._one(ExternalContact, which)
        if contact:
            index = blind_index("phone", phone) if phone else None
            ExternalContact.objects.filter(pk=contact.pk).update(unionid=unionid, phone_index=index)
            RecordChange.objects.create(record_kind="contact", record_id=contact.pk)
            services.reconcile_contact(contact.external_userid)

    @rule(which=WHICH, state=st.sampled_from(["active", "closed"]), unionid=UNIONIDS)
    def a_member_changes(self, which: int, state: str, unionid: str) -> None:
        member = self._one(CrmMember, which)
        if member:
            CrmMember.objects.filter(pk=member.pk).update(state=state, unionid=unionid)
            RecordChange.objects.create(record_kind="member", record_id=member.pk)
            drain()

    # --- humans

    @rule(which=WHICH, verdict=VERDICTS)
    def a_conflict_is_settled(self, which: int, verdict: str) -> None:
        row = self._one(Conflict, which, state="open")
        if row:
            services.conflict_decide(row, verdict=verdict, actor=self.actor, reason="seen")

    @rule(which=WHICH, other=WHICH)
    def two_persons_are_merged_and_it_is_taken_back(self, which: int, other: int) -> None:
        left = self._one(Person, which, state="active")
        right = self._one(Person, other, state="active")
        if left is None or right is None:
            return
        before = stored(self.began)
        try:
            services.persons_merge(left, right, actor=self.actor, reason="same face")
        except ScrmError:
            assert stored(self.began) == before
            return
        assert stored(self.began) == expected(self.began)
        if which % 2:
            act = Decision.objects.latest("pk").act
            services.act_retract(act, actor=self.actor, reason="not so")
            assert stored(self.began) == before

    @rule(which=WHICH, taken=WHICH)
    def a_person_is_split(self, which: int, taken: int) -> None:
        person = self._one(Person, which, state="active")
        if person:
            ids = list(
                PersonLink.objects.filter(person=person)
                .order_by("pk")
                .values_list("record_id", flat=True)
            )
            if len(ids) > 1:
                before = stored(self.began)
                services.person_split(
                    person, [ids[taken % len(ids)]], actor=self.actor, reason="two"
                )
                if which % 3 == 1:
                    act = Decision.objects.filter(verdict="apart").latest("pk").act
                    services.act_retract(act, actor=self.actor, reason="not so")
                    assert stored(self.began) == before

    @rule(which=WHICH)
    def a_decision_is_taken_back(self, which: int) -> None:
        row = self._one(Decision, which, retracted_at=None)
        if row:
            services.act_retract(row.act, actor=self.actor, reason="not so")

    @rule(which=WHICH, verdict=st.sampled_from(["ignored", "allowed"]))
    def a_shared_identifier_is_decided(self, which: int, verdict: str) -> None:
        row = self._one(SharedKey, which, state="open")
        if row:
            services.shared_decide(row, verdict=verdict, actor=self.actor, reason="shop")

    @rule(which=WHICH)
    def a_shared_identifier_is_open_again(self, which: int) -> None:
        row = self._one(SharedKey, which, decided_at__isnull=False)
        if row:
            services.shared_retract(row, actor=self.actor, reason="not so")

    @precondition(lambda self: PersonLink.objects.count() > 3)
    @rule()
    def an_audit_finds_nothing(self) -> None:
        assert audit().differences == 0

    # --- what is always true

    @invariant()
    def persons_are_those_of_the_oracle(self) -> None:
        STEPS["taken"] += 1
        assert stored(self.began) == expected(self.began)

    @invariant()
    def nothing_is_lost(self) -> None:
        linked = PersonLink.objects.values("record_id")
        assert not Order.objects.filter(member__isnull=False).exclude(member__in=linked).exists()
        assert not PersonLink.objects.exclude(person__state="active").exists()

    def _one(self, model: Any, which: int, **conditions: Any) -> Any:
        if model is Person:
            mine = [each.id for each in all_said(self.began)]
            conditions["pk__in"] = PersonLink.objects.filter(record_id__in=mine).values("person_id")
        else:
            conditions[f"{BORN[model]}__gte"] = self.began
        rows = list(model.objects.filter(**conditions).order_by("pk"))
        return rows[which % len(rows)] if rows else None
