"""Every method of the gateway: one endpoint that exists, its doc number in the docstring, a frozen result."""

import ast
import csv
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import is_dataclass
from datetime import datetime
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from scrm.wecom import types
from scrm.wecom.api.base import Area
from scrm.wecom.client import WeComClient
from scrm.wecom.jssdk import JsSignature
from scrm.wecom.paging import Pages

ROOT = Path(__file__).parents[3]
ENDPOINTS = ROOT / "wecom_sandbox" / "data" / "endpoints.tsv"
SOURCES = (*sorted((ROOT / "scrm/wecom/api").glob("*.py")), ROOT / "scrm/wecom/oauth.py",
           ROOT / "scrm/wecom/jssdk.py")  # fmt: skip
# How a method asks: the HTTP verb it uses.
VERBS = {
    "_read": "GET", "_write_get": "GET", "download": "GET", "_query": "POST", "_write": "POST", "_upload": "POST",
}  # fmt: skip
PLAIN = (str, int, bool, bytes, float, datetime, NoneType)
AREAS = {name: type(area) for name, area in vars(WeComClient).items() if isinstance(area, Area)}


def documented() -> dict[str, tuple[str, str]]:
    """Return verb and doc number of every endpoint of WeCom's that the fact files know."""
    with ENDPOINTS.open(encoding="utf-8") as file:
        rows = [
            row for row in csv.reader(file, delimiter="\t") if row and row[0] in {"GET", "POST"}
        ]
    return {row[1].removeprefix("/cgi-bin/"): (row[0], row[2]) for row in rows}


def used() -> Iterator[tuple[str, ast.FunctionDef, str, str]]:
    """Yield (module text, function, verb, endpoint) of every endpoint that a function names."""
    known = documented()
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = ast.get_docstring(tree) or ""
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            verbs = {
                VERBS[node.func.attr]
                for node in ast.walk(function)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in VERBS
            }
            names = {
                node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value in known
            }
            for name in sorted(names):
                yield module, function, "/".join(sorted(verbs)), name


USED = list(used())


def test_every_area_is_found() -> None:
    assert len(AREAS) >= 13
    assert len({endpoint for _module, _function, _verb, endpoint in USED}) >= 40


@pytest.mark.parametrize(
    ("module", "function", "verb", "endpoint"), USED, ids=[f"{u[1].name} {u[3]}" for u in USED]
)
def test_a_method_names_the_page_of_its_endpoint_and_uses_its_verb(
    module: str, function: ast.FunctionDef, verb: str, endpoint: str
) -> None:
    expected_verb, doc = documented()[endpoint]
    said = ast.get_docstring(function) or ""

    # A private method serves public ones of the same page: then the module says it.
    assert doc in (module if function.name.startswith("_") else said)
    assert verb in {expected_verb, ""}


def test_an_endpoint_has_one_method() -> None:
    counts = Counter(endpoint for _module, _function, _verb, endpoint in USED)
    # A list and its walk over all pages are one.
    twice = {endpoint for endpoint, count in counts.items() if count > 1}

    assert twice == {"externalcontact/batch/get_by_user", "user/list_id"}


def public(area: type[Area]) -> Iterator[tuple[str, Any]]:
    for name, member in vars(area).items():
        if inspect.isfunction(member) and not name.startswith("_"):
            yield name, member


@pytest.mark.parametrize("area", AREAS)
def test_results_are_frozen_and_typed(area: str) -> None:
    for name, method in public(AREAS[area]):
        assert (method.__doc__ or "").strip(), f"{area}.{name} says nothing"
        # A method named list hides the builtin from annotations that come after it in the class.
        hints = get_type_hints(method, vars(inspect.getmodule(method)))
        assert is_frozen(hints["return"]), f"{area}.{name} -> {hints['return']}"


def is_frozen(hint: Any) -> bool:
    """Return whether nobody can change a result of this type."""
    if get_origin(hint) in {tuple, Pages, Iterator}:
        return all(is_frozen(part) for part in get_args(hint) if part is not Ellipsis)
    if is_dataclass(hint):
        return bool(hint.__dataclass_params__.frozen)  # type: ignore[union-attr]
    return hint in PLAIN


def test_every_type_of_the_gateway_is_frozen_and_explained() -> None:
    found = [
        value
        for value in vars(types).values()
        if inspect.isclass(value) and value.__module__ == types.__name__
    ]

    assert len(found) > 20
    checked: list[Any] = [*found, JsSignature]
    for value in checked:
        assert value.__dataclass_params__.frozen, value
        assert value.__doc__, value
        assert not value.__doc__.startswith(f"{value.__name__}("), (
            f"{value} has no words of its own"
        )


def test_a_read_says_when_it_began() -> None:
    """What is stored must know whether a newer answer is there already."""
    kept = {
        "ExternalContactDetail", "ExternalContactPage", "ContactWay", "ContactWayCreated", "IdPage", "CorpTags",
        "Departments", "Member", "MemberIdPage", "Agent", "AcquisitionQuota", "UnassignedPage", "ConvertedId",
    }  # fmt: skip
    for name in kept:
        assert "observed_at" in getattr(types, name).__dataclass_fields__, name


def test_docstrings_name_pages_that_exist() -> None:
    docs = {doc for _verb, doc in documented().values()}
    # Pages of the log-in and of page signatures are no endpoints.
    docs |= {"91022", "98171"}
    for _module, function, _verb, _endpoint in USED:
        for doc in re.findall(r"\(doc (\d{5})\)", ast.get_docstring(function) or ""):
            assert doc in docs, (function.name, doc)
