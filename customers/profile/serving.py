"""How to serve a customer: a few plain rules over facts, each with its reason. Pure."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MOST_HINTS = 3
DEFAULTS = Path(__file__).with_name("serving.toml")
# A rule of the company's own is asked between those of the toolbox; this many steps lie between two of them.
STEP = 10


@dataclass(frozen=True)
class Rule:
    """One rule: a built-in one by `code`, or one of the company's own that says `text` to a tag or level."""

    code: str
    position: int
    days: int | None = None
    is_active: bool = True
    when: str = "built_in"
    value: str = ""
    text: str = ""


@lru_cache(maxsize=1)
def default_rules() -> tuple[Rule, ...]:
    """Return the built-in rules as serving.toml says them, in order."""
    rows = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))["rule"]
    return tuple(
        Rule(row["code"], place * STEP, row.get("days")) for place, row in enumerate(rows, start=1)
    )


@dataclass(frozen=True)
class ServeFacts:
    """What the rules look at; days are local, None where there is none."""

    today: date
    stopped: str | None = None
    promised_on: date | None = None
    refunded_on: date | None = None
    coupon: str = ""
    coupon_until: date | None = None
    bought_on: date | None = None
    bought: str = ""
    orders: int = 0
    sizes: Sequence[tuple[str, int]] = ()
    colours: Sequence[tuple[str, int]] = ()
    added_on: date | None = None
    is_member: bool = False
    knows_sales: bool = True
    tags: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ServeHint:
    """One thing to do, and why."""

    text: str
    why: str


def serve_line(facts: ServeFacts, rules: Sequence[Rule] | None = None) -> tuple[ServeHint, ...]:
    """Return at most three hints, the most pressing first. Who does not want to be contacted gets only that.

    rules: those in force, built in and the company's own; the built-in ones as they come without.
    """
    stop = _stopped(facts)
    if stop is not None:
        return (stop,)
    known = default_rules() if rules is None else rules
    active = sorted((rule for rule in known if rule.is_active), key=lambda rule: rule.position)
    hints = [hint for rule in active if (hint := _hint(facts, rule)) is not None]
    return tuple(hints[:MOST_HINTS])


def _hint(facts: ServeFacts, rule: Rule) -> ServeHint | None:
    if rule.when == "built_in":
        hint = RULES[rule.code](facts, rule.days or 0)
        return ServeHint(rule.text, hint.why) if hint is not None and rule.text else hint
    names = facts.tags if rule.when == "tag" else facts.levels
    if rule.value not in names:
        return None
    words = _("Has the tag “%(name)s”.") if rule.when == "tag" else _("Is of the level “%(name)s”.")
    return ServeHint(rule.text, words % {"name": rule.value})


def _stopped(facts: ServeFacts) -> ServeHint | None:
    if facts.stopped is None:
        return None
    why = facts.stopped or _("This was marked on the customer.")
    return ServeHint(_("Do not contact this customer; answer when they write."), why)


def _promised(facts: ServeFacts, days: int) -> ServeHint | None:
    if facts.promised_on is None or facts.promised_on > facts.today:
        return None
    why = _("A follow-up note says to come back on %(day)s.") % {"day": facts.promised_on}
    return ServeHint(_("Keep the promise in the follow-up note."), why)


def _refunded(facts: ServeFacts, days: int) -> ServeHint | None:
    if facts.refunded_on is None or facts.today - facts.refunded_on > timedelta(days=days):
        return None
    why = _("Money was given back on %(day)s.") % {"day": facts.refunded_on}
    return ServeHint(_("Ask whether the return went well before you offer anything."), why)


def _coupon(facts: ServeFacts, days: int) -> ServeHint | None:
    until = facts.coupon_until
    if until is None or not facts.today <= until <= facts.today + timedelta(days=days):
        return None
    why = _("It is valid until %(day)s.") % {"day": until}
    return ServeHint(_("Mention the coupon “%(title)s”.") % {"title": facts.coupon}, why)


def _fresh(facts: ServeFacts, days: int) -> ServeHint | None:
    if facts.bought_on is None or facts.today - facts.bought_on > timedelta(days=days):
        return None
    why = _("Bought on %(day)s.") % {"day": facts.bought_on}
    if not facts.bought:
        return ServeHint(_("Ask whether the purchase fits."), why)
    return ServeHint(_("Ask how “%(goods)s” suits.") % {"goods": facts.bought}, why)


def _sleeping(facts: ServeFacts, days: int) -> ServeHint | None:
    if facts.bought_on is None or facts.today - facts.bought_on < timedelta(days=days):
        return None
    ago = (facts.today - facts.bought_on).days
    why = _("The last purchase was %(days)d days ago.") % {"days": ago}
    return ServeHint(_("Say hello again with something new."), why)


def _habit(facts: ServeFacts, days: int) -> ServeHint | None:
    size = next((name for name, count in facts.sizes if count >= days), "")
    colour = next((name for name, count in facts.colours if count >= days), "")
    if not size and not colour:
        return None
    words = " · ".join(part for part in (colour, size) if part)
    why = _("Bought several times.")
    return ServeHint(_("Show what there is in %(words)s.") % {"words": words}, why)


def _newcomer(facts: ServeFacts, days: int) -> ServeHint | None:
    if facts.orders or not facts.knows_sales or facts.added_on is None:
        return None
    why = _("Added on %(day)s, no purchase yet.") % {"day": facts.added_on}
    return ServeHint(_("Introduce yourself and ask what they are looking for."), why)


def _enrol(facts: ServeFacts, days: int) -> ServeHint | None:
    if facts.is_member or not facts.knows_sales:
        return None
    return ServeHint(_("Offer the membership."), _("No CRM member is known for this person."))


RULES: Mapping[str, Callable[[ServeFacts, int], ServeHint | None]] = {
    "promised": _promised,
    "refunded": _refunded,
    "coupon": _coupon,
    "fresh": _fresh,
    "sleeping": _sleeping,
    "habit": _habit,
    "newcomer": _newcomer,
    "enrol": _enrol,
}
# What each of them does, for the page on which they are kept.
WORDS: Mapping[str, Promise] = {
    "promised": gettext_lazy("A follow-up note says to come back by today"),
    "refunded": gettext_lazy("Money was given back within so many days"),
    "coupon": gettext_lazy("A coupon ends within so many days"),
    "fresh": gettext_lazy("Bought within so many days"),
    "sleeping": gettext_lazy("Has not bought for so many days"),
    "habit": gettext_lazy("Bought the same size or colour so many times"),
    "newcomer": gettext_lazy("Was added and has not bought yet"),
    "enrol": gettext_lazy("Is no member yet"),
}
