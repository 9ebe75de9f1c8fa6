"""Identifiers made by us."""

import time
from uuid import RFC_4122

from scrm.core.ids import uuid7


def test_uuid7_is_a_version_7_uuid_of_now_and_sorts_by_time() -> None:
    made = [uuid7() for _ in range(2000)]

    assert {value.version for value in made} == {7}
    assert {value.variant for value in made} == {RFC_4122}
    assert len(set(made)) == 2000
    times = [value.int >> 64 for value in made]
    assert times == sorted(times)
    assert abs((made[0].int >> 80) / 1000 - time.time()) < 60
