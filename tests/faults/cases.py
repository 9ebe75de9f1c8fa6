"""The faults: what is broken, and what must be true afterwards (reliability.md §3.2)."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import redis

from scrm.demo import figures
from scrm.demo.stack import answers, wait_for
from scrm.demo.story import scans
from scrm.localservices import launcher
from tests.faults import customers_sync, gateway, oa, oneid, poison, privacy
from tests.faults.harness import Arena, Outcome
from tests.faults.probe import Probe
from tests.faults.wecom_answers import wecom_misbehaves

# A killed process needs a moment to import everything; the two of a kind are killed in turn.
PAUSE = 4.0
KILLS_OF_POSTGRES = 3
# Four tries, a second apart.
WECOM_TRIES = 3.0
REFUSED_SECONDS = 600.0
# The short form scans for so many seconds.
SHORT_SECONDS = 60.0
NOTHING = "0 lost of what was acknowledged, 0 doubled"


@dataclass
class Row:
    """One line of var/faults.json."""

    id: str
    injected: str
    expected: str
    observed: str
    lost: int
    doubled: int
    holds: bool

    def public(self) -> dict[str, object]:
        """As the file holds it."""
        return asdict(self)


def _row(name: str, injected: str, expected: str, outcome: Outcome) -> Row:
    first = sorted(outcome.lost)[:3] + sorted(outcome.doubled)[:3]
    observed = "; ".join([*outcome.notes, *first])
    return Row(
        name, injected, expected, observed, len(outcome.lost), len(outcome.doubled), outcome.holds
    )


def _most_of(times: float) -> int:
    """How many kills must have hit of those that fit into the time: a program that is just starting is missed."""
    return max(1, int(times * 0.7))


def inbox_workers_killed(arena: Arena) -> Row:
    """F01."""

    def break_something(number: int) -> None:
        arena.kill(f"inbox-{1 + number % 2}")

    outcome = arena.scan_while(
        break_something, every=PAUSE, seconds=arena.seconds, kills=_most_of(arena.seconds / PAUSE)
    )
    return _row("F01", f"kill -9 of one of two inbox workers every {PAUSE:.0f} s", NOTHING, outcome)


def web_killed(arena: Arena) -> Row:
    """F02: workers one after another, twice a whole server with its worker."""

    def break_something(number: int) -> None:
        if number % 4 == 3:
            arena.kill(f"web-{1 + number // 4 % 2}")
        else:
            arena.kill_worker(number)

    # A connection that waits at a dying server is reset; the next try reaches the other server.
    outcome = arena.scan_while(
        break_something,
        every=PAUSE,
        seconds=arena.seconds,
        kills=_most_of(arena.seconds / PAUSE),
        given_up=lambda: 0.01,
    )
    back = wait_for(lambda: answers(f"{arena.play.environment.web_url}/healthz"), 5)
    outcome.notes.append(
        "listening again" if back else "WRONG the web server does not listen after 5 s"
    )
    return _row(
        "F02",
        f"kill -9 of a web worker every {PAUSE:.0f} s, every fourth time of a whole server",
        NOTHING,
        outcome,
    )


def postgres_killed(arena: Arena) -> Row:
    """F03: postmaster and backends at once; restarted by the supervisor, no other part is restarted."""
    if not launcher.status(arena.var)["postgres"]:
        return _not_private("F03", "PostgreSQL")
    recovered: list[float] = []
    probe = Probe(arena.play.environment.web_url)

    seconds = max(arena.seconds, 45.0)
    ready_since = time.monotonic()

    def break_something(_number: int) -> None:
        nonlocal ready_since
        if len(recovered) == KILLS_OF_POSTGRES or time.monotonic() - ready_since < PAUSE:
            return
        with probe:
            arena.kill_service("postgres")
            begun = time.monotonic()
            arena.service_is_back("postgres")
            wait_for(lambda: answers(f"{arena.play.environment.web_url}/readyz"), 20)
        ready_since = time.monotonic()
        recovered.append(ready_since - begun)

    def given_up() -> float:
        """What scans evenly spread lose to outages longer than WeCom's tries, and a second for each on top."""
        return 0.02 + sum(max(0.0, away - WECOM_TRIES + 1) for away in recovered) / seconds

    outcome = arena.scan_while(
        break_something, every=1.5, seconds=seconds, kills=KILLS_OF_POSTGRES, given_up=given_up
    )
    outcome.notes.append(
        f"ready again after {', '.join(f'{seconds:.1f}' for seconds in recovered)} s"
    )
    if not recovered or max(recovered) > 10:
        outcome.notes.append("WRONG not ready within 10 s")
    outcome.notes += probe.verdict(kills=len(recovered))
    return _row(
        "F03",
        "kill -9 of PostgreSQL with all its backends, 3 times",
        f"{NOTHING}; no 200 for what is not stored; ready in 10 s",
        outcome,
    )


