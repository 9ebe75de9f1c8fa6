"""Rules that answer their own question: a tag put for the lack of it and taken off for having it, without end."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from customers.segments.conditions import Branch, local_tag_ids_of, tag_ids_of
from customers.segments.models import TagRule
from scrm.core.exceptions import ValidationFailed


@dataclass(frozen=True)
class Link:
    """A rule with the tags it asks for and those it puts, WeCom's (texts) and our own (numbers)."""

    rule: TagRule
    asks: frozenset[str | int]

    @property
    def puts(self) -> frozenset[str | int]:
        """Return the tags it puts."""
        return frozenset((*self.rule.tag_ids, *self.rule.local_tag_ids))


def link_of(rule: TagRule, tree: Branch) -> Link:
    """Return a rule with what it asks for."""
    return Link(rule, frozenset((*tag_ids_of(tree), *local_tag_ids_of(tree))))


def circle_check(rule: Link, others: Iterable[Link]) -> None:
    """Raise ValidationFailed when a rule, alone or through others that are on, hangs on tags it puts itself.

    Rules that leave their tags on come to rest in any case: one of the circle has to take off.
    """
    links = [rule, *(each for each in others if each.rule.pk != rule.rule.pk)]
    ahead = _reached([rule], links, forward=True)
    circle = [each for each in _reached([rule], links, forward=False) if each in ahead]
    if not any(each.rule.takes_off for each in circle):
        return
    names = sorted(each.rule.name for each in circle if each is not rule)
    if not names:
        raise ValidationFailed(
            _(
                "The condition asks for a tag that this rule puts and takes off: it would never come to rest."
                " Ask for something else, or let the tags stay on."
            ),
            code="rule_circle",
        )
    raise ValidationFailed(
        _(
            "This rule and %(names)s put and take off tags that the others ask for: they would never come to"
            " rest. Ask for something else, or switch one of them off."
        )
        % {"names": _(", ").join(names)},
        code="rule_circle",
    )


def _reached(begin: list[Link], links: list[Link], *, forward: bool) -> list[Link]:
    """Return the links that lie behind (or before) some, those themselves only when they are come back to."""
    found: list[Link] = []
    edge = begin
    while edge:
        tags = frozenset().union(*(each.puts if forward else each.asks for each in edge))
        edge = [
            each
            for each in links
            if each not in found and tags & (each.asks if forward else each.puts)
        ]
        found += edge
    return found
