"""Whole numbers written as digits."""

import re

_WHOLE = re.compile(r"-?[0-9]{1,18}")


def from_digits(text: str) -> int | None:
    """The number ASCII digits stand for, with at most one minus; None for anything else.

    ``str.isdigit`` also takes superscripts and other scripts, which ``int`` then refuses.
    """
    return int(text) if _WHOLE.fullmatch(text) else None
