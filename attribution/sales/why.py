"""Why an order is whose it is, in words a guide understands."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from attribution.sales.models import Credit, Rule
from attribution.touches.models import Touch
from contacts.directory.models import Member

KINDS = dict(Touch.Kind.choices)


@dataclass(frozen=True)
class Loser:
    """Somebody else who had a claim."""

    member: Member | None
    rule: str
    words: str


def why(credit: Credit) -> str:
    """Return one sentence: the evidence, or the reason why the order is nobody's."""
    if credit.member_id is None:
        return NOBODY[credit.reason]()
    return _claim(credit.rule, credit.evidence, _days(credit))


def losers_of(credit: Credit, members: Mapping[int, Member]) -> list[Loser]:
    """Return the others who had a claim, in the order of the rules; members by id, those the reader may see."""
    return [
        Loser(
            members.get(each["member_id"]),
            str(Rule(each["rule"]).label),
            _claim(each["rule"], each, _days(credit)),
        )
        for each in credit.losers
    ]


def loser_ids(credits: Iterable[Credit]) -> set[int]:
    """Return the members named as losers."""
    return {each["member_id"] for credit in credits for each in credit.losers}


def _days(credit: Credit) -> Mapping[str, int]:
    return {each["rule"]: each["window_days"] for each in credit.ruleset.rules}


def _claim(rule: str, evidence: Mapping[str, Any], days: Mapping[str, int]) -> str:
    facts = {
        "kind": str(KINDS.get(evidence.get("kind", ""), evidence.get("kind", ""))),
        "time": _time(evidence.get("at")),
        "days": days.get(rule, 0),
        "position": evidence.get("position", 1),
    }
    if rule == Rule.ORDER_PARAMETER:
        return _("The order carried this guide's parameter.")
    if rule in (Rule.LAST_TOUCH, Rule.FIRST_TOUCH):
        return _touch(rule, facts)
    if rule == Rule.BOUND_GUIDE:
        return (
            _("The customer's first lasting add in the store of the membership, on %(time)s.")
            % facts
        )
    return _("Account number %(position)d of the store when the order was paid.") % facts


def _touch(rule: str, facts: Mapping[str, Any]) -> str:
    limited = bool(facts["days"])
    if rule == Rule.LAST_TOUCH:
        words = (
            _("The last touch in the %(days)d days before the payment: %(kind)s, %(time)s.")
            if limited
            else _("The last touch before the payment: %(kind)s, %(time)s.")
        )
    else:
        words = (
            _("The first touch in the %(days)d days before the payment: %(kind)s, %(time)s.")
            if limited
            else _("The first touch of all: %(kind)s, %(time)s.")
        )
    return words % facts


def _time(at: str | None) -> str:
    if not at:
        return ""
    return date_format(timezone.localtime(datetime.fromisoformat(at)), "Y-m-d H:i")


NOBODY: Mapping[str, Callable[[], str]] = {
    Credit.Reason.TAMPERED.value: lambda: _(
        "The parameter on the order was tampered with or is unknown. Such an order is never given to another guide."
    ),
    Credit.Reason.EXPIRED.value: lambda: _(
        "The parameter on the order had expired when it was paid. Such an order is never given to another guide."
    ),
    Credit.Reason.LEFT.value: lambda: _(
        "The guide whose parameter the order carries had left before it was paid. Such an order is never given to another guide."
    ),
    Credit.Reason.GONE.value: lambda: _(
        "The guide whose parameter the order carries is no longer known here. Such an order is never given to another guide."
    ),
    Credit.Reason.STAFF.value: lambda: _(
        "The buyer is a colleague or a test contact: their orders count for nobody."
    ),
    Credit.Reason.NOBODY.value: lambda: _(
        "No rule found a guide: no parameter, no touch, no bound guide, no account of a store."
    ),
}
