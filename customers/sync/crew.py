"""Calls of WeCom beside each other: threads ask, the caller alone stores, so that one transaction holds a batch."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from django.db import connections

from customers.sync.throttle import Throttle
from scrm.wecom.errors import WeComError

Item = TypeVar("Item")
Answer = TypeVar("Answer")
# Pages stored in one transaction: each customer of them holds a lock, and PostgreSQL's table of locks is finite.
BATCH = 10
TICK_SECONDS = 1.0


class Crew(Generic[Item, Answer]):
    """Works through items.

    Args:
        throttle: how many at once.
        call: asks WeCom for one item, in a thread; it may not use the caller's database connection.
        settle: stores a batch of answers, returns the items that go on.
        fail: takes one item's WeComError, returns what to try again; raises to end the work.
        tick: called at least once a second, and before every pause; raises to end the work.
    """

    def __init__(
        self,
        throttle: Throttle,
        *,
        call: Callable[[Item], Answer],
        settle: Callable[[list[tuple[Item, Answer]]], Iterable[Item]],
        fail: Callable[[Item, WeComError], Iterable[Item]],
        tick: Callable[[int], None],
    ) -> None:
        self._throttle = throttle
        self._call = call
        self._settle = settle
        self._fail = fail
        self._tick = tick
        self._ticked_at = float("-inf")

    def work(self, items: Iterable[Item]) -> None:
        """Return when every item is settled or given up."""
        waiting = deque(items)
        flying: dict[Future[Answer], Item] = {}
        with ThreadPoolExecutor(thread_name_prefix="sync") as pool:
            try:
                while waiting or flying:
                    self._launch(pool, waiting, flying)
                    self._look(len(flying))
                    if flying:
                        self._land(waiting, flying)
                    else:
                        time.sleep(min(self._throttle.rest, TICK_SECONDS))
            finally:
                for future in flying:
                    future.cancel()

    def _launch(
        self, pool: ThreadPoolExecutor, waiting: deque[Item], flying: dict[Future[Answer], Item]
    ) -> None:
        while waiting and len(flying) < self._throttle.places and not self._throttle.rest:
            item = waiting.popleft()
            flying[pool.submit(self._asked, item)] = item

    def _look(self, flying: int) -> None:
        if time.monotonic() - self._ticked_at >= TICK_SECONDS or not flying:
            self._ticked_at = time.monotonic()
            self._tick(flying)

    def _land(self, waiting: deque[Item], flying: dict[Future[Answer], Item]) -> None:
        done, _pending = wait(flying, timeout=TICK_SECONDS, return_when=FIRST_COMPLETED)
        good: list[tuple[Item, Answer]] = []
        for future in list(done)[:BATCH]:
            item = flying.pop(future)
            failure = future.exception()
            if failure is None:
                self._throttle.succeeded()
                good.append((item, future.result()))
            elif isinstance(failure, WeComError):
                waiting.extend(self._fail(item, failure))
            else:
                raise failure
        if good:
            waiting.extend(self._settle(good))

    def _asked(self, item: Item) -> Answer:
        try:
            return self._call(item)
        finally:
            # A token may have been read from the database; threads come and go.
            for connection in connections.all(initialized_only=True):
                connection.close()
