"""Many processes with many threads that call WeCom through the gateway; a program of its own (`python -m tests.faults.callers`).

Rounds (F10): everybody calls at the same moment, first cold, then after all tokens were revoked.
Seconds (F11): everybody calls again and again while tokens are revoked every so often.
"""

import argparse
import json
import multiprocessing
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from multiprocessing.synchronize import Barrier
from typing import Any

import django
import requests

FORK = multiprocessing.get_context("fork")
PATIENCE = 60.0
# Of a caller between two calls of an API: sixteen stay below 8,000 of them a minute, however fast the machine;
# what our own limit refuses says nothing about tokens.
PAUSE_SECONDS = 0.12


@dataclass
class Tally:
    """What callers met: calls that came through, failures by type, the slowest call, gettoken calls WeCom saw."""

    good: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    gettokens: int = 0
    revocations: int = 0

    def add(self, kind: str, seconds: float) -> None:
        """Count one call; `kind` is "" when it came through."""
        if kind:
            self.failures[kind] += 1
        else:
            self.good += 1
        self.slowest = max(self.slowest, seconds)

    def join(self, other: "Tally") -> None:
        """Add what another caller met."""
        self.good += other.good
        self.failures += other.failures
        self.slowest = max(self.slowest, other.slowest)

    def public(self) -> dict[str, Any]:
        """As it is printed."""
        return asdict(self) | {"failures": dict(self.failures), "slowest": round(self.slowest, 2)}


class World:
    """The simulator behind the gateway, asked by its control API."""

    def __init__(self) -> None:
        from django.conf import settings

        self._url = f"{settings.WECOM_API_BASE}/sandbox/api/"

    def gettokens(self) -> int:
        """Return how many gettoken calls it has seen."""
        answer = requests.get(f"{self._url}ledger/calls", {"api": "gettoken"}, timeout=60)
        return len(answer.json())

    def revoke(self) -> None:
        """End all tokens at once, half of the times as if they had expired."""
        code = 40014 if time.monotonic_ns() % 2 else 42001
        answer = requests.post(f"{self._url}revoke_tokens", json={"errcode": code}, timeout=60)
        answer.raise_for_status()


def call(app: str) -> str:
    """Call WeCom once by an app's secret; returns the failure's type, "" when it came through."""
    from scrm.core.gateway import wecom
    from scrm.wecom.errors import WeComError

    try:
        if app == "contacts":
            wecom(app).user.list_id(limit=1)
        else:
            wecom(app).external_contact.get_follow_user_list()
    except WeComError as error:
        return f"{type(error).__name__} {error.errcode}"
    except Exception as error:  # noqa: BLE001 - an untyped failure is what is looked for
        return f"untyped {type(error).__name__}"
    return ""


# What one caller met, round by round.
Met = list[Tally]


def _joined(all_met: list[Met]) -> Met:
    """Add up what several callers met, each round for itself."""
    total = [Tally() for _round in all_met[0]]
    for met in all_met:
        for tally, further in zip(total, met, strict=True):
            tally.join(further)
    return total


def _threads(count: int, work: Callable[[], Met], out: Any) -> None:
    """Run the work in so many threads of this process and send what they met."""
    from django.db import connections

    found: list[Met] = []

    def run() -> None:
        found.append(work())
        connections.close_all()

    hands = [threading.Thread(target=run) for _ in range(count)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    out.put(_joined(found))


def _in_processes(
    processes: int, threads: int, work: Callable[[], Met], lead: Callable[[], None]
) -> Met:
    """Run the work everywhere while this process leads; returns what all met."""
    out = FORK.Queue()
    children = [FORK.Process(target=_threads, args=(threads, work, out)) for _ in range(processes)]
    for child in children:
        child.start()
    lead()
    found = [out.get(timeout=PATIENCE * 4) for _child in children]
    for child in children:
        child.join(PATIENCE)
    return _joined(found)


def stampede(processes: int, threads: int, apps: list[str], rounds: int) -> Met:
    """Let everybody call at the same moment, once a round; tokens are revoked between rounds."""
    world = World()
    start: Barrier = FORK.Barrier(processes * threads + 1)
    end: Barrier = FORK.Barrier(processes * threads + 1)
    gettokens: list[int] = []

    def work() -> Met:
        met = [Tally() for _round in range(rounds)]
        for tally in met:
            start.wait(PATIENCE)
            for app in apps:
                begun = time.monotonic()
                tally.add(call(app), time.monotonic() - begun)
            end.wait(PATIENCE)
        return met

    def lead() -> None:
        for number in range(rounds):
            if number:
                world.revoke()
            before = world.gettokens()
            start.wait(PATIENCE)
            end.wait(PATIENCE)
            gettokens.append(world.gettokens() - before)

    total = _in_processes(processes, threads, work, lead)
    for tally, count in zip(total, gettokens, strict=True):
        tally.gettokens = count
    return total


def steady(processes: int, threads: int, apps: list[str], seconds: float, every: float) -> Tally:
    """Let everybody call for some seconds while all tokens are revoked every so often."""
    world, over = World(), FORK.Event()
    counts = {"revocations": 0, "before": world.gettokens()}

    def work() -> Met:
        met = Tally()
        while not over.is_set():
            for app in apps:
                begun = time.monotonic()
                met.add(call(app), time.monotonic() - begun)
            time.sleep(PAUSE_SECONDS)
        return [met]

    def lead() -> None:
        end = time.monotonic() + seconds
        while time.monotonic() + every < end:
            time.sleep(every)
            world.revoke()
            counts["revocations"] += 1
        time.sleep(max(0.0, end - time.monotonic()))
        over.set()

    (total,) = _in_processes(processes, threads, work, lead)
    total.gettokens = world.gettokens() - counts["before"]
    total.revocations = counts["revocations"]
    return total


def main() -> int:
    """Run and print what was met as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.callers")
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--apps", default="scrm,contacts")
    parser.add_argument("--rounds", type=int, default=2, help="calls of everybody at one moment")
    parser.add_argument("--seconds", type=float, default=0.0, help="calls without a pause instead")
    parser.add_argument("--every", type=float, default=1.5, help="seconds between revocations")
    options = parser.parse_args()
    os.environ.setdefault("SCRM_LOG_LEVEL", "CRITICAL")
    django.setup()
    apps = options.apps.split(",")
    if options.seconds:
        found = [steady(options.processes, options.threads, apps, options.seconds, options.every)]
    else:
        found = stampede(options.processes, options.threads, apps, options.rounds)
    sys.stdout.write(json.dumps([tally.public() for tally in found]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
