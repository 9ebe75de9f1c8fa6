"""The customer's page of a group: check in, see the streak, redeem points."""

import re
import secrets
from functools import wraps
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.checkin import selectors, services
from customers.checkin.models import CampaignGroup
from customers.groups.public import (
    ask_wechat,
    identity_of,
    in_phones_language,
    in_wechat,
    missing,
    notice,
)
from customers.groups.visitors import Visitor, visitor_in
from customers.points import ledger
from customers.points import services as points
from customers.points.models import PointsAccount, Redemption, Reward
from customers.points.selectors import history_of, redemptions_of
from scrm.core.exceptions import ScrmError
from scrm.core.limits import counted
from scrm.core.scope import public

KEY = re.compile(r"[0-9a-f]{32}")
MOST_TAPS, WINDOW = 30, 60


class PlacedView(Protocol):
    """A view of somebody who is in the group of the address."""

    def __call__(
        self, request: HttpRequest, place: CampaignGroup, visitor: Visitor
    ) -> HttpResponse:
        """Answer."""


def of_the_group(view: PlacedView) -> Any:
    """Let in only who is in the group of the address; everybody else is told what is missing."""

    @wraps(view)
    def placed(request: HttpRequest, token: str) -> HttpResponse:
        place = selectors.place_by_token(token)
        if place is None:
            return missing(request)
        try:
            found = _visitor(request, place)
        except ScrmError as error:
            return notice(request, "failed", status=error.status, place=place, words=error.message)
        return view(request, place, found) if isinstance(found, Visitor) else found

    return placed


def _visitor(request: HttpRequest, place: CampaignGroup) -> Visitor | HttpResponse:
    if not in_wechat(request):
        colleague = "wxwork" in request.headers.get("User-Agent", "").lower()
        return notice(request, "colleague" if colleague else "outside", place=place)
    identity = identity_of(request)
    if identity is None:
        return ask_wechat(_address(place)) if request.method == "GET" else _begin_again(place)
    if not identity.unionid:
        asked = "asked" in request.GET
        return notice(request, "unbound" if asked else "consent", place=place)
    visitor = visitor_in(identity, place.group)
    if visitor.stay is None:
        return notice(request, "unknown", status=403, place=place)
    return visitor


def _begin_again(place: CampaignGroup) -> HttpResponse:
    return HttpResponseRedirect(_address(place))


def _address(place: CampaignGroup) -> str:
    return reverse("group_pages:page", args=[place.token])


@public
@require_GET
@in_phones_language
@of_the_group
def page(request: HttpRequest, place: CampaignGroup, visitor: Visitor) -> HttpResponse:
    """Show how the customer stands today."""
    return _page(request, place, visitor)


def _page(
    request: HttpRequest,
    place: CampaignGroup,
    visitor: Visitor,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    day = services.business_day(timezone.now())
    account = PointsAccount.objects.filter(unionid=visitor.identity.unionid).first()
    campaign = place.campaign
    is_open = campaign.state == campaign.State.OPEN
    context = {
        "place": place,
        "campaign": campaign,
        "account": account,
        "balance": account.balance if account else 0,
        "standing": selectors.standing_of(campaign, account, day),
        "today": day,
        "may_check_in": is_open and campaign.starts_on <= day <= campaign.ends_on,
        "bonuses": campaign.bonuses.all(),
        "rewards": list(points.open_rewards()),
        "redemptions": redemptions_of(account) if account else [],
        "history": history_of(account, 10) if account else [],
        "leaders": selectors.leaders_of(place, account),
        "problem": problem,
        "held": Redemption.State.HELD,
    }
    return render(request, "public/groups/checkin.html", context, status=status)


def _account(visitor: Visitor) -> PointsAccount:
    stay = visitor.stay
    return ledger.account_of(
        visitor.identity.unionid,
        external_userid=stay.userid if stay else "",
        name=stay.name if stay else "",
    )


def _tapped_too_often(visitor: Visitor) -> bool:
    return counted("checkin.tap", str(visitor.identity.pk), WINDOW) > MOST_TAPS


@public
@require_POST
@in_phones_language
@of_the_group
def check_in(request: HttpRequest, place: CampaignGroup, visitor: Visitor) -> HttpResponse:
    """Check in today; a second tap finds the first."""
    if _tapped_too_often(visitor):
        return _page(
            request, place, visitor, problem=_("Too many taps. Wait a minute."), status=429
        )
    try:
        services.check_in(place, _account(visitor))
    except ScrmError as error:
        return _page(request, place, visitor, problem=error.message, status=error.status)
    return HttpResponseRedirect(_address(place))


@public
@require_http_methods(["GET", "POST"])
@in_phones_language
@of_the_group
def redeem(request: HttpRequest, place: CampaignGroup, visitor: Visitor) -> HttpResponse:
    """Name the reward and its price, then redeem points for one piece; the form's key makes two taps one."""
    if request.method == "GET":
        return _asked(request, place, visitor)
    if _tapped_too_often(visitor):
        return _page(
            request, place, visitor, problem=_("Too many taps. Wait a minute."), status=429
        )
    key, raw = request.POST.get("key", ""), request.POST.get("reward", "")
    if not KEY.fullmatch(key) or not raw.isdecimal() or len(raw) > 9:
        problem = _("This form is not complete. Open the page again.")
        return _page(request, place, visitor, problem=problem, status=400)
    try:
        points.redeem(_account(visitor), int(raw), key=f"{int(raw)}:{key}")
    except ScrmError as error:
        return _page(request, place, visitor, problem=error.message, status=error.status)
    return HttpResponseRedirect(f"{_address(place)}#codes")


def _asked(request: HttpRequest, place: CampaignGroup, visitor: Visitor) -> HttpResponse:
    """Ask once more before points are spent: what for, how many, what stays."""
    raw = request.GET.get("reward", "")
    wanted = int(raw) if raw.isdecimal() and len(raw) <= 9 else 0
    reward: Reward | None = points.open_rewards().filter(pk=wanted).first()
    if reward is None:
        problem = _("This reward is closed.")
        return _page(request, place, visitor, problem=problem, status=404)
    account = PointsAccount.objects.filter(unionid=visitor.identity.unionid).first()
    balance = account.balance if account else 0
    context = {
        "place": place,
        "campaign": place.campaign,
        "reward": reward,
        "balance": balance,
        "left": balance - reward.cost,
        "key": secrets.token_hex(16),
    }
    return render(request, "public/groups/redeem.html", context)


@public
@require_GET
@in_phones_language
def consent(request: HttpRequest, token: str) -> HttpResponse:
    """Ask WeChat who this is, with the customer's consent: only by a tap, as WeChat wants it.

    A link, no form: the content policy lets no form lead to another host.
    """
    place = selectors.place_by_token(token)
    if place is None:
        return missing(request)
    if not in_wechat(request):
        return notice(request, "outside", place=place)
    try:
        return ask_wechat(_address(place), consent=True)
    except ScrmError as error:
        return notice(request, "failed", status=error.status, place=place, words=error.message)
