"""Files of bindings meet what is there: stores that lose accounts, names that mean two people, hands at work."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection, connections, transaction
from django.utils import translation

from contacts.directory.models import Member
from contacts.org.forms import BindForm
from contacts.org.models import BindingImport, OrgUnit, StoreBinding
from contacts.org.services import binding_import, binding_import_apply, binding_set
from contacts.org.words import row_words
from contacts.roster.selectors import known_for
from scrm.core.scope import SYSTEM_SCOPE
from tests.contacts.org.test_bindings import bind, judged, order, table
from tests.factories.contacts import EmployeeFactory, MemberFactory, StoreFactory


def sent(*rows: tuple[str, str, str]) -> BindingImport:
    """Send in a file."""
    return binding_import(file=table(*rows), filename="b.csv", actor=None, scope=SYSTEM_SCOPE)


@pytest.mark.django_db
def test_a_store_that_loses_its_first_account_keeps_its_order_whole() -> None:
    # given a store with three accounts
    here, there = StoreFactory(code="S1"), StoreFactory(code="S2")
    bind(here, "one", "two", "three")

    # when a file takes the first one away
    binding_import_apply(batch=sent(("S2", "one", "")), actor=None, scope=SYSTEM_SCOPE)

    # then the others move up
    assert (order(here), order(there)) == ([("two", 1), ("three", 2)], [("one", 1)])


def namesakes() -> tuple[Member, Member]:
    """Return a member whose userid is another one's job number, and that other one."""
    first = MemberFactory(userid="e77", employee=EmployeeFactory(job_number="E-OTHER"))
    second = MemberFactory(userid="zhangsan", employee=EmployeeFactory(job_number="E77"))
    return first, second


@pytest.mark.django_db
def test_a_name_that_means_two_people_is_refused_in_words() -> None:
    first, second = namesakes()
    for code in ("S1", "S2", "S3"):
        StoreFactory(code=code)

    # when a file names "E77", and each of the two by the other name
    batch = sent(("S1", "E77", ""), ("S2", "e-other", ""), ("S3", "ZhangSan", ""))

    # then only the first is refused
    assert [row[1:3] for row in judged(batch)] == [("error", "account_ambiguous"), ("bind", ""), ("bind", "")]  # fmt: skip
    with translation.override("en"):
        assert "userid of one account and the job number of another" in row_words(batch.rows.get(row_number=2))  # fmt: skip
    assert list(batch.rows.exclude(member=None).order_by("row_number").values_list("member_id", flat=True)) == [first.pk, second.pk]  # fmt: skip

    # and so are the form of one store, and a sponsor on the roster
    form = BindForm({"account": "e77"}, scope=SYSTEM_SCOPE)
    assert "account" in form.errors
    assert BindForm({"account": "ZHANGSAN"}, scope=SYSTEM_SCOPE).is_valid()
    known = known_for(SYSTEM_SCOPE, [{"sponsor": "E77"}, {"sponsor": "zhangsan"}], [])
    assert ("e77" in known.sponsors, known.ambiguous, known.sponsors["zhangsan"]) == (False, {"e77"}, second)  # fmt: skip


@pytest.mark.django_db
def test_ones_own_job_number_is_no_second_person() -> None:
    member = MemberFactory(userid="e77", employee=EmployeeFactory(job_number="E77"))
    StoreFactory(code="S1")

    batch = sent(("S1", "E77", ""))

    assert batch.rows.get().member == member


@pytest.fixture
def closing() -> Iterator[None]:
    """Close the connections of other threads."""
    yield
    connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_a_hand_that_binds_meanwhile_comes_before_the_file_or_after_it(closing: None) -> None:
    # given a file, and somebody who binds the same account elsewhere and has not finished
    StoreFactory(code="S1")
    other, member = StoreFactory(code="S2"), MemberFactory(userid="one")
    batch = sent(("S1", "one", ""))
    bound, go_on, failures = threading.Event(), threading.Event(), []

    def by_hand() -> None:
        try:
            with transaction.atomic():
                binding_set(store=OrgUnit.objects.get(pk=other.pk), member=Member.objects.get(pk=member.pk), position=None, actor=None)  # fmt: skip
                bound.set()
                go_on.wait(10)
        except Exception as failure:  # noqa: BLE001 - told to the test
            failures.append(failure)
        finally:
            connection.close()

    hand = threading.Thread(target=by_hand)
    hand.start()
    assert bound.wait(10)
    threading.Timer(0.5, go_on.set).start()

    # when the file is approved
    applied = binding_import_apply(batch=batch, actor=None, scope=SYSTEM_SCOPE)
    hand.join(10)

    # then it waits for the hand and refuses the row: it would take the account away again
    assert (failures, applied.bound, applied.moved, applied.refused) == ([], 0, 0, 1)
    assert list(StoreBinding.objects.values_list("store__code", "state")) == [("S2", "active")]
    assert batch.rows.get().code == "changed_since"
