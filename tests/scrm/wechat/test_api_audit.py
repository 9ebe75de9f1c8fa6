"""Every method of the gateway to WeChat: an endpoint that exists, its page named, a frozen result."""

import ast
import csv
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from scrm.wechat import types
from scrm.wechat.api.base import Area
from scrm.wechat.client import WeChatClient
from scrm.wecom.jssdk import JsSignature
from scrm.wecom.local import LocalBucket, LocalLock, LocalTokens
from scrm.wecom.paging import Pages

ROOT = Path(__file__).parents[3]
ENDPOINTS = ROOT / "wecom_sandbox" / "data" / "wechat_endpoints.tsv"
SOURCES = (*sorted((ROOT / "scrm/wechat/api").glob("*.py")), ROOT / "scrm/wechat/jssdk.py",
           ROOT / "scrm/wechat/client.py")  # fmt: skip
# How a method asks: the HTTP verb it uses.
VERBS = {"_read": "GET", "_sns": "GET", "_query": "POST", "_write": "POST", "picture": "POST"}
PLAIN = (str, int, bool, bytes, NoneType)
ENDPOINT = re.compile(r"(?:cgi-bin|sns|wxa|wxaapi)/[A-Za-z0-9_/]+")
CLIENT = WeChatClient("wxA", "secret", tokens=LocalTokens(), lock=LocalLock(), bucket=LocalBucket())
AREAS = {name: area for name, area in vars(CLIENT).items() if isinstance(area, Area)}


def documented() -> dict[str, tuple[str, str]]:
    """Return verb and page of every endpoint of WeChat's that the fact file knows."""
    with ENDPOINTS.open(encoding="utf-8") as file:
        rows = [row for row in csv.reader(file, delimiter="\t") if row]
    return {row[1].lstrip("/"): (row[0], row[2]) for row in rows}


def strings(node: ast.AST) -> Iterator[str]:
    for found in ast.walk(node):
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            yield found.value


def verbs(function: ast.FunctionDef) -> set[str]:
    """Return the verbs of a function's calls: by the helper's name, or given to `call` in words."""
    calls = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    names = {node.func.attr for node in calls}  # type: ignore[attr-defined]
    said = {text for node in calls for text in strings(node) if text in {"GET", "POST"}}
    return said | {VERBS[name] for name in names & set(VERBS)}


def used() -> Iterator[tuple[str, ast.FunctionDef, str]]:
    """Yield (module text, function, endpoint) of every endpoint that a function names, itself or by a constant."""
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = ast.get_docstring(tree) or ""
        constants = {
            target.id: text
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
            for text in strings(node.value)
            if ENDPOINT.fullmatch(text)
        }
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            named = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
            found = {text for text in strings(function) if ENDPOINT.fullmatch(text)}
            for endpoint in sorted(found | {constants[name] for name in named & set(constants)}):
                yield module, function, endpoint


USED = list(used())


def test_every_area_and_endpoint_is_found() -> None:
    assert len(AREAS) == 12
    assert len({endpoint for _module, _function, endpoint in USED}) >= 35


@pytest.mark.parametrize(
    ("module", "function", "endpoint"), USED, ids=[f"{u[1].name} {u[2]}" for u in USED]
)
def test_a_method_names_the_page_of_its_endpoint_and_uses_its_verb(
    module: str, function: ast.FunctionDef, endpoint: str
) -> None:
    verb, page = documented()[endpoint]
    words = page.replace(",", "").split()
    sections, names = [w for w in words if "§" in w], [w for w in words if "§" not in w]
    said = ast.get_docstring(function) or ""

    # WeChat's own name of the page stands at the method; where none is known, the module names the section.
    if names:
        assert all(name in said for name in names)
    else:
        assert any(re.search(rf"{section}\b", module) for section in sections)
    assert verbs(function) <= {verb}


def results(area: Area) -> Iterator[tuple[str, Any]]:
    for name, member in vars(type(area)).items():
        if not name.startswith("_"):
            yield f"{type(area).__name__}.{name}", get_type_hints(member)["return"]


def is_typed(result: Any) -> bool:
    if get_origin(result) in (tuple, Pages) or get_args(result):
        return all(inner is Ellipsis or is_typed(inner) for inner in get_args(result))
    return result in PLAIN or (
        is_dataclass(result) and bool(result.__dataclass_params__.frozen)  # type: ignore[attr-defined]
    )


def test_what_comes_back_is_typed_and_frozen() -> None:
    untyped = [
        name for area in AREAS.values() for name, kind in results(area) if not is_typed(kind)
    ]

    assert untyped == []
    assert is_typed(JsSignature)
    assert not is_typed(dict[str, Any])
    assert not is_typed(Any)


def test_every_type_is_frozen_and_says_what_it_is() -> None:
    found: list[Any] = [
        value for value in vars(types).values() if isinstance(value, type) and is_dataclass(value)
    ]
    assert len(found) >= 12
    for value in found:
        assert value.__dataclass_params__.frozen, value
        assert value.__doc__
        assert not value.__doc__.startswith(f"{value.__name__}("), value
