"""Scheduled work of the touches."""

from celery import shared_task

from attribution.touches.gathering import touches_gather
from attribution.touches.partitions import partitions_keep


@shared_task(name="attribution.touches_gather")
def touches_gather_task() -> int:
    """Turn views and adds into touches."""
    return touches_gather()


@shared_task(name="attribution.touch_partitions_keep")
def touch_partitions_keep_task() -> None:
    """Make the partitions of the coming months and drop the oldest."""
    partitions_keep()
