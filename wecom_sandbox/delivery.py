"""Sends callbacks: a queue, a few threads, a deadline, retries, and switches to make trouble."""

import heapq
import itertools
import logging
import random
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from http.client import HTTPException
from typing import Protocol
from urllib.parse import urlencode

from wecom_sandbox import crypto
from wecom_sandbox.apps import renewals
from wecom_sandbox.clock import Clock
from wecom_sandbox.defaults import APPS, CORP_ID, AppConfig, app_named
from wecom_sandbox.events import Fields, event_xml
from wecom_sandbox.http_client import DeadlinePassedError, exchange
from wecom_sandbox.store import Store

logger = logging.getLogger(__name__)
_THREADS = 16
_SHUFFLE_SPREAD = 1.0
_MOST_ANSWER = 500


@dataclass
class Switches:
    """How callbacks are delivered.

    Args:
        duplicate: further copies of every callback.
        shuffle: send in random order, spread over a second.
        burst: keep callbacks until that many wait, then send them all at once; 0 sends each as it comes.
        burst_wait: sandbox seconds after which fewer are sent as well.
        seed: begins the dice of shuffle and drop_rate.
        drop_rate: share of callbacks never sent (WeCom guarantees no delivery).
        restamp: a retry carries a new timestamp, nonce and encryption of the same XML.
        retries: how often a failed one is sent again.
        retry_delay: sandbox seconds before a retry.
        deadline: sandbox seconds in which the receiver must have answered 200.
        paused: keep everything in the queue.
        concurrency: how many are under way at once.
    """

    duplicate: int = 0
    shuffle: bool = False
    drop_rate: float = 0.0
    restamp: bool = True
    retries: int = 3
    retry_delay: float = 1.0
    deadline: float = 5.0
    paused: bool = False
    concurrency: int = 8
    burst: int = 0
    burst_wait: float = 5.0
    seed: int = 1


@dataclass(order=True)
class _Shipment:
    due: float
    serial: int
    callback_id: int = field(compare=False)
    kind: str = field(compare=False)
    number: int = field(compare=False, default=1)
    stamp: tuple[str, str] | None = field(compare=False, default=None)


class Channel(Protocol):
    """How the callbacks of an account travel that is no app of the corp: another signature, another envelope.

    ``retries`` is how often a failed one is sent again at most.
    """

    retries: int

    def stamped(self, plain: str, at: int) -> tuple[str, str]:
        """Body and query of one sending."""

    def answered(self, callback_id: int, answer: str) -> None:
        """The receiver took it; its answer may say something to the person."""


