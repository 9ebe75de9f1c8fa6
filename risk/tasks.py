"""Gathers the tasks of this app's features, so that Celery finds them."""

from risk.anomalies.tasks import anomalies_watch, signals_purge
from risk.capacity.tasks import capacity_sweep_task

__all__ = ["anomalies_watch", "capacity_sweep_task", "signals_purge"]
