"""Trials: what a draft of the rules would change, counted order by order, nothing written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from attribution.sales.models import Credit, RuleSet, RuleTrial
from attribution.sales.services import verdicts

NOTHING = Decimal("0.00")
MOST_SAMPLES = 20
NOBODY = "0"


@dataclass
class Tally:
    """How many orders would go to somebody else, and what each guide would have before and after.

    Guides by id as text ("0" is nobody): it is kept as JSON, in RuleTrial.
    """

    last: str = ""
    orders: int = 0
    changed: int = 0
    moved: Decimal = NOTHING
    guides: dict[str, list[str]] = field(default_factory=dict)
    samples: list[list[str]] = field(default_factory=list)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any] | None) -> "Tally":
        """Return the tally that was kept, or an empty one."""
        return cls(**{**kept, "moved": Decimal(kept["moved"])}) if kept else cls()

    def as_json(self) -> dict[str, Any]:
        """Return what is kept."""
        return {
            "last": self.last, "orders": self.orders, "changed": self.changed, "moved": str(self.moved),
            "guides": self.guides, "samples": self.samples,
        }  # fmt: skip

    def add(self, credit: Credit, member_id: int | None, rule: str) -> None:
        """Count one order that has a credit."""
        self.orders += 1
        before, after = _key(credit.member_id), _key(member_id)
        self._sum(before, 0, credit.net)
        self._sum(after, 1, credit.net)
        if before != after:
            self.changed += 1
            self.moved += credit.net
            if len(self.samples) < MOST_SAMPLES:
                self.samples.append([str(credit.pk), after, rule])

    def _sum(self, guide: str, side: int, amount: Decimal) -> None:
        sums = self.guides.setdefault(guide, ["0.00", "0.00"])
        sums[side] = str(Decimal(sums[side]) + amount)


def _key(member_id: int | None) -> str:
    return NOBODY if member_id is None else str(member_id)


def tally_kept(job_id: UUID | str) -> Tally:
    """Return the tally of a trial so far, an empty one before it began."""
    return Tally.from_json(
        RuleTrial.objects.filter(job_id=job_id).values_list("tally", flat=True).first()
    )


def tally_keep(tally: Tally, job_id: UUID | str, draft: RuleSet) -> None:
    """Keep the tally apart from its job: jobs are shown to people who may not see sales."""
    RuleTrial.objects.update_or_create(
        job_id=job_id, defaults={"ruleset": draft, "tally": tally.as_json()}
    )


def compare(order_ids: Sequence[UUID], draft: RuleSet, tally: Tally) -> None:
    """Count these orders: as they are credited, and as the draft would credit them."""
    known = {credit.order_id: credit for credit in Credit.objects.filter(order__in=order_ids)}
    for verdict in verdicts(order_ids, draft=draft):
        credit = known.get(verdict.order.pk)
        if credit is not None:
            tally.add(credit, verdict.decision.member_id, verdict.decision.rule)
    tally.last = str(order_ids[-1])
