"""How to serve a customer: a few plain rules over facts, each with its reason. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

MOST_HINTS = 3
FRESH = timedelta(days=14)
REFUND_FRESH = timedelta(days=30)
COUPON_SOON = timedelta(days=7)
SLEEPING = timedelta(days=180)
# A size or colour bought this often is a habit.
HABIT = 2


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


@dataclass(frozen=True)
class ServeHint:
    """One thing to do, and why."""

    text: str
    why: str


def serve_line(facts: ServeFacts) -> tuple[ServeHint, ...]:
    """Return at most three hints, the most pressing first. Who does not want to be contacted gets only that."""
    stop = _stopped(facts)
    if stop is not None:
        return (stop,)
    hints = [hint for rule in RULES if (hint := rule(facts)) is not None]
    return tuple(hints[:MOST_HINTS])


def _stopped(facts: ServeFacts) -> ServeHint | None:
    if facts.stopped is None:
        return None
    why = facts.stopped or _("This was marked on the customer.")
    return ServeHint(_("Do not contact this customer; answer when they write."), why)


def _promised(facts: ServeFacts) -> ServeHint | None:
    if facts.promised_on is None or facts.promised_on > facts.today:
        return None
    why = _("A follow-up note says to come back on %(day)s.") % {"day": facts.promised_on}
    return ServeHint(_("Keep the promise in the follow-up note."), why)


def _refunded(facts: ServeFacts) -> ServeHint | None:
    if facts.refunded_on is None or facts.today - facts.refunded_on > REFUND_FRESH:
        return None
    why = _("Money was given back on %(day)s.") % {"day": facts.refunded_on}
    return ServeHint(_("Ask whether the return went well before you offer anything."), why)


def _coupon(facts: ServeFacts) -> ServeHint | None:
    until = facts.coupon_until
    if until is None or not facts.today <= until <= facts.today + COUPON_SOON:
        return None
    why = _("It is valid until %(day)s.") % {"day": until}
    return ServeHint(_("Mention the coupon “%(title)s”.") % {"title": facts.coupon}, why)


def _fresh(facts: ServeFacts) -> ServeHint | None:
    if facts.bought_on is None or facts.today - facts.bought_on > FRESH:
        return None
    why = _("Bought on %(day)s.") % {"day": facts.bought_on}
    if not facts.bought:
        return ServeHint(_("Ask whether the purchase fits."), why)
    return ServeHint(_("Ask how “%(goods)s” suits.") % {"goods": facts.bought}, why)


def _sleeping(facts: ServeFacts) -> ServeHint | None:
    if facts.bought_on is None or facts.today - facts.bought_on < SLEEPING:
        return None
    days = (facts.today - facts.bought_on).days
    why = _("The last purchase was %(days)d days ago.") % {"days": days}
    return ServeHint(_("Say hello again with something new."), why)


def _habit(facts: ServeFacts) -> ServeHint | None:
    size = next((name for name, count in facts.sizes if count >= HABIT), "")
    colour = next((name for name, count in facts.colours if count >= HABIT), "")
    if not size and not colour:
        return None
    words = " · ".join(part for part in (colour, size) if part)
    why = _("Bought several times.")
    return ServeHint(_("Show what there is in %(words)s.") % {"words": words}, why)


def _newcomer(facts: ServeFacts) -> ServeHint | None:
    if facts.orders or not facts.knows_sales or facts.added_on is None:
        return None
    why = _("Added on %(day)s, no purchase yet.") % {"day": facts.added_on}
    return ServeHint(_("Introduce yourself and ask what they are looking for."), why)


def _enrol(facts: ServeFacts) -> ServeHint | None:
    if facts.is_member or not facts.knows_sales:
        return None
    return ServeHint(_("Offer the membership."), _("No CRM member is known for this person."))


RULES: tuple[Callable[[ServeFacts], ServeHint | None], ...] = (
    _promised,
    _refunded,
    _coupon,
    _fresh,
    _sleeping,
    _habit,
    _newcomer,
    _enrol,
)
