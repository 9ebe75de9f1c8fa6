"""The language of conditions: a tree of AND, OR and NOT over typed facts, stored as JSON, read strictly.

{"join": "all" | "any" | "none", "items": [ …the same again… or {"fact", "op", "value", "days"?} ]}
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from django.template.defaultfilters import yesno
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from customers.segments.facts import FIELD, OPERATORS, FactKind, Shape, kinds_known
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import Scope

MOST_LEAVES = 30
MOST_DEPTH = 3
MOST_VALUES = 50
MOST_DAYS = 3650
MOST_LETTERS = 64
BIGGEST = Decimal("1e12")
MOST_DECIMALS = 4
# Birthdays lie before the others; no end at all is told by another question.
FIRST_YEAR, LAST_YEAR = 1900, 2100


class Join(StrEnum):
    """How the items of a group belong together."""

    ALL = "all"
    ANY = "any"
    NONE = "none"


JOINS: dict[Join, Promise] = {
    Join.ALL: gettext_lazy("all of these"),
    Join.ANY: gettext_lazy("at least one of these"),
    Join.NONE: gettext_lazy("none of these"),
}


@dataclass(frozen=True)
class Leaf:
    """One question: `value` is a tuple of texts, a Decimal, a number of days, two days, or yes and no."""

    fact: str
    op: str
    value: Any
    days: int | None = None


@dataclass(frozen=True)
class Branch:
    """Items that belong together by `join`."""

    join: Join
    items: tuple["Leaf | Branch", ...]

    def leaves(self) -> Iterator[Leaf]:
        """Return every question below, in order."""
        for item in self.items:
            if isinstance(item, Leaf):
                yield item
            else:
                yield from item.leaves()


def condition_read(raw: Any, scope: Scope) -> Branch:
    """Return the tree of a stored or sent condition; raises ValidationFailed in words for anything else.

    Facts that the scope does not know do not exist for it.
    """
    return _read(raw, kinds_known(scope))


def conditions_problems(raws: Sequence[Any], scope: Scope) -> list[str]:
    """Return why each of many stored conditions cannot be read, "" where it can; one query for all."""
    kinds = kinds_known(scope)
    return [_problem(raw, kinds) for raw in raws]


def _problem(raw: Any, kinds: Mapping[str, FactKind]) -> str:
    try:
        _read(raw, kinds)
    except ValidationFailed as error:
        return error.message
    return ""


def _read(raw: Any, kinds: Mapping[str, FactKind]) -> Branch:
    tree = _Reader(kinds).branch(raw, depth=1)
    count = sum(1 for _leaf in tree.leaves())
    if not count:
        raise ValidationFailed(_("Say at least one condition."), code="condition_empty")
    if count > MOST_LEAVES:
        raise ValidationFailed(
            _("At most %(most)d conditions fit into one rule.") % {"most": MOST_LEAVES},
            code="condition_long",
        )
    return tree


def condition_json(item: Branch | Leaf) -> dict[str, Any]:
    """Return the JSON of a tree; `condition_read` of it gives the same tree."""
    if isinstance(item, Branch):
        return {"join": item.join.value, "items": [condition_json(each) for each in item.items]}
    value = item.value
    if isinstance(value, Decimal):
        value = format(value, "f")
    elif isinstance(value, tuple):
        value = [each.isoformat() if isinstance(each, date) else each for each in value]
    found = {"fact": item.fact, "op": item.op, "value": value}
    return found if item.days is None else {**found, "days": item.days}


@dataclass(frozen=True)
class _Reader:
    """Reads JSON with the facts a scope knows; `also_off` reads to show, not to ask."""

    kinds: Mapping[str, FactKind]
    also_off: bool = False

    def branch(self, raw: Any, depth: int) -> Branch:
        """Return a group."""
        if not isinstance(raw, Mapping) or set(raw) != {"join", "items"}:
            raise _unreadable()
        if depth > MOST_DEPTH:
            raise ValidationFailed(
                _("Groups go at most %(most)d levels deep.") % {"most": MOST_DEPTH},
                code="condition_deep",
            )
        if raw["join"] not in list(Join) or not isinstance(raw["items"], list | tuple):
            raise _unreadable()
        items = tuple(self._item(each, depth) for each in raw["items"])
        # A group in which nothing stands would mean everybody, or nobody: it is left out.
        kept = tuple(each for each in items if isinstance(each, Leaf) or each.items)
        return Branch(Join(raw["join"]), kept)

    def _item(self, raw: Any, depth: int) -> Leaf | Branch:
        if isinstance(raw, Mapping) and "join" in raw:
            return self.branch(raw, depth + 1)
        return self.leaf(raw)

    def leaf(self, raw: Any) -> Leaf:
        """Return one question."""
        if not isinstance(raw, Mapping) or not {"fact", "op", "value"} <= set(raw) <= {
            "fact", "op", "value", "days",
        }:  # fmt: skip
            raise _unreadable()
        kind = self._kind(str(raw["fact"]))
        if raw["op"] not in OPERATORS[kind.shape]:
            raise _wrong(kind)
        value = READERS[kind.shape](kind, raw["op"], raw["value"])
        return Leaf(kind.code, raw["op"], value, _window(kind, raw.get("days")))

    def _kind(self, code: str) -> FactKind:
        kind = self.kinds.get(code)
        if kind is not None and (self.also_off or not kind.is_off):
            return kind
        if kind is not None:
            words = _("The customer field “%(fact)s” is switched off.") % {"fact": kind.label}
        elif code.startswith(FIELD):
            words = _("There is no customer field “%(fact)s” that you see.") % {
                "fact": code.removeprefix(FIELD)
            }
        else:
            words = _("There is no fact “%(fact)s” to ask for.") % {"fact": code}
        raise ValidationFailed(words, code="condition_fact")


def _window(kind: FactKind, raw: Any) -> int | None:
    if raw in (None, ""):
        return None
    if not kind.windowed:
        raise _wrong(kind)
    return _days(kind, raw)


def _days(kind: FactKind, raw: Any) -> int:
    try:
        days = int(str(raw))
    except ValueError:
        days = 0
    if not 1 <= days <= MOST_DAYS:
        raise ValidationFailed(
            _("%(fact)s: give 1 to %(most)d days.") % {"fact": kind.label, "most": MOST_DAYS},
            code="condition_value",
        )
    return days


def _texts(kind: FactKind, _op: str, raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list | tuple):
        raise _wrong(kind)
    texts = tuple(dict.fromkeys(text for each in raw if (text := _readable(str(each)))))
    if not texts:
        raise ValidationFailed(
            _("%(fact)s: choose at least one.") % {"fact": kind.label}, code="condition_value"
        )
    if len(texts) > MOST_VALUES or any(len(text) > MOST_LETTERS for text in texts):
        raise ValidationFailed(
            _("%(fact)s: at most %(most)d, each of at most %(letters)d characters.")
            % {"fact": kind.label, "most": MOST_VALUES, "letters": MOST_LETTERS},
            code="condition_value",
        )
    if kind.is_value is not None and not all(kind.is_value(text) for text in texts):
        raise _wrong(kind)
    return texts


def _readable(text: str) -> str:
    """Return a text without what no database column can hold."""
    return "".join(char for char in text if unicodedata.category(char) not in {"Cc", "Cs"}).strip()


def _number(kind: FactKind, _op: str, raw: Any) -> Decimal:
    try:
        number = Decimal(str(raw).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    exponent = number.as_tuple().exponent
    is_short = isinstance(exponent, int) and exponent >= -MOST_DECIMALS
    if not is_short or not 0 <= number < BIGGEST:
        raise ValidationFailed(
            _("%(fact)s: give a number that is not negative.") % {"fact": kind.label},
            code="condition_value",
        )
    return number


def _since(kind: FactKind, op: str, raw: Any) -> int | tuple[date, date]:
    if op != "between":
        return _days(kind, raw)
    if not isinstance(raw, list | tuple) or len(raw) != 2:
        raise _wrong(kind)
    try:
        first, last = (date.fromisoformat(str(each)) for each in raw)
    except ValueError:
        first, last = date(LAST_YEAR, 1, 1), date(FIRST_YEAR, 1, 1)
    if first.year < FIRST_YEAR or last.year > LAST_YEAR:
        raise ValidationFailed(
            _("%(fact)s: give days between the years %(first)d and %(last)d.")
            % {"fact": kind.label, "first": FIRST_YEAR, "last": LAST_YEAR},
            code="condition_value",
        )
    if first > last:
        raise ValidationFailed(
            _("%(fact)s: give a first and a last day, in this order.") % {"fact": kind.label},
            code="condition_value",
        )
    return first, last


def _yes(kind: FactKind, _op: str, raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise _wrong(kind)
    return raw


READERS = {
    Shape.CHOICE: _texts,
    Shape.WORDS: _texts,
    Shape.NUMBER: _number,
    Shape.SINCE: _since,
    Shape.YES: _yes,
}


def _unreadable() -> ValidationFailed:
    return ValidationFailed(_("This condition cannot be read."), code="condition_unreadable")


def _wrong(kind: FactKind) -> ValidationFailed:
    return ValidationFailed(
        _("%(fact)s: this cannot be asked so.") % {"fact": kind.label}, code="condition_value"
    )


# --- in words -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A line of a condition in words, so many levels deep."""

    depth: int
    text: str


