"""Columns and filters of the list of approvals."""

from datetime import datetime
from typing import Any

import django_filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext_lazy as _

from scrm.core.approvals.kinds import kinds
from scrm.core.approvals.models import Approval
from scrm.core.approvals.selectors import waiting_for
from scrm.core.listing import ONE_LINE

State = Approval.State
TONES = {
    State.WAITING: "warn",
    State.APPROVED: "ok",
    State.USED: "ok",
    State.REFUSED: "bad",
    State.TAKEN_BACK: "off",
    State.EXPIRED: "off",
}


def kind_words(code: str) -> str:
    """Return what a kind is called; one this version does not know keeps its code."""
    kind = kinds().get(code)
    return str(kind.title) if kind is not None else code


def status_words(approval: Approval) -> dict[str, str]:
    """Return tone and words of where it stands now: a lapsed one has expired before the clock says so."""
    state = State(approval.state)
    if state == State.WAITING and approval.expires_at <= timezone.now():
        state = State.EXPIRED
    return {"tone": TONES[state], "text": str(state.label)}


def _is_for_once(approval: Approval) -> bool:
    kind = kinds().get(approval.kind)
    return kind is not None and kind.used_within is not None


class ApprovalTable(tables.Table):
    """What is asked for, by whom, until when, and who decided."""

    kind = tables.Column(
        verbose_name=_("Kind"), linkify=("approvals:detail", {"pk": tables.A("pk")})
    )
    asked_by = tables.Column(verbose_name=_("Asked by"))
    asked_at = tables.DateTimeColumn(verbose_name=_("Asked"), format="Y-m-d H:i", attrs=ONE_LINE)
    state = tables.Column(verbose_name=_("State"))
    expires_at = tables.DateTimeColumn(
        verbose_name=_("Open until"), format="Y-m-d H:i", attrs=ONE_LINE
    )
    decided_by = tables.Column(verbose_name=_("Decided by"), default="—")

    class Meta:
        model = Approval
        fields = ("kind", "asked_by", "asked_at", "state", "expires_at", "decided_by")

    def render_kind(self, value: str) -> str:
        """Say the kind in words."""
        return kind_words(value)

    def render_expires_at(self, record: Any, value: datetime) -> str:
        """Say until when it may be decided or used; an end has none."""
        is_open = record.is_waiting or (record.state == State.APPROVED and _is_for_once(record))
        return date_format(timezone.localtime(value), "Y-m-d H:i") if is_open else "—"

    def render_state(self, record: Any) -> str:
        """Show a dot and a word."""
        return render_to_string("components/status.html", status_words(record))


class ApprovalFilter(django_filters.FilterSet):
    """State, kind and "waits for me", kept in the URL."""

    state = django_filters.ChoiceFilter(
        choices=State.choices, label=_("State"), empty_label=_("Any state")
    )
    kind = django_filters.ChoiceFilter(
        choices=lambda: [(code, kind.title) for code, kind in kinds().items()],
        label=_("Kind"),
        empty_label=_("Any kind"),
    )
    mine = django_filters.ChoiceFilter(
        choices=(("decide", _("waiting for me")), ("asked", _("asked by me"))),
        method="by_mine",
        label=_("Mine"),
        empty_label=_("Mine and others'"),
    )

    class Meta:
        model = Approval
        fields = ("state", "kind")

    def by_mine(self, approvals: QuerySet[Approval], _name: str, value: str) -> QuerySet[Approval]:
        """Keep what waits for this person, or what they asked for."""
        scope = self.request.scope
        if value == "asked":
            return approvals.filter(asked_by_id=scope.user_id)
        return approvals.filter(pk__in=waiting_for(scope).values("pk"))
