"""Small repeatable dice for people and relations: millions are drawn, and random.Random costs as much as the rest."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
T = TypeVar("T")


class Choosing(Protocol):
    """What drawing names needs of dice, these or random.Random."""

    def random(self) -> float:
        """A number from 0 to below 1."""

    def choice(self, seq: Sequence[T], /) -> T:
        """One of them."""


def mixed(number: int, salt: int) -> int:
    """64 well mixed bits of a number (splitmix64)."""
    bits = (number * _STEP + salt) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)


class Dice:
    """A dozen throws that follow from a seed and a number, out of 128 bits."""

    def __init__(self, seed: int, number: int) -> None:
        high = mixed(number, seed)
        self._bits = high << 64 | mixed(number, high)

    def random(self) -> float:
        """A number from 0 to below 1, in thousandths."""
        self._bits, thousandth = divmod(self._bits, 1000)
        return thousandth / 1000

    def choice(self, seq: Sequence[T], /) -> T:
        """One of them."""
        self._bits, index = divmod(self._bits, len(seq))
        return seq[index]
