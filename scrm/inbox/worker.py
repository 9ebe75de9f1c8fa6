"""The threads of one worker process: lanes of the inbox and the outbox, a keeper of leases, a listener."""

import os
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from django.db import Error as DatabaseError
from django.db import connection

from scrm.core.outbox import claims as outbox_claims
from scrm.core.outbox import dispatch
from scrm.core.outbox.failures import ConnectionLost
from scrm.core.outbox.services import CHANNEL as OUTBOX_CHANNEL
from scrm.inbox import claims as inbox_claims
from scrm.inbox import processing
from scrm.inbox.beats import beat, farewell
from scrm.inbox.ingest import CHANNEL as INBOX_CHANNEL

logger = structlog.get_logger(__name__)

LANES = ("welcome", "event", "sync")
# A bell may be swallowed by its own spacing (or by PgBouncer): look often just after work, then each second.
IDLE_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)
RECONNECT_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
KEEP_EVERY = 1.0
RENEW_AFTER = 1.5
BEAT_EVERY = 5.0
# A thread that hangs longer than any call may take has lost its right to the lease.
HELD_AT_MOST = 120.0


@dataclass(frozen=True)
class Source:
    """A queue as the threads see it; items carry `id` and `token`."""

    name: str
    channel: str
    claim: Callable[[str, int], Sequence[Any]]
    handle: Callable[[Any], str]
    release: Callable[[UUID, Sequence[Any]], None]
    renew: Callable[[Sequence[UUID]], int]
    batches: Mapping[str, int]


INBOX = Source(
    name="inbox",
    channel=INBOX_CHANNEL,
    claim=inbox_claims.claim,
    handle=processing.process,
    release=inbox_claims.release,
    renew=inbox_claims.renew,
    batches={"welcome": 4, "event": 8, "sync": 20},
)
OUTBOX = Source(
    name="outbox",
    channel=OUTBOX_CHANNEL,
    claim=outbox_claims.claim,
    handle=dispatch.deliver,
    release=outbox_claims.release,
    renew=outbox_claims.renew,
    batches={"welcome": 2, "event": 4, "sync": 4},
)
SOURCES = {source.name: source for source in (INBOX, OUTBOX)}

DEFAULT_THREADS: dict[str, int] = {
    "inbox.welcome": 2,
    "inbox.event": 2,
    "inbox.sync": 1,
    "outbox.welcome": 2,
    "outbox.event": 1,
    "outbox.sync": 1,
}


class Held:
    """The tokens that this process works on, and since when."""

    def __init__(self) -> None:
        self._since: dict[UUID, float] = {}
        self._lock = threading.Lock()

    def add(self, token: UUID) -> None:
        """Remember a fresh lease."""
        with self._lock:
            self._since[token] = time.monotonic()

    def remove(self, token: UUID) -> None:
        """Forget a lease whose items are all done."""
        with self._lock:
            self._since.pop(token, None)

    def to_renew(self) -> list[UUID]:
        """Return the leases old enough to need renewal and young enough to deserve it."""
        now = time.monotonic()
        with self._lock:
            return [
                token
                for token, since in self._since.items()
                if RENEW_AFTER <= now - since <= HELD_AT_MOST
            ]


class Lane(threading.Thread):
    """Works off one lane of one queue until it is told to stop."""

    def __init__(
        self, source: Source, lane: str, number: int, stop: threading.Event, held: Held
    ) -> None:
        super().__init__(name=f"{source.name}.{lane}.{number}", daemon=True)
        self.source = source
        self.lane = lane
        self.wake = threading.Event()
        self._stopping = stop
        self._held = held

    def run(self) -> None:
        """Claim, handle, rest; survive a database that goes away."""
        idle = lost = 0
        while not self._stopping.is_set():
            try:
                worked = self.round()
            except (ConnectionLost, DatabaseError) as error:
                logger.warning("worker.database_lost", thread=self.name, error=type(error).__name__)
                connection.close()
                self._stopping.wait(_step(RECONNECT_PAUSES, lost))
                lost += 1
                continue
            except Exception:
                logger.exception("worker.round_failed", thread=self.name)
                self._stopping.wait(1.0)
                continue
            lost = 0
            idle = 0 if worked else idle + 1
            if not worked:
                self.wake.wait(_step(IDLE_PAUSES, idle - 1))
                self.wake.clear()
        connection.close()

    def round(self) -> int:
        """Handle one batch; returns how many items were claimed."""
        items = self.source.claim(self.lane, self.source.batches[self.lane])
        if not items:
            return 0
        token = items[0].token
        self._held.add(token)
        try:
            for index, item in enumerate(items):
                if self._stopping.is_set():
                    self.source.release(token, [rest.id for rest in items[index:]])
                    break
                self.source.handle(item)
        finally:
            self._held.remove(token)
        return len(items)


