"""Rules and their trials as the pages show them."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attribution.sales.deciding import Step
from attribution.sales.models import Credit, Rule, RuleSet, RuleTrial
from attribution.sales.rules import steps_of
from attribution.sales.trials import NOBODY, Tally
from contacts.directory.models import Member
from scrm.core.jobs.models import JobRun, JobState

MOST_GUIDES = 50


@dataclass(frozen=True)
class GuideDifference:
    """What one guide (None: nobody) has before and after."""

    member: Member | None
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        """Return what the guide would gain."""
        return self.after - self.before


@dataclass(frozen=True)
class Sample:
    """An order that would go to somebody else."""

    credit: Credit
    member: Member | None
    rule: str


@dataclass(frozen=True)
class TrialShown:
    """The result of a finished trial."""

    orders: int
    changed: int
    moved: Decimal
    guides: list[GuideDifference]
    samples: list[Sample]


def trial_shown(job: JobRun) -> TrialShown | None:
    """Return what a trial found, those guides first whom it changes most; None until it is done."""
    kept = RuleTrial.objects.filter(job_id=job.pk).first()
    if job.state != JobState.DONE or kept is None:
        return None
    tally = Tally.from_json(kept.tally)
    ids = {int(key) for key in tally.guides} | {int(each[1]) for each in tally.samples}
    members = Member.objects.in_bulk(ids - {int(NOBODY)})
    guides = [
        GuideDifference(members.get(int(key)), Decimal(before), Decimal(after))
        for key, (before, after) in tally.guides.items()
    ]
    guides = [each for each in guides if each.change]
    guides.sort(key=lambda each: (-abs(each.change), each.member.userid if each.member else ""))
    credits = Credit.objects.select_related("order", "member").in_bulk(
        [int(each[0]) for each in tally.samples]
    )
    labels = dict(Rule.choices)
    samples = [
        Sample(credits[int(pk)], members.get(int(member)), str(labels.get(rule, "")))
        for pk, member, rule in tally.samples
        if int(pk) in credits
    ]
    return TrialShown(tally.orders, tally.changed, tally.moved, guides[:MOST_GUIDES], samples)


@dataclass(frozen=True)
class StepShown:
    """One rule of a version in words."""

    label: str
    words: str


def steps_shown(ruleset: RuleSet) -> list[StepShown]:
    """Return the rules of a version in order, with what each looks at."""
    return [
        StepShown(str(Rule(step.rule).label), f"{_words(step.rule)} {_window(step)}".strip())
        for step in steps_of(ruleset)
    ]


def _words(rule: str) -> str:
    return {
        Rule.ORDER_PARAMETER.value: _("The guide whose parameter the order carries."),
        Rule.LAST_TOUCH.value: _(
            "The guide of the newest page, material or add the buyer met before the payment."
        ),
        Rule.FIRST_TOUCH.value: _(
            "The guide of the oldest page, material or add the buyer met before the payment."
        ),
        Rule.BOUND_GUIDE.value: _(
            "The guide whom the buyer added first in the store of their membership, while the relation lasts."
        ),
        Rule.STORE_OWNER.value: _("The first account of the store the order names."),
    }[rule]


def _window(step: Step) -> str:
    if step.rule in (Rule.ORDER_PARAMETER, Rule.STORE_OWNER):
        return ""
    if not step.window_days:
        return _("Without limit of days.")
    return ngettext(
        "Only the last %(days)d day counts.",
        "Only the last %(days)d days count.",
        step.window_days,
    ) % {"days": step.window_days}
