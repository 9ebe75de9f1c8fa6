"""F10, F11, F12: tokens under a stampede and early revocation, and an API WeCom refuses for minutes."""

import json
import math
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from scrm.core.gateway_models import WeComToken
from scrm.demo.stack import CHECKOUT, wait_for
from scrm.demo.story import scans
from scrm.demo.story.report import WrongFigureError
from tests.faults.harness import Arena, Outcome

PROCESSES, THREADS, APPS = 16, 4, ("scrm", "contacts")
NO_REDIS = "redis://127.0.0.1:1/0"
# Ten minutes of WeCom's clock, thirty seconds between revocations, ten times as fast: a faster clock
# would revoke a fresh token before a busy machine has sent a call with it.
SPEED, MINUTES, EVERY = 10, 10, 30
REFUSED_API = "externalcontact/mark_tag"
# Calls that were under way when the first 45009 came.
ALREADY_SENT_SECONDS = 5.0
PROBE_SECONDS = 55.0
BANNER_SECONDS = 60.0
# A message that waited often waits five minutes until its next try.
AFTERWARDS_SECONDS = 420.0
CALLBACK_P99_MS = 300.0


def callers(arena: Arena, *words: str, **overrides: str) -> list[dict[str, Any]]:
    """Run the program that calls from many processes; returns what they met, round by round."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.callers", *words],
        cwd=CHECKOUT,
        env=arena.stack.environment.child() | overrides,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise WrongFigureError(f"the callers failed: {done.stderr[-500:]}")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def token_stampede(arena: Arena) -> Outcome:
    """F10: all at once, cold and after early revocation, with Redis and without."""
    outcome = Outcome()
    size = ("--processes", str(PROCESSES), "--threads", str(THREADS), "--apps", ",".join(APPS))
    for name, most, overrides in (("", 1, {}), ("without Redis", 2, {"REDIS_URL": NO_REDIS})):
        WeComToken.objects.all().delete()
        for moment, met in zip(
            ("cold", "revoked"), callers(arena, *size, **overrides), strict=True
        ):
            per_secret = met["gettokens"] / len(APPS)
            calls = PROCESSES * THREADS * len(APPS)
            seen = f"{moment} {name}".strip()
            outcome.notes.append(
                f"{seen}: {per_secret:g} gettoken a secret, {met['good']} of {calls} calls good, "
                f"slowest {met['slowest']} s"
            )
            if met["good"] != calls or not 1 <= per_secret <= most:
                outcome.notes.append(f"WRONG {seen}: {met}")
    return outcome


def tokens_revoked(arena: Arena) -> Outcome:
    """F11: revoked every 30 s for 10 minutes of WeCom's clock."""
    arena.play.simulator.post("clock", speed=SPEED)
    try:
        (met,) = callers(
            arena,
            *("--processes", "4", "--threads", "4", "--apps", ",".join(APPS)),
            *("--seconds", str(MINUTES * 60 / SPEED), "--every", str(EVERY / SPEED)),
        )
    finally:
        arena.play.simulator.post("clock", speed=1)
    calls = met["good"] + sum(met["failures"].values())
    share = met["good"] / calls
    outcome = Outcome(
        notes=[
            f"{met['revocations']} revocations, {met['gettokens']} gettoken for {len(APPS)} secrets, "
            f"{met['good']} of {calls} calls good ({share:.3%}), slowest {met['slowest']} s"
        ]
    )
    outcome.notes += [f"{kind} x{count}" for kind, count in met["failures"].items()]
    if share < 0.999:
        outcome.notes.append("WRONG less than 99.9 % came through")
    if met["gettokens"] > (met["revocations"] + 1) * len(APPS):
        outcome.notes.append("WRONG more than one gettoken a revocation and secret")
    return outcome


