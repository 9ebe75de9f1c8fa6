"""What stands in our database of customers' rooms: sync, stock, fields, segments, rules, groups, points."""

from collections import defaultdict
from datetime import date
from typing import Any

from django.db.models import Count

from customers.checkin.models import CampaignGroup, Checkin
from customers.crm.models import CrmMember, Order
from customers.fields.models import FieldValue
from customers.goods.models import StoreStock
from customers.groups.models import CustomerGroup, GroupMember, GroupWelcome
from customers.intake.models import PullSource
from customers.oneid.models import Conflict
from customers.points.models import PointsAccount, PointsEntry, Redemption, Reward
from customers.relations.models import ExternalContact
from customers.segments.models import RuleMark, Segment, TagRule
from customers.segments.penetration import penetration
from customers.sync.models import MissedChange, SyncRun
from customers.tags.models import LocalTag, Tag
from scrm.core.approvals.models import Approval
from scrm.core.jobs.models import JobRun
from scrm.core.scope import SYSTEM_SCOPE

Pair = tuple[str, str]


def contact_ids() -> dict[str, str]:
    """Return our ids of customers by WeCom's, as addresses hold them."""
    rows = ExternalContact.objects.values_list("external_userid", "pk")
    return {external_userid: str(pk) for external_userid, pk in rows}


def member_id(member_no: str) -> str:
    """Return our id of a CRM member, as addresses hold it."""
    return str(CrmMember.objects.values_list("pk", flat=True).get(member_no=member_no))


def sync_run(address: str) -> dict[str, Any]:
    """Return how the comparison of this page ended, and what it found that nobody had told."""
    run = SyncRun.objects.get(pk=address.rstrip("/").rsplit("/", 1)[-1])
    missed = MissedChange.objects.filter(run=run).values_list(
        "kind", "relation__member__userid", "relation__contact__external_userid"
    )
    return {"outcome": run.outcome, "read": run.read, "missed": set(missed)}


def source_jobs(name: str) -> dict[str, int]:
    """Return what the readings of a source brought: rows taken, refused, and imports under way."""
    source = PullSource.objects.get(name=name)
    jobs = JobRun.objects.filter(pk__in=list(source.files.values_list("job_id", flat=True)))
    active = sum(job.is_active for job in jobs)
    return {
        "records": source.last_records,
        "taken": sum(job.succeeded + job.skipped for job in jobs),
        "refused": sum(job.failed for job in jobs),
        "active": active,
    }


def stock() -> dict[Pair, int]:
    """Return how many pieces lie where, by SKU and store code."""
    rows = StoreStock.objects.values_list("sku", "store_code", "quantity")
    return {(sku, code): int(quantity) for sku, code, quantity in rows}


def field_values() -> dict[str, int]:
    """Return how many customers have a value of each field of the company."""
    found: dict[str, int] = defaultdict(int)
    for key in FieldValue.objects.values_list("field__key", flat=True):
        found[key] += 1
    return dict(found)


def tag_id(name: str) -> str:
    """Return WeCom's id of a tag."""
    return str(Tag.objects.filter(deleted_at=None).values_list("tag_id", flat=True).get(name=name))


def local_tag(name: str) -> str:
    """Return the form value of a tag of our own."""
    return str(LocalTag.objects.values_list("pk", flat=True).get(name=name))


def rule(name: str) -> dict[str, Any]:
    """Return a rule: its id, what the dry run said, and how its tags stand on relations."""
    found = TagRule.objects.get(name=name)
    marks = RuleMark.objects.filter(rule=found).select_related("relation__member")
    return {
        "id": str(found.pk),
        "state": found.state,
        "added": found.dry_run.get("added"),
        "relations": found.dry_run.get("relations"),
        "put": {
            (mark.relation.member.userid, mark.relation.contact.external_userid)
            for mark in marks.filter(state=RuleMark.State.PUT).select_related("relation__contact")
        },
    }