def condition_words(tree: Branch, scope: Scope) -> list[Line]:
    """Return a condition line by line, in words."""
    return list(_lines(tree, kinds_known(scope), scope, 0))


def condition_words_kept(raw: Any, scope: Scope) -> list[Line]:
    """Return a stored condition in words although it cannot be asked; nothing where even that cannot be read."""
    kinds = kinds_known(scope)
    try:
        return list(_lines(_Reader(kinds, also_off=True).branch(raw, depth=1), kinds, scope, 0))
    except ValidationFailed:
        return []


def _lines(tree: Branch, kinds: Mapping[str, FactKind], scope: Scope, depth: int) -> Iterator[Line]:
    yield Line(depth, str(JOINS[tree.join]))
    for item in tree.items:
        if isinstance(item, Branch):
            yield from _lines(item, kinds, scope, depth + 1)
        else:
            yield Line(depth + 1, _leaf_words(item, kinds.get(item.fact), scope))


def _leaf_words(leaf: Leaf, kind: FactKind | None, scope: Scope) -> str:
    if kind is None:
        return _("a fact that is no longer kept: %(fact)s") % {"fact": leaf.fact}
    words = _asked_words(leaf, kind, scope)
    return _("%(words)s (switched off)") % {"words": words} if kind.is_off else words


