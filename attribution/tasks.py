"""Gathers the tasks of this app's features, so that Celery finds them."""

from attribution.boards.tasks import boards_check_task, boards_roll_up_task
from attribution.entries.tasks import (
    entry_codes_make,
    entry_codes_sweep,
    entry_visits_place,
    entry_visits_purge,
)
from attribution.live_codes.tasks import live_codes_refresh_task, live_codes_sweep_task
from attribution.sales.tasks import sales_drain_task, sales_recompute_task, sales_trial_task
from attribution.touches.tasks import touch_partitions_keep_task, touches_gather_task

__all__ = [
    "boards_check_task",
    "boards_roll_up_task",
    "entry_codes_make",
    "entry_codes_sweep",
    "entry_visits_place",
    "entry_visits_purge",
    "live_codes_refresh_task",
    "live_codes_sweep_task",
    "sales_drain_task",
    "sales_recompute_task",
    "sales_trial_task",
    "touch_partitions_keep_task",
    "touches_gather_task",
]
