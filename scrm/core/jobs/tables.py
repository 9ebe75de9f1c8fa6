"""Columns and filters of the job list."""

from typing import Any

import django_filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from scrm.core.jobs.models import JobRun, JobState
from scrm.core.listing import NUMBER, ONE_LINE

TONES = {
    JobState.QUEUED: "info",
    JobState.RUNNING: "info",
    JobState.WAITING: "warn",
    JobState.DONE: "ok",
    JobState.FAILED: "bad",
    JobState.CANCELLED: "off",
}


class JobTable(tables.Table):
    """What runs or ran, for whom, how far and with what result."""

    label = tables.Column(verbose_name=_("Job"), linkify=("jobs:detail", {"pk": tables.A("pk")}))
    state = tables.Column(verbose_name=_("State"))
    percent = tables.TemplateColumn(
        template_name="console/core/jobs/progress_cell.html",
        verbose_name=_("Progress"),
        empty_values=(),
    )
    succeeded = tables.Column(verbose_name=_("Succeeded"), attrs=NUMBER)
    skipped = tables.Column(verbose_name=_("Skipped"), attrs=NUMBER)
    failed = tables.Column(verbose_name=_("Failed rows"), attrs=NUMBER)
    started_by = tables.Column(verbose_name=_("Started by"), default=_("the system"))
    created_at = tables.DateTimeColumn(
        verbose_name=_("Started"), format="Y-m-d H:i", attrs=ONE_LINE
    )

    class Meta:
        model = JobRun
        fields = (
            "label",
            "state",
            "percent",
            "succeeded",
            "skipped",
            "failed",
            "started_by",
            "created_at",
        )

    def render_state(self, record: Any) -> str:
        """Show a dot and a word."""
        context = {"tone": TONES[JobState(record.state)], "text": record.get_state_display()}
        return render_to_string("components/status.html", context)


class JobFilter(django_filters.FilterSet):
    """Filters of the job list."""

    state = django_filters.ChoiceFilter(
        choices=JobState.choices, label=_("State"), empty_label=_("All states")
    )
    mine = django_filters.ChoiceFilter(
        method="only_mine",
        choices=[("1", _("Mine"))],
        label=_("Started by"),
        empty_label=_("Everybody's"),
    )

    class Meta:
        model = JobRun
        fields = ("state",)

    def only_mine(self, queryset: QuerySet[JobRun], name: str, value: str) -> QuerySet[JobRun]:
        """Keep the reader's own jobs."""
        return queryset.filter(started_by_id=self.request.user.pk)
