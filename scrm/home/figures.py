"""One figure of the home page each: a number, what it means, where it leads.

A figure is one or two queries through the selectors of the app that owns the data, and is asked for
only when the person holds its permission.
"""

from datetime import timedelta

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attribution.adds.selectors import adds_visible_to, new_customers
from attribution.live_codes.models import LiveCode
from attribution.live_codes.selectors import live_codes_visible_to
from contacts.directory.models import Member
from contacts.directory.selectors import members_visible_to
from contacts.oa_sync.models import OaRun
from contacts.oa_sync.selectors import runs_visible_to
from contacts.org.selectors import binding_rates
from customers.crm.models import CrmMember
from customers.crm.selectors import members_visible_to as crm_members_visible_to
from customers.oneid.selectors import conflicts_waiting
from customers.profile.counting import record_ids_left_out
from customers.relations.models import FollowRelation
from customers.relations.selectors import relation_counts
from scrm.core.alerts.models import AlertLevel
from scrm.core.alerts.selectors import alerts_visible_to
from scrm.core.approvals.selectors import waiting_for
from scrm.core.jobs.models import ACTIVE_STATES, JobState
from scrm.core.jobs.selectors import jobs_visible_to
from scrm.core.outbox.models import OutboxMessage
from scrm.core.outbox.selectors import status_counts
from scrm.core.scope import Scope
from scrm.home.figure import TREND_DAYS, Figure, Provider, today, trend_days
from scrm.home.trade_figures import (
    full_accounts,
    losses_today,
    open_incidents,
    sales_today,
    viewers_today,
)
from scrm.inbox.models import InboxEvent
from scrm.inbox.selectors import state_counts


def _members(scope: Scope) -> Figure:
    counts = members_visible_to(scope).aggregate(
        total=Count("pk", filter=~Q(status=Member.Status.LEFT)),
        active=Count("pk", filter=Q(status=Member.Status.ACTIVE)),
        ready=Count("pk", filter=Q(status=Member.Status.ACTIVE, can_follow=True)),
    )
    return Figure(
        label=_("Members"),
        definition=_(
            "WeCom accounts that were not deleted. Active: logged in once. Ready: active, and customer contact is on."
        ),
        value=counts["total"],
        note=_("%(active)d active, %(ready)d ready for customers") % counts,
        url_name="directory:members",
    )


def _stores(scope: Scope) -> Figure:
    rates = binding_rates(scope)
    stores, bound = sum(rate.stores for rate in rates), sum(rate.bound for rate in rates)
    percent = round(100 * bound / stores, 1) if stores else 0.0
    return Figure(
        label=_("Stores with an account"),
        definition=_(
            "Open stores that at least one WeCom account is bound to, also while it is disabled. Binding rate: these stores out of all open stores."
        ),
        value=bound,
        note=_("%(percent)s %% of %(stores)d stores") % {"percent": percent, "stores": stores},
        url_name="org:list",
        waiting=stores - bound,
        waiting_text=ngettext(
            "store without an account", "stores without an account", stores - bound
        ),
    )


def _customers(scope: Scope) -> Figure:
    counts = relation_counts(scope, without=record_ids_left_out())
    return Figure(
        label=_("Customers"),
        definition=_(
            "External contacts that at least one member follows now, each counted once. Relations: member and customer pairs."
        ),
        value=counts["customers"],
        note=_("%(active)d relations, %(lost)d lost") % counts,
        url_name="relations:list",
        query={"status": FollowRelation.Status.ACTIVE.value},
    )


def _adds_today(scope: Scope) -> Figure:
    since = today() - timedelta(days=TREND_DAYS - 1)
    by_day = {
        row["day"]: row
        for row in new_customers(adds_visible_to(scope))
        .filter(started_at__gte=since)
        .order_by()
        .annotate(day=TruncDate("started_at"))
        .values("day")
        .annotate(total=Count("pk"), coded=Count("pk", filter=Q(live_code__isnull=False)))
    }
    days = trend_days()
    counts = by_day.get(days[-1], {"total": 0, "coded": 0})
    return Figure(
        label=_("Added today"),
        definition=_(
            "Times a customer added a member since midnight, each counted once however often WeCom reports it. Somebody who adds two guides counts twice; a customer handed over by a colleague is not new."
        ),
        value=counts["total"],
        note=_("%(coded)d through a live code") % counts,
        url_name="adds:list",
        query={"added_from": str(days[-1]), "added_to": str(days[-1]), "origin": "new"},
        trend=tuple(by_day[day]["total"] if day in by_day else 0 for day in days),
    )


def _live_codes(scope: Scope) -> Figure:
    status = LiveCode.Status
    counts = live_codes_visible_to(scope).aggregate(
        working=Count("pk", filter=Q(status=status.ACTIVE)),
        idle=Count("pk", filter=Q(status__in=[status.EMPTY, status.FAILED, status.UNCERTAIN])),
    )
    return Figure(
        label=_("Live codes"),
        definition=_("Codes that WeCom knows and at least one member can receive customers for."),
        value=counts["working"],
        note=_("%(idle)d that need attention") % counts,
        url_name="live_codes:list",
        waiting=counts["idle"],
        waiting_text=ngettext(
            "live code that needs attention", "live codes that need attention", counts["idle"]
        ),
    )


