"""Runs a stack, breaks a part of it while customers scan, and compares both sides afterwards."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil
import requests
from django.db import connections

from scrm.demo import figures
from scrm.demo.stack import HeadlessStack, wait_for
from scrm.demo.story import scans
from scrm.demo.story.play import Play
from scrm.demo.story.report import WrongFigureError
from scrm.localservices import launcher

Pair = tuple[str, str]


@dataclass
class Outcome:
    """What was seen after a fault: pairs that miss something, pairs that got something twice."""

    lost: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Nothing lost, nothing doubled, nothing else remarked as wrong."""
        return not (
            self.lost or self.doubled or any(note.startswith("WRONG") for note in self.notes)
        )


class Arena:
    """A running stack, its story up to the live code, and fresh people for every fault."""

    def __init__(
        self,
        stack: HeadlessStack,
        play: Play,
        *,
        customers: int,
        seconds: float,
        is_short: bool = False,
    ) -> None:
        self.stack, self.play, self.customers, self.seconds = stack, play, customers, seconds
        self.is_short = is_short
        self.kills = 0
        self._next = 0

    @property
    def var(self) -> Any:
        """The stack's folder."""
        return self.stack.environment.var

    def people(self, count: int = 0) -> list[dict[str, Any]]:
        """Return people who have not scanned yet."""
        found = self.play.people[self._next : self._next + (count or self.customers)]
        self._next += len(found)
        return found

    def scan_while(
        self,
        break_something: Callable[[int], None],
        *,
        every: float,
        seconds: float,
        kills: int = 0,
        given_up: Callable[[], float] = lambda: 0.0,
        read_all: bool = True,
    ) -> Outcome:
        """Let fresh people scan over some seconds, breaking something every so often; then compare.

        kills: how many processes must really have been killed; given_up: asked in the end for the share of
        the pairs of which WeCom may have given up a callback because nobody answered it in four tries; read_all=False where jobs cannot run.
        """
        people, before = self.people(), self.kills
        scanning = threading.Thread(target=scans.scan, args=(self.play, people, seconds))
        scanning.start()
        times = 0
        time.sleep(every / 2)
        while scanning.is_alive():
            break_something(times)
            times += 1
            scanning.join(every)
        outcome = self.compare(people, given_up=given_up(), read_all=read_all)
        killed = self.kills - before
        outcome.notes.append(f"{times} times, {killed} killed")
        if killed < kills:
            outcome.notes.append(
                f"WRONG fewer than {kills} killed: the fault was not put to the test"
            )
        return outcome

    def compare(
        self, people: Sequence[dict[str, Any]], *, given_up: float = 0.0, read_all: bool = True
    ) -> Outcome:
        """Wait until both sides are idle and compare them for these people; read all customers; compare again."""
        outcome = Outcome()
        # Ours may have died with the server; figures are read over new ones.
        connections.close_all()
        begun = time.monotonic()
        try:
            self.play.settle(120)
        except WrongFigureError as error:
            outcome.notes.append(f"WRONG {error}")
        outcome.notes.append(f"idle {time.monotonic() - begun:.1f} s after the last scan")
        ids = {person["id"] for person in people}
        rows = [
            row for row in self.play.simulator.get("ledger/relations") if row["person_id"] in ids
        ]
        pairs = {(row["userid"], row["external_userid"]) for row in rows}
        if len(rows) != len(people):
            outcome.notes.append(f"WRONG {len(rows)} relations in WeCom for {len(people)} people")
        lost = self._given_up(pairs, outcome)
        self._bound(len(lost), len(pairs), given_up, outcome)
        # What we never acknowledged is not lost by us; reading all customers must bring it.
        self._compare_relations(pairs - lost, outcome)
        self._compare_effects(pairs - lost, outcome)
        if read_all:
            self.read_all(pairs, outcome)
        return outcome

    def seen(self) -> set[Pair]:
        """Return the pairs of everybody who scanned in any fault so far."""
        ids = {person["id"] for person in self.play.people[: self._next]}
        rows = self.play.simulator.get("ledger/relations")
        return {(row["userid"], row["external_userid"]) for row in rows if row["person_id"] in ids}

    def _bound(self, count: int, of: int, most: float, outcome: Outcome) -> None:
        """Say how many pairs WeCom gave up on; wrong when these are more than the fault explains."""
        if count:
            outcome.notes.append(f"WeCom gave up on {count} of {of} pairs: no 200 in 4 tries")
        if count > most * of:
            outcome.notes.append(f"WRONG more than {most:.0%} given up")

    def read_all(self, pairs: set[Pair], outcome: Outcome) -> None:
        """Read all customers from WeCom as HQ's button does; then nothing may be missing, whatever was given up."""
        try:
            self.play.hq.send("/console/customer-sync/start/", {}, page="/console/customer-sync/")
            number = figures.newest_job("customers.sync")
            done = wait_for(lambda: figures.job(number)["state"] in figures.ENDED, 180, pause=0.5)
            job = figures.job(number)
            self.play.settle(60)
        except (WrongFigureError, requests.RequestException) as error:
            outcome.notes.append(f"WRONG all customers could not be read: {error}")
            return
        if not done or job["state"] != "done" or job["failed"]:
            outcome.notes.append(f"WRONG the reading of all customers ended {job}")
        ledger, ours = scans.ledger_relations(self.play), figures.relations()
        missing = [pair for pair in pairs if ours.get(pair) != ledger[pair]]
        outcome.lost |= {f"not even after reading all: {pair}" for pair in missing}
        outcome.notes.append(f"{len(pairs) - len(missing)} of {len(pairs)} equal after reading all")

    def _given_up(self, pairs: set[Pair], outcome: Outcome) -> set[Pair]:
        """Return the pairs of which a callback was never answered with 200, however often WeCom tried."""
        failed = self.play.simulator.get("ledger/callbacks", status="failed")
        lost = {
            (userid, external)
            for userid, external in pairs
            if any(external in row["xml"] for row in failed)
        }
        met = Counter(
            f"{attempt['outcome']} {attempt['http_status'] or ''}".strip()
            for row in failed
            if any(external in row["xml"] for _userid, external in lost)
            for attempt in row["attempts"]
        )
        if met:
            outcome.notes.append(f"what their tries met: {dict(met)}")
        return lost

    def _compare_relations(self, pairs: set[Pair], outcome: Outcome) -> None:
        ledger, ours = scans.ledger_relations(self.play), figures.relations()
        tags = sorted(self.play.made["tag_ids"])
        for pair in pairs:
            if ours.get(pair) != ledger[pair]:
                outcome.lost.add(f"relation {pair}: WeCom {ledger[pair]}, we {ours.get(pair)}")
            if ledger[pair]["tags"] != tags:
                outcome.lost.add(f"tags {pair}")

    def _compare_effects(self, pairs: set[Pair], outcome: Outcome) -> None:
        sent, ours = scans.ledger_welcomes(self.play), figures.welcomes()
        episodes = figures.episodes()
        for pair in pairs:
            counts = {
                "welcome": sent.get(pair, 0),
                "our welcome": len(ours.get(pair, [])),
                "episode": episodes.get(pair, 0),
            }
            outcome.lost |= {f"{name} {pair}" for name, count in counts.items() if count == 0}
            outcome.doubled |= {
                f"{name} {pair} x{count}" for name, count in counts.items() if count > 1
            }

    # --- breaking things ----------------------------------------------------------------------------------------

    def program(self, part: str) -> psutil.Process | None:
        """Return the process a keeper runs, None in the moment it is being started again."""
        children = psutil.Process(self.stack.running[part].pid).children()
        return children[0] if children else None

    def kill(self, part: str) -> None:
        """kill -9 a part with all its children."""
        program = self.program(part)
        if program:
            os.killpg(program.pid, signal.SIGKILL)
            self.kills += 1

    def kill_worker(self, number: int) -> None:
        """kill -9 the worker of one of the two web servers, in turn."""
        program = self.program(f"web-{1 + number % 2}")
        children = program.children() if program else []
        # Counted together: a server has one worker, and what Python keeps beside it.
        self.kills += max(map(_kill, children), default=False)

    def kill_service(self, name: str) -> None:
        """kill -9 a private service and every process it started, at once."""
        pid = launcher.status(self.var)[name]
        if not pid:
            return
        main = psutil.Process(pid)
        self.kills += max(map(_kill, [main, *main.children(recursive=True)]))

    def service_is_back(self, name: str, seconds: float = 20) -> bool:
        """Wait until a private service runs again."""
        return wait_for(lambda: bool(launcher.status(self.var)[name]), seconds)


def _kill(process: psutil.Process) -> bool:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return False
    return True