def _asked_words(leaf: Leaf, kind: FactKind, scope: Scope) -> str:
    if isinstance(leaf.value, bool):
        return _answer_words(kind, is_so=leaf.value)
    about = {
        "fact": kind.label,
        "op": OPERATORS[kind.shape][leaf.op],
        "value": _value_words(leaf, kind, scope),
        "days": leaf.days,
    }
    if leaf.days is not None:
        return _("%(fact)s in the last %(days)d days: %(op)s %(value)s") % about
    return _("%(fact)s: %(op)s %(value)s") % about


def _answer_words(kind: FactKind, *, is_so: bool) -> str:
    """Return yes or no as a sentence; a field of the company's own has none."""
    if kind.negated:
        return str(kind.label if is_so else kind.negated)
    return _("%(fact)s: %(value)s") % {"fact": kind.label, "value": yesno(is_so)}


def _value_words(leaf: Leaf, kind: FactKind, scope: Scope) -> str:
    if isinstance(leaf.value, tuple):
        if kind.shape == Shape.SINCE:
            return " – ".join(str(each) for each in leaf.value)
        names = dict(kind.choices(scope)) if kind.choices else {}
        return _(", ").join(str(names.get(each, each)) for each in leaf.value)
    if kind.shape == Shape.SINCE:
        return ngettext("%(count)d day", "%(count)d days", leaf.value) % {"count": leaf.value}
    return str(leaf.value)


def tag_ids_of(tree: Branch) -> set[str]:
    """Return the WeCom tags a condition asks for."""
    return _asked(tree, "tag")


def local_tag_ids_of(tree: Branch) -> set[int]:
    """Return the local tags a condition asks for."""
    return {int(each) for each in _asked(tree, "local_tag")}


def _asked(tree: Branch, fact: str) -> set[str]:
    found: Sequence[Leaf] = [leaf for leaf in tree.leaves() if leaf.fact == fact]
    return {each for leaf in found for each in leaf.value}
