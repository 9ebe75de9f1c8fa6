"""F09: WeCom misbehaves, call by call and during scans."""

import time
from typing import Any

from scrm.core.gateway import wecom
from scrm.demo.story import scans
from scrm.wecom.errors import WeComError
from tests.faults.harness import Arena, Outcome

LIMIT = 8.0
# kind, value, how often (None: until cleared), and the class a caller gets; "" means that it comes through.
ANSWERS: tuple[tuple[str, float | None, int | None, str], ...] = (
    ("html", 200, None, "WeComRetryable"),
    ("html", 502, None, "WeComRetryable"),
    ("truncated", 0.5, None, "WeComRetryable"),
    ("http_500", 500, None, "WeComRetryable"),
    ("reset", None, None, "WeComRetryable"),
    ("stall", 20, None, "WeComRetryable"),
    ("drip", 30, None, "WeComRetryable"),
    ("errcode", -1, None, "WeComRetryable"),
    ("errcode", 42001, 1, ""),
    ("errcode", 42001, None, "WeComAuth"),
    ("errcode", 40014, 1, ""),
    ("errcode", 45009, None, "WeComQuota"),
    ("errcode", 45033, None, "WeComQuota"),
    ("errcode", 48002, None, "WeComPermission"),
    ("errcode", 60020, None, "WeComPermission"),
)
DURING_SCANS = (
    ("html", 502.0),
    ("truncated", 0.5),
    ("errcode", -1.0),
    ("reset", None),
    ("latency", 0.5),
)
READ = "externalcontact/get"


def wecom_misbehaves(arena: Arena) -> Outcome:
    """Order each answer for one call, then a mixture of them for a round of scans."""
    problems, slowest = _call_by_call(arena)
    outcome = _during_scans(arena)
    outcome.notes.append(
        f"{len(ANSWERS) - len(problems)} of {len(ANSWERS)} answers typed, slowest {slowest:.1f} s"
    )
    outcome.notes += [f"WRONG {problem}" for problem in problems]
    return outcome


def _call_by_call(arena: Arena) -> tuple[list[str], float]:
    simulator = arena.play.simulator
    known = simulator.get("ledger/relations", limit=1)[0]["external_userid"]
    problems, slowest = [], 0.0
    for kind, value, count, expected in ANSWERS:
        order: dict[str, Any] = {
            "endpoint": READ,
            "kind": kind,
            "value": value,
            "rate": 1.0,
            "count": count,
        }
        simulator.post("faults", **{name: part for name, part in order.items() if part is not None})
        begun = time.monotonic()
        found = _outcome_of_a_call(known)
        seconds = time.monotonic() - begun
        simulator.delete("faults")
        slowest = max(slowest, seconds)
        if found != expected or seconds > LIMIT + 0.5:
            problems.append(
                f"{kind} {value}: {found or 'came through'} after {seconds:.1f} s, expected {expected or 'to come through'}"
            )
    return problems, slowest


def _outcome_of_a_call(external_userid: str) -> str:
    try:
        wecom().external_contact.get(external_userid)
    except WeComError as error:
        return type(error).__name__
    except Exception as error:  # noqa: BLE001 - an untyped outcome is what is looked for
        return f"untyped {type(error).__name__}"
    return ""


def _during_scans(arena: Arena) -> Outcome:
    simulator = arena.play.simulator
    people = arena.people()
    for seed, (kind, value) in enumerate(DURING_SCANS):
        order = {"endpoint": "externalcontact/*", "kind": kind, "rate": 0.06, "seed": seed}
        simulator.post("faults", **order, **({} if value is None else {"value": value}))
    try:
        scans.scan(arena.play, people, 10.0)
        time.sleep(5)
    finally:
        simulator.delete("faults")
    return arena.compare(people)
