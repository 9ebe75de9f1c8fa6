"""Counts in a window: by key, and not less strict while Redis is away."""

import pytest
from django.core.cache import cache

from scrm.core import limits
from scrm.core.limits import counted


@pytest.fixture(autouse=True)
def _empty():
    cache.clear()
    yield
    cache.clear()


def test_each_key_is_counted_for_itself_and_anew_in_the_next_window():
    counts = [counted("x.look", key, 60) for key in ("a", "a", "b", "a")]
    cache.delete("limits:x.look:a")

    assert counts == [1, 2, 1, 3]
    assert counted("x.look", "a", 60) == 1


def test_without_redis_this_process_goes_on_counting(settings, monkeypatch):
    monkeypatch.setattr(limits, "_local", limits._Local())
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    }

    assert [counted("x.look", "a", 60) for _number in range(3)] == [1, 2, 3]
