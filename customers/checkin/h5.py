"""The guide's page: the check-in links of one's own groups, to send into them."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from customers.checkin.selectors import campaigns_of_groups
from customers.checkin.services import business_day
from customers.groups.selectors import groups_visible_to, living
from scrm.core.scope import ScopedRequest, h5_requires

MOST = 50


@require_GET
@h5_requires("checkin.send")
def links(request: ScopedRequest) -> HttpResponse:
    """Show what is open in this guide's groups today, with a button that sends the link."""
    groups = living(groups_visible_to(request.scope))
    places = campaigns_of_groups(groups, business_day(timezone.now()))[:MOST]
    return render(request, "h5/checkin/links.html", {"cards": [_card(place) for place in places]})


def _card(place: Any) -> dict[str, Any]:
    link = settings.BASE_URL.rstrip("/") + reverse("group_pages:page", args=[place.token])
    news = {
        "link": link,
        "title": place.campaign.name,
        "desc": place.campaign.words
        or _("Check in every day for %(points)d points.") % {"points": place.campaign.points},
        "imgUrl": "",
    }
    return {"place": place, "link": link, "message": {"msgtype": "news", "news": news}}
