"""Who earned an order: a pure function of dated facts and of a version of the rules.

A parameter on the order that was tampered with, is unknown, had expired, or whose guide had left or is gone
ends the matter: the order is nobody's, whatever other rules would find (product.md §3: never another guide).
So is what a colleague bought.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from attribution.sales.models import Credit, Rule

MOST_LOSERS = 5
Reason = Credit.Reason


@dataclass(frozen=True)
class Step:
    """A rule of a set; `window_days` 0 means no limit."""

    rule: str
    window_days: int = 0


@dataclass(frozen=True)
class CarriedParameter:
    """What the parameter on an order proves; `state` is "", tampered, expired, left or gone."""

    state: str = ""
    parameter_id: int | None = None
    member_id: int | None = None
    store_id: int | None = None


@dataclass(frozen=True, order=True)
class TouchFact:
    """A touch with a guide's parameter (or an add of the guide) by the person who bought."""

    occurred_at: datetime
    event_id: str
    kind: str = field(compare=False)
    member_id: int = field(compare=False)


@dataclass(frozen=True, order=True)
class AddFact:
    """The person added a guide, who served this store when the order was paid."""

    started_at: datetime
    member_id: int
    store_id: int | None = field(compare=False)
    ended_at: datetime | None = field(compare=False, default=None)


@dataclass(frozen=True)
class OrderFacts:
    """All that may decide an order, as of the moment it was paid.

    `owners` are the accounts of its store in order; `home_store_id` is the store of the buyer's membership.
    """

    paid_at: datetime
    parameter: CarriedParameter | None = None
    is_staff: bool = False
    home_store_id: int | None = None
    touches: Sequence[TouchFact] = ()
    adds: Sequence[AddFact] = ()
    owners: Sequence[int] = ()


@dataclass(frozen=True)
class Claim:
    """A rule says: this member."""

    member_id: int
    rule: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """The member with the evidence, or nobody with the reason; up to five others who had a claim."""

    member_id: int | None
    rule: str = ""
    reason: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    losers: Sequence[Mapping[str, Any]] = ()


def decide(facts: OrderFacts, steps: Sequence[Step]) -> Decision:
    """Return who earned the order: the first rule that yields a guide wins.

    Depends on the facts alone, not on the order of `touches` or `adds`; what happened after the payment
    is left out.
    """
    claims = list(_all_claims(facts, steps))
    refused = _refusal(facts)
    if refused:
        evidence = {} if refused == Reason.STAFF else _ids(facts.parameter)
        return Decision(None, reason=refused, evidence=evidence, losers=_losers(claims))
    if not claims:
        return Decision(None, reason=Reason.NOBODY)
    winner, *others = claims
    return Decision(
        winner.member_id, rule=winner.rule, evidence=winner.evidence, losers=_losers(others)
    )


def _refusal(facts: OrderFacts) -> str:
    if facts.parameter is not None and facts.parameter.state:
        return facts.parameter.state
    return Reason.STAFF.value if facts.is_staff else ""


def _all_claims(facts: OrderFacts, steps: Sequence[Step]) -> Iterator[Claim]:
    """Yield the claims in the order of the rules, each member once."""
    seen: set[int] = set()
    for step in steps:
        for claim in CLAIMS[step.rule](facts, step):
            if claim.member_id not in seen:
                seen.add(claim.member_id)
                yield claim


def _losers(claims: Sequence[Claim]) -> list[Mapping[str, Any]]:
    return [
        {"member_id": claim.member_id, "rule": claim.rule, **claim.evidence}
        for claim in claims[:MOST_LOSERS]
    ]


def _ids(parameter: CarriedParameter | None) -> dict[str, Any]:
    if parameter is None or parameter.parameter_id is None:
        return {}
    left = {"member_id": parameter.member_id} if parameter.state == Reason.LEFT else {}
    return {"parameter_id": parameter.parameter_id, **left}


def _by_parameter(facts: OrderFacts, step: Step) -> Iterator[Claim]:
    carried = facts.parameter
    if carried is not None and not carried.state and carried.member_id is not None:
        yield Claim(carried.member_id, step.rule, _ids(carried))


def _in_window(facts: OrderFacts, step: Step) -> Iterable[TouchFact]:
    """Tills and malls name whole seconds: a touch of the same second came before the payment."""
    since = facts.paid_at - timedelta(days=step.window_days) if step.window_days else None
    return [
        touch
        for touch in facts.touches
        if touch.occurred_at.replace(microsecond=0) <= facts.paid_at
        and (since is None or touch.occurred_at >= since)
    ]


def _by_last_touch(facts: OrderFacts, step: Step) -> Iterator[Claim]:
    for touch in sorted(_in_window(facts, step), reverse=True):
        yield _touched(touch, step)


def _by_first_touch(facts: OrderFacts, step: Step) -> Iterator[Claim]:
    for touch in sorted(_in_window(facts, step)):
        yield _touched(touch, step)


def _touched(touch: TouchFact, step: Step) -> Claim:
    evidence = {"event_id": touch.event_id, "kind": touch.kind, "at": _at(touch.occurred_at)}
    return Claim(touch.member_id, step.rule, evidence)


def _by_bound_guide(facts: OrderFacts, step: Step) -> Iterator[Claim]:
    """The first add in the buyer's store that lasted until the payment."""
    if facts.home_store_id is None:
        return
    since = facts.paid_at - timedelta(days=step.window_days) if step.window_days else None
    for add in sorted(facts.adds):
        lasts = add.ended_at is None or add.ended_at > facts.paid_at
        young = since is None or add.started_at >= since
        if (
            add.started_at <= facts.paid_at
            and lasts
            and young
            and add.store_id == facts.home_store_id
        ):
            yield Claim(add.member_id, step.rule, {"kind": "add", "at": _at(add.started_at)})


def _by_store_owner(facts: OrderFacts, step: Step) -> Iterator[Claim]:
    for position, member_id in enumerate(facts.owners, start=1):
        yield Claim(member_id, step.rule, {"position": position})


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


CLAIMS: Mapping[str, Callable[[OrderFacts, Step], Iterator[Claim]]] = {
    Rule.ORDER_PARAMETER.value: _by_parameter,
    Rule.LAST_TOUCH.value: _by_last_touch,
    Rule.FIRST_TOUCH.value: _by_first_touch,
    Rule.BOUND_GUIDE.value: _by_bound_guide,
    Rule.STORE_OWNER.value: _by_store_owner,
}
