"""F09: WeCom misbehaves, call by call and during scans."""

import time
from typing import Any

from scrm.core.gateway import wecom
from scrm.demo.story import scans
from scrm.wecom.errors import WeComError
from tests.faults.harness import Arena, Outcome

LIMIT = 8.0
USER, FOLLOWERS = "user/get", "externalcontact/get_follow_user_list"
# API, kind, value, how often (None: until cleared), and the class a caller gets; "" means that it comes through.
# What the client remembers comes last: a refused fresh token for some seconds, a used-up rate for a minute.
ANSWERS: tuple[tuple[str, str, float | None, int | None, str], ...] = (
    (USER, "html", 200, None, "WeComRetryable"),
    (USER, "html", 502, None, "WeComRetryable"),
    (USER, "truncated", 0.5, None, "WeComRetryable"),
    (USER, "http_500", 500, None, "WeComRetryable"),
    (USER, "reset", None, None, "WeComRetryable"),
    (USER, "stall", 20, None, "WeComRetryable"),
    (USER, "drip", 30, None, "WeComRetryable"),
    (USER, "errcode", -1, None, "WeComRetryable"),
    (USER, "errcode", 42001, 1, ""),
    (USER, "errcode", 40014, 1, ""),
    (USER, "errcode", 48002, None, "WeComPermission"),
    (USER, "errcode", 60020, None, "WeComPermission"),
    (USER, "errcode", 45009, None, "WeComQuota"),
    (FOLLOWERS, "errcode", 45033, None, "WeComRetryable"),
    (FOLLOWERS, "errcode", 42001, None, "WeComAuth"),
)
DURING_SCANS = (
    ("html", 502.0),
    ("truncated", 0.5),
    ("errcode", -1.0),
    ("reset", None),
    ("latency", 0.5),
)


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
    problems, slowest = [], 0.0
    for endpoint, kind, value, count, expected in ANSWERS:
        order: dict[str, Any] = {
            "endpoint": endpoint,
            "kind": kind,
            "value": value,
            "rate": 1.0,
            "count": count,
        }
        simulator.post("faults", **{name: part for name, part in order.items() if part is not None})
        begun = time.monotonic()
        found = _outcome_of_a_call(endpoint, arena.play.files.employees[0].userid)
        seconds = time.monotonic() - begun
        simulator.delete("faults")
        slowest = max(slowest, seconds)
        if found != expected or seconds > LIMIT + 0.5:
            said, wanted = found or "came through", expected or "to come through"
            problems.append(f"{kind} {value}: {said} after {seconds:.1f} s, expected {wanted}")
    return problems, slowest


def _outcome_of_a_call(endpoint: str, userid: str) -> str:
    client = wecom()
    try:
        if endpoint == USER:
            client.user.get(userid)
        else:
            client.external_contact.get_follow_user_list()
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