def redis_killed(arena: Arena) -> Row:
    """F04: killed, emptied, then absent for a whole round of scans."""
    if not launcher.status(arena.var)["redis"]:
        return _not_private("F04", "Redis")
    url = arena.play.environment.values["REDIS_URL"]

    def break_something(number: int) -> None:
        if number % 2:
            redis.Redis.from_url(url).flushall()
        else:
            arena.kill_service("redis")
            arena.service_is_back("redis")

    # Every second time it is emptied only, and each kill waits until it is back.
    outcome = arena.scan_while(
        break_something, every=2.0, seconds=arena.seconds / 2, kills=max(1, int(arena.seconds / 16))
    )
    watch = arena.stack.running.pop("services")
    watch.terminate()
    watch.wait(20)
    arena.kill_service("redis")
    try:
        absent = arena.scan_while(
            lambda _n: None, every=2.0, seconds=arena.seconds / 2, read_all=False
        )
    finally:
        arena.stack.start_part("services")
        arena.service_is_back("redis")
    # Jobs need Redis: what was scanned without it is read again now.
    arena.read_all(arena.seen(), absent)
    outcome.lost |= absent.lost
    outcome.doubled |= absent.doubled
    outcome.notes += [f"without Redis: {note}" for note in absent.notes]
    return _row(
        "F04", "Redis killed, emptied, then absent", f"{NOTHING}, also without Redis", outcome
    )


def callbacks_repeated(arena: Arena) -> Row:
    """F07: each callback three times at once, many customers in the same second."""
    people = arena.people()
    stored, different = figures.inbox_events(), _different_callbacks(arena)
    arena.play.simulator.post("delivery", duplicate=2)
    try:
        scans.scan(arena.play, people, 2.0)
        outcome = arena.compare(people)
    finally:
        arena.play.simulator.post("delivery", duplicate=0)
    stored, different = figures.inbox_events() - stored, _different_callbacks(arena) - different
    outcome.notes.append(
        f"{stored} rows stored for {different} different callbacks, each delivered 3 times"
    )
    if stored != different:
        outcome.notes.append("WRONG not one row each")
    return _row(
        "F07",
        "every callback three times, all customers within 2 s",
        f"{NOTHING}; one row each",
        outcome,
    )


def _different_callbacks(arena: Arena) -> int:
    return len({row["xml"] for row in arena.play.simulator.get("ledger/callbacks")})


def _not_private(name: str, what: str) -> Row:
    return Row(
        name,
        f"kill -9 of {what}",
        NOTHING,
        f"NOT RUN: {what} is not ours (unset DATABASE_URL, REDIS_URL)",
        0,
        0,
        False,
    )


def wecom_misbehaved(arena: Arena) -> Row:
    """F09."""
    outcome = wecom_misbehaves(arena)
    expected = f"typed outcome within 8 s; {NOTHING}"
    return _row(
        "F09",
        "WeCom answers HTML, half or foreign JSON, error codes, 500, 429, resets, stalls, drips, refuses connections",
        expected,
        outcome,
    )


def tokens_stampeded(arena: Arena) -> Row:
    """F10."""
    expected = "1 gettoken a secret and moment; at most 2 without Redis"
    return _row(
        "F10",
        f"{gateway.PROCESSES} processes x {gateway.THREADS} threads call at once, cold and after revocation",
        expected,
        gateway.token_stampede(arena),
    )


