"""Headquarters' pages of check-in."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.checkin import selectors, services
from customers.checkin.forms import CampaignFilter, CampaignForm, bonuses_text
from customers.checkin.models import CheckinCampaign
from customers.checkin.tables import CampaignTable
from scrm.core.approvals.asking import second_person
from scrm.core.approvals.exports import may_take
from scrm.core.audit import services as audit
from scrm.core.downloads import stamp_of, taken_notes, workbook_response
from scrm.core.excel import write_workbook
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import Scope, ScopedRequest, requires

FOLDER = "console/customers/checkin"


@require_GET
@requires("checkin.view")
def campaign_list(request: ScopedRequest) -> HttpResponse:
    """List the campaigns in scope, the newest first."""
    may_edit = request.scope.allows("checkin.edit")
    page = build_list(
        request,
        queryset=selectors.with_figures(
            request.scope, selectors.campaigns_visible_to(request.scope)
        ),
        table_class=CampaignTable,
        filterset_class=CampaignFilter,
        order=("-id",),
    )
    empty = {
        "title": _("No check-in activity yet"),
        "text": _("Choose groups, days and points; customers open the link in their group."),
        "action_label": _("New activity") if may_edit else "",
        "action_url": reverse("checkin:create") if may_edit else "",
        "icon": "calendar",
    }
    context = {
        "list": page,
        "empty": empty,
        "may_edit": may_edit,
        "has_account": bool(settings.WECHAT_APPS.get("service", {}).get("appid")),
    }
    return render(request, f"{FOLDER}/list.html", context)


def _campaign(request: ScopedRequest, pk: int) -> CheckinCampaign:
    return get_object_or_404(selectors.campaigns_visible_to(request.scope), pk=pk)


@require_http_methods(["GET", "POST"])
@requires("checkin.edit")
def campaign_edit(request: ScopedRequest, pk: int | None = None) -> HttpResponse:
    """Make a campaign, or change one."""
    campaign = _campaign(request, pk) if pk is not None else None
    form = CampaignForm(
        request.POST or None,
        groups=selectors.choosable(request.scope),
        initial=_initial(campaign),
    )
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        with RefusalInForm(form):
            kept = services.campaign_save(
                campaign, values, groups=list(values["groups"]), bonuses=values["bonuses"],
                actor=request.user,
            )  # fmt: skip
            return redirect("checkin:detail", kept.pk)
    status = 422 if form.errors else 200
    return render(
        request, f"{FOLDER}/edit.html", {"form": form, "campaign": campaign}, status=status
    )


def _initial(campaign: CheckinCampaign | None) -> dict[str, Any]:
    if campaign is None:
        return {"starts_on": timezone.localdate(), "points": 5, "bonuses": "3:5, 7:20"}
    return {
        "name": campaign.name,
        "words": campaign.words,
        "starts_on": campaign.starts_on,
        "ends_on": campaign.ends_on,
        "points": campaign.points,
        "bonuses": bonuses_text(campaign),
        "groups": list(campaign.places.values_list("group_id", flat=True)),
    }


@require_GET
@requires("checkin.view")
def campaign_detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show a campaign's figures: in all, by group with its address, by day."""
    campaign = _campaign(request, pk)
    places = selectors.places_of(request.scope, campaign)
    base = settings.BASE_URL.rstrip("/")
    for place in places:
        place.address = base + reverse("group_pages:page", args=[place.token])
        customers = place.group.customers_count
        place.share = round(100 * place.people / customers) if customers else None
    context = {
        "campaign": campaign,
        "totals": selectors.totals_of(request.scope, campaign),
        "places": places,
        "days": selectors.days_of(request.scope, campaign),
        "bonuses": campaign.bonuses.order_by("days"),
        "may_edit": request.scope.allows("checkin.edit"),
        "may_export": request.scope.allows("checkin.export"),
    }
    return render(request, f"{FOLDER}/detail.html", context)


@require_POST
@requires("checkin.edit")
def campaign_state(request: ScopedRequest, pk: int) -> HttpResponse:
    """Open or stop a campaign."""
    campaign = _campaign(request, pk)
    with RefusalAsMessage(request):
        services.campaign_state(campaign, request.POST.get("state", ""), actor=request.user)
    return redirect("checkin:detail", campaign.pk)


@require_POST
@requires("checkin.export")
def campaign_export(request: ScopedRequest, pk: int) -> HttpResponse:
    """Give a campaign's check-ins as a file; a large one needs a second person."""
    campaign = _campaign(request, pk)
    rows = selectors.rows_for_export(request.scope, campaign)
    count, filters = rows.count(), {"run": str(campaign.pk)}
    if not may_take("checkin", filters, rows=count, actor=request.user):
        page = reverse("checkin:detail", args=[campaign.pk])
        return second_person(request, "checkin", filters, rows=count, page=page, shown={})
    audit.record(
        actor=request.user, action="checkin.export", target=f"checkin_campaign:{campaign.pk}",
        after={"rows": count},
    )  # fmt: skip
    columns = [
        ("day", _("Day")), ("time", _("Time")), ("group", _("Customer group")), ("who", _("Customer")),
        ("streak", _("Days in a row")), ("points", _("Points")), ("bonus", _("Bonus")),
    ]  # fmt: skip
    stamp = stamp_of(request.user)
    content = write_workbook(
        columns, _lines(request.scope, rows), notes=taken_notes(stamp), stamp=stamp
    )
    return workbook_response(content, f"checkin-{campaign.pk}.xlsx")


def _lines(scope: Scope, rows: Any) -> Iterator[Mapping[str, object]]:
    for row in rows.iterator(chunk_size=1000):
        yield {
            "day": row.day.isoformat(),
            "time": f"{timezone.localtime(row.made_at):%H:%M:%S}",
            "group": row.group.name or row.group.chat_id,
            "who": selectors.export_name(scope, row.account),
            "streak": row.streak,
            "points": row.points,
            "bonus": row.bonus,
        }