class Banner:
    """Looks at the console until it says that an API is refused."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seen_at = math.inf

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._over.set()
        self._thread.join(30)

    def _look(self) -> None:
        while not self._over.is_set() and self.seen_at == math.inf:
            page = self._arena.play.hq.page("/console/")
            if 'id="held-apis"' in page and REFUSED_API in page:
                self.seen_at = time.monotonic()
            self._over.wait(2)


def api_refused(arena: Arena, seconds: float) -> Outcome:
    """F12: 45009 for minutes while customers scan; the tags of all of them wait."""
    simulator = arena.play.simulator
    people, banner = arena.people(), Banner(arena)
    calls_before = len(_calls(arena))
    simulator.post("faults", endpoint=REFUSED_API, kind="errcode", value=45009)
    begun = time.monotonic()
    banner.start()
    try:
        scans.scan(arena.play, people, 10.0)
        time.sleep(max(0.0, begun + seconds - time.monotonic()))
    finally:
        simulator.delete("faults")
        banner.stop()
    probes = _calls(arena)[calls_before:]
    outcome = Outcome(notes=_probe_notes(probes, seconds))
    outcome.notes += _banner_notes(banner.seen_at - begun)
    lifted = time.monotonic()
    arena.play.simulator.post("wait_idle", timeout=60)
    wait_for(lambda: _settled(arena), AFTERWARDS_SECONDS, pause=1.0)
    outcome.notes.append(f"all done {time.monotonic() - lifted:.0f} s after WeCom took calls again")
    after = arena.compare(people)
    outcome.lost, outcome.doubled = after.lost, after.doubled
    outcome.notes += after.notes
    outcome.notes += callback_notes(arena, people)
    return outcome


def _calls(arena: Arena) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = arena.play.simulator.get("ledger/calls", api=REFUSED_API)
    return rows


def _settled(arena: Arena) -> bool:
    try:
        arena.play.settle(2)
    except WrongFigureError:
        return False
    return True


def _probe_notes(probes: Sequence[dict[str, Any]], seconds: float) -> list[str]:
    """Say how often the refused API was called; wrong when more than once a minute."""
    if not probes:
        return ["WRONG nobody called the refused API"]
    first = probes[0]["at"]
    at_once = [row for row in probes if row["at"] - first <= ALREADY_SENT_SECONDS]
    later = [row["at"] - first for row in probes if row["at"] - first > ALREADY_SENT_SECONDS]
    notes = [
        f"refused for {seconds:.0f} s: {len(at_once)} calls in the first moment, then "
        f"{len(later)} probes at {[round(moment) for moment in later]} s"
    ]
    gaps = [late - early for early, late in pairwise([0.0, *later])]
    if any(gap < PROBE_SECONDS for gap in gaps):
        notes.append("WRONG more than one probe a minute")
    if not later:
        notes.append("WRONG no probe came")
    return notes


def _banner_notes(seconds: float) -> list[str]:
    notes = [f"the console says so after {seconds:.0f} s" if seconds < math.inf else "no banner"]
    return notes if seconds <= BANNER_SECONDS else [*notes, "WRONG no banner within a minute"]


def callback_notes(arena: Arena, people: Sequence[dict[str, Any]]) -> list[str]:
    """Say how long our door took for the callbacks of these people; wrong when p99 is over 300 ms."""
    ids = {person["id"] for person in people}
    relations = arena.play.simulator.get("ledger/relations")
    externals = {row["external_userid"] for row in relations if row["person_id"] in ids}
    times = sorted(
        attempt["ms"]
        for row in arena.play.simulator.get("ledger/callbacks", app="scrm")
        if any(external in row["xml"] for external in externals)
        for attempt in row["attempts"]
    )
    if not times:
        return ["WRONG no callback was sent"]
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    notes = [f"{len(times)} callbacks, p50 {times[len(times) // 2]:.0f} ms, p99 {p99:.0f} ms"]
    return notes if p99 < CALLBACK_P99_MS else [*notes, "WRONG callbacks waited over 300 ms"]


def leaks(arena: Arena) -> list[str]:
    """Say how often a secret stands in a log or on a page about failures; wrong when ever."""
    canaries = _canaries(arena)
    texts = {
        str(path.relative_to(arena.var)): path.read_text(encoding="utf-8", errors="replace")
        for path in [*arena.var.glob("*.log"), *arena.var.glob("logs/*.log")]
    }
    for page in ("/console/outbox/", "/console/jobs/", "/console/alerts/"):
        texts[page] = arena.play.hq.page(page)
    found = Counter(
        f"{name} in {place}"
        for place, text in texts.items()
        for name, value in canaries.items()
        if value in text
    )
    size = sum(map(len, texts.values())) // 1024
    notes = [f"{len(canaries)} secrets looked for in {len(texts)} logs and pages of {size} KiB"]
    return notes + [f"WRONG a secret leaks: {where}" for where in sorted(found)]


def _canaries(arena: Arena) -> dict[str, str]:
    from scrm.core.gateway import wecom

    values = arena.stack.environment.values
    words = ("SECRET", "AES_KEY", "TOKEN", "_KEY", "KEYS")
    found = {
        name: value
        for name, value in values.items()
        if any(word in name for word in words) and len(value) >= 12 and not value.startswith("/")
    }
    for app in APPS:
        found[f"access_token of {app}"] = str.__str__(wecom(app).access_token)
    return found
