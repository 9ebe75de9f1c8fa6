"""Gauges of our own beside those of django-prometheus; read from the database when asked."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count
from django.utils.module_loading import import_string
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector

from scrm.core.audit import sealing
from scrm.core.jobs.models import ACTIVE_STATES, JobRun


class Queues(Collector):
    """What waits: inbox and outbox by lane, jobs by state, unsealed audit rows."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the gauges; without a database there are none, and `scrm_database_up` is 0."""
        up = GaugeMetricFamily("scrm_database_up", "1 while the database answers")
        try:
            families = [*_queues(), _jobs(), _audit()]
        except DatabaseError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from families


def _queues() -> list[GaugeMetricFamily]:
    waiting = GaugeMetricFamily("scrm_queue_waiting", "items that wait", labels=["queue", "lane"])
    overdue = GaugeMetricFamily(
        "scrm_queue_oldest_seconds", "how long the oldest has been due", labels=["queue", "lane"]
    )
    lanes: list[Any] = import_string(settings.INBOX_BACKLOG)()
    for lane in lanes:
        waiting.add_metric([lane.queue, lane.lane], lane.waiting)
        overdue.add_metric([lane.queue, lane.lane], lane.overdue_seconds)
    return [waiting, overdue]


def _jobs() -> GaugeMetricFamily:
    family = GaugeMetricFamily("scrm_jobs", "jobs that are not over", labels=["state"])
    rows = (
        JobRun.objects.filter(state__in=ACTIVE_STATES)
        .values_list("state")
        .annotate(count=Count("id"))
    )
    counts: dict[str, int] = dict(rows)
    for state in ACTIVE_STATES:
        family.add_metric([state.value], counts.get(state.value, 0))
    return family


def _audit() -> GaugeMetricFamily:
    family = GaugeMetricFamily("scrm_audit_unsealed", "audit rows without a seal")
    family.add_metric([], sealing.waiting_count())
    return family


def render() -> bytes:
    """Return everything in Prometheus' text format."""
    ours = CollectorRegistry()
    ours.register(Queues())
    return generate_latest(REGISTRY) + generate_latest(ours)
