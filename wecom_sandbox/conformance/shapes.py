"""The shape of JSON and XML: which paths there are and what type stands at each."""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

Shape = dict[str, set[str]]

_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    dict: "object",
    list: "list",
    type(None): "null",
}


def json_shape(value: Any) -> Shape:
    """Every path of a JSON value with its types; the elements of a list share the path ``name[]``."""
    shape: Shape = {}
    for path, kind in _walk(value, ""):
        shape.setdefault(path, set()).add(kind)
    return shape


def xml_shape(text: str) -> Shape:
    """Every element path below the root; repeated elements share one."""
    root = ET.fromstring(text)  # noqa: S314 - the sandbox's own events and samples on this disk
    shape: Shape = {}
    for path, kind in _elements(root, ""):
        shape.setdefault(path, set()).add(kind)
    return shape


def differences(sample: Shape, actual: Shape) -> list[str]:
    """Where the actual shape lacks something of the sample or has another type, topmost paths only."""
    found: list[str] = []
    wrong: list[str] = []
    for path, types in sample.items():
        if any(_below(path, top) for top in wrong):
            continue
        if path not in actual:
            wrong.append(path)
            found.append(path)
        elif not _agree(types, actual[path]):
            wrong.append(path)
            found.append(f"{path} is {_names(actual[path])}, in the sample {_names(types)}")
    return found


def _below(path: str, top: str) -> bool:
    return path.startswith((f"{top}.", f"{top}["))


def _agree(sample: set[str], actual: set[str]) -> bool:
    known, seen = sample - {"null"}, actual - {"null"}
    return not known or not seen or bool(known & seen)


def _names(types: set[str]) -> str:
    return "/".join(sorted(types))


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if path:
        yield path, _TYPES[type(value)]
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, f"{path}[]")


def _elements(element: ET.Element, path: str) -> Iterator[tuple[str, str]]:
    for child in element:
        here = f"{path}.{child.tag}" if path else child.tag
        yield here, "object" if len(child) else "text"
        yield from _elements(child, here)
