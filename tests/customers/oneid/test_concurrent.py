"""Sixteen connections add, change, merge and take back at once; `make faults ONLY=F21` lets them do more."""

import pytest

from customers.oneid.audit import audit
from tests.faults import oneid
from tests.faults.harness import Outcome

pytestmark = pytest.mark.django_db(transaction=True)


def test_sixteen_writers_leave_the_persons_of_the_oracle() -> None:
    outcome = Outcome()

    written = oneid.writers_at_once(outcome, 3)

    assert (outcome.lost, outcome.doubled) == (set(), set())
    assert written > 16
    assert audit().differences == 0
