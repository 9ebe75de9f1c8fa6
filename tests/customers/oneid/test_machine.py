"""Order independence, merge and un-merge by a state machine; `make faults ONLY=F21` takes 10,000 steps of it."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.factories.oneid_machine import OneIdMachine

pytestmark = pytest.mark.django_db


def test_whatever_happens_persons_are_those_of_the_oracle() -> None:
    run_state_machine_as_test(
        OneIdMachine,
        settings=settings(
            max_examples=6,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
