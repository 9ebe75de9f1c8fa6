"""Gathers the tasks of this app's features, so that Celery finds them."""

from attribution.live_codes.tasks import live_codes_refresh_task, live_codes_sweep_task

__all__ = ["live_codes_refresh_task", "live_codes_sweep_task"]
