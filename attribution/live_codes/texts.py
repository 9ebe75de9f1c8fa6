"""Variables in welcome texts: `{nickname}`, `{guide}`, `{store}`."""

import re

VARIABLES = ("nickname", "guide", "store")
# WeCom takes 4000 bytes; names that are filled in need room.
MOST_BYTES = 3600
_VARIABLE = re.compile(r"\{([^{}\n]{0,40})\}")


def unknown_variables(text: str) -> list[str]:
    """Return the names in braces that mean nothing, in order."""
    return [name for name in _VARIABLE.findall(text) if name not in VARIABLES]


def filled(text: str, values: dict[str, str]) -> str:
    """Return the text with each variable replaced once; braces inside of a value stay as they are."""
    return _VARIABLE.sub(lambda found: values.get(found.group(1), found.group(0)), text)
