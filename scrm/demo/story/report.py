"""What the story says: each figure beside the one that was expected."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

Value = TypeVar("Value")
SHOWN = 12
SMALL = 4
MOST_WORDS = 300


class WrongFigureError(AssertionError):
    """A figure is not what it must be; the message names both."""


@dataclass
class Report:
    """Prints the figures of each step; `say` takes one line of text.

    `strict`: a wrong figure ends the story. Without it, a demo on a busy machine shows what there is: a welcome
    that missed WeCom's 20 seconds is said, and the rest goes on.
    """

    say: Callable[[str], None]
    strict: bool = True
    figures: dict[str, object] = field(default_factory=dict)

    def step(self, title: str) -> None:
        """Begin a step."""
        self.say(f"\n== {title}")

    def note(self, name: str, value: object) -> None:
        """Print a figure that has no right value, such as a time."""
        self.figures[name] = value
        self.say(f"   {name}: {value}")

    def equal(self, name: str, actual: Value, expected: Value) -> Value:
        """Print a figure; raises WrongFigureError unless it is the expected one."""
        counted = isinstance(actual, Collection) and not isinstance(actual, str)
        self.figures[name] = len(actual) if counted else actual  # type: ignore[arg-type]
        if actual != expected:
            words = f"{name}: expected {_short(expected)}, found {_short(actual)}{_difference(actual, expected)}"
            if self.strict:
                raise WrongFigureError(words)
            self.say(f"   NOT RIGHT  {words[:MOST_WORDS]}")
            return actual
        self.say(f"   {name}: {_short(actual)}  ok")
        return actual


def _short(value: object) -> str:
    if isinstance(value, int | float | str):
        return str(value)
    if isinstance(value, tuple) or (isinstance(value, dict) and len(value) < SMALL):
        return str(value)
    if isinstance(value, dict | set | frozenset | list):
        return f"{len(value)} entries"
    return repr(value)


def _difference(actual: object, expected: object) -> str:
    """Say where two collections differ, for the first few entries."""
    if isinstance(actual, dict) and isinstance(expected, dict):
        keys = sorted({*actual, *expected}, key=str)
        wrong = [
            f"{k}: {expected.get(k)!r} -> {actual.get(k)!r}"
            for k in keys
            if actual.get(k) != expected.get(k)
        ]
    elif isinstance(actual, set | frozenset) and isinstance(expected, set | frozenset):
        wrong = [f"missing {e!r}" for e in sorted(expected - actual, key=str)]
        wrong += [f"too many {e!r}" for e in sorted(actual - expected, key=str)]
    else:
        return ""
    return f"; {len(wrong)} differ: " + "; ".join(wrong[:SHOWN])
