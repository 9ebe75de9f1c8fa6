"""Figures of the home page about what comes in and what goes out: losses, views, sales, risk."""

from datetime import timedelta

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attribution.adds.selectors import adds_visible_to, lost_customers
from attribution.sales.selectors import credit_lines_between
from customers.profile.counting import customers_only
from materials.tracking.models import Who
from materials.tracking.selectors import views_visible_to
from risk.anomalies.models import Incident
from risk.anomalies.selectors import incidents_visible_to
from risk.capacity.selectors import capacity_counts
from scrm.core.scope import Scope
from scrm.home.figure import TREND_DAYS, Figure, today, trend_days


def losses_today(scope: Scope) -> Figure:
    """Count the adds that ended since midnight."""
    since = today() - timedelta(days=TREND_DAYS - 1)
    ended = lost_customers(adds_visible_to(scope)).filter(ended_at__gte=since).order_by()
    by_day = {
        row["day"]: row["count"]
        for row in ended.annotate(day=TruncDate("ended_at"))
        .values("day")
        .annotate(count=Count("pk"))
    }
    days = trend_days()
    trend = tuple(by_day.get(day, 0) for day in days)
    return Figure(
        label=_("Lost today"),
        definition=_(
            "Times a customer and a member parted since midnight: one deleted the other. A hand-over to a colleague is no loss."
        ),
        value=trend[-1],
        note=_("%(count)d in seven days") % {"count": sum(trend)},
        url_name="adds:list",
        query={"ended_from": str(days[-1]), "ended_to": str(days[-1]), "origin": "lost"},
        trend=trend,
    )


def viewers_today(scope: Scope) -> Figure:
    """Count who viewed materials since midnight; the sure, the likely and the unknown ones stay apart."""
    rows = views_visible_to(scope).filter(counted=True, opened_at__gte=today())
    viewed = customers_only(rows, moment="opened_at", unionid="unionid")
    counts = viewed.aggregate(
        identified=Count("unionid", filter=Q(who=Who.IDENTIFIED), distinct=True),
        inferred=Count("external_userid", filter=Q(who=Who.INFERRED), distinct=True),
        anonymous=Count("visitor", filter=Q(who=Who.ANONYMOUS), distinct=True),
    )
    return Figure(
        label=_("Viewers today"),
        definition=_(
            "Identified customers who viewed a material since midnight, each once. Inferred: sent to this customer alone, and the first to open it. Anonymous: devices nobody is known behind."
        ),
        value=counts["identified"],
        note=_("%(inferred)d inferred, %(anonymous)d anonymous") % counts,
        url_name="material_reach:list",
    )


def sales_today(scope: Scope) -> Figure:
    """Add up the ledger of today; nobody's sales stand beside, not inside."""
    days = trend_days()
    lines = credit_lines_between(scope, days[0], days[-1]).order_by().values("business_day")
    by_day = {
        row["business_day"]: row
        for row in lines.annotate(
            guides=Sum("amount", filter=Q(member__isnull=False), default=0),
            nobody=Sum("amount", filter=Q(member=None), default=0),
        )
    }
    now = by_day.get(days[-1], {"guides": 0, "nobody": 0})
    return Figure(
        label=_("Sales credited today"),
        definition=_(
            "Sales less refunds of today that the rules credit to a guide, from the ledger. Every order has its reason in the list of attributed orders."
        ),
        value=round(now["guides"]),
        text=number_format(now["guides"], decimal_pos=2, force_grouping=True),
        note=_("%(amount)s credited to nobody")
        % {"amount": number_format(now["nobody"], decimal_pos=2, force_grouping=True)},
        url_name="boards:index",
        query={"range": "today"},
        trend=tuple(max(0, round(by_day[day]["guides"])) if day in by_day else 0 for day in days),
    )


def full_accounts(scope: Scope) -> Figure:
    """Count the accounts that reached a level of their capacity."""
    counts = capacity_counts(scope)
    return Figure(
        label=_("Accounts near their limit"),
        definition=_("Accounts whose active follow relations reached a level of their limit."),
        value=counts.warned,
        url_name="capacity:list",
        query={"usage": "warned"},
        waiting=counts.warned,
        waiting_text=ngettext(
            "account near its limit of customers",
            "accounts near their limit of customers",
            counts.warned,
        ),
    )


def open_incidents(scope: Scope) -> Figure:
    """Count the incidents nobody has closed."""
    count = incidents_visible_to(scope).filter(state=Incident.State.OPEN).count()
    return Figure(
        label=_("Open incidents"),
        definition=_("Accounts that did too much of something, until a person closes it."),
        value=count,
        url_name="anomalies:list",
        waiting=count,
        waiting_text=ngettext("open incident", "open incidents", count),
    )
