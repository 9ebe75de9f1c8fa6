"""What a rule does about one tag on one relation: a pure table, so that no order of arrival can surprise it."""

from dataclasses import dataclass
from enum import StrEnum

from customers.segments.models import RuleMark

State = RuleMark.State


class Write(StrEnum):
    """What is asked of WeCom."""

    NOTHING = ""
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True)
class Manner:
    """How a rule behaves: does it take off what no longer holds, does it put back what a person took off."""

    takes_off: bool
    puts_back: bool


def decide(
    state: str | None, *, carries: bool, wanted: bool, manner: Manner
) -> tuple[str | None, Write]:
    """Return the next state of a mark and what to ask of WeCom.

    carries: the relation has the tag as we know it; wanted: the person meets the condition. What a person
    takes off stays off unless the rule says otherwise; what the rule did not put it does not take off.
    """
    if state == State.REFUSED:
        return state, Write.NOTHING
    if wanted:
        return _wanted(state, carries=carries, manner=manner)
    return _unwanted(state, carries=carries, manner=manner)


def _wanted(state: str | None, *, carries: bool, manner: Manner) -> tuple[str | None, Write]:
    if carries:
        # A removal on its way is waited for: the tag comes back after it.
        kept = {State.PUT: State.PUT, State.ASKED: State.PUT, State.LEAVING: State.LEAVING}
        return kept.get(State(state), State.FOUND) if state else State.FOUND, Write.NOTHING
    if state == State.ASKED:
        return state, Write.NOTHING
    if state in (State.PUT, State.FOUND, State.LEFT) and not manner.puts_back:
        return State.LEFT, Write.NOTHING
    return State.ASKED, Write.ADD


def _unwanted(state: str | None, *, carries: bool, manner: Manner) -> tuple[str | None, Write]:
    if state in (State.ASKED, State.PUT) and carries:
        return (State.LEAVING, Write.REMOVE) if manner.takes_off else (State.PUT, Write.NOTHING)
    if state == State.PUT:
        return State.LEFT, Write.NOTHING
    if state == State.LEAVING and not carries:
        return State.OFF, Write.NOTHING
    return state, Write.NOTHING
