"""The console's pages of the outbox: what was sent, what failed, what nobody knows."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from scrm.core.listing import build_list
from scrm.core.outbox import selectors, services
from scrm.core.outbox.forms import DecisionForm
from scrm.core.outbox.models import OutboxMessage
from scrm.core.outbox.sending import kind_words
from scrm.core.outbox.tables import TONES, MessageFilter, MessageTable
from scrm.core.scope import ScopedRequest, requires


@requires("outbox.view")
@require_GET
def message_list(request: ScopedRequest) -> HttpResponse:
    """List outgoing messages, newest first, with those that wait for a decision one click away."""
    page = build_list(
        request,
        queryset=selectors.messages_all(),
        table_class=MessageTable,
        filterset_class=MessageFilter,
        total=bool(request.GET.get("status")),
    )
    context = {
        "list": page,
        "counts": selectors.status_counts(),
        "chosen_status": request.GET.get("status", ""),
        "empty": {
            "title": _("Nothing has been sent yet"),
            "text": _(
                "Welcomes, tags, remarks and alerts appear here as soon as an event asks for them."
            ),
        },
    }
    return render(request, "console/core/outbox/list.html", context)


@requires("outbox.view")
@require_GET
def message_detail(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Show one message: its way, its tries and error words, never its content."""
    message = get_object_or_404(selectors.messages_all(), pk=pk)
    decidable = message.status in services.DECIDABLE and request.scope.allows("outbox.decide")
    context = {
        "message": message,
        "kind": kind_words(message.kind),
        "tone": TONES.get(OutboxMessage.Status(message.status), "off"),
        "form": DecisionForm() if decidable else None,
    }
    return render(request, "console/core/outbox/detail.html", context)


@requires("outbox.decide")
@require_POST
def message_decide(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Record a person's decision about an unknown outcome."""
    get_object_or_404(OutboxMessage.objects.only("pk"), pk=pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose what shall happen, and say how you know."))
        return redirect("outbox:detail", pk=pk)
    arrived = form.cleaned_data["decision"] == DecisionForm.ARRIVED
    services.decide(pk, arrived=arrived, actor=request.user, reason=form.cleaned_data["reason"])
    messages.success(
        request, _("It counts as sent.") if arrived else _("It is sent again at once.")
    )
    return redirect("outbox:detail", pk=pk)
