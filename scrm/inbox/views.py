"""The console's pages of the inbox: what came from WeCom, what failed, replay."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires
from scrm.inbox import selectors, services
from scrm.inbox.forms import ReplayForm
from scrm.inbox.models import InboxEvent
from scrm.inbox.tables import TONES, EventFilter, EventTable
from scrm.inbox.words import event_words


@requires("inbox.view")
@require_GET
def event_list(request: ScopedRequest) -> HttpResponse:
    """List callbacks, newest first; where some are in quarantine, the page opens on them."""
    counts = selectors.state_counts()
    quarantined = counts[0].count
    if quarantined and not request.GET:
        return HttpResponseRedirect(
            f"{reverse('inbox:list')}?state={InboxEvent.State.QUARANTINED.value}"
        )
    page = build_list(
        request,
        queryset=selectors.events_all(),
        table_class=EventTable,
        filterset_class=EventFilter,
        total=bool(request.GET.get("state")),
    )
    context = {
        "list": page,
        "counts": counts,
        "quarantined": quarantined,
        "chosen_state": request.GET.get("state", ""),
        "backlog": selectors.backlog(),
        "workers": selectors.workers_alive(),
        "form": ReplayForm() if request.scope.allows("inbox.replay") else None,
        "empty": {
            "title": _("WeCom has not sent anything yet"),
            "text": _(
                "Set the callback address in WeCom's admin console; the first event appears here."
            ),
        },
    }
    return render(request, "console/inbox/list.html", context)


@requires("inbox.view")
@require_GET
def event_detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show one event: routing fields, tries, handlers and error words, never the payload."""
    event = get_object_or_404(selectors.events_all(), pk=pk)
    replayable = event.state in services.REPLAYABLE and request.scope.allows("inbox.replay")
    context = {
        "event": event,
        "tone": TONES.get(InboxEvent.State(event.state), "off"),
        "words": event_words(event.event, event.change_type),
        "digest": bytes(event.digest).hex(),
        "marks": selectors.marks_of(event),
        "payload_kept": InboxEvent.objects.filter(pk=pk, payload__isnull=False).exists(),
        "form": ReplayForm() if replayable else None,
    }
    return render(request, "console/inbox/detail.html", context)


@requires("inbox.replay")
@require_POST
def event_replay(request: ScopedRequest, pk: int) -> HttpResponse:
    """Put one event back into its lane."""
    get_object_or_404(InboxEvent.objects.only("pk"), pk=pk)
    form = ReplayForm(request.POST)
    if form.is_valid():
        services.replay(pk, actor=request.user, reason=form.cleaned_data["reason"])
        messages.success(
            request,
            _("Event %(number)d waits again; the worker takes it at once.") % {"number": pk},
        )
    else:
        messages.error(request, _("Say why it is replayed."))
    return redirect("inbox:detail", pk=pk)


@requires("inbox.replay")
@require_POST
def replay_quarantined(request: ScopedRequest) -> HttpResponse:
    """Put everything in quarantine back into its lane."""
    form = ReplayForm(request.POST)
    if form.is_valid():
        count = services.replay_quarantined(actor=request.user, reason=form.cleaned_data["reason"])
        words = ngettext("%(count)d event waits again.", "%(count)d events wait again.", count)
        messages.success(request, words % {"count": count})
        return redirect(f"{reverse('inbox:list')}?state={InboxEvent.State.PENDING.value}")
    messages.error(request, _("Say why it is replayed."))
    return redirect("inbox:list")
