"""Compares a snapshot with the mirror; pure, so that a plan can be tested without a database."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from contacts.oa_sync.adoption import NOTHING_KNOWN, Doubt, Known
from contacts.oa_sync.department_plan import plan_departments
from contacts.oa_sync.member_plan import plan_members
from contacts.oa_sync.mirror import MirrorState
from contacts.oa_sync.plan_items import Note, Planned, PlanRules
from contacts.oa_sync.rows import Snapshot

REMOVALS_ALWAYS_ALLOWED = 10
REMOVAL_SHARE = 0.05
SOURCE_SHARE = 0.5


@dataclass(frozen=True)
class Plan:
    """The changes in a safe order, and the numbers the breaker looks at.

    withheld: removals not planned because some rows have no readable job number.
    """

    items: list[Planned]
    removals: int
    withheld: int
    managed: int
    hold: list[dict[str, Any]] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def make_plan(
    snapshot: Snapshot,
    mirror: MirrorState,
    rules: PlanRules,
    *,
    today: date,
    last_good: int | None,
    known: Known = NOTHING_KNOWN,
    recent: int = 0,
) -> Plan:
    """Return the plan.

    `last_good` is the number of employees that passed in the last good run; `known` what people and WeCom
    said of accounts that existed before; `recent` how many accounts plans disabled lately without a stop.
    """
    departments, department_ids = plan_departments(snapshot, mirror)
    members = plan_members(snapshot, mirror, rules, department_ids, today, known)
    return Plan(
        items=departments + members.items,
        removals=members.removals,
        withheld=members.withheld,
        doubts=members.doubts,
        notes=members.notes,
        managed=mirror.managed_count,
        hold=breaker(
            removals=members.removals,
            managed=mirror.managed_count,
            valid=len(snapshot.employees),
            last_good=last_good,
            recent=recent,
            emptied=members.emptied,
        ),
    )


def breaker(
    *,
    removals: int,
    managed: int,
    valid: int,
    last_good: int | None,
    recent: int = 0,
    emptied: int = 0,
) -> list[dict[str, Any]]:
    """Return why a plan must be held; empty when it need not be (product.md §3, OA breaker)."""
    reasons: list[dict[str, Any]] = []
    limit = max(REMOVALS_ALWAYS_ALLOWED, managed * REMOVAL_SHARE)
    if removals > limit:
        reasons.append(
            {"code": "removals", "removals": removals, "managed": managed, "limit": int(limit)}
        )
    # Small removals day after day are one large one; what was disabled lately counted as managed then.
    together = max(REMOVALS_ALWAYS_ALLOWED, (managed + recent) * REMOVAL_SHARE)
    if removals and not reasons and removals + recent > together:
        reasons.append(
            {
                "code": "repeated",
                "removals": removals,
                "recent": recent,
                "managed": managed + recent,
                "limit": int(together),
            }
        )
    if emptied > limit:
        reasons.append(
            {"code": "emptied", "people": emptied, "managed": managed, "limit": int(limit)}
        )
    if last_good and valid < last_good * SOURCE_SHARE:
        reasons.append({"code": "shrunk", "valid": valid, "last_good": last_good})
    if valid == 0 and managed:
        reasons.append({"code": "empty", "managed": managed})
    return reasons
