"""Small JSON paths: `name`, `dept.code`, `phones[0].number`, `['odd key']`; a leading `$.` may stand."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from scrm.core.exceptions import ValidationFailed

STEP = re.compile(r"\[(-?\d{1,4})\]|\['([^']+)'\]|\.?([^.\[\]']+)")
ODD = re.compile(r"[.\[\]]")
LONGEST = 200
DEEPEST = 4
MOST_LEAVES = 200
# A database's number longer than this is no id.
MOST_DIGITS = 64


def parse(path: str) -> tuple[str | int, ...]:
    """Return the steps of a path; raises ValidationFailed for one that cannot be read."""
    text = path.strip().removeprefix("$").removeprefix(".")
    steps: list[str | int] = []
    at = 0
    while at < len(text) <= LONGEST:
        found = STEP.match(text, at)
        if found is None:
            break
        index, quoted, plain = found.groups()
        steps.append(int(index) if index else quoted or plain)
        at = found.end()
    if at != len(text):
        raise ValidationFailed(
            _('"%(path)s" is not a path. Write it like dept.code or phones[0].number.')
            % {"path": path[:LONGEST]},
            code="path_unreadable",
        )
    return tuple(steps)


def find(data: Any, path: str) -> Any:
    """Return what stands at a path, None where nothing does; a key spelled exactly so wins."""
    if isinstance(data, Mapping) and path in data:
        return data[path]
    for step in parse(path):
        data = _step(data, step)
        if data is None:
            return None
    return data


def _step(data: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return data.get(step) if isinstance(data, Mapping) else None
    if not isinstance(data, Sequence) or isinstance(data, str | bytes):
        # One value where others have several, as directories give them.
        return data if step in {0, -1} and not isinstance(data, Mapping) else None
    return data[step] if -len(data) <= step < len(data) else None


def text_of(value: Any) -> str:
    """Return a value as one cell: no line breaks, whole numbers without a point, lists with commas."""
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return str(int(value))
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < MOST_DIGITS:
        return str(int(value)) if value == int(value) else format(value, "f")
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(text_of, value)))
    return " ".join(str(value).replace("\x00", "").split())


def _path(prefix: str, key: str) -> str:
    """Return the path of a key; one that would read as steps stands in quotes."""
    if ODD.search(key) and "'" not in key:
        return f"{prefix}['{key}']"
    return f"{prefix}.{key}" if prefix else key


def leaves(data: Any, prefix: str = "", depth: int = 0) -> list[str]:
    """Return the paths of a record that hold something to map, in its own order."""
    if not isinstance(data, Mapping) or depth >= DEEPEST:
        return []
    found: list[str] = []
    for key, value in data.items():
        path = _path(prefix, str(key))
        if isinstance(value, Mapping):
            found += leaves(value, path, depth + 1)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            found += leaves(value[0], f"{path}[0]", depth + 1)
        else:
            found.append(path)
    return found[:MOST_LEAVES]
