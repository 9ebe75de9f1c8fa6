"""F09: WeCom misbehaves, call by call and during scans."""

import time
from dataclasses import asdict, dataclass
from typing import Any

from scrm.core.gateway import wecom
from scrm.demo.story import scans
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComError
from scrm.wecom.local import LocalBucket, LocalLock, LocalTokens
from scrm.wecom.ports import Token
from tests.faults.gateway import callback_notes, leaks
from tests.faults.harness import Arena, Outcome

LIMIT = 8.0
USER, FOLLOWERS = "user/get", "externalcontact/get_follow_user_list"
WRITE = "externalcontact/remark"
REFUSED_CONNECTION = "refused"


@dataclass(frozen=True)
class Case:
    """One thing WeCom does to a call, and the class a caller gets; "" means that it comes through."""

    api: str
    kind: str
    expected: str
    value: float | None = None
    count: int | None = None
    text: str = ""
    charset: str = "utf-8"
    # How often WeCom is asked; 0 when it does not matter.
    posts: int = 0

    def order(self) -> dict[str, Any]:
        """Return it as the simulator takes it."""
        return {
            "endpoint": self.api,
            **{
                name: value
                for name, value in asdict(self).items()
                if name not in ("api", "expected", "posts") and value is not None
            },
        }


RETRY, UNKNOWN = "WeComRetryable", "WeComUnknownOutcome"
# What a proxy, a network or WeCom does instead of answering; a write that was sent may have been done.
BROKEN: tuple[dict[str, Any], ...] = (
    {"kind": "html", "value": 200},
    {"kind": "html", "value": 502},
    {"kind": "truncated", "value": 0.5},
    {"kind": "http_500", "value": 500},
    {"kind": "http_500", "value": 503},
    {"kind": "reset"},
    {"kind": "stall", "value": 30},
    {"kind": "drip", "value": 120},
    {"kind": "body", "text": "[]"},
    {"kind": "body", "text": ""},
    {"kind": "body", "text": "null"},
    {"kind": "body", "text": '{"errcode": 0, "userid": "x'},
    {"kind": "body", "text": '{"errcode": "0", "userid": "x"}'},
    {"kind": "body", "text": '{"userid": "x"}'},
    {"kind": "body", "text": '{"errcode": 0, "name": "\u5f20"}', "charset": "utf-16"},
)
CODES = (
    (-1, RETRY),
    (45033, RETRY),
    (6000, RETRY),
    (48002, "WeComPermission"),
    (60011, "WeComPermission"),
    (60020, "WeComPermission"),
    (84061, "WeComPermanent"),
    (60111, "WeComPermanent"),
    (777777, "WeComPermanent"),
)
# What the client remembers comes last: a refused fresh token for some seconds, a used-up rate for a minute.
ANSWERS: tuple[Case, ...] = (
    *(Case(USER, expected=RETRY, **broken) for broken in BROKEN),
    *(Case(WRITE, expected=UNKNOWN, **broken) for broken in BROKEN if broken["kind"] != "drip"),
    Case(USER, "http_500", RETRY, 429),
    Case(WRITE, "http_500", RETRY, 429),
    *(Case(USER, "errcode", expected, code) for code, expected in CODES),
    Case(USER, "body", "", text='{"errcode": 0, "userid": "x", "name": null, "new": [{"a": {}}]}'),
    Case(USER, "body", "", text='{"errcode": 0, "department": "1", "status": "odd", "gender": 9}'),
    Case(USER, "errcode", "", -1, 2),
    # Busy: a read is asked again, a write never, for it may have been done.
    Case(WRITE, "errcode", UNKNOWN, -1, posts=1),
    Case(WRITE, "errcode", RETRY, 6000, posts=3),
    Case(USER, "errcode", "", 45033, 2),
    Case(USER, "errcode", "", 42001, 1),
    Case(USER, "errcode", "", 40014, 1),
    Case(USER, REFUSED_CONNECTION, RETRY),
    Case(WRITE, REFUSED_CONNECTION, RETRY),
    Case(USER, "errcode", "WeComQuota", 45009),
    Case(FOLLOWERS, "errcode", "WeComAuth", 42001),
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
    outcome.notes += leaks(arena)
    return outcome


def _call_by_call(arena: Arena) -> tuple[list[str], float]:
    problems, slowest = [], 0.0
    userid = arena.play.files.employees[0].userid
    for case in ANSWERS:
        begun, before = time.monotonic(), _asked(arena, case)
        found = _met(arena, case, userid)
        seconds = time.monotonic() - begun
        slowest = max(slowest, seconds)
        posts = _asked(arena, case) - before
        if case.posts and posts != case.posts:
            problems.append(f"{case}: asked {posts} times")
        if found != case.expected or seconds > LIMIT + 0.5:
            said, wanted = found or "came through", case.expected or "to come through"
            problems.append(f"{case}: {said} after {seconds:.1f} s, expected {wanted}")
    return problems, slowest


def _asked(arena: Arena, case: Case) -> int:
    """Return how often WeCom was asked so far, for a case that counts it."""
    if not case.posts:
        return 0
    return len(arena.play.simulator.get("ledger/calls", api=case.api))


def _met(arena: Arena, case: Case, userid: str) -> str:
    """Return the class of failure a caller meets, "" when the call comes through."""
    if case.kind == REFUSED_CONNECTION:
        return _outcome_of_a_call(_nobody_listens(), case.api, userid)
    arena.play.simulator.post("faults", **case.order())
    try:
        return _outcome_of_a_call(wecom(), case.api, userid)
    finally:
        arena.play.simulator.delete("faults")


class _Fetched(LocalTokens):
    """A store in which every credential has a token, as if fetched earlier."""

    def get(self, key: str) -> Token | None:
        """Return a living token."""
        return Token(f"token {key}", time.time() + 7200, time.time())


def _nobody_listens() -> WeComClient:
    """Return a client with a token whose WeCom refuses connections."""
    return WeComClient(
        "corp",
        "secret of nobody",
        api_base="http://127.0.0.1:9",
        tokens=_Fetched(),
        lock=LocalLock(),
        bucket=LocalBucket(),
    )


def _outcome_of_a_call(client: WeComClient, api: str, userid: str) -> str:
    try:
        if api == USER:
            client.user.get(userid)
        elif api == WRITE:
            client.external_contact.remark(userid, "wmNobody", remark="x")
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
    outcome = arena.compare(people)
    outcome.notes += callback_notes(arena, people)
    return outcome
