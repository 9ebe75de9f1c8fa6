"""Pages of alerts and their channels."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from scrm.core.alerts import selectors, services
from scrm.core.alerts.forms import ChannelForm
from scrm.core.alerts.models import AlertChannel
from scrm.core.alerts.tables import AlertFilter, AlertTable
from scrm.core.exceptions import ExternalFailure
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires


@require_GET
@requires("alerts.view")
def alert_list(request: ScopedRequest) -> HttpResponse:
    """Show alerts, newest first, and where they are told."""
    page = build_list(
        request,
        queryset=selectors.alerts_visible_to(request.scope),
        table_class=AlertTable,
        filterset_class=AlertFilter,
        order=("-raised_at", "-id"),
    )
    empty = {
        "title": _("No alerts"),
        "text": _("Nothing needed attention so far. Alerts appear here and in the channels below."),
        "icon": "bell",
    }
    context = {
        "list": page,
        "empty": empty,
        "channels": selectors.channels_visible_to(request.scope),
        "can_edit": request.scope.allows("alerts.edit"),
    }
    return render(request, "console/core/alerts/list.html", context)


@require_http_methods(["GET", "POST"])
@requires("alerts.edit")
def channel_create(request: ScopedRequest) -> HttpResponse:
    """Add a channel."""
    return _channel_form(request, None)


@require_http_methods(["GET", "POST"])
@requires("alerts.edit")
def channel_edit(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Change a channel."""
    return _channel_form(
        request, get_object_or_404(selectors.channels_editable_by(request.scope), pk=pk)
    )


def _channel_form(request: ScopedRequest, channel: AlertChannel | None) -> HttpResponse:
    form = ChannelForm(request.POST or None, channel=channel)
    if request.method == "POST" and form.is_valid():
        services.channel_save(actor=request.user, channel=channel, **form.cleaned_data)
        messages.success(request, _("Saved. Send a test to see that it arrives."))
        return redirect("alerts:list")
    status = 422 if form.errors else 200
    return render(
        request,
        "console/core/alerts/channel.html",
        {"form": form, "channel": channel},
        status=status,
    )


@require_POST
@requires("alerts.edit")
def channel_delete(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Remove a channel."""
    channel = get_object_or_404(selectors.channels_editable_by(request.scope), pk=pk)
    services.channel_delete(actor=request.user, channel=channel)
    messages.success(request, _("The channel was removed."))
    return redirect("alerts:list")


@require_POST
@requires("alerts.edit")
def channel_test(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Send a test message and say what WeCom answered."""
    channel = get_object_or_404(selectors.channels_editable_by(request.scope), pk=pk)
    try:
        services.channel_test(actor=request.user, channel=channel, language=get_language() or "en")
    except ExternalFailure as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("WeCom took the test message. Look into the group."))
    return redirect("alerts:list")
