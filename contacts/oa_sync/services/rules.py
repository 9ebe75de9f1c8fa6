"""Who gets an account: changed by a person, counted on the last reading before it counts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.oa_sync.models import OaFile, OaPolicy, OaRun
from contacts.oa_sync.plan_items import PlanRules
from contacts.oa_sync.selectors import policy, source_of
from contacts.oa_sync.snapshots import take_snapshot
from scrm.core.audit.services import record
from scrm.core.exceptions import NotFound


@dataclass(frozen=True)
class PolicyValues:
    """What a person enters; empty lists mean every post, department or state."""

    posts: tuple[str, ...]
    departments: tuple[str, ...]
    states: tuple[str, ...]
    invite: bool
    batch_api: bool

    @property
    def rules(self) -> PlanRules:
        """Return them as the planner takes them."""
        return PlanRules(frozenset(self.posts), frozenset(self.departments), frozenset(self.states))


def cleaned(words: Iterable[str]) -> tuple[str, ...]:
    """Return lines without blanks around them, each once, in order."""
    return tuple(sorted({word.strip() for word in words if word.strip()}))


@transaction.atomic
def policy_set(*, values: PolicyValues, actor: Any) -> OaPolicy:
    """Change who gets an account and how it is written; audited. Plans made by the old rules expire."""
    stored = policy()
    before = {name: getattr(stored, name) for name in asdict(values)}
    after = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(values).items()
    }
    for name, value in after.items():
        setattr(stored, name, value)
    stored.save()
    if before != after:
        plans_expire()
    record(
        actor=actor, action="oa_sync.policy_set", target="oa_policy:1", before=before, after=after
    )
    return stored


def plans_expire() -> int:
    """Let the plans that wait expire: what they were made of moved on; returns their number."""
    return OaRun.objects.filter(status__in=OaRun.OPEN).update(
        status=OaRun.Status.EXPIRED, finished_at=timezone.now()
    )


@dataclass(frozen=True)
class DryCount:
    """What rules would do to the employees of the last reading; left_out by post, department, state."""

    read_at: Any
    employees: int
    accounts: int
    left_out: dict[str, int]


def rules_counted(rules: PlanRules) -> DryCount:
    """Count who would get an account by these rules, on the files of the last reading.

    Raises NotFound where no reading left its files, ValidationFailed where they cannot be read any more.
    """
    run = (
        OaRun.objects.filter(files__role=OaFile.Role.EMPLOYEES)
        .exclude(status=OaRun.Status.FAILED)
        .order_by("-created_at")
        .first()
    )
    if run is None:
        raise NotFound(
            _("The OA was never read, so there is nothing to count. Read it once."), code="no_files"
        )
    snapshot = take_snapshot(source_of(run), rules)
    eligible = rules.among(snapshot.departments)
    employed = [row for row in snapshot.employees.values() if not row.left]
    why = Counter(eligible.why_not(row.post, row.department_code, row.state) for row in employed)
    return DryCount(
        read_at=run.created_at,
        employees=len(employed),
        accounts=why.pop("", 0),
        left_out=dict(why),
    )