class Keeper(threading.Thread):
    """Renews the leases of this process, gives up on dead senders' messages, and shows that we live."""

    def __init__(
        self, name: str, held: Mapping[str, Held], threads: Mapping[str, int], stop: threading.Event
    ) -> None:
        super().__init__(name="keeper", daemon=True)
        self._worker_name = name
        self._held = held
        self._threads = threads
        self._stopping = stop
        self._beat_due = 0.0

    def run(self) -> None:
        """Keep until told to stop; a lost database only means that leases lapse."""
        while not self._stopping.wait(KEEP_EVERY):
            try:
                self.keep()
            except (ConnectionLost, DatabaseError) as error:
                logger.warning("worker.database_lost", thread=self.name, error=type(error).__name__)
                connection.close()
            except Exception:
                logger.exception("worker.keeper_failed")
        connection.close()

    def keep(self) -> None:
        """Do one round of house-keeping."""
        for name, held in self._held.items():
            tokens = held.to_renew()
            if tokens:
                SOURCES[name].renew(tokens)
        dispatch.recover_abandoned()
        if time.monotonic() >= self._beat_due:
            beat(self._worker_name, self._threads)
            self._beat_due = time.monotonic() + BEAT_EVERY


class Listener(threading.Thread):
    """Hears NOTIFY and wakes the lane; without it (PgBouncer, a broken connection) polling goes on."""

    def __init__(self, lanes: Sequence[Lane], stop: threading.Event) -> None:
        super().__init__(name="listener", daemon=True)
        self._lanes = lanes
        self._stopping = stop

    def run(self) -> None:
        """Listen until told to stop, reconnecting as often as needed."""
        lost = 0
        while not self._stopping.is_set():
            try:
                self._listen()
            except (DatabaseError, OSError) as error:
                logger.warning("worker.database_lost", thread=self.name, error=type(error).__name__)
            except Exception:
                logger.exception("worker.listener_failed")
            connection.close()
            self._stopping.wait(_step(RECONNECT_PAUSES, lost))
            lost += 1

    def _listen(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"LISTEN {source.channel}" for source in SOURCES.values()))
        raw: Any = connection.connection
        while not self._stopping.is_set():
            if select.select([raw], [], [], 1.0)[0]:
                raw.poll()
            for notice in raw.notifies:
                self._ring(notice.channel, notice.payload)
            raw.notifies.clear()

    def _ring(self, channel: str, lane: str) -> None:
        for each in self._lanes:
            if each.source.channel == channel and each.lane == lane:
                each.wake.set()


class Worker:
    """One worker process; `threads` maps "inbox.event" and the like to a number of threads."""

    def __init__(self, threads: Mapping[str, int]) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._stop = threading.Event()
        held = {name: Held() for name in SOURCES}
        self._lanes = [
            Lane(
                SOURCES[name.partition(".")[0]],
                name.partition(".")[2],
                number,
                self._stop,
                held[name.partition(".")[0]],
            )
            for name, count in threads.items()
            for number in range(count)
        ]
        self._others = [
            Keeper(self.name, held, threads, self._stop),
            Listener(self._lanes, self._stop),
        ]

    def stop(self) -> None:
        """Ask all threads to finish what they hold and end."""
        self._stop.set()
        for lane in self._lanes:
            lane.wake.set()

    def run(self, patience: float = 25.0) -> bool:
        """Work until `stop`; then wait up to `patience` seconds. Returns True when all threads ended."""
        logger.info("worker.started", worker=self.name, threads=len(self._lanes))
        for thread in (*self._lanes, *self._others):
            thread.start()
        while not self._stop.wait(1.0):
            pass
        deadline = time.monotonic() + patience
        for thread in (*self._lanes, *self._others):
            thread.join(max(0.0, deadline - time.monotonic()))
        ended = not any(thread.is_alive() for thread in self._lanes)
        try:
            farewell(self.name)
        except DatabaseError:
            logger.warning("worker.farewell_failed", worker=self.name)
        connection.close()
        logger.info("worker.stopped", worker=self.name, ended=ended)
        return ended


def drain(rounds: int = 10_000) -> Counter[str]:
    """Work in this thread until nothing is due; returns counts such as {"inbox.done": 3, "outbox.sent": 3}."""
    counts: Counter[str] = Counter()
    for _round in range(rounds):
        dispatch.recover_abandoned()
        worked = 0
        for lane in LANES:
            for source in (OUTBOX, INBOX):
                items = source.claim(lane, source.batches[lane])
                worked += len(items)
                counts.update(f"{source.name}.{source.handle(item)}" for item in items)
        if not worked:
            break
    return counts


def _step(pauses: Sequence[float], index: int) -> float:
    return pauses[min(index, len(pauses) - 1)]
