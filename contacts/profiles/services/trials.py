"""What publishing a template would do, without doing it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from contacts.directory.models import Member
from contacts.directory.selectors import members_visible_to
from contacts.profiles.cards import Card, CardRefused, Facts, card_for, filled
from contacts.profiles.limits import MOST_CHARACTERS, text_problem
from contacts.profiles.models import ProfileTemplate
from contacts.profiles.selectors import facts_of, reach_of, templates_now
from scrm.core.scope import Scope

BATCH = 500
MOST = 5000
MOST_PREVIEWED = 20
# As long as a real one, so that an address is measured as it will be.
SAMPLE_PARAMETER = "x" * 27


@dataclass(frozen=True)
class Trial:
    """What publishing would do: accounts in reach, those tried, and those whose card would be refused, with one."""

    accounts: int
    tried: int
    refused: int
    example: Member | None
    line: str


@dataclass(frozen=True)
class Measured:
    """The longest a text becomes, as one account shows it, and how many accounts it does not fit."""

    longest: str
    over: int


def trial(template: ProfileTemplate, scope: Scope) -> Trial:
    """Make the cards of a template without writing them, of the first MOST accounts; nothing is changed."""
    refused: list[tuple[Member, str]] = []
    tried, templates = 0, templates_now()
    for member, facts in _covered(template, scope, MOST):
        tried += 1
        try:
            card_for(
                templates.under(template, member), replace(facts, parameter=SAMPLE_PARAMETER), None
            )
        except CardRefused as refusal:
            refused.append((member, refusal.line))
    example, line = refused[0] if refused else (None, "")
    return Trial(_reach(template, scope).count(), tried, len(refused), example, line)


def measure(
    template: ProfileTemplate, texts: Sequence[str], scope: Scope
) -> tuple[int, list[Measured | None]]:
    """Return how many accounts were measured, and how long each text becomes among them; None: it cannot be read."""
    sound = [not text_problem(text) for text in texts]
    longest, over, tried = [""] * len(texts), [0] * len(texts), 0
    for _member, facts in _covered(template, scope, MOST):
        tried += 1
        for number, text in enumerate(texts):
            shown = filled(text, facts) if sound[number] else ""
            longest[number] = max(longest[number], shown, key=len)
            over[number] += len(shown) > MOST_CHARACTERS
    found = zip(sound, longest, over, strict=True)
    return tried, [Measured(text, count) if good else None for good, text, count in found]


def preview(template: ProfileTemplate, scope: Scope) -> tuple[Member, Card] | None:
    """Return the first account in reach whose card can be made, and the card as a push would write it."""
    templates = templates_now()
    for member, facts in _covered(template, scope, MOST_PREVIEWED):
        profile = getattr(member, "external_profile", None)
        try:
            return member, card_for(templates.under(template, member), facts, profile)
        except CardRefused:
            continue
    return None


def _reach(template: ProfileTemplate, scope: Scope) -> QuerySet[Member]:
    return reach_of(template).filter(pk__in=members_visible_to(scope).values("pk"))


def _covered(template: ProfileTemplate, scope: Scope, most: int) -> Iterator[tuple[Member, Facts]]:
    members = list(_reach(template, scope)[:most])
    for start in range(0, len(members), BATCH):
        batch = members[start : start + BATCH]
        facts = facts_of(batch)
        for member in batch:
            yield member, facts[member.pk]