def _conflicts(scope: Scope) -> Figure:
    count = conflicts_waiting(scope)
    return Figure(
        label=_("Merge conflicts"),
        definition=_(
            "Records that strong keys want to join and that contradict each other; a person decides."
        ),
        value=count,
        url_name="oneid:list",
        waiting=count,
        waiting_text=ngettext(
            "merge conflict that waits for a decision",
            "merge conflicts that wait for a decision",
            count,
        ),
    )


def _jobs(scope: Scope) -> Figure:
    counts = jobs_visible_to(scope).aggregate(
        active=Count("pk", filter=Q(state__in=ACTIVE_STATES)),
        failed=Count("pk", filter=Q(state=JobState.FAILED, created_at__gte=today())),
    )
    return Figure(
        label=_("Jobs under way"),
        definition=_("Long pieces of work that wait, run, or are held up by WeCom's limits."),
        value=counts["active"],
        note=_("%(failed)d failed today") % counts,
        url_name="jobs:list",
        waiting=counts["failed"],
        waiting_text=ngettext("job that failed today", "jobs that failed today", counts["failed"]),
    )


def _crm_members(scope: Scope) -> Figure:
    counts = crm_members_visible_to(scope).aggregate(
        active=Count("pk", filter=Q(state=CrmMember.State.ACTIVE)),
        closed=Count("pk", filter=Q(state=CrmMember.State.CLOSED)),
    )
    return Figure(
        label=_("CRM members"),
        definition=_("Active members of the retailer's member system, by member number."),
        value=counts["active"],
        note=_("%(closed)d closed") % counts,
        url_name="crm:list",
        query={"state": CrmMember.State.ACTIVE.value},
    )


def _events(scope: Scope) -> Figure:
    counts = {row.state: row.count for row in state_counts()}
    waiting = counts.get(InboxEvent.State.QUARANTINED, 0)
    return Figure(
        label=_("Events waiting"),
        definition=_(
            "Callbacks of WeCom that are stored and not yet applied. Quarantined: failed five times, a person decides."
        ),
        value=counts.get(InboxEvent.State.PENDING, 0),
        note=_("%(count)d quarantined") % {"count": waiting},
        url_name="inbox:list",
        waiting=waiting,
        waiting_text=ngettext("event in quarantine", "events in quarantine", waiting),
    )


def _outgoing(scope: Scope) -> Figure:
    counts = {status: count for status, _label, count in status_counts()}
    uncertain = counts.get(OutboxMessage.Status.UNCERTAIN, 0)
    return Figure(
        label=_("Outgoing actions"),
        definition=_("Welcomes, tags, remarks and messages that wait to be sent to WeCom."),
        value=counts.get(OutboxMessage.Status.PENDING, 0),
        url_name="outbox:list",
        waiting=uncertain,
        waiting_text=ngettext(
            "outgoing action whose result is unknown",
            "outgoing actions whose result is unknown",
            uncertain,
        ),
    )


def _alerts(scope: Scope) -> Figure:
    count = (
        alerts_visible_to(scope).filter(last_at__gte=today()).exclude(level=AlertLevel.INFO).count()
    )
    return Figure(
        label=_("Alerts today"),
        definition=_("Warnings and critical alerts since midnight."),
        value=count,
        url_name="alerts:list",
        waiting=count,
        waiting_text=ngettext("alert today", "alerts today", count),
    )


def _oa_plans(scope: Scope) -> Figure:
    count = runs_visible_to(scope).filter(status__in=OaRun.OPEN).count()
    return Figure(
        label=_("OA plans"),
        definition=_("Plans of the OA sync that wait for a named person."),
        value=count,
        url_name="oa_sync:list",
        waiting=count,
        waiting_text=ngettext(
            "OA plan that waits for approval", "OA plans that wait for approval", count
        ),
    )


def _approvals(scope: Scope) -> Figure:
    count = waiting_for(scope).count()
    return Figure(
        label=_("Approvals"),
        definition=_("What others asked for and you decide on."),
        value=count,
        url_name="approvals:list",
        waiting=count,
        waiting_text=ngettext(
            "request that waits for your decision", "requests that wait for your decision", count
        ),
        query={"mine": "decide"},
    )


PROVIDERS: tuple[Provider, ...] = (
    Provider("customers", "relations.view", _customers),
    Provider("adds_today", "adds.view", _adds_today),
    Provider("losses_today", "adds.view", losses_today),
    Provider("viewers_today", "materials.view", viewers_today),
    Provider("sales_today", "sales.view", sales_today),
    Provider("stores", "org.view", _stores),
    Provider("members", "directory.view", _members),
    Provider("live_codes", "live_codes.view", _live_codes),
    Provider("crm_members", "crm.view", _crm_members),
    Provider("jobs", "jobs.view", _jobs),
    Provider("events", "inbox.view", _events),
    Provider("incidents", "anomalies.view", open_incidents, is_card=False),
    Provider("capacity", "capacity.view", full_accounts, is_card=False),
    Provider("outgoing", "outbox.view", _outgoing, is_card=False),
    Provider("alerts", "alerts.view", _alerts, is_card=False),
    Provider("conflicts", "oneid.view", _conflicts, is_card=False),
    Provider("approvals", "approvals.view", _approvals, is_card=False),
    Provider("oa_plans", "oa_sync.approve", _oa_plans, is_card=False),
)