class Delivery:
    """The callback sender of one sandbox."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self.switches = Switches()
        self.channels: dict[str, Channel] = {}
        self.answered: Callable[[int, str], None] | None = None
        self._queue: list[_Shipment] = []
        self._serial = itertools.count()
        self._dice = random.Random(1)  # noqa: S311 - repeatable on purpose
        lock = threading.Lock()
        self._ready, self._idle = threading.Condition(lock), threading.Condition(lock)
        self._busy, self._generation, self._stopped = 0, 0, False
        # Sendings of the burst under way that have not left yet.
        self._released = 0
        self._threads = [
            threading.Thread(target=self._work, name=f"callbacks-{number}", daemon=True)
            for number in range(_THREADS)
        ]

    def start(self) -> None:
        """Start the threads and take up what an earlier run left unsent."""
        for row in self._store.rows("SELECT id FROM callbacks WHERE status = 'queued' ORDER BY id"):
            self._push(row["id"], "first")
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the sendings under way finish, keep the rest stored."""
        with self._ready:
            self._stopped = True
            self._ready.notify_all()
        for thread in self._threads:
            thread.join(timeout=6)

    def urls(self) -> dict[str, str]:
        """Callback address per app."""
        stored: dict[str, str] = self._store.get_meta("callback_urls", {})
        return stored

    def set_url(self, app: str, url: str | None) -> None:
        """Set or (with None) remove an app's callback address."""
        urls = self.urls()
        urls.pop(app, None)
        if url:
            urls[app] = url
        with self._store.transaction():
            self._store.set_meta("callback_urls", urls)

    def verify(self, app: AppConfig, url: str) -> tuple[bool, str]:
        """WeCom's check of a callback address (callbacks.md §1): GET with an encrypted echostr.

        Returns: whether the plain text came back, and a sentence on what happened.
        """
        plain = str(secrets.randbelow(10**19))
        encrypted = crypto.encrypt(plain.encode(), app.aes_key, CORP_ID)
        query = self._signed_query(app, encrypted) + "&" + urlencode({"echostr": encrypted})
        try:
            reply = exchange("GET", _with_query(url, query), None, 5.0)
        except DeadlinePassedError:
            return False, "no answer within the deadline"
        except (OSError, HTTPException) as error:
            return False, f"no HTTP answer: {error}"
        if reply.status != 200:
            return False, f"HTTP {reply.status}"
        if reply.body != plain.encode():
            return False, "the answer is not the decrypted echostr"
        return True, "ok"

    def publish(self, app: str, event: str, change_type: str, fields: Fields) -> int:
        """Store an event in the caller's transaction and queue it; its callback id."""
        xml = event_xml(event, change_type, self._clock.seconds(), fields)
        return self.publish_text(app, event, change_type, xml)

    def publish_text(
        self, app: str, event: str, change_type: str, xml: str, *, delay: float = 0.0
    ) -> int:
        """Store a written callback in the caller's transaction and queue it; its callback id.

        Args:
            app: whose address it goes to.
            event: for the ledger.
            change_type: for the ledger.
            xml: what the receiver will read once it is opened.
            delay: sandbox seconds before it is sent.
        """
        status = "queued" if app in self.urls() else "no_url"
        callback_id = self._store.insert(
            "callbacks", app=app, event=event, change_type=change_type, xml=xml,
            created_at=self._clock.now(), status=status,
        )  # fmt: skip
        if status == "no_url":
            return callback_id
        if self._dice.random() < self.switches.drop_rate:
            self._store.run("UPDATE callbacks SET status = 'dropped' WHERE id = ?", callback_id)
            return callback_id
        copies = self.switches.duplicate

        def ship() -> None:
            self._push(callback_id, "first", delay=delay)
            for _ in range(copies):
                self._push(callback_id, "duplicate", delay=delay)

        self._store.after_commit(ship)
        return callback_id

    def publish_customer(self, event: str, change_type: str, fields: Fields) -> int:
        """Publish an event of customers or tags: the same XML to every app with the right to 客户联系.

        Returns: the callback id of the first app; further ones get theirs only where they have an address.
        """
        first, *others = [app.name for app in APPS if app.kind == "app"]
        # Written once: the second may turn before the next app's turn.
        xml = event_xml(event, change_type, self._clock.seconds(), fields)
        callback_id = self.publish_text(first, event, change_type, xml)
        for name in others:
            if name in self.urls():
                self.publish_text(name, event, change_type, xml)
        return callback_id

    def redeliver(self, times: int, seed: int, *, shuffle: bool) -> int:
        """Send every past callback again; how many sendings were queued."""
        rows = self._store.rows("SELECT id FROM callbacks WHERE status != 'no_url' ORDER BY id")
        ids = [row["id"] for row in rows] * times
        if shuffle:
            random.Random(seed).shuffle(ids)  # noqa: S311 - repeatable on purpose
        for callback_id in ids:
            self._push(callback_id, "redeliver")
        return len(ids)

    def waiting(self) -> int:
        """Sendings queued or under way."""
        with self._ready:
            return len(self._queue) + self._busy

    def wait_idle(self, timeout: float) -> bool:
        """Wait until nothing is queued or under way; False after that many real seconds."""
        deadline = time.monotonic() + timeout
        with self._idle:
            while self._queue or self._busy:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._idle.wait(left)
        return True

    def update(self, values: dict[str, object]) -> dict[str, object]:
        """Set switches by name; the new state. ValueError for an unknown name or a wrong type."""
        for name, value in values.items():
            present = getattr(self.switches, name, None)
            if isinstance(present, bool) and isinstance(value, bool):
                setattr(self.switches, name, value)
            elif isinstance(present, int | float) and isinstance(value, int | float):
                setattr(self.switches, name, type(present)(value))
            else:
                raise ValueError(f"{name}: unknown switch or wrong type")
        if "seed" in values:
            self._dice.seed(self.switches.seed)
        with self._ready:
            self._ready.notify_all()
        return asdict(self.switches)

    def clear(self) -> None:
        """Forget queue and switches; what is under way is not retried."""
        with self._ready:
            self._generation += 1
            self._queue.clear()
            self._released = 0
            self.switches = Switches()
            self._dice.seed(1)
            self._idle.notify_all()

    def _push(
        self, callback_id: int, kind: str, *, number: int = 1, delay: float = 0.0,
        stamp: tuple[str, str] | None = None,
    ) -> None:  # fmt: skip
        due = time.monotonic() + self._clock.real(delay)
        if self.switches.shuffle and kind != "redeliver":
            due += self._dice.random() * _SHUFFLE_SPREAD
        with self._ready:
            shipment = _Shipment(due, next(self._serial), callback_id, kind, number, stamp)
            heapq.heappush(self._queue, shipment)
            self._ready.notify()

    def _take(self) -> tuple[_Shipment, int] | None:
        with self._ready:
            while not self._stopped:
                wait = self._wait()
                if wait is None or wait > 0:
                    self._ready.wait(wait)
                    continue
                self._busy += 1
                self._released = max(0, self._released - 1)
                return heapq.heappop(self._queue), self._generation
            return None

    def _wait(self) -> float | None:
        """Real seconds until the next sending may go; None until something changes."""
        most = _THREADS if self.switches.burst else self.switches.concurrency
        if self.switches.paused or not self._queue or self._busy >= most:
            return None
        wait = self._queue[0].due - time.monotonic()
        if self.switches.burst and not self._released:
            held = wait + self._clock.real(self.switches.burst_wait)
            if len(self._queue) < self.switches.burst and held > 0:
                return held
            self._released = len(self._queue)
            self._ready.notify_all()
        return max(0.0, wait)

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            shipment, generation = taken
            try:
                self._ship(shipment, generation)
            except Exception:
                logger.exception("callback %s could not be sent", shipment.callback_id)
            finally:
                with self._ready:
                    self._busy -= 1
                    self._ready.notify()
                    self._idle.notify_all()

    def _ship(self, shipment: _Shipment, generation: int) -> None:
        row = self._store.row("SELECT app, xml FROM callbacks WHERE id = ?", shipment.callback_id)
        url = self.urls().get(row["app"]) if row is not None else None
        if row is None or url is None:
            return
        if shipment.stamp is None or self.switches.restamp:
            shipment.stamp = self._stamped(row["app"], row["xml"])
        if shipment.stamp is None:
            return
        body, query = shipment.stamp
        started = time.monotonic()
        outcome, status, answer = self._attempt(_with_query(url, query), body.encode())
        ms = (time.monotonic() - started) * 1000
        if generation == self._generation:
            attempt = self._settle(shipment, url, outcome, status, answer[:_MOST_ANSWER], ms)
            self._store.insert("sendings", attempt_id=attempt, query=query, body=body)
            channel = self.channels.get(row["app"])
            if channel is not None and outcome == "ok":
                channel.answered(shipment.callback_id, answer)
            elif channel is None and outcome == "ok" and self.answered is not None:
                self.answered(shipment.callback_id, answer)

    def _stamped(self, name: str, xml: str) -> tuple[str, str] | None:
        """Body and query of one sending; None when there is no such app any more."""
        channel, app = self.channels.get(name), app_named(name)
        if channel is not None:
            return channel.stamped(xml, self._clock.seconds())
        if app is None:
            return None
        app = renewals.as_now(self._store, app)
        encrypted = crypto.encrypt(xml.encode(), app.aes_key, CORP_ID)
        body = crypto.envelope(CORP_ID, app.agent_id, encrypted).decode()
        return body, self._signed_query(app, encrypted)

    def _attempt(self, url: str, body: bytes) -> tuple[str, int | None, str]:
        try:
            reply = exchange("POST", url, body, self._clock.real(self.switches.deadline))
        except DeadlinePassedError:
            return "timeout", None, ""
        except (OSError, HTTPException) as error:
            return "no_connection", None, str(error)
        answer = reply.body.decode("utf-8", "replace")
        return ("ok" if reply.status == 200 else "refused"), reply.status, answer

    def _settle(
        self,
        shipment: _Shipment,
        url: str,
        outcome: str,
        status: int | None,
        answer: str,
        ms: float,
    ) -> int:
        """Write down an attempt, queue the next one; the attempt's number in the ledger."""
        retry = outcome != "ok" and shipment.number <= self._retries(shipment)
        with self._store.transaction():
            attempt = self._store.insert(
                "attempts", callback_id=shipment.callback_id, number=shipment.number, kind=shipment.kind,
                at=self._clock.now(), url=url, http_status=status, answer=answer, ms=round(ms, 2),
                outcome=outcome,
            )  # fmt: skip
            if outcome == "ok":
                new_status = "delivered"
            elif retry:
                new_status = None
            else:
                new_status = "failed"
            if new_status is not None:
                self._store.run(
                    "UPDATE callbacks SET status = ? WHERE id = ? AND status != 'delivered'",
                    new_status, shipment.callback_id,
                )  # fmt: skip
        if retry:
            self._push(
                shipment.callback_id, shipment.kind, number=shipment.number + 1,
                delay=self.switches.retry_delay, stamp=shipment.stamp,
            )  # fmt: skip
        return attempt

    def _retries(self, shipment: _Shipment) -> int:
        name = self._store.value("SELECT app FROM callbacks WHERE id = ?", shipment.callback_id)
        channel = self.channels.get(str(name))
        return min(self.switches.retries, channel.retries if channel else self.switches.retries)

    def _signed_query(self, app: AppConfig, encrypted: str) -> str:
        timestamp, nonce = str(self._clock.seconds()), str(secrets.randbelow(2**31))
        signed = crypto.signature(app.token, timestamp, nonce, encrypted)
        return urlencode({"msg_signature": signed, "timestamp": timestamp, "nonce": nonce})


def _with_query(url: str, query: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{query}"
