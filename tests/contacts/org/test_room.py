"""A full account serves only its old customers, the next in order takes over, and it serves again with room."""

import pytest

from contacts.directory.models import Member
from contacts.org.models import OrgUnit, StoreBinding
from contacts.org.selectors import bindings_of, store_of, stores_of
from contacts.org.services import binding_set, binding_state_set, bindings_follow_room
from risk.capacity.services import capacity_recount, limit_set
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from tests.cast import Company, company, guide_li, guide_wang, hq_ops
from tests.factories.contacts import MemberFactory
from tests.factories.risk import customers_of

__all__ = ["company", "guide_li", "guide_wang", "hq_ops"]
pytestmark = pytest.mark.django_db


def states(store: OrgUnit) -> list[tuple[str, str]]:
    """Return (userid, state) of a store's accounts, in order."""
    return [(binding.member.userid, binding.state) for binding in bindings_of(store)]


def test_counting_an_account_full_hands_its_store_to_the_next(
    company: Company, guide_li: Member, hq_ops: User
) -> None:
    # given Li first and a second one at store A
    second = MemberFactory(userid="second")
    binding_set(store=company.store_a, member=second, position=None, actor=None)
    customers_of(guide_li, 3)

    # when Li's three customers are all she may have
    limit_set(guide_li, limit=3, swap_percent=None, reason="new account", actor=hq_ops)

    # then she serves those only, in her place, and still belongs to the store
    assert states(company.store_a) == [("guide_li", "serve_only"), ("second", "active")]
    guide_li.refresh_from_db()
    assert (store_of(guide_li), guide_li.store_path) == (company.store_a, company.store_a.path)
    assert stores_of([guide_li.pk, second.pk]) == {
        guide_li.pk: company.store_a, second.pk: company.store_a,
    }  # fmt: skip
    entry = AuditEntry.objects.get(action="org.binding_room")
    assert (entry.target, entry.actor) == ("store:S1", None)

    # and with room again she serves again by herself
    limit_set(guide_li, limit=100, swap_percent=None, reason="expanded", actor=hq_ops)
    assert states(company.store_a) == [("guide_li", "active"), ("second", "active")]
    assert not StoreBinding.objects.exclude(full_since=None).exists()
    capacity_recount([guide_li.pk])
    assert AuditEntry.objects.filter(action="org.binding_room").count() == 2


def test_what_a_person_said_stays(company: Company, guide_li: Member) -> None:
    # given an account a person set to "serve only"
    binding = StoreBinding.objects.get(member=guide_li)
    binding_state_set(binding=binding, state="serve_only", actor=None)

    # when it has room
    assert bindings_follow_room([]) == (0, 0)

    assert states(company.store_a) == [("guide_li", "serve_only")]


def test_who_serves_elsewhere_meanwhile_does_not_come_back(
    company: Company, guide_li: Member
) -> None:
    # given an account that was full at A and was bound to B since
    assert bindings_follow_room([guide_li.pk]) == (1, 0)
    binding_set(store=company.store_b, member=guide_li, position=None, actor=None)

    # when it has room again
    assert bindings_follow_room([]) == (0, 0)

    # then it serves B, and still only its old customers at A
    assert states(company.store_a) == [("guide_li", "serve_only")]
    assert states(company.store_b) == [("guide_li", "active")]
    assert store_of(guide_li) == company.store_b


def test_only_those_named_are_looked_at(
    company: Company, guide_li: Member, guide_wang: Member
) -> None:
    full = [guide_li.pk, guide_wang.pk]

    assert bindings_follow_room(full, among=[guide_li.pk]) == (1, 0)

    assert states(company.store_a) == [("guide_li", "serve_only")]
    assert states(company.store_b) == [("guide_wang", "active")]