def segment_id(name: str) -> str:
    """Return the number of a segment."""
    return str(Segment.objects.values_list("pk", flat=True).get(name=name))


def penetration_by_store() -> dict[str, tuple[int, int]]:
    """Return valid members, and how many of them are a friend of a guide, by store code, as HQ's page has it."""
    lines = penetration(SYSTEM_SCOPE).stores
    return {
        line.unit.code: (line.figures.members, line.figures.friends)
        for line in lines
        if line.unit is not None and line.figures.members
    }


def groups() -> dict[str, dict[str, Any]]:
    """Return living groups by WeCom's id: name, owner and who is in them."""
    rows = CustomerGroup.objects.filter(dismissed_at=None)
    here: dict[int, set[str]] = defaultdict(set)
    for group, userid in GroupMember.objects.filter(left_at=None).values_list("group", "userid"):
        here[group].add(userid)
    return {
        row.chat_id: {"name": row.name, "owner": row.owner_userid, "members": here[row.pk]}
        for row in rows
    }


def group_ids(chat_ids: list[str]) -> list[str]:
    """Return our numbers of groups, in WeCom's order."""
    ids = dict(CustomerGroup.objects.values_list("chat_id", "pk"))
    return [str(ids[chat_id]) for chat_id in chat_ids]


def welcome_id(title: str) -> str:
    """Return the form value of a welcome template of groups."""
    return str(GroupWelcome.objects.values_list("pk", flat=True).get(title=title))


def places(campaign: str) -> dict[str, CampaignGroup]:
    """Return the addresses of a campaign by WeCom's id of the group."""
    rows = CampaignGroup.objects.filter(campaign__name=campaign)
    return {place.group.chat_id: place for place in rows.select_related("group", "campaign")}


def reward_id(name: str) -> str:
    """Return the form value of a reward."""
    return str(Reward.objects.values_list("pk", flat=True).get(name=name))


def streaks(day: date) -> dict[str, int]:
    """Return the days in a row of whoever checked in on a day, by unionid."""
    return dict(Checkin.objects.filter(day=day).values_list("account__unionid", "streak"))


def balances() -> dict[str, int]:
    """Return the points of every customer by unionid, as the account says."""
    rows = PointsAccount.objects.filter(kind=PointsAccount.Kind.CUSTOMER)
    return dict(rows.values_list("unionid", "balance"))


def ledger_sums() -> dict[str, int]:
    """Return the points of every customer by unionid, added up from the ledger; "" is the sum of all books."""
    found: dict[str, int] = defaultdict(int)
    rows = PointsEntry.objects.values_list("account__kind", "account__unionid", "amount")
    for kind, unionid, amount in rows:
        found[""] += amount
        if kind == PointsAccount.Kind.CUSTOMER:
            found[unionid] += amount
    return dict(found)


def redemptions() -> dict[str, int]:
    """Return how many redemptions are in each state."""
    found: dict[str, int] = defaultdict(int)
    for state in Redemption.objects.values_list("state", flat=True):
        found[state] += 1
    return dict(found)


def approvals_waiting() -> set[str]:
    """Return the kinds of what waits for a second person."""
    rows = Approval.objects.filter(state=Approval.State.WAITING)
    return set(rows.values_list("kind", flat=True))


def open_conflict() -> str:
    """Return the number of a conflict that a human must decide, "" without one."""
    found = Conflict.objects.filter(state=Conflict.State.OPEN).order_by("pk").first()
    return str(found.pk) if found else ""


def job_ended(address: str) -> bool:
    """Tell whether the job of this page is over."""
    return not JobRun.objects.get(pk=address.rstrip("/").rsplit("/", 1)[-1]).is_active


def orders() -> dict[str, tuple[Any, ...]]:
    """Return each order as it stands: when paid, the amount, who, and how many lines."""
    rows = Order.objects.annotate(count=Count("lines"))
    return {
        row.order_no: (
            row.paid_at,
            row.amount,
            row.unionid,
            row.store_code,
            row.parameter,
            row.count,
        )
        for row in rows
    }