def tokens_revoked(arena: Arena) -> Row:
    """F11."""
    return _row(
        "F11",
        f"tokens revoked every {gateway.EVERY} s for {gateway.MINUTES} min of WeCom's clock",
        "at most 1 gettoken a revocation and secret; 99.9 % of calls come through",
        gateway.tokens_revoked(arena),
    )


def api_refused(arena: Arena) -> Row:
    """F12: ten minutes; two in the short form."""
    seconds = 130.0 if arena.seconds < REFUSED_SECONDS / 10 else REFUSED_SECONDS
    outcome = gateway.api_refused(arena, seconds)
    outcome.notes += gateway.leaks(arena)
    return _row(
        "F12",
        f"45009 at {gateway.REFUSED_API} for {seconds:.0f} s while customers scan",
        f"at most 1 probe a minute; banner within 60 s; {NOTHING}",
        outcome,
    )


def sync_killed(arena: Arena) -> Row:
    """F13."""
    return _row(
        "F13",
        "a full sync is killed at random points, and 1 % of WeCom's answers are errors",
        "equal to WeCom row by row, no false loss, at most one page a chain asked again for a kill",
        customers_sync.sync_killed(short=arena.is_short),
    )


def identities_contradict(arena: Arena) -> Row:
    """F21."""
    return _row(
        "F21",
        "one unionid by two apps, a late one, a phone passed on, conflicts, merges taken back, 16 writers at once",
        "the oracle's persons, one for a unionid, 0 orphan orders, un-merge exact, 10,000 steps",
        oneid.identities_disturbed(short=arena.is_short),
    )


def endpoint_away(arena: Arena) -> Row:
    """F14."""
    return _row(
        "F14",
        "the endpoint is away while customers are added, lost, handed over, tagged and renamed",
        "one comparison finds and lists every change, and nothing else",
        customers_sync.endpoint_away(short=arena.is_short),
    )


def oa_lied(arena: Arena) -> Row:
    """F18."""
    return _row(
        "F18",
        "the OA answers empty, shrunken, doubled, blank, circular, half, as an error page, or as yesterday",
        "held for a named person, or no plan; 0 accounts changed, 0 written",
        oa.oa_lies(arena),
    )


def oa_worker_killed(arena: Arena) -> Row:
    """F19."""
    return _row(
        "F19",
        "kill -9 of the worker in each phase of an OA run",
        "resumed; every account once, nobody deleted, the same files plan nothing",
        oa.worker_dies(arena),
    )


def address_book_emptied(arena: Arena) -> Row:
    """F20."""
    return _row(
        "F20",
        "WeCom lists no departments, no members, nobody with customer contact, with errcode 0",
        "nobody marked as left, no customer without whoever serves her, no plan",
        oa.address_book_empty(arena),
    )


def poison_among_events(arena: Arena) -> Row:
    """F24: 100 among 10,000; in the short form 40 among 4,000."""
    good, bad = (10_000, 100) if arena.seconds > SHORT_SECONDS else (4_000, 40)
    return _row(
        "F24",
        f"{bad} events whose handler always raises, among {good}",
        "quarantined after 5 tries with back-off; the others at 90 % of their throughput; the button re-runs them",
        poison.poison_events(arena, good, bad),
    )


def keys_changed(arena: Arena) -> Row:
    """F27."""
    rows = 20_000 if arena.seconds > SHORT_SECONDS else 2_000
    return _row(
        "F27",
        f"every key changed in three steps over {rows} members, kill -9 on the way, callback pair and WeCom secret renewed, while people scan, read, write and look up",
        "0 decrypt errors, 0 failed look-ups, 0 lost scans, the old keys, pair and secret useless in the end",
        privacy.keys_rotated(arena, rows),
    )


CASES: dict[str, Callable[[Arena], Row]] = {
    "F01": inbox_workers_killed,
    "F02": web_killed,
    "F03": postgres_killed,
    "F04": redis_killed,
    "F07": callbacks_repeated,
    "F09": wecom_misbehaved,
    "F10": tokens_stampeded,
    "F11": tokens_revoked,
    "F12": api_refused,
    "F13": sync_killed,
    "F14": endpoint_away,
    "F18": oa_lied,
    "F19": oa_worker_killed,
    "F20": address_book_emptied,
    "F21": identities_contradict,
    "F24": poison_among_events,
    "F27": keys_changed,
}
