"""The builder of conditions: what a form posts becomes JSON, and JSON becomes rows of a form."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise

from customers.segments.conditions import JOINS, Join
from customers.segments.facts import (
    GROUPS,
    OPERATORS,
    FactKind,
    Shape,
    kind_gone,
    kinds_for,
    kinds_known,
)
from scrm.core.scope import Scope

ROOT = "0"
FIRST = "tag"
DAYS = 30


@dataclass(frozen=True)
class Row:
    """One question as the form shows it."""

    id: str
    group: str
    kind: FactKind
    op: str
    operators: Sequence[tuple[str, Promise]]
    values: Sequence[str]
    choices: Sequence[tuple[str, str]]
    days: str = ""

    @property
    def text(self) -> str:
        """Return what stands in a single field."""
        return "\n".join(self.values)

    @property
    def is_between(self) -> bool:
        """Return whether two days are asked for."""
        return self.op == "between"

    @property
    def first(self) -> str:
        """Return the first of two days."""
        return self.values[0] if self.values else ""

    @property
    def last(self) -> str:
        """Return the last of two days."""
        return self.values[1] if len(self.values) > 1 else ""


@dataclass(frozen=True)
class Rows:
    """A group of questions as the form shows it."""

    id: str
    join: str
    joins: Sequence[tuple[str, Promise]] = tuple((join.value, JOINS[join]) for join in Join)
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Facts:
    """The facts of one heading, for the list of facts."""

    label: Promise
    kinds: Sequence[FactKind]


def facts_listed(scope: Scope) -> list[Facts]:
    """Return the facts a scope may ask, by heading."""
    kinds = list(kinds_for(scope).values())
    by_group = (
        (label, [kind for kind in kinds if kind.group == group]) for group, label in GROUPS.items()
    )
    return [Facts(label, found) for label, found in by_group if found]


def new_id() -> str:
    """Return a name for a row or group that no other on the page has."""
    return secrets.token_hex(4)


def row_for(scope: Scope, sent: Mapping[str, str], *, group: str, row: str = "") -> Row:
    """Return an empty row of the fact and operator that a form names; of the first fact when it names none."""
    kinds = kinds_known(scope)
    kind = kinds.get(sent.get(f"fact-{row}", "")) or kinds[FIRST]
    return _row(scope, kind, row or new_id(), group, sent.get(f"op-{row}", ""), ())


def _row(
    scope: Scope,
    kind: FactKind,
    id_: str,
    group: str,
    op: str,
    values: Sequence[str],
    days: str = "",
) -> Row:
    operators = list(OPERATORS[kind.shape].items())
    known = dict(operators)
    return Row(
        id=id_,
        group=group,
        kind=kind,
        op=op if op in known else operators[0][0],
        operators=operators,
        values=values,
        choices=kind.choices(scope) if kind.choices else [],
        days=days,
    )


def groups_shown(condition: Any, scope: Scope) -> list[Rows]:
    """Return a stored condition as groups of rows, the outermost first; a new one has one empty row."""
    if not isinstance(condition, Mapping) or not condition:
        return [Rows(ROOT, Join.ALL.value, rows=[row_for(scope, {}, group=ROOT)])]
    kinds = kinds_known(scope)
    groups = [Rows(ROOT, str(condition["join"]))]
    for item in condition["items"]:
        if "join" in item:
            groups.append(Rows(new_id(), str(item["join"])))
            leaves, group = [each for each in item["items"] if "fact" in each], groups[-1]
        else:
            leaves, group = [item], groups[0]
        for leaf in leaves:
            # One that cannot be asked any more stays to be seen: left out, the condition would mean others.
            code = str(leaf.get("fact"))
            group.rows.append(_filled(scope, kinds.get(code) or kind_gone(code), leaf, group.id))
    return groups


def _filled(scope: Scope, kind: FactKind, leaf: Mapping[str, Any], group: str) -> Row:
    value = leaf.get("value")
    if isinstance(value, bool):
        values = ["yes" if value else "no"]
    else:
        values = [str(each) for each in value] if isinstance(value, list) else [str(value)]
    days = str(leaf.get("days") or "")
    return _row(scope, kind, new_id(), group, str(leaf.get("op")), values, days)


def condition_posted(post: QueryDict, scope: Scope) -> dict[str, Any]:
    """Return the condition a form posts, as JSON to be read by `condition_read`."""
    kinds = kinds_known(scope)
    items: dict[str, list[dict[str, Any]]] = {ROOT: []}
    for group in post.getlist("group"):
        items.setdefault(group, [])
    for row in post.getlist("row"):
        if code := post.get(f"fact-{row}", ""):
            group = post.get(f"group-{row}", ROOT)
            kind = kinds.get(code) or kind_gone(code)
            items.setdefault(group, []).append(_leaf(post, row, kind))
    below = [
        {"join": post.get(f"join-{group}", Join.ALL.value), "items": leaves}
        for group, leaves in items.items()
        if group != ROOT
    ]
    return {"join": post.get(f"join-{ROOT}", Join.ALL.value), "items": [*items[ROOT], *below]}


def _leaf(post: QueryDict, row: str, kind: FactKind) -> dict[str, Any]:
    op = post.get(f"op-{row}", "")
    leaf: dict[str, Any] = {"fact": kind.code, "op": op, "value": _value(post, row, kind, op)}
    days = post.get(f"days-{row}", "").strip()
    return {**leaf, "days": days} if kind.windowed and days else leaf


def _value(post: QueryDict, row: str, kind: FactKind, op: str) -> Any:
    name = f"value-{row}"
    if kind.shape == Shape.CHOICE:
        return post.getlist(name)
    if kind.shape == Shape.WORDS:
        text = post.get(name, "").replace("\uff0c", "\n").replace(",", "\n").replace("\u3001", "\n")
        return text.splitlines()
    if kind.shape == Shape.YES:
        return post.get(name) == "yes"
    if op == "between":
        return [post.get(f"first-{row}", ""), post.get(f"last-{row}", "")]
    return post.get(name, "").strip()
