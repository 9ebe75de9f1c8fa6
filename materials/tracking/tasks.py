"""Scheduled work of the tracks."""

from celery import shared_task

from materials.tracking.rollup import partitions_keep, views_roll_up


@shared_task(name="materials.views_roll_up")
def views_roll_up_task() -> int:
    """Add up the finished days."""
    return views_roll_up()


@shared_task(name="materials.partitions_keep")
def partitions_keep_task() -> None:
    """Make the partitions of the coming months and drop the oldest."""
    partitions_keep()
